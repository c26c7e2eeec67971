//! Wrong passwords for one account: a few at once, then with growing delays.
//!
//! Those who try from networks that the account is not known to be used from, the
//! strangers, share one count; each network that it is known to be used from has
//! one of its own. So strangers can neither guess on nor keep the owner out.

use super::table::Fades;
use std::time::{Duration, Instant};

/// Delays grow no further after so many doublings: the longest is reached long before.
const DOUBLINGS_MAX: u32 = 20;

/// How many wrong passwords, and what comes after them.
#[derive(Clone, Copy, Debug)]
pub struct GuessLimits {
    /// Wrong passwords of all strangers, before they have to wait.
    pub by_strangers: u32,
    /// Wrong passwords from one known network, before it has to wait.
    pub by_known_network: u32,
    /// How long they wait first; the next wrong one doubles it.
    pub delay: Duration,
    /// The longest that they wait. It is also the time in which one wrong password
    /// is forgotten.
    pub delay_max: Duration,
}

/// The count of those who share one.
#[derive(Default)]
pub(super) struct Guesses {
    wrong: u32,
    /// Since when the next one is being forgotten.
    since: Option<Instant>,
    closed_until: Option<Instant>,
    /// When all of them will be forgotten.
    forgotten_at: Option<Instant>,
    /// Whether it was asked where the account is used, since they are held up.
    asked: bool,
}

/// What taking a try has led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is one of those that are free.
    Free,
    /// It is the last of those, should it be wrong.
    Last,
    /// It is one of those that have to wait for each other.
    Waited,
}

impl Guesses {
    /// Takes a try, which counts as wrong until [`Guesses::give_back`]; or tells how
    /// long to wait. `free` is how many have not to wait.
    pub(super) fn take(
        &mut self,
        free: u32,
        limits: &GuessLimits,
        now: Instant,
    ) -> Result<Taken, Duration> {
        self.forget(limits, now);
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            return Err(until - now);
        }
        let since = *self.since.get_or_insert(now);
        self.wrong = self.wrong.saturating_add(1).min(free + DOUBLINGS_MAX);
        self.forgotten_at = Some(since + limits.delay_max * self.wrong);
        let Some(over) = self.wrong.checked_sub(free) else {
            return Ok(Taken::Free);
        };
        let delay = limits.delay.saturating_mul(1 << over.min(DOUBLINGS_MAX));
        self.closed_until = Some(now + delay.min(limits.delay_max));
        Ok(if over == 0 {
            Taken::Last
        } else {
            Taken::Waited
        })
    }

    /// Whether the next try would have to wait; said once, until all is forgotten.
    pub(super) fn begins_to_hold_up(&mut self, now: Instant) -> bool {
        let holds_up = self.closed_until.is_some_and(|until| until > now);
        holds_up && !std::mem::replace(&mut self.asked, true)
    }

    /// A try that was taken was not wrong.
    pub(super) fn give_back(&mut self, free: u32) {
        self.wrong = self.wrong.saturating_sub(1);
        if self.wrong < free {
            self.closed_until = None;
        }
        if self.wrong == 0 {
            *self = Self::default();
        }
    }

    fn forget(&mut self, limits: &GuessLimits, now: Instant) {
        let Some(since) = self.since else {
            return;
        };
        let passed = now.saturating_duration_since(since).as_nanos();
        let forgotten = passed / limits.delay_max.as_nanos().max(1);
        let forgotten = u32::try_from(forgotten).unwrap_or(u32::MAX);
        if forgotten >= self.wrong {
            let closed_until = self.closed_until;
            *self = Self {
                closed_until,
                forgotten_at: closed_until,
                ..Self::default()
            };
        } else {
            self.wrong -= forgotten;
            self.since = Some(since + limits.delay_max * forgotten);
        }
    }
}

impl Fades for Guesses {
    fn matters_until(&self) -> Option<Instant> {
        self.forgotten_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: GuessLimits = GuessLimits {
        by_strangers: 3,
        by_known_network: 3,
        delay: Duration::from_secs(2),
        delay_max: Duration::from_secs(60),
    };

    fn take(guesses: &mut Guesses, now: Instant) -> Result<Taken, Duration> {
        guesses.take(3, &LIMITS, now)
    }

    #[test]
    fn delays_double_up_to_the_longest_while_it_goes_on() {
        let mut guesses = Guesses::default();
        let mut now = Instant::now();
        let first = [(); 3].map(|()| take(&mut guesses, now));
        assert_eq!(first, [Ok(Taken::Free), Ok(Taken::Free), Ok(Taken::Last)]);
        for seconds in [2, 4, 8, 16] {
            let wait = Duration::from_secs(seconds);
            assert_eq!(take(&mut guesses, now), Err(wait));
            // Asking too early makes it no longer.
            assert_eq!(take(&mut guesses, now), Err(wait));
            now += wait;
            assert!(take(&mut guesses, now).is_ok());
        }
        // From here on, one is forgotten while another is waited for.
        for _ in 0..100 {
            let wait = take(&mut guesses, now).unwrap_err();
            assert!((30..=60).contains(&wait.as_secs()), "{wait:?}");
            now += wait;
            assert!(take(&mut guesses, now).is_ok());
        }
    }

    #[test]
    fn that_it_begins_to_hold_up_is_said_once() {
        let mut guesses = Guesses::default();
        let now = Instant::now();
        for _ in 0..3 {
            assert!(!guesses.begins_to_hold_up(now));
            assert!(take(&mut guesses, now).is_ok());
        }
        assert!(!guesses.begins_to_hold_up(now + Duration::from_secs(2)));
        assert!(guesses.begins_to_hold_up(now));
        assert!(!guesses.begins_to_hold_up(now));
    }

    #[test]
    fn so_many_guesses_fit_into_a_day_and_no_more() {
        const DAY: u64 = 24 * 3_600;
        let limits = GuessLimits {
            by_strangers: 10,
            by_known_network: 20,
            delay: Duration::from_secs(2),
            delay_max: Duration::from_secs(900),
        };
        let mut guesses = Guesses::default();
        let start = Instant::now();
        let passed = (0..DAY).filter(|second| {
            let now = start + Duration::from_secs(*second);
            // As fast as a robot can.
            guesses.take(10, &limits, now).is_ok()
        });
        let passed = passed.count();
        assert!((100..=120).contains(&passed), "{passed}");
    }

    #[test]
    fn when_it_stops_all_is_forgotten_one_by_one() {
        let mut guesses = Guesses::default();
        let start = Instant::now();
        for _ in 0..3 {
            assert!(take(&mut guesses, start).is_ok());
        }
        let later = start + Duration::from_secs(2 * 60);
        assert_eq!(take(&mut guesses, later), Ok(Taken::Free));
        assert_eq!(take(&mut guesses, later), Ok(Taken::Last));
        assert_eq!(
            guesses.matters_until(),
            Some(later + Duration::from_secs(3 * 60))
        );
    }

    #[test]
    fn what_was_right_counts_nowhere() {
        let mut guesses = Guesses::default();
        let now = Instant::now();
        for _ in 0..100 {
            assert!(take(&mut guesses, now).is_ok());
            guesses.give_back(3);
        }
        assert_eq!(guesses.matters_until(), None);
    }
}
