//! Answers that get lost after the server did its work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wabucket_model::{Alias, ArtifactName, ArtifactPath, ArtifactType, Manifest, ManifestEntry, Metadata, ProjectName};
use wandb_client::{ArtifactContents, ArtifactDraft, Logging, RunOptions, RunOutcome};

use crate::proxy::{Fault, Proxied};

fn draft() -> ArtifactDraft {
    let entry = ManifestEntry {
        digest: "s3://b/k".to_owned(),
        reference: Some("s3://b/k".to_owned()),
        ..ManifestEntry::default()
    };
    ArtifactDraft {
        artifact_type: ArtifactType::parse("model").unwrap(),
        name: ArtifactName::parse("net").unwrap(),
        aliases: vec![Alias::parse("best").unwrap()],
        description: None,
        metadata: Metadata::default(),
        contents: ArtifactContents::References(Manifest::new([("k".to_owned(), entry)].into())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_makes_one_version_and_one_end() {
    for loses in ["UpsertBucket", "CreateArtifact", "CreateArtifactManifest", "CommitArtifact", "UseArtifact"] {
        let lost = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&lost);
        let proxied = Proxied::start(move |request| {
            let is_first = request.operation().as_deref() == Some(loses) && count.fetch_add(1, Ordering::SeqCst) == 0;
            if is_first { Fault::Lose } else { Fault::None }
        })
        .await;
        let client = &proxied.client;
        let project = Some(ProjectName::parse("p").unwrap());
        let run = client.start_run(RunOptions { project, ..RunOptions::default() }).await.unwrap();
        let logged = run.log_artifact(draft(), Arc::new(|_| {})).await.unwrap();
        run.use_artifact(&logged.artifact).await.unwrap();
        let again = run.log_artifact(draft(), Arc::new(|_| {})).await.unwrap();
        let place = run.project();
        run.finish(RunOutcome::Finished).await.unwrap();
        assert!(lost.load(Ordering::SeqCst) > 1, "{loses} was repeated");
        assert_eq!((logged.logging, again.logging), (Logging::NewVersion, Logging::Unchanged), "{loses}");
        let draft = draft();
        let versions = client.recent_versions(&place, &draft.artifact_type, &draft.name).await.unwrap();
        assert_eq!(versions.len(), 1, "{loses}");
        let path = ArtifactPath { name: draft.name, alias: Alias::parse("best").unwrap() };
        assert_eq!(client.find_artifact(&place, &path).await.unwrap().unwrap().id, logged.artifact.id, "{loses}");
        proxied.registry.stop().await;
    }
}
