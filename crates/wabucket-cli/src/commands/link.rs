//! `wabucket link`.

use wabucket::{AliasChoice, ArtifactName, ArtifactType, Error, LinkOptions, Metadata, OutputSuffix};

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
    };
    let session = open(global, surroundings())?;
    let control = printer.control();
    interrupt::watch(&control);
    let result = session.link(options, &control).await;
    session.close().await;
    printer.clear_progress();
    let report = result?;
    let get_back = GetBack::new(global, &report.artifact, &report.alias);
    printer.linked(&report, &get_back);
    printer.job_outputs(&report.artifact, &report.alias, suffix.as_ref())
}
