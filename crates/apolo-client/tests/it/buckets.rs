//! Finding buckets: by name, by id, by references of all ages, on servers of all ages.

use apolo_client::{Error, Missing, Platform, PlatformReference, Provider};
use wabucket_model::{BucketUrl, PlatformBucket};
use wabucket_testkit::platform::{BucketSpec, FakePlatform, ServerRules};

use crate::support::{bucket, connect, count, platform_with};

const ALL_RULES: [ServerRules; 3] = [ServerRules::Current, ServerRules::Scanning, ServerRules::Owners];

fn named(name: &str) -> BucketSpec {
    BucketSpec { name: Some(name.to_owned()), ..BucketSpec::default() }
}

fn parse(url: &str) -> PlatformBucket {
    match BucketUrl::parse(url).unwrap() {
        BucketUrl::Platform(bucket) => bucket,
        other => panic!("{other}"),
    }
}

async fn resolve(platform: &Platform, text: &str) -> Result<(String, String), Error> {
    let found = platform.resolve(&PlatformReference::parse(text).unwrap()).await?;
    Ok((found.bucket.url.to_string(), found.key_text))
}

#[tokio::test]
async fn a_bucket_is_found_by_name_and_by_id() {
    let fake = platform_with(BucketSpec { imported: true, ..BucketSpec::default() }).await;
    let nameless = fake.add_bucket(BucketSpec::default()).await.unwrap();
    let platform = connect(&fake).await;
    let found = bucket(&platform, "data").await.unwrap();
    assert_eq!(found.url.to_string(), "blob://c1/org-a/proj-a/data");
    assert_eq!((found.name.as_deref(), found.provider.clone(), found.imported), (Some("data"), Provider::Minio, true));
    assert_eq!(bucket(&platform, &found.id).await.unwrap(), found);
    let found = bucket(&platform, &nameless).await.unwrap();
    assert_eq!(found.url.to_string(), format!("blob://c1/org-a/proj-a/{nameless}"));
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_on_servers_of_every_age() {
    let fake = platform_with(BucketSpec::default()).await;
    for rules in ALL_RULES {
        let platform = connect(&fake).await;
        fake.configure(|settings| settings.rules = rules);
        for name in ["other", "bucket-6f0c3a52-7d7a-4b0e-9a55-0a4b8f6a2c11"] {
            match bucket(&platform, name).await.unwrap_err() {
                Error::NotFound { missing: Missing::Bucket, name: missing, place } => {
                    assert_eq!(missing, name);
                    assert_eq!(place, r#"in cluster "c1", organisation "org-a", project "proj-a""#);
                }
                other => panic!("{rules:?}: {other}"),
            }
        }
        for text in ["blob://c1/org-a/proj-a/other/k", "blob://c1/alice/other", "blob://c1/a/b/c/d/e"] {
            let error = resolve(&platform, text).await.unwrap_err();
            assert!(matches!(error, Error::NotFound { missing: Missing::Bucket, .. }), "{rules:?} {text}: {error}");
        }
    }
}

#[tokio::test]
async fn a_bucket_that_may_not_be_seen_is_not_allowed() {
    let fake = platform_with(BucketSpec { forbidden: true, ..BucketSpec::default() }).await;
    let error = bucket(&connect(&fake).await, "data").await.unwrap_err();
    assert!(matches!(&error, Error::NotAllowed { message, .. } if message.contains("blob://c1/")), "{error}");
}

#[tokio::test]
async fn references_lead_to_other_clusters_organisations_and_projects() {
    let fake = platform_with(BucketSpec::default()).await;
    let places = [("c2", "org-c", "proj-c"), ("c1", "org-b", "proj-d"), ("c1", "org-a", "proj-b")];
    for (cluster, org, project) in places {
        let spec = BucketSpec {
            cluster: cluster.to_owned(),
            org_name: org.to_owned(),
            project_name: Some(project.to_owned()),
            ..named("far")
        };
        fake.add_bucket(spec).await.unwrap();
    }
    let platform = connect(&fake).await;
    for (cluster, org, project) in places {
        let url = format!("blob://{cluster}/{org}/{project}/far");
        assert_eq!(platform.bucket_at(&parse(&url)).await.unwrap().url.to_string(), url);
        let key = "model/my%20net/a+b";
        assert_eq!(resolve(&platform, &format!("{url}/{key}")).await.unwrap(), (url, key.to_owned()));
    }
    let credentials = platform.bucket_at(&parse("blob://c2/org-c/proj-c/far")).await.unwrap();
    fake.take_requests();
    platform.temporary_credentials(&credentials).await.unwrap();
    let requests = fake.take_requests();
    assert_eq!(count(&requests, "/c2/api/v1/buckets/buckets/"), 1);
    assert_eq!(count(&requests, "?org_name=org-c&project_name=proj-c"), 1, "{requests:?}");
    let unknown = resolve(&platform, "blob://c9/o/p/far/k").await.unwrap_err();
    assert!(matches!(unknown, Error::NotFound { missing: Missing::Cluster, .. }), "{unknown}");
}

/// `alice` owned a bucket before there were projects, and one before there were organisations.
async fn add_old_buckets(fake: &FakePlatform, org_of_the_oldest: &str) {
    fake.add_bucket(BucketSpec { project_name: None, ..named("owned") }).await.unwrap();
    let oldest = BucketSpec { project_name: None, org_name: org_of_the_oldest.to_owned(), ..named("oldest") };
    fake.add_bucket(oldest).await.unwrap();
}

#[tokio::test]
async fn old_references_are_found_on_servers_of_every_age() {
    // Today's servers know no bucket without an organisation: the move to them put it into one.
    for (rules, org) in ALL_RULES.into_iter().zip(["org-a", "", ""]) {
        let fake = platform_with(BucketSpec::default()).await;
        add_old_buckets(&fake, org).await;
        let platform = connect(&fake).await;
        fake.configure(|settings| settings.rules = rules);
        let owned = resolve(&platform, "blob://c1/org-a/alice/owned/t/n/a").await.unwrap();
        assert_eq!(owned, ("blob://c1/org-a/alice/owned".to_owned(), "t/n/a".to_owned()), "{rules:?}");
        let oldest = resolve(&platform, "blob://c1/alice/oldest/t/n/a").await.unwrap();
        let url = if org.is_empty() { "blob://c1/alice/oldest" } else { "blob://c1/org-a/alice/oldest" };
        assert_eq!(oldest, (url.to_owned(), "t/n/a".to_owned()), "{rules:?}");
        assert_eq!(platform.bucket_at(&parse("blob://c1/alice/oldest")).await.unwrap().url.to_string(), url);
    }
}

#[tokio::test]
async fn a_bucket_that_only_its_path_finds_is_found() {
    let fake = platform_with(BucketSpec::default()).await;
    fake.add_bucket(BucketSpec { owner: "bob".to_owned(), project_name: None, ..named("bobs") }).await.unwrap();
    let platform = connect(&fake).await;
    fake.configure(|settings| settings.rules = ServerRules::Owners);
    // By name this server looks among the caller's own buckets only.
    let url = "blob://c1/org-a/bob/bobs";
    assert_eq!(platform.bucket_at(&parse(url)).await.unwrap().url.to_string(), url);
}
