//! Faults that a server injects: scripted by the test, matched to requests, used up one by one.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::RngExt;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The request is refused and never reaches the store.
    Refuse {
        /// The HTTP status.
        status: u16,
        /// S3's error code.
        code: &'static str,
    },
    /// The store does its work, and the connection dies before the answer.
    LoseAnswer,
    /// The answer's body ends after so many bytes, and the connection dies.
    CutBody {
        /// Bytes that still arrive.
        after: usize,
    },
    /// The answer is complete in itself, but its body is shorter than the object.
    Shorten {
        /// The bytes that are missing at the end.
        by: usize,
    },
    /// One bit of the answer's body is another.
    Corrupt {
        /// Which byte; later ones than the last mean the last.
        at: usize,
    },
    /// The answer carries this `ETag`.
    ForgeEtag {
        /// Without quotes.
        etag: String,
    },
    /// The answer carries one more header.
    AddHeader {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: &'static str,
    },
    /// The answer comes late.
    Delay(Duration),
}

/// How often a fault happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Times {
    /// So many times.
    Exactly(usize),
    /// Every time.
    Always,
    /// With this probability each time, 0 to 1.
    Randomly(f64),
}

/// What a test may look at to choose a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestInfo {
    /// The HTTP method.
    pub method: String,
    /// The path as it was sent, percent-encoded.
    pub path: String,
    /// The query as it was sent; empty if there is none.
    pub query: String,
    /// The session token.
    pub token: Option<String>,
    /// The access key's id.
    pub access_key: Option<String>,
}

type Matcher = Box<dyn Fn(&RequestInfo) -> bool + Send + Sync>;

struct Rule {
    matches: Matcher,
    fault: Fault,
    times: Times,
}

/// The faults to come, and a record of all requests.
#[derive(Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Rule>>>,
    seen: Arc<Mutex<Vec<RequestInfo>>>,
}

impl Faults {
    /// Adds a fault. Of several that match a request, the first added that is not used up happens.
    pub fn add(&self, times: Times, fault: Fault, matches: impl Fn(&RequestInfo) -> bool + Send + Sync + 'static) {
        self.rules().push(Rule { matches: Box::new(matches), fault, times });
    }

    /// Takes back all faults.
    pub fn clear(&self) {
        self.rules().clear();
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<RequestInfo> {
        self.seen.lock().expect("nobody panics with the lock").clone()
    }

    /// How many requests so far are of this kind.
    pub fn count(&self, matches: impl Fn(&RequestInfo) -> bool) -> usize {
        self.requests().iter().filter(|request| matches(request)).count()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.seen.lock().expect("nobody panics with the lock").clear();
    }

    /// Records a request, and says what happens to it.
    pub(crate) fn next(&self, request: RequestInfo) -> Option<Fault> {
        let happens = |rule: &mut Rule| ((rule.matches)(&request) && rule.happens()).then(|| rule.fault.clone());
        let fault = self.rules().iter_mut().find_map(happens);
        self.seen.lock().expect("nobody panics with the lock").push(request);
        fault
    }

    fn rules(&self) -> std::sync::MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().expect("nobody panics with the lock")
    }
}

impl Rule {
    fn happens(&mut self) -> bool {
        match &mut self.times {
            Times::Exactly(0) => false,
            Times::Exactly(left) => {
                *left -= 1;
                true
            }
            Times::Always => true,
            Times::Randomly(probability) => rand::rng().random_bool(*probability),
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Faults").field("rules", &self.rules().len()).finish_non_exhaustive()
    }
}
