//! A brake on guessing: how much one address may ask of the password pool, and how
//! often it may be wrong.
//!
//! Only what has to be verified anew passes here. Whoever is remembered goes on
//! talking, also from the address of someone who guesses.

use crate::admission::Network;
use crate::pace::{Pace, Rate};
use qunliao_protocol::Failure;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Addresses remembered, before those that matter no more are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// What the brake goes by.
#[derive(Clone, Copy, Debug)]
pub struct BrakeLimits {
    /// Verifications of one address under way at once.
    pub under_way: usize,
    /// How often one address may be wrong.
    pub wrong: Rate,
}

/// The brake, shared by all connections.
#[derive(Clone)]
pub struct Brake {
    limits: BrakeLimits,
    addresses: Arc<Mutex<HashMap<Network, Record>>>,
}

#[derive(Clone, Copy, Default)]
struct Record {
    under_way: usize,
    wrong: Pace,
}

/// A verification under way; it ends when dropped.
pub struct Verifying {
    brake: Brake,
    network: Network,
}

impl Brake {
    /// A brake with these limits.
    #[must_use]
    pub fn new(limits: BrakeLimits) -> Self {
        Self {
            limits,
            addresses: Arc::default(),
        }
    }

    /// Begins a verification for `network`.
    ///
    /// # Errors
    /// [`Failure::TooManyRequests`] after too many wrong ones,
    /// [`Failure::Unavailable`] with too many under way.
    pub fn begin(&self, network: Network, now: Instant) -> Result<Verifying, Failure> {
        let mut addresses = self.lock();
        if addresses.len() >= REMEMBERED_MAX {
            addresses.retain(|_, record| record.under_way > 0 || !record.wrong.is_whole(now));
        }
        let record = addresses.entry(network).or_default();
        let mut next_wrong = record.wrong;
        if let Err(wait) = next_wrong.take(self.limits.wrong, now) {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
            return Err(Failure::TooManyRequests(seconds.saturating_add(1)));
        }
        if record.under_way >= self.limits.under_way {
            return Err(Failure::Unavailable);
        }
        record.under_way += 1;
        Ok(Verifying {
            brake: self.clone(),
            network,
        })
    }

    /// Counts a wrong credential.
    pub fn count_wrong(&self, network: Network, now: Instant) {
        let mut addresses = self.lock();
        let record = addresses.entry(network).or_default();
        // Those that began at once may be wrong at once: the next ones wait longer.
        let _ = record.wrong.take(self.limits.wrong, now);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Network, Record>> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Verifying {
    fn drop(&mut self) {
        if let Some(record) = self.brake.lock().get_mut(&self.network) {
            record.under_way = record.under_way.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn brake() -> Brake {
        Brake::new(BrakeLimits {
            under_way: 2,
            wrong: Rate {
                every: Duration::from_secs(6),
                burst: 3,
            },
        })
    }

    fn network(last: u8) -> Network {
        Network::of([192, 0, 2, last].into())
    }

    fn refusal(brake: &Brake, last: u8, now: Instant) -> Option<Failure> {
        brake.begin(network(last), now).err()
    }

    #[test]
    fn who_is_wrong_too_often_waits_and_others_do_not() {
        let (brake, now) = (brake(), Instant::now());
        for _ in 0..3 {
            assert_eq!(refusal(&brake, 1, now), None);
            brake.count_wrong(network(1), now);
        }
        let refused = refusal(&brake, 1, now);
        assert!(
            matches!(refused, Some(Failure::TooManyRequests(6..=7))),
            "{refused:?}"
        );
        assert_eq!(refusal(&brake, 2, now), None);
        assert_eq!(refusal(&brake, 1, now + Duration::from_secs(6)), None);
    }

    #[test]
    fn an_address_has_its_share_of_the_pool_and_no_more() {
        let (brake, now) = (brake(), Instant::now());
        let first = brake.begin(network(1), now);
        let _second = brake.begin(network(1), now);
        assert_eq!(refusal(&brake, 1, now), Some(Failure::Unavailable));
        assert_eq!(refusal(&brake, 2, now), None);
        drop(first);
        assert_eq!(refusal(&brake, 1, now), None);
    }
}
