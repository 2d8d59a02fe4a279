//! Native files and manifests on their way to the real registry: links that expire, files in parts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use wabucket_model::{ArtifactName, ArtifactType, Manifest, Md5, Metadata, ProjectName, RelativePath};
use wandb_client::{ArtifactContents, ArtifactDraft, Client, LoggedArtifact, NativeFile, Run, RunOptions, RunOutcome};

use crate::proxy::{Fault, Proxied};

async fn run_of(client: &Client) -> Run {
    let project = Some(ProjectName::parse("p").unwrap());
    client.start_run(RunOptions { project, ..RunOptions::default() }).await.unwrap()
}

fn files(proxied: &Proxied, contents: &[(&str, Vec<u8>)]) -> Vec<NativeFile> {
    let write = |(name, content): &(&str, Vec<u8>)| {
        let local = proxied.directory.path().join(name);
        fs_err::write(&local, content).unwrap();
        let path = RelativePath::parse(name).unwrap();
        NativeFile { path, local, size: content.len() as u64, md5: Md5::of(content) }
    };
    contents.iter().map(write).collect()
}

async fn log(run: &Run, files: Vec<NativeFile>) -> (LoggedArtifact, Manifest) {
    let draft = ArtifactDraft {
        artifact_type: ArtifactType::parse("model").unwrap(),
        name: ArtifactName::parse("net").unwrap(),
        aliases: Vec::new(),
        description: None,
        metadata: Metadata::default(),
        contents: ArtifactContents::Native(files),
    };
    let logged = run.log_artifact(draft, Arc::new(|_| {})).await.unwrap();
    let manifest = run.client().fetch_manifest(&logged.artifact).await.unwrap();
    (logged, manifest)
}

/// The bytes behind the first link of a file.
async fn read(client: &Client, (logged, manifest): &(LoggedArtifact, Manifest), path: &str) -> Vec<u8> {
    let source = client.native_links(&logged.artifact, manifest).source(path, &manifest.entries[path]).unwrap();
    let link = source.first().await.unwrap();
    source.web().get(link.url).headers(link.headers).send().await.unwrap().bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_have_expired_are_renewed() {
    for (status, skipped) in [(StatusCode::FORBIDDEN, 0), (StatusCode::BAD_REQUEST, 1), (StatusCode::FORBIDDEN, 2)] {
        let puts = AtomicUsize::new(0);
        // Two files and the manifest: one after the other is the one whose link has expired.
        let proxied = Proxied::start(move |request| {
            let is_expired = request.method == "PUT" && puts.fetch_add(1, Ordering::SeqCst) == skipped;
            if is_expired { Fault::Refuse(status) } else { Fault::None }
        })
        .await;
        let files = files(&proxied, &[("a", b"one".to_vec()), ("b", b"two".to_vec())]);
        let run = run_of(&proxied.client).await;
        let logged = log(&run, files).await;
        assert_eq!(read(&proxied.client, &logged, "a").await, b"one", "{skipped}");
        assert_eq!(read(&proxied.client, &logged, "b").await, b"two", "{skipped}");
        run.finish(RunOutcome::Finished).await.unwrap();
        proxied.registry.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_files_go_in_parts() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log_of = Arc::clone(&seen);
    let lost = AtomicUsize::new(0);
    let proxied = Proxied::start(move |request| {
        if request.method == "PUT" {
            log_of.lock().unwrap().push(request.body.len());
            // One part is sent again.
            if request.body.len() == 1024 * 1024 && lost.fetch_add(1, Ordering::SeqCst) == 0 {
                return Fault::Lose;
            }
        }
        Fault::None
    })
    .await;
    let large: Vec<u8> = (0..2_500_000_u32).map(|number| (number % 251) as u8).collect();
    let files = files(&proxied, &[("large", large.clone()), ("small", b"small".to_vec())]);
    let run = run_of(&proxied.client).await.with_multipart(2_000_000, 1024 * 1024);
    let logged = log(&run, files).await;
    assert!(read(&proxied.client, &logged, "large").await == large);
    assert_eq!(read(&proxied.client, &logged, "small").await, b"small");
    let mut sizes = seen.lock().unwrap().clone();
    sizes.retain(|size| *size > 100_000);
    sizes.sort_unstable();
    assert_eq!(sizes, [2_500_000 - 2 * 1024 * 1024, 1024 * 1024, 1024 * 1024, 1024 * 1024]);
    run.finish(RunOutcome::Finished).await.unwrap();
    proxied.registry.stop().await;
}
