//! Buckets by themselves: open, check, list, read, write, copy, delete, and what they say when they cannot.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wabucket_model::BucketUrl;
use wabucket_transfer::{Bucket, StoreOptions, TransferError, WriteMode};

use crate::support::{folder, open, s3, s3_options};

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_written_copied_and_deleted() {
    for place in [folder().await, s3().await] {
        let bucket = &place.bucket;
        bucket.check().await.unwrap();
        assert!(bucket.is_empty_below("a").await.unwrap());
        bucket.write("a/x %41", "one".into(), WriteMode::CreateNew).await.unwrap();
        let again = bucket.write("a/x %41", "two".into(), WriteMode::CreateNew).await.unwrap_err();
        assert!(matches!(again, TransferError::AlreadyExists { .. }), "{again}");
        bucket.write("a/x %41", "three".into(), WriteMode::Overwrite).await.unwrap();
        bucket.copy("a/x %41", "a/b/y#2").await.unwrap();
        assert_eq!(bucket.read("a/b/y#2").await.unwrap(), "three");
        assert_eq!(bucket.head("a/b/y#2").await.unwrap().size, 5);
        let keys: Vec<String> = bucket.list("a").await.unwrap().objects.into_iter().map(|object| object.key).collect();
        assert_eq!(keys, ["a/b/y#2", "a/x %41"]);
        assert!(!bucket.is_empty_below("a").await.unwrap());
        bucket.delete([keys, vec!["a/never/was".to_owned()]].concat()).await.unwrap();
        assert!(bucket.is_empty_below("a").await.unwrap());
        let missing = bucket.read("a/b/y#2").await.unwrap_err();
        assert!(matches!(missing, TransferError::NotFound { .. }), "{missing}");
    }
}

#[tokio::test]
async fn writing_over_a_copy_leaves_the_other_alone() {
    let place = folder().await;
    let bucket = &place.bucket;
    bucket.write("a", "one".into(), WriteMode::Overwrite).await.unwrap();
    bucket.copy("a", "b").await.unwrap();
    bucket.copy("a", "b").await.unwrap();
    bucket.write("a", "two".into(), WriteMode::Overwrite).await.unwrap();
    assert_eq!((bucket.read("a").await.unwrap(), bucket.read("b").await.unwrap()), ("two".into(), "one".into()));
    assert_eq!(bucket.list("").await.unwrap().objects.len(), 2);
}

#[tokio::test]
async fn keys_that_would_be_changed_are_refused() {
    let place = folder().await;
    for key in ["../up", "a//b", "/a", "a/", "a/./b", "a\nb"] {
        let error = place.bucket.write(key, "x".into(), WriteMode::Overwrite).await.unwrap_err();
        assert!(matches!(error, TransferError::InvalidOption { .. }), "{key:?}: {error}");
    }
    assert!(place.bucket.delete(["../up/".to_owned()]).await.is_err());
}

#[tokio::test]
async fn a_missing_bucket_is_not_found() {
    let place = s3().await;
    let endpoint = place.server.as_ref().unwrap().endpoint().as_str();
    let options = s3_options(endpoint, "test-key", "test-secret");
    let missing = open("s3://missing", &options).await;
    // `s3s-fs` makes the bucket when something is written; the other server does not.
    let error = missing.check().await.unwrap_err();
    assert!(matches!(error, TransferError::NotFound { .. }), "{error}");
    assert_eq!(error.to_string(), "open s3://missing: the bucket does not exist");
    let nowhere = open("file:///nowhere/at/all", &StoreOptions::default()).await.check().await.unwrap_err();
    assert!(matches!(nowhere, TransferError::NotFound { .. }), "{nowhere}");
}

#[tokio::test]
async fn wrong_secrets_are_not_authenticated_and_not_shown() {
    let place = s3().await;
    let endpoint = place.server.as_ref().unwrap().endpoint().as_str();
    let wrong = open("s3://bucket", &s3_options(endpoint, "test-key", "wr0ng-secret")).await;
    let error = wrong.check().await.unwrap_err();
    assert!(matches!(error, TransferError::NotAuthenticated { .. }), "{error:?}");
    assert!(!format!("{error:?} {wrong:?}").contains("wr0ng-secret"));
    let none = StoreOptions {
        environment: crate::support::environment(&[("AWS_ENDPOINT_URL", endpoint)]),
        ..StoreOptions::default()
    };
    let error = open("s3://bucket", &none).await.check().await.unwrap_err();
    assert!(matches!(error, TransferError::NotAuthenticated { .. }), "{error:?}");
}

#[tokio::test]
async fn an_unreachable_store_is_given_up_soon() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let start = Instant::now();
    let error = open("s3://bucket", &s3_options(&endpoint, "k", "s")).await.check().await.unwrap_err();
    assert!(matches!(error, TransferError::Unavailable { retries: 4, .. }), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn clouds_without_credentials_say_so() {
    for (url, hint) in [("az://c", "AZURE_STORAGE_ACCOUNT"), ("blob://c/o/p/b", "cannot be opened with")] {
        let error = Bucket::open(&BucketUrl::parse(url).unwrap(), &StoreOptions::default()).await.unwrap_err();
        assert!(matches!(error, TransferError::InvalidOption { .. }), "{error}");
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[tokio::test]
async fn long_listings_come_page_by_page() {
    let place = s3().await;
    let root = place.server.as_ref().unwrap().root().join("bucket/many");
    fs_err::create_dir_all(&root).unwrap();
    for number in 0..1203 {
        fs_err::write(root.join(format!("f{number:04}")), "x").unwrap();
    }
    let bucket = Arc::clone(&place.bucket);
    let listing = bucket.list("many").await.unwrap();
    assert_eq!(listing.objects.len(), 1203);
    assert_eq!(listing.objects[1202].path.as_str(), "f1202");
    let lists = place.server.as_ref().unwrap().faults().count(|request| request.query.contains("list-type=2"));
    assert_eq!(lists, 2);
}
