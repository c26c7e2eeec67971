//! How often something may happen: a sustained rate, and a burst after a pause.

use std::time::{Duration, Instant};

/// How fast something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Between two, sustained.
    pub every: Duration,
    /// At once, after a pause.
    pub burst: u32,
}

/// The generic cell rate algorithm (ITU-T I.371): one instant is all its state.
#[derive(Clone, Copy, Default)]
pub(crate) struct Pace {
    /// When the allowance will be whole again.
    whole_at: Option<Instant>,
}

impl Pace {
    /// Takes one from the allowance, or tells how long to wait for the next.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let cost = rate.every;
        let tolerance = cost.saturating_mul(rate.burst.max(1));
        let whole_at = self.whole_at.map_or(now, |at| at.max(now)) + cost;
        match whole_at.checked_duration_since(now + tolerance) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.whole_at = Some(whole_at);
                Ok(())
            }
        }
    }
}

impl Pace {
    /// When the allowance will be whole, so that there is nothing to remember.
    pub(crate) fn whole_at(&self) -> Option<Instant> {
        self.whole_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        every: Duration::from_millis(100),
        burst: 3,
    };

    #[test]
    fn a_burst_passes_and_then_the_pace_holds() {
        let mut pace = Pace::default();
        let start = Instant::now();
        assert!((0..3).all(|_| pace.take(RATE, start).is_ok()));
        assert_eq!(pace.take(RATE, start), Err(Duration::from_millis(100)));
        let later = start + Duration::from_millis(100);
        assert_eq!(pace.take(RATE, later), Ok(()));
        assert!(pace.take(RATE, later).is_err());
    }

    #[test]
    fn a_long_silence_earns_no_more_than_a_burst() {
        let mut pace = Pace::default();
        let start = Instant::now();
        assert!(pace.take(RATE, start).is_ok());
        let much_later = start + Duration::from_secs(3600);
        let passed = (0..10).filter(|_| pace.take(RATE, much_later).is_ok());
        assert_eq!(passed.count(), 3);
    }
}
