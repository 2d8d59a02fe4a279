#![doc = include_str!("../README.md")]

mod arguments;
mod commands;
mod environment;
mod exit_code;
mod interrupt;
mod logging;
mod output;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;
use crate::output::Printer;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let printer = Printer::new(&arguments.global);
    logging::start(&arguments.global);
    match Box::pin(commands::run(arguments, &printer)).await {
        Ok(()) => ExitCode::from(exit_code::DONE),
        Err(error) => {
            printer.error(&error);
            ExitCode::from(exit_code::of(error.kind()))
        }
    }
}
