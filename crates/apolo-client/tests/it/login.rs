//! Logging in: passed configurations, databases, tokens that end.

use apolo_client::{Configuration, Error, Missing, Platform, Source};
use wabucket_testkit::platform::{BucketSpec, Endpoint, Fault, FaultKind};

use crate::support::{Home, OPTIONS, bucket, connect, count, environment, passed, platform_with};

const FAR: f64 = 4e9;

#[tokio::test]
async fn a_passed_configuration_takes_the_defaults_of_its_cluster() {
    let fake = platform_with(BucketSpec::default()).await;
    let platform = connect(&fake).await;
    assert_eq!(
        (platform.cluster(), platform.organisation(), platform.project()),
        ("c1", Some("org-a"), Some("proj-a"))
    );
    let other = Platform::connect(passed(&fake, "c2"), OPTIONS).await.unwrap();
    assert_eq!((other.organisation(), other.project()), (Some("org-c"), Some("proj-c")));
    let unknown = Platform::connect(passed(&fake, "c9"), OPTIONS).await.unwrap_err();
    assert!(matches!(&unknown, Error::NotFound { missing: Missing::Cluster, name, .. } if name == "c9"), "{unknown}");
}

#[tokio::test]
async fn no_login_is_no_error_and_a_database_hides_a_passed_one() {
    let fake = platform_with(BucketSpec::default()).await;
    let nowhere = tempfile::tempdir().unwrap();
    assert!(Configuration::find(&environment(nowhere.path(), &[])).unwrap().is_none());
    let home = Home::new(&fake, &fake.log_in("alice"), FAR);
    let variables = [("APOLO_PASSED_CONFIG", "malformed".to_owned())];
    let found = Configuration::find(&environment(home.folder.path(), &variables)).unwrap().unwrap();
    assert!(matches!(found.source(), Source::Database(_)));
}

#[tokio::test]
async fn a_refused_token_that_cannot_be_renewed_is_said_so() {
    let fake = platform_with(BucketSpec::default()).await;
    let platform = connect(&fake).await;
    fake.end_access_tokens();
    let error = bucket(&platform, "data").await.unwrap_err();
    assert!(matches!(error, Error::NotAuthenticated { .. }), "{error}");
    assert!(error.hint().unwrap().contains("apolo login"));

    fake.configure(|settings| settings.authorized = false);
    let error = Platform::connect(passed(&fake, "c1"), OPTIONS).await.unwrap_err();
    assert!(matches!(error, Error::NotAuthenticated { .. }), "{error}");
}

#[tokio::test]
async fn a_due_token_is_renewed_once_for_all_tasks_and_stored() {
    let fake = platform_with(BucketSpec::default()).await;
    let login = fake.log_in("alice");
    let home = Home::new(&fake, &login, 1.0);
    let platform = home.connect().await;
    fake.take_requests();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let platform = platform.clone();
            tokio::spawn(async move { bucket(&platform, "data").await.map(|found| found.id) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let requests = fake.take_requests();
    assert_eq!((count(&requests, "/oauth/token"), requests.len()), (1, 9), "{requests:?}");
    let (access, refresh) = home.stored();
    assert_ne!(access, login.access_token);
    assert_eq!(refresh, login.refresh_token);
}

#[tokio::test]
async fn an_unexpected_refusal_renews_once() {
    let fake = platform_with(BucketSpec::default()).await;
    let home = Home::new(&fake, &fake.log_in("alice"), FAR);
    let platform = home.connect().await;
    fake.end_access_tokens();
    fake.take_requests();
    bucket(&platform, "data").await.unwrap();
    assert_eq!(fake.take_requests().len(), 3, "refused, renewed, answered");

    let refused_always = Fault { endpoint: Endpoint::Bucket, kind: FaultKind::Status(401), times: 99 };
    fake.inject(refused_always);
    let error = bucket(&platform, "data").await.unwrap_err();
    assert!(matches!(error, Error::NotAuthenticated { .. }), "{error}");
    assert_eq!(fake.take_requests().len(), 3);
}

#[tokio::test]
async fn a_token_that_another_process_renewed_is_taken_over() {
    let fake = platform_with(BucketSpec::default()).await;
    let home = Home::new(&fake, &fake.log_in("alice"), FAR);
    let platform = home.connect().await;
    fake.end_access_tokens();
    let theirs = fake.log_in("alice");
    home.database().execute("UPDATE main SET token = ?", [&theirs.access_token]).unwrap();
    fake.take_requests();
    bucket(&platform, "data").await.unwrap();
    assert_eq!(count(&fake.take_requests(), "/oauth/token"), 0);
    assert_eq!(home.stored().0, theirs.access_token);
}

#[tokio::test]
async fn several_processes_share_a_refresh_token_that_works_once() {
    let fake = platform_with(BucketSpec::default()).await;
    fake.configure(|settings| settings.rotate_refresh_tokens = true);
    let home = Home::new(&fake, &fake.log_in("alice"), 1.0);
    // Each has read the same row before any of them renews it, as processes started together do.
    let platforms = [home.connect().await, home.connect().await, home.connect().await];
    for platform in &platforms {
        bucket(platform, "data").await.unwrap();
    }
    assert_eq!(count(&fake.take_requests(), "/oauth/token"), 1);
    fake.end_access_tokens();
    for platform in &platforms {
        bucket(platform, "data").await.unwrap();
    }
    assert_eq!(count(&fake.take_requests(), "/oauth/token"), 1);
}

#[tokio::test]
async fn processes_that_renew_at_the_same_moment_all_end_up_with_the_one_token() {
    let fake = platform_with(BucketSpec::default()).await;
    fake.configure(|settings| settings.rotate_refresh_tokens = true);
    let home = Home::new(&fake, &fake.log_in("alice"), 1.0);
    fake.inject(Fault { endpoint: Endpoint::Token, kind: FaultKind::Delay(100), times: 4 });
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let platform = home.connect().await;
        tasks.push(tokio::spawn(async move { bucket(&platform, "data").await.map(drop) }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert!(count(&fake.take_requests(), "/oauth/token") > 1, "they did renew at the same moment");
}

#[tokio::test]
async fn a_revoked_login_is_said_so() {
    let fake = platform_with(BucketSpec::default()).await;
    let home = Home::new(&fake, &fake.log_in("alice"), 1.0);
    let platform = home.connect().await;
    fake.end_refresh_tokens();
    let error = bucket(&platform, "data").await.unwrap_err();
    assert!(matches!(error, Error::NotAuthenticated { .. }), "{error}");
}

#[tokio::test]
async fn temporary_failures_are_repeated_and_counted() {
    let fake = platform_with(BucketSpec::default()).await;
    let platform = connect(&fake).await;
    for kind in [FaultKind::Status(500), FaultKind::Status(503), FaultKind::Drop, FaultKind::RetryAfter(1)] {
        fake.inject(Fault { endpoint: Endpoint::Bucket, kind: kind.clone(), times: 2 });
        bucket(&platform, "data").await.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
    }
    fake.inject(Fault { endpoint: Endpoint::Bucket, kind: FaultKind::Status(503), times: 99 });
    let error = bucket(&platform, "data").await.unwrap_err();
    assert!(error.is_temporary());
    assert!(error.to_string().contains("the platform answered 503 (4 attempts in"), "{error}");
}

#[tokio::test]
async fn the_user_file_counts_for_a_passed_login_too() {
    let fake = platform_with(BucketSpec { project_name: Some("proj-b".to_owned()), ..BucketSpec::default() }).await;
    let home = tempfile::tempdir().unwrap();
    fs_err::create_dir(home.path().join(".apolo")).unwrap();
    fs_err::write(home.path().join(".apolo/user.toml"), "[job]\nproject-name = 'proj-b'\n").unwrap();
    let variables = [("NEURO_PASSED_CONFIG", fake.passed_config("alice", "c1"))];
    let found = Configuration::find(&environment(home.path(), &variables)).unwrap().unwrap();
    assert!(found.warnings().is_empty());
    let platform = Platform::connect(found, OPTIONS).await.unwrap();
    assert_eq!(bucket(&platform, "data").await.unwrap().url.project, "proj-b");
}

#[tokio::test]
async fn project_files_choose_another_project() {
    let fake = platform_with(BucketSpec { project_name: Some("proj-b".to_owned()), ..BucketSpec::default() }).await;
    let home = Home::new(&fake, &fake.log_in("alice"), FAR);
    assert!(matches!(bucket(&home.connect().await, "data").await, Err(Error::NotFound { .. })));
    fs_err::write(home.folder.path().join(".apolo.toml"), "[job]\nproject-name = 'proj-b'\n").unwrap();
    let found = bucket(&home.connect().await, "data").await.unwrap();
    assert_eq!(found.url.to_string(), "blob://c1/org-a/proj-b/data");
}
