//! The commit: the moment a draft becomes a version, after every check that makes it a true one.

use std::collections::BTreeMap;

use async_graphql::{Context, Object};
use wabucket_model::{Manifest, ManifestEntry, Md5};

use super::artifact::Artifact;
use super::inputs::CommitArtifactInput;
use super::log_artifact::{find, type_conflict};
use super::payload::payload;
use super::{Result, State, not_found, refuse, state};
use crate::objects::content_name;
use crate::storage::artifacts::ArtifactRow;
use crate::storage::{artifacts, collections, manifests};

#[derive(Default)]
pub(crate) struct CommitMutation;

#[Object]
#[expect(clippy::unused_async, reason = "resolvers are async")]
impl CommitMutation {
    /// Makes a draft visible, if its manifest and its files are here and are what was announced. Repeating it
    /// changes nothing.
    async fn commit_artifact(&self, ctx: &Context<'_>, input: CommitArtifactInput) -> Result<CommitArtifactPayload> {
        let state = state(ctx);
        let draft = state.database.read(|db| Ok(find(db, &input.artifact_id)))??;
        if draft.is_committed() {
            return Ok(CommitArtifactPayload { artifact: Artifact::new(draft) });
        }
        // The check may take long, so it is outside of the transaction: what it looked at never changes.
        let (manifest, entries) = checked_entries(state, &draft)?;
        let size = entries.values().filter_map(|entry| entry.size).sum::<u64>();
        let (size, count) = (i64::try_from(size).unwrap_or(i64::MAX), i64::try_from(entries.len())?);
        let row = state.database.write(|db| -> Result<_> {
            let row = find(db, &input.artifact_id)?;
            if row.is_committed() {
                return Ok(row);
            }
            if manifests::of_artifact(db, row.id)?.is_none_or(|current| current.digest != manifest) {
                return Err(refuse(409, "cannot commit the artifact: its manifest was changed meanwhile"));
            }
            let collection = collections::take_type(db, row.collection_id, &row.artifact_type)?;
            let collection = collection.ok_or_else(|| not_found("collection"))?;
            type_conflict(&collection, &row.artifact_type)?;
            artifacts::commit(db, &row, size, count)?;
            find(db, &input.artifact_id)
        })?;
        Ok(CommitArtifactPayload { artifact: Artifact::new(row) })
    }
}

/// The entries of a draft's manifest and its digest, after every check that a commit makes.
fn checked_entries(state: &State, artifact: &ArtifactRow) -> Result<(String, BTreeMap<String, ManifestEntry>)> {
    let incomplete = |what: String| refuse(400, format!("cannot commit the artifact: {what}"));
    let manifest = state.database.read(|db| manifests::of_artifact(db, artifact.id))?;
    let manifest = manifest.ok_or_else(|| incomplete("it has no manifest".to_owned()))?;
    let missing = || incomplete("its manifest was not uploaded".to_owned());
    // Objects of this name are taken in only with the announced digest.
    let object = manifest.object().ok_or_else(missing)?;
    let bytes = state.objects.read(&object).map_err(|_| missing())?;
    let contents =
        Manifest::from_json(&bytes).map_err(|error| incomplete(format!("its manifest is malformed: {error}")))?;
    if contents.digest().as_str() != artifact.digest {
        return Err(incomplete("its digest is not that of its manifest".to_owned()));
    }
    for (name, entry) in contents.entries.iter().filter(|(_, entry)| entry.reference.is_none()) {
        let stored = Md5::from_base64(&entry.digest).and_then(|md5| state.objects.size(&content_name(md5)));
        if stored.is_none() {
            return Err(incomplete(format!("the file {name} was not uploaded")));
        }
    }
    Ok((manifest.digest, contents.entries))
}

payload!(CommitArtifactPayload { artifact: Artifact });
