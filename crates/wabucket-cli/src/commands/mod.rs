//! One module per verb: typed arguments in, the SDK's work, its report to the printer.

mod download;
mod link;
mod reference;
mod run_arguments;
mod serve;
mod upload;

use clap::CommandFactory;
use wabucket::{Environment, Error, RegistryChoice, Session, Settings, SettingsOptions};

use crate::arguments::{Arguments, Command, GlobalArguments};
use crate::environment;
use crate::output::Printer;

pub(crate) async fn run(arguments: Arguments, printer: &Printer) -> Result<(), Error> {
    let Arguments { global, command } = arguments;
    match command {
        Command::Upload(arguments) => Box::pin(upload::run(&global, arguments, printer)).await,
        Command::Download(arguments) => Box::pin(download::run(&global, arguments, printer)).await,
        Command::Link(arguments) => Box::pin(link::run(&global, arguments, printer)).await,
        Command::Serve(arguments) => Box::pin(serve::run(&global, &arguments, printer)).await,
        Command::Completions(arguments) => {
            let mut script = Vec::new();
            clap_complete::generate(arguments.shell, &mut Arguments::command(), "wabucket", &mut script);
            printer.document(&script);
            Ok(())
        }
        Command::Man => {
            printer.document(&reference::man_page(Arguments::command()));
            Ok(())
        }
        Command::Reference => {
            printer.document(reference::markdown(Arguments::command()).as_bytes());
            Ok(())
        }
    }
}

/// Opens the registry and the bucket that the global options and the environment name.
fn open(global: &GlobalArguments, environment: Environment) -> Result<Session, Error> {
    let options = SettingsOptions {
        bucket: global.bucket.clone(),
        endpoint_url: global.endpoint_url.clone(),
        aws_credentials_file: global.aws_credentials_file.clone(),
        registry: registry_choice(global),
        project: global.project_name.clone(),
        entity: global.entity.clone(),
        run_name: global.run_name.clone(),
        job_type: global.job_type.clone(),
        command_line: std::env::args().collect(),
    };
    Ok(Session::new(Settings::resolve(options, environment)?))
}

fn registry_choice(global: &GlobalArguments) -> RegistryChoice {
    match global.local.as_deref() {
        None => RegistryChoice::Wandb,
        Some("") => RegistryChoice::Embedded { directory: None },
        Some(directory) => RegistryChoice::Embedded { directory: Some(directory.into()) },
    }
}

/// The environment of this process, taken once per command.
fn surroundings() -> Environment {
    environment::take()
}
