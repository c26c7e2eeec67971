//! A user who is here: what all connections of that user share.

use qunliao_protocol::UserId;
use qunliao_storage::accounts::User;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// A user with at least one connection, or one that was here a moment ago.
pub struct Person {
    /// The id.
    pub id: UserId,
    /// The name that others see.
    pub name: String,
    pace: Mutex<Pace>,
}

impl Person {
    /// Takes one message from the user's allowance, or tells how long to wait.
    ///
    /// # Errors
    /// The time until the next message may be sent.
    pub fn take_message(&self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.take(rate, now)
    }
}

/// How fast a user may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Sustained.
    pub per_second: u32,
    /// At once, after a pause.
    pub burst: u32,
}

/// The generic cell rate algorithm (ITU-T I.371): one instant is all its state.
#[derive(Default)]
struct Pace {
    /// When the allowance will be whole again.
    whole_at: Option<Instant>,
}

impl Pace {
    fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let cost = Duration::from_secs(1) / rate.per_second.max(1);
        let tolerance = cost * rate.burst.max(1);
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

/// The people who are here, each once.
#[derive(Default)]
pub struct People {
    here: Mutex<HashMap<UserId, Weak<Person>>>,
}

impl People {
    /// The one [`Person`] of `user`.
    pub fn meet(&self, user: &User) -> Arc<Person> {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(person) = here.get(&user.id).and_then(Weak::upgrade)
            && person.name == user.name
        {
            return person;
        }
        // Those who left are forgotten when the map would have to grow anyway.
        if here.len() == here.capacity() {
            here.retain(|_, person| person.strong_count() > 0);
        }
        let person = Arc::new(Person {
            id: user.id,
            name: user.name.clone(),
            pace: Mutex::default(),
        });
        here.insert(user.id, Arc::downgrade(&person));
        person
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 10,
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
