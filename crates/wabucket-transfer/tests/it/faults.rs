//! Every fault that a transfer promises to survive, and those that it must report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio_util::sync::CancellationToken;
use wabucket_model::{BucketUrl, ETag};
use wabucket_testkit::{Fault, Faults, RequestInfo, S3Server, S3ServerOptions, Times};
use wabucket_transfer::{
    Bucket, Expected, Expiring, S3Options, TransferError, TransferOptions, UploadReport, WriteMode,
};

use crate::support::{
    Place, Tree, content, download, folder_with, impatient, plan_for, plan_of, read_tree, s3, tree, upload,
};

const PART_FAULT: [Fault; 3] = [
    Fault::Refuse { status: 503, code: "SlowDown" },
    Fault::Refuse { status: 500, code: "InternalError" },
    Fault::LoseAnswer,
];

fn faults(place: &Place) -> &Faults {
    place.server.as_ref().unwrap().faults()
}

fn is(method: &'static str, part: &'static str) -> impl Fn(&RequestInfo) -> bool + Send + Sync + 'static {
    move |request| request.method == method && format!("{}?{}", request.path, request.query).contains(part)
}

async fn round_trip(place: &Place, given: &Tree) -> Result<UploadReport, TransferError> {
    let source = folder_with(given);
    let report = upload(&place.bucket, source.path(), "p").await?;
    let destination = tempfile::tempdir().unwrap();
    download(&plan_of(&place.bucket, &report), destination.path()).await?;
    assert_eq!(read_tree(destination.path()), *given);
    Ok(report)
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_lost_answers_are_tried_again_everywhere() {
    let given: Tree = [("small".to_owned(), content(1000, 1)), ("large".to_owned(), content(17_000_000, 2))].into();
    for fault in PART_FAULT {
        let place = s3().await;
        for (method, part) in [
            ("PUT", "/p/small"),
            ("POST", "uploads"),
            ("PUT", "partNumber=2"),
            ("POST", "uploadId="),
            ("GET", "/p/small"),
            ("GET", "/p/large"),
        ] {
            faults(&place).add(Times::Exactly(1), fault.clone(), is(method, part));
        }
        let report = round_trip(&place, &given).await.unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
        assert_eq!(report.files.len(), 2);
        faults(&place).add(Times::Exactly(1), fault, is("GET", "list-type"));
        assert_eq!(place.bucket.list("p").await.unwrap().objects.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_end_early_come_short_or_altered_are_fetched_again() {
    let given: Tree = [("small".to_owned(), content(5000, 1)), ("large".to_owned(), content(17_000_000, 2))].into();
    for fault in [Fault::CutBody { after: 1000 }, Fault::Shorten { by: 7 }, Fault::Corrupt { at: 4000 }] {
        let place = s3().await;
        for part in ["/p/small", "/p/large"] {
            faults(&place).add(Times::Exactly(1), fault.clone(), is("GET", part));
        }
        round_trip(&place, &given).await.unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_stays_is_an_integrity_error_that_names_the_key() {
    for fault in [Fault::Shorten { by: 7 }, Fault::Corrupt { at: 4 }] {
        let place = s3().await;
        let source = folder_with(&tree(&[("small", b"twelve bytes")]));
        let report = upload(&place.bucket, source.path(), "p").await.unwrap();
        faults(&place).add(Times::Always, fault, is("GET", "/p/small"));
        let destination = tempfile::tempdir().unwrap();
        let error = download(&plan_of(&place.bucket, &report), destination.path()).await.unwrap_err();
        assert!(matches!(error, TransferError::Integrity { .. }), "{error:?}");
        assert!(error.to_string().starts_with("download s3://bucket/p/small: "), "{error}");
        assert!(read_tree(destination.path()).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_only_the_etag_can_show_is_found_too() {
    let place = s3().await;
    place.bucket.write("key", "content".into(), WriteMode::Overwrite).await.unwrap();
    let etag = place.bucket.head("key").await.unwrap().etag;
    let plan = plan_for(&place.bucket, "key", "file", Expected { etag, ..Expected::default() });
    faults(&place).add(Times::Exactly(1), Fault::Corrupt { at: 2 }, is("GET", "/key"));
    let destination = tempfile::tempdir().unwrap();
    download(&plan, destination.path()).await.unwrap();
    assert_eq!(read_tree(destination.path()), tree(&[("file", b"content")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etag_that_is_no_md5_of_a_download_is_believed_the_second_time() {
    let place = s3().await;
    place.bucket.write("key", "content".into(), WriteMode::Overwrite).await.unwrap();
    let etag = "0123456789abcdef0123456789abcdef";
    let forged = Fault::ForgeEtag { etag: etag.to_owned() };
    faults(&place).add(Times::Always, forged, |request| request.path.ends_with("/key"));
    let expected = Expected { etag: Some(ETag::new(etag)), ..Expected::default() };
    let destination = tempfile::tempdir().unwrap();
    download(&plan_for(&place.bucket, "key", "file", expected), destination.path()).await.unwrap();
    assert_eq!(faults(&place).count(is("GET", "/key")), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_changes_between_ranges_is_an_integrity_error() {
    let place = s3().await;
    let source = folder_with(&[("large".to_owned(), content(17_000_000, 2))].into());
    let report = upload(&place.bucket, source.path(), "p").await.unwrap();
    let other = "0123456789abcdef0123456789abcdef-3".to_owned();
    faults(&place).add(Times::Exactly(1), Fault::ForgeEtag { etag: other }, is("GET", "/p/large"));
    let mut plan = plan_of(&place.bucket, &report);
    let destination = tempfile::tempdir().unwrap();
    download(&plan, destination.path()).await.unwrap();
    fs_err::remove_file(destination.path().join("large")).unwrap();
    plan.files[0].expected.etag = Some(ETag::new("fedcba9876543210fedcba9876543210-3"));
    let error = download(&plan, destination.path()).await.unwrap_err();
    assert!(error.to_string().contains("the object has the ETag"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_with_another_etag_is_read_back() {
    let given = tree(&[("small", b"twelve bytes")]);
    let forged = Fault::ForgeEtag { etag: "0123456789abcdef0123456789abcdef".to_owned() };
    let source = folder_with(&given);

    let rare = s3().await;
    faults(&rare).add(Times::Always, forged.clone(), is("PUT", "/p/small"));
    upload(&rare.bucket, source.path(), "p").await.unwrap();
    assert_eq!(faults(&rare).count(is("GET", "/p/small")), 1, "what is stored is right, so one look suffices");

    let broken = s3().await;
    faults(&broken).add(Times::Always, forged, is("PUT", "/p/small"));
    faults(&broken).add(Times::Always, Fault::Corrupt { at: 3 }, is("GET", "/p/small"));
    let error = upload(&broken.bucket, source.path(), "p").await.unwrap_err();
    assert!(matches!(error, TransferError::Integrity { .. }), "{error:?}");
    assert_eq!(faults(&broken).count(is("PUT", "/p/small")), 3, "sent again twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypting_store_is_asked_for_the_size_only() {
    let place = s3().await;
    let encrypted = Fault::AddHeader { name: "x-amz-server-side-encryption", value: "aws:kms" };
    faults(&place).add(Times::Always, encrypted, is("PUT", "/p/small"));
    let source = folder_with(&tree(&[("small", b"twelve bytes")]));
    upload(&place.bucket, source.path(), "p").await.unwrap();
    assert_eq!(faults(&place).count(is("GET", "/p/small")), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_stay_are_sorted_and_counted() {
    let source = folder_with(&tree(&[("small", b"x")]));
    let failing = async |fault| {
        let place = s3().await;
        faults(&place).add(Times::Always, fault, is("PUT", "/p/small"));
        upload(&place.bucket, source.path(), "p").await.unwrap_err()
    };
    let error = failing(Fault::Refuse { status: 503, code: "SlowDown" }).await;
    assert!(matches!(error, TransferError::Unavailable { retries: 4, .. }), "{error:?}");
    let error = failing(Fault::Refuse { status: 403, code: "AccessDenied" }).await;
    assert!(matches!(error, TransferError::NotAllowed { .. }), "{error:?}");
    assert_eq!(error.to_string(), "upload s3://bucket/p/small: not allowed");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "HTTP status 403: AccessDenied: injected");
    let error = failing(Fault::Refuse { status: 404, code: "NoSuchBucket" }).await;
    assert_eq!(error.to_string(), "upload s3://bucket/p/small: the bucket does not exist");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_upload_in_parts_is_given_up_even_where_that_is_forbidden() {
    let source = folder_with(&[("large".to_owned(), content(17_000_000, 2))].into());
    for abort in [None, Some(Fault::Refuse { status: 403, code: "AccessDenied" })] {
        let place = s3().await;
        faults(&place).add(Times::Always, Fault::Refuse { status: 400, code: "Odd" }, is("PUT", "partNumber=2"));
        if let Some(fault) = abort {
            faults(&place).add(Times::Always, fault, is("DELETE", "uploadId="));
        }
        let error = upload(&place.bucket, source.path(), "p").await.unwrap_err();
        assert!(matches!(error, TransferError::Unexpected { .. }), "{error:?}");
        assert_eq!(faults(&place).count(is("DELETE", "uploadId=")), 1);
        assert!(place.bucket.is_empty_below("p").await.unwrap());
    }
}

/// Gives out a new token on each call; each is good for a moment only.
#[derive(Debug, Default)]
struct Tokens(std::sync::atomic::AtomicUsize);

#[async_trait]
impl CredentialProvider for Tokens {
    type Credential = Expiring<AwsCredential>;

    async fn get_credential(&self) -> object_store::Result<Arc<Self::Credential>> {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let credential = AwsCredential {
            key_id: "test-key".to_owned(),
            secret_key: "test-secret".to_owned(),
            token: Some(format!("token-{number}")),
        };
        let expires_at = Some(Timestamp::now() + Duration::from_secs(3600));
        Ok(Arc::new(Expiring { credential: Arc::new(credential), expires_at }))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_too_early_is_renewed_in_the_middle() {
    let server = S3Server::start(S3ServerOptions::default()).await.unwrap();
    let tokens = Arc::new(Tokens::default());
    let options = S3Options {
        bucket: "bucket".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(server.endpoint().clone()),
        credentials: Arc::<Tokens>::clone(&tokens) as _,
    };
    let url = BucketUrl::parse("blob://cluster/org/project/bucket").unwrap();
    let bucket = Arc::new(Bucket::open_s3(url, options, impatient()).unwrap());
    let given: Tree = (0..20).map(|number| (format!("f{number}"), content(2000, number))).collect();
    let source = folder_with(&given);
    bucket.check().await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    let expired = Fault::Refuse { status: 400, code: "ExpiredToken" };
    server.faults().add(Times::Always, expired, |request| request.token.as_deref() == Some("token-0"));
    let report = upload(&bucket, source.path(), "p").await.unwrap();
    let destination = tempfile::tempdir().unwrap();
    download(&plan_of(&bucket, &report), destination.path()).await.unwrap();
    assert_eq!(read_tree(destination.path()), given);
    assert_eq!(tokens.0.load(std::sync::atomic::Ordering::SeqCst), 2, "one renewal for all");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_transfer_stops_soon_and_leaves_nothing_half() {
    let place = s3().await;
    let given: Tree = (0..8).map(|number| (format!("f{number}"), content(9_000_000, number))).collect();
    let source = folder_with(&given);
    let report = upload(&place.bucket, source.path(), "p").await.unwrap();
    faults(&place).add(Times::Always, Fault::Delay(Duration::from_secs(30)), |request| !request.path.contains("f0"));
    let options = || {
        let cancellation = CancellationToken::new();
        let stop = cancellation.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(700)).await;
            stop.cancel();
        });
        TransferOptions { cancellation, ..TransferOptions::default() }
    };
    let start = Instant::now();
    let destination = tempfile::tempdir().unwrap();
    let error = plan_of(&place.bucket, &report).run(destination.path(), &options()).await.unwrap_err();
    assert!(matches!(error, TransferError::Interrupted { .. }), "{error:?}");
    assert_eq!(read_tree(destination.path()).keys().collect::<Vec<_>>(), ["f0"]);
    let error = crate::support::upload_with(&place.bucket, source.path(), "q", &options()).await.unwrap_err();
    assert!(matches!(error, TransferError::Interrupted { .. }), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_at_random_is_survived() {
    let place = s3().await;
    for fault in PART_FAULT {
        faults(&place).add(Times::Randomly(0.02), fault, |_| true);
    }
    let given: Tree = (0..40).map(|number| (format!("f{number}"), content(3000, number))).collect();
    round_trip(&place, &given).await.unwrap();
}
