//! `upload`: a folder goes to the bucket, and a version that refers to it is logged.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use wabucket_model::{Alias, ArtifactFolder, ArtifactName, ArtifactPath, ArtifactType, Metadata, RunArguments};
use wabucket_transfer::{Bucket, ContentHashes, LocalTree, Phase, Totals, UploadPlan};
use wandb_client::{Artifact, ArtifactContents, ArtifactDraft, LoggedArtifact, Logging, NativeFile, Run};

use crate::claim::Claim;
use crate::inside_run::inside_run;
use crate::platform::Purpose;
use crate::registry::{Connection, artifact_summary, run_summary};
use crate::replace::Replacement;
use crate::report::{Outcome, RunSummary, UploadReport};
use crate::{AliasChoice, Control, Error, Session, bucket, config_defaults, entries, sources};

/// What to upload, and as what.
#[derive(Debug, Clone)]
pub struct UploadOptions {
    /// The folder.
    pub source: PathBuf,
    /// The artifact's name.
    pub name: ArtifactName,
    /// The artifact's type.
    pub artifact_type: ArtifactType,
    /// The alias of the new version, besides `latest`.
    pub alias: AliasChoice,
    /// What the user says about the version.
    pub metadata: Metadata,
    /// What the version is, for people.
    pub description: Option<String>,
    /// The run's configuration.
    pub run_arguments: RunArguments,
    /// Where the bytes go.
    pub placement: Placement,
    /// What happens to a version that has this alias.
    pub existing: Existing,
}

/// Where bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Into the bucket; the registry holds references.
    Bucket,
    /// Into the registry itself.
    Registry,
}

/// What happens to a version that has the alias already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the upload fails.
    Refuse,
    /// The new content takes its place in the bucket.
    Replace,
}

/// An upload after its input was checked.
struct Request {
    folder: ArtifactFolder,
    metadata: Metadata,
    description: Option<String>,
    tree: LocalTree,
    existing: Existing,
    started: Instant,
}

/// What was logged, and where its bytes are.
struct Uploaded {
    run: RunSummary,
    logged: LoggedArtifact,
    location: String,
}

impl Session {
    /// Uploads a folder and logs it as a version, in a run of its own.
    ///
    /// # Errors
    /// Fails before anything is sent if the input cannot work, if the alias is taken, or if the bucket is not there.
    /// After any failure no version is visible.
    pub async fn upload(&self, options: UploadOptions, control: &Control) -> Result<UploadReport, Error> {
        let started = Instant::now();
        if options.artifact_type.reserves(&options.name) {
            let (artifact_type, name) = (options.artifact_type.to_string(), options.name.to_string());
            return Err(Error::ReservedType { artifact_type, name });
        }
        let arguments = config_defaults::with_defaults(options.run_arguments, &self.settings.environment)?;
        let alias = options.alias.resolve(&arguments)?;
        let source = self.settings.environment.current_dir().join(&options.source);
        let request = Request {
            tree: LocalTree::walk(&source, &control.transfer_options()).await?,
            folder: ArtifactFolder { artifact_type: options.artifact_type, name: options.name, alias },
            metadata: options.metadata,
            description: options.description,
            existing: options.existing,
            started,
        };
        match options.placement {
            // Boxed, since the state of all its steps together is large.
            Placement::Bucket => Box::pin(self.upload_to_bucket(request, arguments, control)).await,
            Placement::Registry => self.upload_to_registry(request, arguments, control).await,
        }
    }

    async fn upload_to_bucket(
        &self,
        request: Request,
        config: RunArguments,
        control: &Control,
    ) -> Result<UploadReport, Error> {
        let check = async {
            let current = check_free(self.connection().await?, &request).await?;
            let bucket = bucket::open(self, Purpose::Write).await?;
            let prefix = bucket.url().folder_prefix(&request.folder);
            let replacement = Replacement::plan(&bucket, &prefix, current, request.existing).await?;
            Ok((bucket, replacement))
        };
        let (bucket, replacement) = control.before_run(check).await?;
        let run = self.start_run("upload", config).await?;
        let upload = async |run: &Run| to_bucket(run, &bucket, &request, &replacement, control).await;
        let (uploaded, warnings) = inside_run(run, control, upload).await?;
        Ok(report(&request, uploaded, self.take_warnings(warnings)))
    }

    async fn upload_to_registry(
        &self,
        request: Request,
        config: RunArguments,
        control: &Control,
    ) -> Result<UploadReport, Error> {
        control.before_run(async { check_free(self.connection().await?, &request).await }).await?;
        let run = self.start_run("upload", config).await?;
        let (uploaded, warnings) =
            inside_run(run, control, async |run: &Run| to_registry(run, &request, control).await).await?;
        Ok(report(&request, uploaded, self.take_warnings(warnings)))
    }
}

/// Refuses a wrong type, and an alias that is taken. Returns the version that is to be replaced.
async fn check_free(connection: &Connection, request: &Request) -> Result<Option<Artifact>, Error> {
    let folder = &request.folder;
    connection.check_type(&folder.artifact_type, &folder.name).await?;
    let path = ArtifactPath { name: folder.name.clone(), alias: folder.alias.clone() };
    match connection.find(&path).await? {
        // The newest version always has this alias; its folder is what counts.
        Some(_) if folder.alias == Alias::latest() && request.existing == Existing::Refuse => Ok(None),
        Some(artifact) if request.existing == Existing::Refuse => {
            Err(Error::AliasExists { path, version: artifact.version.to_string(), url: artifact.url })
        }
        found => Ok(found),
    }
}

async fn to_bucket(
    run: &Run,
    bucket: &Bucket,
    request: &Request,
    replacement: &Replacement,
    control: &Control,
) -> Result<Uploaded, Error> {
    let prefix = bucket.url().folder_prefix(&request.folder);
    let path = run.path();
    let claim = Claim { run: format!("{}/{}/{}", path.entity, path.project, path.id), replaces: None };
    replacement.prepare(bucket, claim).await?;
    run.log_line(&format!("uploading {} files to {}", request.tree.files().len(), bucket.url().reference(&prefix)));
    let report = UploadPlan::new(request.tree.clone()).run(bucket, &prefix, &control.transfer_options()).await?;
    replacement.remove_strays(bucket, &report).await?;
    let contents = ArtifactContents::References(entries::of_upload(bucket.url(), &prefix, &report.files));
    let logged = commit(run, request, contents, control, None).await?;
    let location = match logged.logging {
        Logging::NewVersion => bucket.url().reference(&prefix),
        // Another folder holds these very bytes, and the version refers to it: this one belongs to nobody.
        Logging::Unchanged => keep_one_copy(run, bucket, &prefix, &logged).await?,
    };
    replacement.clean_up(bucket).await?;
    Ok(Uploaded { run: run_summary(run), logged, location })
}

/// Where the version's bytes are; if that is elsewhere, what was just uploaded is removed.
async fn keep_one_copy(run: &Run, bucket: &Bucket, prefix: &str, logged: &LoggedArtifact) -> Result<String, Error> {
    let ours = bucket.url().reference(prefix);
    let manifest = run.client().fetch_manifest(&logged.artifact).await?;
    let location = sources::location_of(&manifest).unwrap_or_else(|| ours.clone());
    if location != ours {
        let listing = bucket.list(prefix).await?;
        let folders = listing.folders.iter().map(|folder| format!("{prefix}/{folder}/"));
        let own = listing.has_own_marker.then(|| format!("{prefix}/"));
        let keys: Vec<_> = listing.objects.iter().map(|object| object.key.clone()).chain(folders).chain(own).collect();
        bucket.delete(keys).await?;
    }
    Ok(location)
}

async fn to_registry(run: &Run, request: &Request, control: &Control) -> Result<Uploaded, Error> {
    let mut files = Vec::with_capacity(request.tree.files().len());
    control.reporter.start(Phase::Compare, Some(request.tree.totals()));
    for file in request.tree.files() {
        let local = file.path.below(request.tree.root());
        let hashes = ContentHashes::of_file(&local, &control.cancellation).await?;
        control.reporter.advance(Phase::Compare, Totals { files: 1, bytes: file.size });
        files.push(NativeFile { path: file.path.clone(), local, size: file.size, md5: hashes.md5 });
    }
    control.reporter.finish(Phase::Compare);
    let logged = commit(run, request, ArtifactContents::Native(files), control, Some(request.tree.totals())).await?;
    let location = logged.artifact.url.clone();
    Ok(Uploaded { run: run_summary(run), logged, location })
}

/// Logs the version: the moment it becomes visible. Native bytes move here, too.
async fn commit(
    run: &Run,
    request: &Request,
    contents: ArtifactContents,
    control: &Control,
    moves: Option<Totals>,
) -> Result<LoggedArtifact, Error> {
    let phase = if moves.is_some() { Phase::Transfer } else { Phase::Commit };
    let reporter = Arc::clone(&control.reporter);
    let progress = Arc::new(move |bytes| reporter.advance(phase, Totals { files: 1, bytes }));
    let totals = request.tree.totals();
    summarise(run, totals, request.started);
    let draft = ArtifactDraft {
        artifact_type: request.folder.artifact_type.clone(),
        name: request.folder.name.clone(),
        aliases: vec![request.folder.alias.clone()],
        description: request.description.clone(),
        metadata: request.metadata.clone(),
        contents,
    };
    control.reporter.start(phase, moves);
    let logged = run.log_artifact(draft, progress).await;
    control.reporter.finish(phase);
    Ok(logged?)
}

/// What the run's page shows of the transfer.
pub(crate) fn summarise(run: &Run, totals: Totals, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    run.summarise("files", totals.files);
    run.summarise("bytes", totals.bytes);
    run.summarise("seconds", seconds);
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    run.summarise("bytes_per_second", totals.bytes as f64 / seconds.max(1e-3));
}

fn report(request: &Request, uploaded: Uploaded, warnings: Vec<String>) -> UploadReport {
    let totals = request.tree.totals();
    UploadReport {
        run: uploaded.run,
        artifact: artifact_summary(&uploaded.logged.artifact, &request.folder.artifact_type),
        alias: request.folder.alias.clone(),
        outcome: Outcome::from(uploaded.logged.logging),
        location: uploaded.location,
        files: totals.files,
        bytes: totals.bytes,
        duration: request.started.elapsed(),
        warnings,
    }
}
