//! `fake-platform [--address HOST:PORT] [--storage ORIGIN]`: the fake platform by hand and for other languages.
//!
//! Prints one line of JSON with its addresses and runs until it is ended. `/control/…` steers it.

use std::io::Write;

use wabucket_testkit::platform::{FakePlatform, FakePlatformOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options(std::env::args().skip(1))?;
    let platform = FakePlatform::start(options).await?;
    let addresses = serde_json::json!({
        "origin": platform.origin(),
        "api_url": platform.api_url(),
        "storage_origin": platform.storage_origin(),
    });
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{addresses}")?;
    stdout.flush()?;
    std::future::pending().await
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<FakePlatformOptions, Box<dyn std::error::Error>> {
    let mut options = FakePlatformOptions::default();
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
        match argument.as_str() {
            "--address" => options.address = value.parse()?,
            "--storage" => options.storage = Some(value),
            _ => return Err(format!("unknown argument {argument}; there are --address and --storage").into()),
        }
    }
    Ok(options)
}
