//! What the tests share: a running platform with a bucket, and logins to it.

use std::path::Path;
use std::time::Duration;

use apolo_client::{BucketName, Configuration, ConnectOptions, Error, Platform, PlatformBucketInfo, RetryPolicy};
use rusqlite::{Connection, params};
use serde_json::json;
use tempfile::TempDir;
use wabucket_model::Environment;
use wabucket_testkit::platform::{BucketSpec, FakePlatform, FakePlatformOptions, Login};

pub(crate) const OPTIONS: ConnectOptions = ConnectOptions {
    retry: RetryPolicy {
        repetitions: 3,
        first_pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(50),
    },
};

/// A platform with the bucket `data` in `c1/org-a/proj-a`.
pub(crate) async fn platform_with(spec: BucketSpec) -> FakePlatform {
    let fake = FakePlatform::start(FakePlatformOptions::default()).await.unwrap();
    fake.add_bucket(BucketSpec { name: Some("data".to_owned()), ..spec }).await.unwrap();
    fake
}

pub(crate) fn environment(home: &Path, variables: &[(&str, String)]) -> Environment {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Environment::new(variables, Some(home.to_owned()), home.to_owned())
}

/// A login passed in the variable.
pub(crate) fn passed(fake: &FakePlatform, cluster: &str) -> Configuration {
    let value = fake.passed_config("alice", cluster);
    let home = tempfile::tempdir().unwrap();
    Configuration::find(&environment(home.path(), &[("NEURO_PASSED_CONFIG", value)])).unwrap().unwrap()
}

pub(crate) async fn connect(fake: &FakePlatform) -> Platform {
    Platform::connect(passed(fake, "c1"), OPTIONS).await.unwrap()
}

pub(crate) async fn bucket(platform: &Platform, name: &str) -> Result<PlatformBucketInfo, Error> {
    platform.bucket(&BucketName::parse(name).unwrap()).await
}

/// A home folder with a login database as apolo-sdk 26.9.0 writes it.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
}

impl Home {
    pub(crate) fn new(fake: &FakePlatform, login: &Login, renew_at: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join(".apolo")).unwrap();
        let home = Self { folder };
        let origin = fake.origin();
        let connection = home.database();
        connection
            .execute(
                "CREATE TABLE main (auth_config TEXT, token TEXT, expiration_time REAL, refresh_token TEXT, url TEXT, \
                 admin_url TEXT, vcluster_url TEXT, version TEXT, project_name TEXT, cluster_name TEXT, org_name TEXT, \
                 clusters TEXT, projects TEXT, timestamp REAL)",
                [],
            )
            .unwrap();
        let auth = json!({"token_url": format!("{origin}/oauth/token"), "client_id": "client-1"});
        let clusters = json!([{"name": "c1", "orgs": ["org-a"],
            "buckets_url": format!("{origin}/c1/api/v1/buckets")}]);
        connection
            .execute(
                "INSERT INTO main VALUES (?, ?, ?, ?, ?, NULL, NULL, '26.9.0', 'proj-a', 'c1', 'org-a', ?, '[]', 1)",
                params![
                    auth.to_string(),
                    login.access_token,
                    renew_at,
                    login.refresh_token,
                    fake.api_url(),
                    clusters.to_string()
                ],
            )
            .unwrap();
        home
    }

    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.folder.path().join(".apolo/db")).unwrap()
    }

    pub(crate) fn configuration(&self) -> Configuration {
        Configuration::find(&environment(self.folder.path(), &[])).unwrap().unwrap()
    }

    pub(crate) async fn connect(&self) -> Platform {
        Platform::connect(self.configuration(), OPTIONS).await.unwrap()
    }

    /// Access and refresh token as stored.
    pub(crate) fn stored(&self) -> (String, String) {
        let query = "SELECT token, refresh_token FROM main";
        self.database().query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }
}

/// How many of the requests contain the text.
pub(crate) fn count(requests: &[String], text: &str) -> usize {
    requests.iter().filter(|request| request.contains(text)).count()
}
