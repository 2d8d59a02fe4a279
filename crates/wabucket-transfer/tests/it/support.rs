//! What the tests share: trees of files, buckets to put them in, and the way there and back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use wabucket_model::{BucketUrl, Environment, RelativePath};
use wabucket_testkit::{S3Server, S3ServerOptions};
use wabucket_transfer::{
    Bucket, DownloadFile, DownloadPlan, DownloadReport, Expected, LocalTree, RetryOptions, Source, StoreOptions,
    TransferError, TransferOptions, UploadPlan, UploadReport,
};

/// A bucket with what keeps it alive.
pub(crate) struct Place {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) server: Option<S3Server>,
    _folder: Option<TempDir>,
}

/// Tries again soon, and not for long: tests are impatient.
pub(crate) fn impatient() -> RetryOptions {
    RetryOptions { max_retries: 4, budget: Duration::from_secs(10), first_pause: Duration::from_millis(5) }
}

/// Surroundings with these variables and nothing of the real ones.
pub(crate) fn environment(variables: &[(&str, &str)]) -> Environment {
    let fixed = [("AWS_EC2_METADATA_DISABLED", "true")];
    let variables = fixed.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment::new(variables.collect(), None, "/".into())
}

pub(crate) fn s3_options(endpoint: &str, key: &str, secret: &str) -> StoreOptions {
    let variables = [("AWS_ENDPOINT_URL", endpoint), ("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)];
    StoreOptions { environment: environment(&variables), retry: impatient(), ..StoreOptions::default() }
}

pub(crate) async fn open(url: &str, options: &StoreOptions) -> Bucket {
    Bucket::open(&BucketUrl::parse(url).unwrap(), options).await.unwrap()
}

pub(crate) async fn s3() -> Place {
    let server = S3Server::start(S3ServerOptions::default()).await.unwrap();
    let options = s3_options(server.endpoint().as_str(), "test-key", "test-secret");
    let bucket = Arc::new(open("s3://bucket", &options).await);
    Place { bucket, server: Some(server), _folder: None }
}

pub(crate) async fn folder() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.path().display());
    let bucket = Arc::new(open(&url, &StoreOptions::default()).await);
    Place { bucket, server: None, _folder: Some(folder) }
}

/// Content that is not the same everywhere.
pub(crate) fn content(length: usize, seed: u8) -> Vec<u8> {
    let mut state = u64::from(seed) + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Files by path; a path that ends in `/` is an empty folder.
pub(crate) type Tree = BTreeMap<String, Vec<u8>>;

pub(crate) fn tree(entries: &[(&str, &[u8])]) -> Tree {
    entries.iter().map(|(path, content)| ((*path).to_owned(), content.to_vec())).collect()
}

pub(crate) fn write_tree(root: &Path, tree: &Tree) {
    for (path, content) in tree {
        let full = root.join(path);
        if path.ends_with('/') {
            fs_err::create_dir_all(full).unwrap();
        } else {
            fs_err::create_dir_all(full.parent().unwrap()).unwrap();
            fs_err::write(full, content).unwrap();
        }
    }
}

pub(crate) fn read_tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    for entry in walkdir::WalkDir::new(root).min_depth(1) {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if entry.file_type().is_file() {
            tree.insert(path, fs_err::read(entry.path()).unwrap());
        } else if fs_err::read_dir(entry.path()).unwrap().next().is_none() {
            tree.insert(format!("{path}/"), Vec::new());
        }
    }
    tree
}

pub(crate) fn folder_with(tree: &Tree) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_tree(folder.path(), tree);
    folder
}

pub(crate) async fn upload(bucket: &Bucket, source: &Path, prefix: &str) -> Result<UploadReport, TransferError> {
    upload_with(bucket, source, prefix, &TransferOptions::default()).await
}

pub(crate) async fn upload_with(
    bucket: &Bucket,
    source: &Path,
    prefix: &str,
    options: &TransferOptions,
) -> Result<UploadReport, TransferError> {
    let tree = LocalTree::walk(source, options).await?;
    UploadPlan::new(tree).run(bucket, prefix, options).await
}

/// A plan for all that an upload reported, with all its hashes.
pub(crate) fn plan_of(bucket: &Arc<Bucket>, report: &UploadReport) -> DownloadPlan {
    let file = |file: &wabucket_transfer::UploadedFile| DownloadFile {
        path: file.path.clone(),
        size: Some(file.size),
        source: Source::Object { bucket: Arc::clone(bucket), key: file.key.clone() },
        expected: Expected {
            etag: file.etag.clone(),
            version_id: file.version_id.clone(),
            md5: Some(file.md5),
            blake3: Some(file.blake3),
            ..Expected::default()
        },
    };
    DownloadPlan { files: report.files.iter().map(file).collect(), folders: report.folders.clone() }
}

/// A plan for all that a listing shows, with what a listing knows.
pub(crate) async fn plan_of_listing(bucket: &Arc<Bucket>, prefix: &str) -> DownloadPlan {
    let listing = bucket.list(prefix).await.unwrap();
    assert_eq!(listing.odd, []);
    let file = |object: wabucket_transfer::Object| DownloadFile {
        path: object.path,
        size: Some(object.size),
        source: Source::Object { bucket: Arc::clone(bucket), key: object.key },
        expected: Expected { etag: object.etag, ..Expected::default() },
    };
    DownloadPlan { files: listing.objects.into_iter().map(file).collect(), folders: listing.folders }
}

pub(crate) async fn download(plan: &DownloadPlan, destination: &Path) -> Result<DownloadReport, TransferError> {
    plan.run(destination, &TransferOptions::default()).await
}

/// A plan for one object.
pub(crate) fn plan_for(bucket: &Arc<Bucket>, key: &str, path: &str, expected: Expected) -> DownloadPlan {
    let source = Source::Object { bucket: Arc::clone(bucket), key: key.to_owned() };
    let path = RelativePath::parse(path).unwrap();
    DownloadPlan { files: vec![DownloadFile { path, size: None, source, expected }], folders: Vec::new() }
}
