//! The exit codes, which scripts rely on.

use wabucket::ErrorKind;

/// Done.
pub(crate) const DONE: u8 = 0;
/// Something that nobody foresaw: a bug, or a machine in trouble.
pub(crate) const UNEXPECTED: u8 = 1;
/// Wrong usage: an argument, a name, a source or a destination.
pub(crate) const USAGE: u8 = 2;
/// Not authenticated, or not allowed.
pub(crate) const NOT_ALLOWED: u8 = 3;
/// Not found.
pub(crate) const NOT_FOUND: u8 = 4;
/// Already exists.
pub(crate) const ALREADY_EXISTS: u8 = 5;
/// The network or a service failed, also after retries.
pub(crate) const UNAVAILABLE: u8 = 6;
/// What is stored is not what was uploaded.
pub(crate) const INTEGRITY: u8 = 7;
/// Interrupted, as shells report SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit code of a kind of error.
pub(crate) fn of(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Unexpected => UNEXPECTED,
        ErrorKind::Usage => USAGE,
        ErrorKind::NotAllowed => NOT_ALLOWED,
        ErrorKind::NotFound => NOT_FOUND,
        ErrorKind::AlreadyExists => ALREADY_EXISTS,
        ErrorKind::Unavailable => UNAVAILABLE,
        ErrorKind::Integrity => INTEGRITY,
        ErrorKind::Interrupted => INTERRUPTED,
    }
}
