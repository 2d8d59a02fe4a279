//! Running other programs, loudly.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_path_buf()
}

/// Prints one line at once, so that it stands before the output of what it announces.
pub(crate) fn say(line: &str) {
    // A reader that went away is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{line}");
    let _ = std::io::stdout().flush();
}

/// Runs a command in the workspace root; a status other than 0 is an error that shows the command.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let shown = show(command);
    say(&format!("$ {shown}"));
    let started = Instant::now();
    let status = command.current_dir(root()).status().map_err(|error| format!("cannot run {shown}: {error}"))?;
    say(&format!("  {:.1} s", started.elapsed().as_secs_f64()));
    if status.success() { Ok(()) } else { Err(format!("{shown} failed: {status}")) }
}

fn show(command: &Command) -> String {
    let words: Vec<_> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
