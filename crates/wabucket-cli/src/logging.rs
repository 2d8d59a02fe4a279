//! Logs of the libraries, on stderr, only when asked for.

use tracing_subscriber::EnvFilter;

use crate::arguments::GlobalArguments;
use crate::output::is_coloured;

/// Starts logging as `-v` or, in finer grain, `RUST_LOG` asks.
pub(crate) fn start(arguments: &GlobalArguments) {
    let default = match arguments.verbose {
        0 => "off",
        1 => "warn,wabucket=info,wandb_client=info,wabucket_transfer=info,apolo_client=info,wabucket_registry=info",
        _ => {
            "info,wabucket=debug,wandb_client=debug,wabucket_transfer=debug,apolo_client=debug,wabucket_registry=debug"
        }
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_coloured()).init();
}
