//! Progress of one file, however often its bytes must be fetched.

use std::sync::{Arc, Mutex};

use fs_err::File;

use crate::reporter::{Phase, Reporter, Totals};

/// Tells the reporter about each byte of a file once.
pub(super) struct Meter {
    reporter: Arc<dyn Reporter>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Of the present attempt.
    present: u64,
    /// The most of any attempt.
    reported: u64,
}

/// Where one attempt puts what it fetches.
pub(super) struct Attempt {
    pub(super) handle: File,
    pub(super) meter: Arc<Meter>,
}

impl Meter {
    pub(super) fn new(reporter: &Arc<dyn Reporter>) -> Arc<Self> {
        Arc::new(Self { reporter: Arc::clone(reporter), counts: Mutex::default() })
    }

    /// The file is fetched from its beginning.
    pub(super) fn restart(&self) {
        self.counts.lock().expect("nobody panics with the lock").present = 0;
    }

    /// So many more bytes have come.
    pub(super) fn add(&self, bytes: u64) {
        let new = {
            let mut counts = self.counts.lock().expect("nobody panics with the lock");
            counts.present += bytes;
            let new = counts.present.saturating_sub(counts.reported);
            counts.reported += new;
            new
        };
        if new > 0 {
            self.reporter.advance(Phase::Transfer, Totals { files: 0, bytes: new });
        }
    }
}
