//! Completes the example folder with what a repository does not hold: a file of some size and an empty folder.

use std::io::{self, BufWriter, Write};
use std::path::Path;

const WEIGHTS_BYTES: usize = 24 * 1024 * 1024;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/model");
    if !example.join("config.json").exists() {
        // Outside the repository there is no example to complete.
        return Ok(());
    }
    let weights = example.join("weights.bin");
    println!("cargo::rerun-if-changed={}", weights.display());
    fs_err::create_dir_all(example.join("checkpoints"))?;
    if weights.metadata().is_ok_and(|metadata| metadata.len() == WEIGHTS_BYTES as u64) {
        return Ok(());
    }
    write_weights(&weights)
}

/// Writes bytes that look random and are the same everywhere (xorshift).
fn write_weights(path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(fs_err::File::create(path)?);
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    for _ in 0..WEIGHTS_BYTES / size_of::<u64>() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes())?;
    }
    file.flush()
}
