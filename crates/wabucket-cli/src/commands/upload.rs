//! `wabucket upload`.

use wabucket::{
    AliasChoice, ArtifactName, ArtifactType, Error, Existing, JobOutputs, Metadata, OutputSuffix, Placement,
    UploadOptions,
};

use super::{open, run_arguments, surroundings};
use crate::arguments::{GlobalArguments, UploadArguments};
use crate::interrupt;
use crate::output::{GetBack, Printer};

pub(crate) async fn run(global: &GlobalArguments, arguments: UploadArguments, printer: &Printer) -> Result<(), Error> {
    let suffix = arguments.suffix.as_deref().map(OutputSuffix::parse).transpose()?;
    let environment = surroundings();
    let options = options(arguments, &environment)?;
    if let AliasChoice::Named(alias) = &options.alias {
        printer.check_job_outputs(&JobOutputs {
            name: &options.name,
            artifact_type: &options.artifact_type,
            alias,
            suffix: suffix.as_ref(),
        })?;
    }
    let session = open(global, environment)?;
    let control = printer.control();
    interrupt::watch(&control);
    let result = session.upload(options, &control).await;
    session.close().await;
    printer.clear_progress();
    let report = result?;
    let get_back = GetBack::new(global, &report.artifact, &report.alias);
    printer.uploaded(&report, &get_back);
    let artifact = &report.artifact;
    printer.job_outputs(&JobOutputs {
        name: &artifact.name,
        artifact_type: &artifact.artifact_type,
        alias: &report.alias,
        suffix: suffix.as_ref(),
    })
}

fn options(arguments: UploadArguments, environment: &wabucket::Environment) -> Result<UploadOptions, Error> {
    let placement = if arguments.no_reff { Placement::Registry } else { Placement::Bucket };
    let existing = if arguments.overwrite { Existing::Replace } else { Existing::Refuse };
    Ok(UploadOptions {
        source: arguments.source,
        name: ArtifactName::parse(&arguments.name)?,
        artifact_type: ArtifactType::parse(&arguments.artifact_type)?,
        alias: AliasChoice::parse(arguments.alias.as_deref())?,
        metadata: Metadata::parse_items(&arguments.metadata)?,
        description: arguments.description.clone(),
        run_arguments: run_arguments::read(&arguments.run_args, environment)?,
        placement,
        existing,
    })
}
