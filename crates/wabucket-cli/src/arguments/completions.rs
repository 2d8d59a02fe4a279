//! `wabucket completions`.

use clap::Args;
use clap_complete::Shell;

/// Print a shell's completion script
///
/// E.g. for bash: wabucket completions bash > ~/.local/share/bash-completion/completions/wabucket
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// Shell to complete for
    pub(crate) shell: Shell,
}
