//! Trying again: how often, how far apart, and when not.
//!
//! A message is repeated only where that is
//! [safe](DeliveryError::repeating_is_safe). Pauses double, and half of each is
//! random, so that many senders who failed together do not come back together.
//! All of it ends at one deadline, because someone waits for the answer.

use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::DeliveryError;

/// How a failed sending is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many times to try in all, the first included. 0 counts as 1.
    pub attempts: u32,
    /// The pause after the first failure; each later one is twice as long. A
    /// pause is cut at random to between half and all of its length.
    pub first_pause: Duration,
    /// No pause is longer than this.
    pub longest_pause: Duration,
    /// When to give up, counted from the start, attempts and pauses together.
    pub deadline: Duration,
}

impl Default for Retry {
    /// Three attempts within half a minute, which is what one waits for a code.
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(5),
            deadline: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// The whole pause after the `failures`th failure, counted from 1.
    fn pause_after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first_pause
            .saturating_mul(1 << doublings)
            .min(self.longest_pause)
    }
}

/// Runs `attempt` until it succeeds, may not be repeated, or `retry` is used up. No
/// pause is begun that would outlast the deadline; an attempt that is still running
/// then is dropped.
///
/// # Errors
/// The last attempt's error; but [`DeliveryError::TimedOut`] where that would
/// be `Unavailable` ("certainly not accepted") and an earlier attempt's fate is
/// unknown, and where the deadline cut an attempt short.
pub(crate) async fn repeat<T, F, Fut>(
    retry: &Retry,
    may_repeat: impl Fn(&DeliveryError) -> bool,
    mut attempt: F,
) -> Result<T, DeliveryError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, DeliveryError>>,
{
    let deadline = Instant::now() + retry.deadline;
    let mut failures = 0;
    let mut in_doubt = false;
    loop {
        let outcome = timeout_at(deadline, attempt()).await;
        let error = match outcome.unwrap_or(Err(DeliveryError::TimedOut)) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        failures += 1;
        in_doubt |= error.leaves_doubt();
        let pause = with_jitter(retry.pause_after(failures));
        let in_time = Instant::now() + pause < deadline;
        if failures >= retry.attempts || !in_time || !may_repeat(&error) {
            return Err(match error {
                DeliveryError::Unavailable(_) if in_doubt => DeliveryError::TimedOut,
                error => error,
            });
        }
        log::warn!(
            "event=delivery_repeated attempt={failures} attempts_max={} error=\"{error}\"",
            retry.attempts
        );
        sleep(pause).await;
    }
}

/// Between half of `pause` and all of it. The standard library's hasher is
/// seeded at random, which is all the chance that is needed here.
fn with_jitter(pause: Duration) -> Duration {
    let chance = RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64;
    pause.mul_f64(0.5 + chance / 2.0)
}

#[cfg(test)]
mod tests;
