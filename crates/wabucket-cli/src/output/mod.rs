//! How the program talks: results on stdout, talk on stderr, bars only on a terminal.

mod error;
mod format;
mod get_back;
mod printer;
mod progress;
mod summary;

pub(crate) use get_back::GetBack;
pub(crate) use printer::{Printer, is_coloured};
