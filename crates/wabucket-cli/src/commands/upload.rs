//! `wabucket upload`.

use wabucket::{
    AliasChoice, ArtifactName, ArtifactType, Error, Existing, Metadata, OutputSuffix, Placement, UploadOptions,
};

use super::{open, run_arguments, surroundings};
use crate::arguments::{GlobalArguments, UploadArguments};
use crate::interrupt;
use crate::output::{GetBack, Printer};

pub(crate) async fn run(global: &GlobalArguments, arguments: UploadArguments, printer: &Printer) -> Result<(), Error> {
    let suffix = arguments.suffix.as_deref().map(OutputSuffix::parse).transpose()?;
    let environment = surroundings();
    let options = options(arguments, &environment)?;
    let session = open(global, environment)?;
    let control = printer.control();
    interrupt::watch(&control);
    let result = session.upload(options, &control).await;
    session.close().await;
    printer.clear_progress();
    let report = result?;
    let get_back = GetBack::new(global, &report.artifact, &report.alias);
    printer.uploaded(&report, &get_back);
    printer.job_outputs(&report.artifact, &report.alias, suffix.as_ref())
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
        run_arguments: run_arguments::read(&arguments.run_args, environment)?,
        placement,
        existing,
    })
}
