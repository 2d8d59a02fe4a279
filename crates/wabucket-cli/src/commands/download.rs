//! `wabucket download`.

use wabucket::{Alias, ArtifactName, ArtifactType, DownloadOptions, Error};

use super::{open, run_arguments, surroundings};
use crate::arguments::{DownloadArguments, GlobalArguments};
use crate::interrupt;
use crate::output::Printer;

pub(crate) async fn run(
    global: &GlobalArguments,
    arguments: DownloadArguments,
    printer: &Printer,
) -> Result<(), Error> {
    let environment = surroundings();
    let options = DownloadOptions {
        artifact_type: ArtifactType::parse(&arguments.artifact_type)?,
        name: ArtifactName::parse(&arguments.name)?,
        alias: Alias::parse(&arguments.alias)?,
        destination: arguments.destination,
        run_arguments: run_arguments::read(&arguments.run_args, &environment)?,
    };
    let session = open(global, environment)?;
    let control = printer.control();
    interrupt::watch(&control);
    let result = session.download(options, &control).await;
    session.close().await;
    printer.clear_progress();
    printer.downloaded(&result?);
    Ok(())
}
