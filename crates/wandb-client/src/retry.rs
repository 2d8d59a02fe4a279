//! When and how long to try again.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// How long one operation may go on trying.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// All tries and waits together.
    pub budget: Duration,
    /// The first wait; each further one is twice as long.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// One try.
    pub try_timeout: Duration,
}

impl Default for RetryPolicy {
    /// wandb-core's waits and timeout per try, but a budget that a person at a terminal will sit through.
    fn default() -> Self {
        Self {
            budget: Duration::from_secs(120),
            first_wait: Duration::from_secs(2),
            longest_wait: Duration::from_secs(60),
            try_timeout: Duration::from_secs(30),
        }
    }
}

/// Whether a conflict may pass if the request is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// Creating a run: another request is making the same project.
    Retry,
    /// Everything else.
    Final,
}

/// Whether a status may change if the request is repeated.
pub(crate) fn is_temporary(status: StatusCode, conflict: Conflict) -> bool {
    match status.as_u16() {
        409 => conflict == Conflict::Retry,
        400 | 401 | 403 | 404 | 410 | 413 | 422 | 501 => false,
        code => code >= 400,
    }
}

/// The tries of one operation.
pub(crate) struct Tries {
    policy: RetryPolicy,
    started: Instant,
    pub(crate) count: u32,
}

impl Tries {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self { policy, started: Instant::now(), count: 0 }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits before the next try; `false` if there is no time for one. A server's `Retry-After` replaces our wait.
    pub(crate) async fn wait(&self, asked: Option<Duration>) -> bool {
        let doubled = self.policy.first_wait.saturating_mul(1 << self.count.saturating_sub(1).min(16));
        let jittered = doubled.min(self.policy.longest_wait).mul_f64(1.0 + rand::random::<f64>() * 0.25);
        let wait = asked.unwrap_or(jittered);
        if self.elapsed() + wait >= self.policy.budget {
            return false;
        }
        tokio::time::sleep(wait).await;
        true
    }
}

/// What `Retry-After` asks for: seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let mut values = headers.get_all(RETRY_AFTER).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(jiff::Timestamp::now())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_statuses_are_those_of_wandb_core() {
        for code in [400, 401, 403, 404, 410, 413, 422, 501] {
            assert!(!is_temporary(StatusCode::from_u16(code).unwrap(), Conflict::Retry), "{code}");
        }
        for code in [408, 418, 429, 500, 502, 503, 504] {
            assert!(is_temporary(StatusCode::from_u16(code).unwrap(), Conflict::Final), "{code}");
        }
        assert!(is_temporary(StatusCode::CONFLICT, Conflict::Retry));
        assert!(!is_temporary(StatusCode::CONFLICT, Conflict::Final));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let headers = |text: &str| HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        assert_eq!(retry_after(&headers("1.5")), Some(Duration::from_millis(1500)));
        assert_eq!(retry_after(&headers("Wed, 21 Oct 2015 07:28:00 GMT")), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers("soon")), None);
    }
}
