//! The client against the fake platform, over real HTTP on loopback.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod buckets;
mod credentials;
mod jobs;
mod login;
mod support;
