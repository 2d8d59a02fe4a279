//! Moves a folder by hand: `transfer upload DIR BUCKET_URL PREFIX`, `transfer download BUCKET_URL PREFIX DIR`, or
//! `transfer list BUCKET_URL PREFIX`. Prints one JSON document.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use wabucket_model::{BucketUrl, Environment};
use wabucket_transfer::{
    Bucket, DownloadFile, DownloadPlan, Expected, Listing, LocalTree, Source, StoreOptions, TransferOptions, UploadPlan,
};

type Outcome = Result<serde_json::Value, Box<dyn Error>>;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = match arguments[..] {
        ["upload", folder, url, prefix] => upload(Path::new(folder), &open(url).await?, prefix).await?,
        ["download", url, prefix, folder] => download(&Arc::new(open(url).await?), prefix, Path::new(folder)).await?,
        ["list", url, prefix] => show(&open(url).await?.list(prefix).await?),
        _ => return Err("usage: transfer upload|download|list …".into()),
    };
    println!("{report}");
    Ok(())
}

async fn open(url: &str) -> Result<Bucket, Box<dyn Error>> {
    let home = std::env::var_os("HOME").map(Into::into);
    let environment = Environment::new(std::env::vars().collect(), home, std::env::current_dir()?);
    let options = StoreOptions { environment, ..StoreOptions::default() };
    let bucket = Bucket::open(&BucketUrl::parse(url)?, &options).await?;
    bucket.check().await?;
    Ok(bucket)
}

async fn upload(folder: &Path, bucket: &Bucket, prefix: &str) -> Outcome {
    let options = TransferOptions::default();
    let tree = LocalTree::walk(folder, &options).await?;
    let report = UploadPlan::new(tree).run(bucket, prefix, &options).await?;
    let etags = report.files.iter().map(|file| (file.key.clone(), json!(file.etag.as_ref().map(ToString::to_string))));
    let etags: serde_json::Map<String, serde_json::Value> = etags.collect();
    Ok(json!({ "etags": etags, "bytes": report.bytes }))
}

async fn download(bucket: &Arc<Bucket>, prefix: &str, folder: &Path) -> Outcome {
    let listing = bucket.list(prefix).await?;
    let shown = show(&listing);
    let file = |object: wabucket_transfer::Object| DownloadFile {
        path: object.path,
        size: Some(object.size),
        source: Source::Object { bucket: Arc::clone(bucket), key: object.key },
        expected: Expected { etag: object.etag, ..Expected::default() },
    };
    let plan = DownloadPlan { files: listing.objects.into_iter().map(file).collect(), folders: listing.folders };
    let report = plan.run(folder, &TransferOptions::default()).await?;
    Ok(json!({ "fetched": report.fetched.len(), "already_right": report.already_right.len(), "listing": shown }))
}

fn show(listing: &Listing) -> serde_json::Value {
    json!({
        "objects": listing.objects.iter().map(|object| object.path.as_str()).collect::<Vec<_>>(),
        "folders": listing.folders.iter().map(wabucket_model::RelativePath::as_str).collect::<Vec<_>>(),
        "odd": listing.odd.iter().map(|odd| odd.key.as_str()).collect::<Vec<_>>(),
        "has_own_marker": listing.has_own_marker,
    })
}
