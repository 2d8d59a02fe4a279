//! Whole transfers against real stores on this machine: a folder, and an S3 server on loopback.

#![expect(clippy::unwrap_used, reason = "a test that fails here should say where")]

mod buckets;
mod destination;
mod faults;
mod progress;
mod properties;
mod round_trip;
mod source;
mod support;
mod urls;
