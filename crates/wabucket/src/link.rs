//! `link`: a folder that is in the bucket already becomes a version, where it lies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use wabucket_model::{ArtifactName, ArtifactType, Manifest, Md5, Metadata, RunArguments};
use wabucket_transfer::{Bucket, ContentHashes, Listing, Object, Phase, Totals};
use wandb_client::{ArtifactContents, ArtifactDraft, LoggedArtifact, Run};

use crate::inside_run::inside_run;
use crate::platform::Purpose;
use crate::registry::{artifact_summary, run_summary};
use crate::report::{LinkReport, Outcome, RunSummary};
use crate::upload::summarise;
use crate::{AliasChoice, Control, Error, Session, bucket, config_defaults, entries};

/// What to link, and as what.
#[derive(Debug, Clone)]
pub struct LinkOptions {
    /// The folder, relative to the bucket URL.
    pub path: String,
    /// The artifact's name.
    pub name: ArtifactName,
    /// The artifact's type.
    pub artifact_type: ArtifactType,
    /// The alias of the version, besides `latest`.
    pub alias: AliasChoice,
    /// What the user says about the version.
    pub metadata: Metadata,
    /// What the version is, for people.
    pub description: Option<String>,
}

impl Session {
    /// Logs a folder in the bucket as a version, in a run of its own. Linking the same content again makes no version.
    ///
    /// # Errors
    /// Fails before a run is started if the folder is not there or the type does not fit.
    pub async fn link(&self, options: LinkOptions, control: &Control) -> Result<LinkReport, Error> {
        let started = Instant::now();
        if options.artifact_type.reserves(&options.name) {
            let (artifact_type, name) = (options.artifact_type.to_string(), options.name.to_string());
            return Err(Error::ReservedType { artifact_type, name });
        }
        let arguments = config_defaults::with_defaults(RunArguments::default(), &self.settings.environment)?;
        let alias = options.alias.clone().resolve(&arguments)?;
        let (linked, totals) = control.before_run(self.plan_link(&options, control)).await?;
        let run = self.start_run("link", arguments).await?;
        let draft = ArtifactDraft {
            artifact_type: options.artifact_type.clone(),
            name: options.name,
            aliases: vec![alias.clone()],
            description: options.description,
            metadata: options.metadata,
            contents: ArtifactContents::References(linked.manifest),
        };
        let log = async |run: &Run| {
            summarise(run, totals, started);
            log(run, draft, control).await
        };
        let ((run, logged), warnings) = inside_run(run, control, log).await?;
        Ok(LinkReport {
            run,
            artifact: artifact_summary(&logged.artifact, &options.artifact_type),
            alias,
            outcome: Outcome::from(logged.logging),
            location: linked.location,
            files: totals.files,
            bytes: totals.bytes,
            duration: started.elapsed(),
            warnings: self.take_warnings(warnings),
        })
    }
}

/// A folder that can be logged.
struct Linked {
    location: String,
    manifest: Manifest,
}

impl Session {
    async fn plan_link(&self, options: &LinkOptions, control: &Control) -> Result<(Linked, Totals), Error> {
        let bucket = bucket::open(self, Purpose::Read).await?;
        let prefix = bucket.url().key(options.path.trim_matches('/'));
        let location = bucket.url().reference(&prefix);
        let listing = list(&bucket, &prefix, &location).await?;
        self.connection().await?.check_type(&options.artifact_type, &options.name).await?;
        let md5s = md5s(&bucket, &listing.objects, control).await?;
        let manifest = entries::of_listing(bucket.url(), &prefix, &listing.objects, &md5s);
        Ok((Linked { location, manifest }, totals(&listing.objects)))
    }
}

async fn log(run: &Run, draft: ArtifactDraft, control: &Control) -> Result<(RunSummary, LoggedArtifact), Error> {
    control.reporter.start(Phase::Commit, None);
    let logged = run.log_artifact(draft, Arc::new(|_| {})).await;
    control.reporter.finish(Phase::Commit);
    Ok((run_summary(run), logged?))
}

/// Lists the folder. Keys that could not be downloaded again cannot be linked.
async fn list(bucket: &Bucket, prefix: &str, location: &str) -> Result<Listing, Error> {
    let mut listing = bucket.list(prefix).await?;
    if prefix.is_empty() {
        // The bucket itself: what is kept there for unfinished uploads is nobody's content.
        listing.objects.retain(|object| !object.key.starts_with(".wabucket/"));
    }
    if let Some(odd) = listing.odd.first() {
        let problem = format!("the key {:?} {}", odd.key, odd.problem);
        return Err(Error::Unlinkable { location: location.to_owned(), problem });
    }
    if listing.objects.is_empty() && listing.folders.is_empty() && !listing.has_own_marker {
        return Err(Error::NothingToLink { location: location.to_owned() });
    }
    Ok(listing)
}

/// The MD5 of each file of a folder bucket: object stores tell what a content is recognised by, a folder does not.
async fn md5s(bucket: &Bucket, objects: &[Object], control: &Control) -> Result<BTreeMap<String, Md5>, Error> {
    let mut md5s = BTreeMap::new();
    let Some(root) = bucket.url().as_folder() else { return Ok(md5s) };
    control.reporter.start(Phase::Compare, Some(totals(objects)));
    for object in objects {
        let hashes = ContentHashes::of_file(&root.join(&object.key), &control.cancellation).await?;
        control.reporter.advance(Phase::Compare, Totals { files: 1, bytes: object.size });
        md5s.insert(object.key.clone(), hashes.md5);
    }
    control.reporter.finish(Phase::Compare);
    Ok(md5s)
}

fn totals(objects: &[Object]) -> Totals {
    Totals { files: objects.len() as u64, bytes: objects.iter().map(|object| object.size).sum() }
}
