//! A fake Apolo/Neu.ro platform on loopback: configuration, tokens, buckets, temporary credentials, jobs.
//!
//! It follows the rules of the platform's servers, those of three ages included, so that the platform's own SDKs log in
//! and work with it. What a server can get wrong is switched on as a [`Fault`].
//!
//! ```text
//! FakePlatform -> server -> faults -> configuration | tokens | buckets -> credentials | jobs | control
//!                       \-> storage_gate -> a real S3 server
//!                                             all of them share: state
//! ```

mod buckets;
mod configuration;
mod control;
mod credentials;
mod faults;
mod jobs;
mod server;
mod state;
mod storage_gate;
mod tokens;

pub use buckets::BucketSpec;
pub use faults::{Endpoint, Fault, FaultKind};
pub use server::{FakePlatform, FakePlatformOptions};
pub use state::{ServerRules, Settings};
pub use tokens::Login;
