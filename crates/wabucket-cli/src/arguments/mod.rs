//! What can be typed: the one definition that help, completions, the man page and `docs/CLI.md` come from.
#![expect(clippy::doc_markdown, rustdoc::bare_urls, reason = "these comments are the help texts")]

mod completions;
mod download;
mod global;
mod link;
mod serve;
mod upload;

use clap::{Parser, Subcommand};

pub(crate) use completions::CompletionsArguments;
pub(crate) use download::DownloadArguments;
pub(crate) use global::GlobalArguments;
pub(crate) use link::LinkArguments;
pub(crate) use serve::ServeArguments;
pub(crate) use upload::UploadArguments;

/// Move a folder to or from a bucket and log a W&B artifact that refers to it
///
/// Models and datasets stay in your own bucket; W&B remembers which run made them and which runs used them. Each
/// command does both in one step, inside a W&B run.
#[derive(Debug, Parser)]
#[command(name = "wabucket", version, propagate_version = true, max_term_width = 100)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Upload(UploadArguments),
    Download(DownloadArguments),
    Link(LinkArguments),
    Serve(ServeArguments),
    Completions(CompletionsArguments),
    /// Print the man page
    #[command(long_about = "Print the man page in roff, e.g. wabucket man > ~/.local/share/man/man1/wabucket.1")]
    Man,
    /// Print docs/CLI.md
    #[command(hide = true)]
    Reference,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    unexpected error
  2    wrong usage: an argument, a name, a source or a destination
  3    not authenticated or not allowed
  4    not found
  5    already exists
  6    network or service failed after retries
  7    integrity: what is stored is not what was uploaded
  130  interrupted

Try it without any account:
  wabucket --local --project-name demo upload ./folder -n my-model -t model";
