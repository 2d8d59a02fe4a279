//! Lineage: a run uses a version.

use async_graphql::{Context, Object, SimpleObject};

use super::artifact::Artifact;
use super::inputs::UseArtifactInput;
use super::record_run::find_run;
use super::run::Run;
use super::{Result, log_artifact, refuse, state};
use crate::storage::runs;

#[derive(Default)]
pub(crate) struct LineageMutation;

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl LineageMutation {
    async fn use_artifact(&self, ctx: &Context<'_>, input: UseArtifactInput) -> Result<UseArtifactPayload> {
        let run = find_run(ctx, Some(&input.entity_name), Some(&input.project_name), &input.run_name)?;
        let artifact = state(ctx).database.read(|db| Ok(log_artifact::find(db, &input.artifact_id)))??;
        if !artifact.is_committed() {
            return Err(refuse(400, "an artifact that is not committed cannot be used"));
        }
        state(ctx).database.write(|db| runs::use_artifact(db, run.id, artifact.id, input.used_as.as_deref()))?;
        Ok(UseArtifactPayload { artifact: Artifact::new(artifact), run: Run(run) })
    }
}

#[derive(SimpleObject)]
pub(crate) struct UseArtifactPayload {
    artifact: Artifact,
    run: Run,
}
