//! The client against servers that misbehave, on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod finish;
mod identity_token;
mod links;
mod lost;
mod native_links;
mod proxy;
mod server;
mod uploads;
