#![doc = include_str!("../README.md")]

mod access;
mod error;
mod graphql;
mod http;
mod objects;
mod server;
mod storage;

pub use error::RegistryError;
pub use server::{ENTITY, Registry, RegistryOptions};
