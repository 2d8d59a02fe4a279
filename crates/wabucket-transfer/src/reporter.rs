//! How a transfer tells what it is doing; whoever calls decides how to show it.

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Local files are being found.
    Walk,
    /// Files are being looked at: what is already right is not moved.
    Compare,
    /// Bytes are being moved.
    Transfer,
    /// The version is being made visible. Transfers do not report it; whoever logs the version does.
    Commit,
}

/// How much there is, or was, to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Receives progress. Calls come from several threads, in no fixed order between files.
///
/// Increments count only what is safely done: bytes that had to be moved again are not counted twice.
pub trait Reporter: Send + Sync {
    /// A phase begins; `totals` is unknown while files are still being found.
    fn start(&self, phase: Phase, totals: Option<Totals>);
    /// This much more is done.
    fn advance(&self, phase: Phase, done: Totals);
    /// A phase is over, done or not.
    fn finish(&self, phase: Phase);
}

/// A reporter for callers who do not want to know.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn start(&self, _phase: Phase, _totals: Option<Totals>) {}
    fn advance(&self, _phase: Phase, _done: Totals) {}
    fn finish(&self, _phase: Phase) {}
}
