//! When to try again, and waiting that can be cut short.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::HttpConfig;

/// Whether a later attempt may go better.
pub(super) fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// How long to wait after the attempt of this number, from 0. `retry_after` is the header's value:
/// seconds or a date; what is neither counts as if it were absent.
pub(super) fn wait(
    config: &HttpConfig,
    attempt: u32,
    retry_after: Option<&str>,
    now: SystemTime,
) -> Duration {
    let doubled = config.backoff_seconds * 2_f64.powi(attempt.min(30) as i32);
    let asked = retry_after.and_then(|value| seconds(value.trim(), now));
    Duration::from_secs_f64(asked.unwrap_or(doubled).min(config.max_backoff_seconds))
}

/// # Source
/// RFC 9110, section 10.2.3.
fn seconds(retry_after: &str, now: SystemTime) -> Option<f64> {
    let number = retry_after.parse::<u32>().ok().map(f64::from);
    let until = |date: SystemTime| date.duration_since(now).unwrap_or_default().as_secs_f64();
    number.or_else(|| httpdate::parse_http_date(retry_after).ok().map(until))
}

/// Tells workers to stop, also those that wait.
#[derive(Debug, Default)]
pub(super) struct Halt {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Halt {
    pub(super) fn set(&self) {
        *self.lock() = true;
        self.changed.notify_all();
    }

    pub(super) fn is_set(&self) -> bool {
        *self.lock()
    }

    /// Waits, at most until [`Halt::set`]; says whether that was called.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), time, |is_set| !*is_set);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_unless_the_server_says_how_long() {
        let config =
            HttpConfig { backoff_seconds: 0.5, max_backoff_seconds: 5.0, ..HttpConfig::default() };
        let now = httpdate::parse_http_date("Wed, 21 Oct 2026 07:28:00 GMT").unwrap();
        let rows = [
            (0, None, 0.5),
            (1, None, 1.0),
            (3, None, 4.0),
            (4, None, 5.0),
            (u32::MAX, None, 5.0),
            (3, Some("2"), 2.0),
            (0, Some(" 0 "), 0.0),
            (0, Some("3600"), 5.0),
            (1, Some("Wed, 21 Oct 2026 07:28:03 GMT"), 3.0),
            (1, Some("Wed, 21 Oct 2026 08:28:00 GMT"), 5.0),
            (1, Some("Wed, 21 Oct 2026 07:27:00 GMT"), 0.0),
            (1, Some("soon"), 1.0),
        ];
        for (attempt, retry_after, expected) in rows {
            assert_eq!(
                wait(&config, attempt, retry_after, now).as_secs_f64(),
                expected,
                "{attempt} {retry_after:?}"
            );
        }
    }

    #[test]
    fn statuses_that_may_pass_are_tried_again() {
        assert_eq!(
            [400, 401, 404, 408, 422, 429, 500, 503].map(may_pass),
            [false, false, false, true, false, true, true, true]
        );
    }

    #[test]
    fn a_wait_is_cut_short() {
        let halt = Halt::default();
        assert!(!halt.wait(Duration::ZERO));
        halt.set();
        assert!(halt.wait(Duration::from_secs(3600)));
    }
}
