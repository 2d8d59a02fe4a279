//! What the fake platform remembers, shared by all its endpoints.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::buckets::Bucket;
use super::faults::Fault;

/// Which age of the platform's servers is imitated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerRules {
    /// From 26.8: names need an organisation, paths have exactly three parts before the key.
    #[default]
    Current,
    /// 23.7 to 25.12: paths are found by scanning all buckets.
    Scanning,
    /// 22.x: no projects, buckets belong to their owner.
    Owners,
}

/// What can be set while the platform runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Which age of servers is imitated.
    pub rules: ServerRules,
    /// How long temporary credentials live, in seconds.
    pub credentials_lifetime: f64,
    /// How long access tokens live, in seconds.
    pub token_lifetime: f64,
    /// How far the platform's clock is ahead of the real one, in seconds.
    pub clock_ahead: i64,
    /// Whether the configuration endpoint takes any token at all.
    pub authorized: bool,
    /// Whether a refresh token works only once.
    pub rotate_refresh_tokens: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: ServerRules::default(),
            credentials_lifetime: 3600.0,
            token_lifetime: 3600.0,
            clock_ahead: 0,
            authorized: true,
            rotate_refresh_tokens: false,
        }
    }
}

/// Storage credentials that were handed out.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) bucket_name: String,
    pub(super) token: Option<String>,
    pub(super) ends: Option<Instant>,
    pub(super) read_only: bool,
}

/// An access token that was handed out.
#[derive(Debug, Clone)]
pub(super) struct AccessToken {
    pub(super) user: String,
    pub(super) ends: Instant,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) origin: String,
    /// Of the gate, as credentials name it.
    pub(super) storage_origin: Option<String>,
    /// Of the S3 server behind the gate.
    pub(super) upstream_origin: Option<String>,
    pub(super) access_tokens: BTreeMap<String, AccessToken>,
    pub(super) refresh_tokens: BTreeMap<String, String>,
    /// Authorization codes with their challenges.
    pub(super) codes: BTreeMap<String, String>,
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) buckets: Vec<Bucket>,
    pub(super) jobs: BTreeMap<String, serde_json::Value>,
    pub(super) faults: Vec<Fault>,
    pub(super) requests: Vec<String>,
}

impl State {
    /// The platform's own time.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.settings.clock_ahead)
    }
}

/// The state behind its lock; it is never held across an await.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder of this lock panics")
    }
}
