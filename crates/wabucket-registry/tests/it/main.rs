//! The registry over HTTP, as a client that keeps no rules meets it. Real clients judge it in `counterparts/wandb`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod access;
mod commit;
mod many;
mod native;
mod runs;
mod server;
mod strict;
