//! `wabucket link`.

use wabucket::{AliasChoice, ArtifactName, ArtifactType, Error, JobOutputs, LinkOptions, Metadata, OutputSuffix};

use super::{open, surroundings};
use crate::arguments::{GlobalArguments, LinkArguments};
use crate::interrupt;
use crate::output::{GetBack, Printer};

pub(crate) async fn run(global: &GlobalArguments, arguments: LinkArguments, printer: &Printer) -> Result<(), Error> {
    let suffix = arguments.suffix.as_deref().map(OutputSuffix::parse).transpose()?;
    let options = LinkOptions {
        path: arguments.path,
        name: ArtifactName::parse(&arguments.name)?,
        artifact_type: ArtifactType::parse(&arguments.artifact_type)?,
        alias: AliasChoice::parse(arguments.alias.as_deref())?,
        metadata: Metadata::parse_items(&arguments.metadata)?,
        description: arguments.description.clone(),
    };
    if let AliasChoice::Named(alias) = &options.alias {
        printer.check_job_outputs(&JobOutputs {
            name: &options.name,
            artifact_type: &options.artifact_type,
            alias,
            suffix: suffix.as_ref(),
        })?;
    }
    let session = open(global, surroundings())?;
    let control = printer.control();
    interrupt::watch(&control);
    let result = session.link(options, &control).await;
    session.close().await;
    printer.clear_progress();
    let report = result?;
    let get_back = GetBack::new(global, &report.artifact, &report.alias);
    printer.linked(&report, &get_back);
    let artifact = &report.artifact;
    printer.job_outputs(&JobOutputs {
        name: &artifact.name,
        artifact_type: &artifact.artifact_type,
        alias: &report.alias,
        suffix: suffix.as_ref(),
    })
}
