#![doc = include_str!("../README.md")]

mod faults;
pub mod platform;
mod s3;

pub use faults::{Fault, Faults, RequestInfo, Times};
pub use s3::{S3Server, S3ServerOptions};
