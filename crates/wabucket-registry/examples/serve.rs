//! Serves a registry until it is interrupted: `serve DIRECTORY ADDRESS`. Prints its URL and the file of its key as JSON.

use std::error::Error;

use wabucket_registry::{Registry, RegistryOptions};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(directory), Some(address), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: serve DIRECTORY ADDRESS".into());
    };
    let registry = Registry::start(RegistryOptions { directory: directory.into(), address: address.parse()? }).await?;
    #[expect(clippy::print_stdout, reason = "an example is a program of its own")]
    {
        println!(
            "{}",
            serde_json::json!({"base_url": registry.base_url().as_str(), "api_key_file": registry.api_key_file()})
        );
    }
    tokio::signal::ctrl_c().await?;
    registry.stop().await;
    Ok(())
}
