//! `cargo xtask …`: the developer's commands, all of them.

mod counterparts;
mod process;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test           everything that must pass: format, lints, Rust tests, tests against real counterparts
  counterparts   only the tests against real counterparts; names of folders in counterparts/ may follow
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => test::run_all(),
        ["counterparts", ref folders @ ..] => counterparts::run_folders(folders),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            process::say(&format!("xtask: {message}"));
            ExitCode::FAILURE
        }
    }
}
