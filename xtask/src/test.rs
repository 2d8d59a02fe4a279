//! `cargo xtask test`: the cheap checks first.

use crate::counterparts;
use crate::process::{cargo, run};

pub(crate) fn run_all() -> Result<(), String> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    run(cargo().args(["test", "--workspace", "--quiet"]))?;
    counterparts::run_folders(&[])
}
