//! Temporary credentials of all providers, and the one who keeps them fresh.

use std::sync::Arc;
use std::time::Duration;

use apolo_client::{
    Access, AzureKey, CredentialRefresher, Credentials, Error, GcsKey, Platform, S3Credentials, TemporaryCredentials,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wabucket_testkit::platform::{BucketSpec, Endpoint, FakePlatform, Fault, FaultKind};

use crate::support::{bucket, connect, count, platform_with};

async fn get(provider: &str, members: Option<Value>) -> Result<TemporaryCredentials, Error> {
    let spec = BucketSpec { provider: provider.to_owned(), credentials: members, ..BucketSpec::default() };
    let fake = platform_with(spec).await;
    let platform = connect(&fake).await;
    platform.temporary_credentials(&bucket(&platform, "data").await?).await
}

fn s3(credentials: TemporaryCredentials) -> S3Credentials {
    match credentials.credentials {
        Credentials::S3(s3) => s3,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn stores_that_speak_s3_are_s3_known_or_not() {
    for provider in ["aws", "minio", "seaweedfs", "emc_ecs", "ceph_of_tomorrow"] {
        let credentials = get(provider, None).await.unwrap();
        assert!(credentials.expiration.is_some() && credentials.bucket_name.starts_with("real-"));
        assert!((3590..=3600).contains(&credentials.remaining().unwrap().as_secs()));
        assert_eq!(credentials.access, Access::ReadWrite);
        let s3 = s3(credentials);
        assert_eq!((s3.endpoint_url.as_deref(), s3.region.as_deref()), (Some("http://127.0.0.1:9"), Some("minio")));
        assert!(s3.session_token.is_some(), "{provider}");
    }
    let permanent = get("open_stack", None).await.unwrap();
    assert_eq!((permanent.expiration, permanent.remaining()), (None, None));
    assert!(s3(permanent).session_token.is_none());
    let imported = json!({"bucket_name": "theirs", "access_key_id": "a", "secret_access_key": "s"});
    let imported = get("aws", Some(imported)).await.unwrap();
    assert_eq!(imported.bucket_name, "theirs");
    let imported = s3(imported);
    assert_eq!((imported.endpoint_url, imported.region), (None, None));
}

#[tokio::test]
async fn google_and_azure_have_two_kinds_of_keys() {
    let gcs = |credentials: TemporaryCredentials| match credentials.credentials {
        Credentials::Gcs(gcs) => gcs.key,
        other => panic!("{other:?}"),
    };
    assert!(matches!(gcs(get("gcp", None).await.unwrap()), GcsKey::AccessToken(_)));
    let imported = get("gcp", Some(json!({"key_data": "eyJ0eXBlIjoieCJ9"}))).await.unwrap();
    match gcs(imported) {
        GcsKey::ServiceAccount(text) => assert_eq!(text.expose_secret(), r#"{"type":"x"}"#),
        other @ GcsKey::AccessToken(_) => panic!("{other:?}"),
    }
    let azure = |credentials: TemporaryCredentials| match credentials.credentials {
        Credentials::Azure(azure) => azure,
        other => panic!("{other:?}"),
    };
    let sas = azure(get("azure", None).await.unwrap());
    assert_eq!(sas.storage_endpoint, "https://account.blob.core.windows.net");
    assert!(matches!(sas.key, AzureKey::Sas(_)));
    let imported = get("azure", Some(json!({"storage_endpoint": "http://h", "credential": "a2V5"}))).await.unwrap();
    assert_eq!(imported.expiration, None);
    assert!(matches!(azure(imported).key, AzureKey::AccountKey(_)));
}

#[tokio::test]
async fn what_cannot_be_used_is_said_without_showing_it() {
    let unknown = get("tape", Some(json!({"robot_secret": "s3cr3t"}))).await.unwrap_err();
    assert!(matches!(&unknown, Error::UnsupportedProvider { provider, .. } if provider == "tape"), "{unknown}");
    let broken = [
        json!({"access_key_id": "s3cr3t"}),
        json!({"access_key_id": "s3cr3t", "secret_access_key": "s3cr3t", "expiration": "s3cr3t"}),
        json!({"access_key_id": ["s3cr3t"]}),
    ];
    for members in broken {
        let error = get("minio", Some(members)).await.unwrap_err();
        assert!(matches!(error, Error::UnexpectedAnswer { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    }
}

#[tokio::test]
async fn nothing_secret_is_shown_by_credentials() {
    let credentials = get("minio", None).await.unwrap();
    let shown = format!("{credentials:?}");
    let s3 = s3(credentials);
    assert!(!shown.contains(s3.secret_access_key.expose_secret()));
    assert!(!shown.contains(s3.session_token.unwrap().expose_secret()));
}

#[tokio::test]
async fn read_only_credentials_say_so() {
    let fake = platform_with(BucketSpec { read_only: true, ..BucketSpec::default() }).await;
    let platform = connect(&fake).await;
    let found = bucket(&platform, "data").await.unwrap();
    assert_eq!(platform.temporary_credentials(&found).await.unwrap().access, Access::ReadOnly);
}

#[tokio::test]
async fn a_wrong_local_clock_shortens_no_lifetime_but_is_named_before_s3_refuses_it() {
    let fake = platform_with(BucketSpec::default()).await;
    let platform = connect(&fake).await;
    let found = bucket(&platform, "data").await.unwrap();
    fake.configure(|settings| settings.clock_ahead = -600);
    let credentials = platform.temporary_credentials(&found).await.unwrap();
    assert!((3590..=3601).contains(&credentials.remaining().unwrap().as_secs()));
    fake.configure(|settings| settings.clock_ahead = 7200);
    let error = platform.temporary_credentials(&found).await.unwrap_err();
    assert!(matches!(error, Error::ClockSkew { direction: "behind", .. }), "{error}");
    assert!(error.hint().is_some());
}

async fn refresher(fake: &FakePlatform) -> CredentialRefresher {
    let platform: Platform = connect(fake).await;
    let found = bucket(&platform, "data").await.unwrap();
    fake.take_requests();
    CredentialRefresher::new(platform, found)
}

fn made(fake: &FakePlatform) -> usize {
    count(&fake.take_requests(), "make_tmp_credentials")
}

#[tokio::test]
async fn credentials_are_fetched_once_for_all_tasks() {
    let fake = platform_with(BucketSpec::default()).await;
    let refresher = Arc::new(refresher(&fake).await);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let refresher = Arc::clone(&refresher);
            tokio::spawn(async move { refresher.current().await.unwrap() })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.push(task.await.unwrap());
    }
    assert!(all.iter().all(|credentials| Arc::ptr_eq(credentials, &all[0])));
    assert_eq!(made(&fake), 1);
}

#[tokio::test]
async fn refused_credentials_are_replaced_once_however_many_notice() {
    let fake = platform_with(BucketSpec::default()).await;
    let refresher = refresher(&fake).await;
    let refused = refresher.current().await.unwrap();
    refresher.invalidate(&refused).await;
    let fresh = refresher.current().await.unwrap();
    refresher.invalidate(&refused).await;
    assert!(Arc::ptr_eq(&fresh, &refresher.current().await.unwrap()));
    assert_eq!(made(&fake), 2);
}

#[tokio::test]
async fn credentials_are_renewed_before_their_end_and_used_to_it_while_the_platform_is_away() {
    let fake = platform_with(BucketSpec::default()).await;
    fake.configure(|settings| settings.credentials_lifetime = 3.0);
    let refresher = refresher(&fake).await;
    let first = refresher.current().await.unwrap();
    tokio::time::sleep(Duration::from_millis(2200)).await;
    assert!(first.remaining().unwrap() > Duration::ZERO);
    let second = refresher.current().await.unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    fake.inject(Fault { endpoint: Endpoint::Credentials, kind: FaultKind::Status(503), times: 99 });
    tokio::time::sleep(Duration::from_millis(2200)).await;
    for _ in 0..3 {
        assert!(Arc::ptr_eq(&second, &refresher.current().await.unwrap()));
    }
    assert_eq!(made(&fake), 2 + 4, "one renewal with its repetitions, then a pause");
    tokio::time::sleep(Duration::from_millis(900)).await;
    let error = refresher.current().await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
}
