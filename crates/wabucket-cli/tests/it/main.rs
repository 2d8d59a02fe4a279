//! The program as users run it: real processes, a home of their own, the embedded registry, a folder bucket.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad_input;
mod download;
mod help;
mod interrupt;
mod lineage;
mod link;
mod output;
mod sandbox;
mod upload;
