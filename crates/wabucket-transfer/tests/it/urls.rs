//! Files behind URLs that expire.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use object_store::signer::Signer;
use wabucket_model::{Blake3, RelativePath};
use wabucket_testkit::{Fault, Times};
use wabucket_transfer::{
    Cause, DownloadFile, DownloadPlan, Expected, Location, Renewal, Source, TransferError, UrlProvider, WriteMode,
};

use crate::support::{Place, content, download, read_tree, s3};

/// Signs URLs of one object; the first one that it gives is for another path and is refused.
struct Signing {
    store: object_store::aws::AmazonS3,
    renewals: AtomicUsize,
}

#[async_trait]
impl UrlProvider for Signing {
    fn name(&self) -> String {
        "model/weights.bin".to_owned()
    }

    async fn locate(&self, renewal: Renewal) -> Result<Option<Location>, Cause> {
        if renewal == Renewal::Needed {
            self.renewals.fetch_add(1, Ordering::SeqCst);
        }
        let path = object_store::path::Path::parse("key")?;
        let mut url = self.store.signed_url(reqwest::Method::GET, &path, Duration::from_secs(60)).await?;
        if self.renewals.load(Ordering::SeqCst) == 0 {
            url.query_pairs_mut().append_pair("spoiled", "s3cret-query");
        }
        Ok(Some(Location { url, headers: http::HeaderMap::new() }))
    }
}

async fn place_and_plan(bytes: &[u8]) -> (Place, Arc<Signing>, DownloadPlan) {
    let place = s3().await;
    place.bucket.write("key", bytes.to_vec().into(), WriteMode::Overwrite).await.unwrap();
    let store = object_store::aws::AmazonS3Builder::new()
        .with_bucket_name("bucket")
        .with_endpoint(place.server.as_ref().unwrap().endpoint().as_str().trim_end_matches('/'))
        .with_access_key_id("test-key")
        .with_secret_access_key("test-secret")
        .with_allow_http(true)
        .build()
        .unwrap();
    let provider = Arc::new(Signing { store, renewals: AtomicUsize::new(0) });
    let file = DownloadFile {
        path: RelativePath::parse("weights.bin").unwrap(),
        size: None,
        source: Source::Url { provider: Arc::<Signing>::clone(&provider) as _ },
        expected: Expected { blake3: Some(Blake3::of(bytes)), ..Expected::default() },
    };
    (place, provider, DownloadPlan { files: vec![file], folders: Vec::new() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_url_is_renewed_once_and_a_cut_body_fetched_again() {
    let bytes = content(3_000_000, 1);
    let (place, provider, plan) = place_and_plan(&bytes).await;
    let faults = place.server.as_ref().unwrap().faults();
    faults.add(Times::Exactly(1), Fault::Delay(Duration::ZERO), |request| request.query.contains("spoiled"));
    faults.add(Times::Exactly(1), Fault::CutBody { after: 100_000 }, |request| request.query.contains("X-Amz"));
    let destination = tempfile::tempdir().unwrap();
    download(&plan, destination.path()).await.unwrap();
    assert_eq!(provider.renewals.load(Ordering::SeqCst), 1);
    assert_eq!(read_tree(destination.path()), [("weights.bin".to_owned(), bytes)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_stays_refused_is_reported_without_its_query() {
    let (place, _provider, plan) = place_and_plan(b"content").await;
    let refused = Fault::Refuse { status: 403, code: "AccessDenied" };
    place.server.as_ref().unwrap().faults().add(Times::Always, refused, |request| request.query.contains("X-Amz"));
    let destination = tempfile::tempdir().unwrap();
    let error = download(&plan, destination.path()).await.unwrap_err();
    assert!(matches!(error, TransferError::NotAllowed { .. }), "{error:?}");
    assert_eq!(error.to_string(), "download model/weights.bin: not allowed");
    assert!(!format!("{error:?}").contains("X-Amz") && !format!("{error:?}").contains("s3cret"), "{error:?}");
    assert!(read_tree(destination.path()).is_empty());
}
