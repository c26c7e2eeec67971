//! A brake on guessing: how much one address may ask of the password pool, how often
//! an address and its wider network may be wrong, and how often anyone may be wrong
//! about one account.
//!
//! Only what has to be verified anew passes here. Whoever is remembered goes on
//! talking, also from the address of someone who guesses; whoever has a token is
//! held up by nobody's guesses; and networks that someone is known to be in are not
//! held up by their neighbours' ([`guesses`]).
//!
//! All of it is in memory, and bounded ([`table`], [`known`]): less than 16 MiB when
//! a million addresses guess at a million names.

mod guesses;
mod known;
mod table;

pub use guesses::GuessLimits;

use crate::admission::{Network, Prefix};
use crate::pace::{Pace, Rate};
use guesses::{Guesses, Taken};
use known::Known;
use qunliao_protocol::{Failure, UserId};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use table::{Fades, Table};

/// Addresses, and wider networks, that something is held against.
const NETWORKS_MAX: usize = 50_000;
/// Accounts, known or not, that somebody guesses at.
const GUESSED_MAX: usize = 100_000;
/// How often a line about a refusal is logged: more would serve nobody.
const TOLD: Rate = Rate {
    every: Duration::from_secs(1),
    burst: 20,
};

/// What the brake goes by.
#[derive(Clone, Copy, Debug)]
pub struct BrakeLimits {
    /// Verifications of one address under way at once.
    pub under_way: usize,
    /// How often one address may be wrong.
    pub wrong: Rate,
    /// How often the wider network of an address may be.
    pub wrong_of_prefix: Rate,
    /// How often anyone may be wrong about one account.
    pub guesses: GuessLimits,
}

/// The brake, shared by all connections and by who checks passwords.
#[derive(Clone)]
pub struct Brake {
    limits: BrakeLimits,
    keys: RandomState,
    state: Arc<Mutex<State>>,
}

struct State {
    addresses: Table<Network, Record>,
    prefixes: Table<Prefix, Wrong>,
    guessed: Table<u64, Guesses>,
    known: Known,
    refusals: Told,
    guessing: Told,
}

/// Lines of one kind that were logged, and those that would have been too many.
#[derive(Default)]
struct Told {
    pace: Pace,
    untold: u64,
}

impl Told {
    /// How many the next line stands for besides itself; `None` if it is one too many.
    fn next(&mut self, now: Instant) -> Option<u64> {
        if self.pace.take(TOLD, now).is_err() {
            self.untold += 1;
            return None;
        }
        Some(std::mem::take(&mut self.untold))
    }
}

#[derive(Clone, Copy, Default)]
struct Record {
    under_way: usize,
    wrong: Wrong,
}

#[derive(Clone, Copy, Default)]
struct Wrong(Pace);

impl Wrong {
    /// How long to wait for the next one.
    fn wait(self, rate: Rate, now: Instant) -> Result<(), Duration> {
        { self.0 }.take(rate, now)
    }
}

impl Fades for Wrong {
    fn matters_until(&self) -> Option<Instant> {
        self.0.whole_at()
    }
}

impl Fades for Record {
    fn matters_until(&self) -> Option<Instant> {
        self.wrong.matters_until()
    }

    fn is_held(&self) -> bool {
        self.under_way > 0
    }
}

/// A verification under way; it ends when dropped.
pub struct Verifying {
    brake: Brake,
    network: Network,
}

/// A password that somebody tries. It counts as wrong, unless [`Trying::was_right`]
/// or [`Trying::was_not_judged`] says otherwise.
#[must_use]
pub struct Trying {
    brake: Brake,
    key: u64,
    free: u32,
    network: Network,
}

impl Brake {
    /// A brake with these limits.
    #[must_use]
    pub fn new(limits: BrakeLimits) -> Self {
        Self {
            limits,
            keys: RandomState::new(),
            state: Arc::new(Mutex::new(State {
                addresses: Table::new(NETWORKS_MAX),
                prefixes: Table::new(NETWORKS_MAX),
                guessed: Table::new(GUESSED_MAX),
                known: Known::default(),
                refusals: Told::default(),
                guessing: Told::default(),
            })),
        }
    }

    /// Begins a verification for `network`.
    ///
    /// # Errors
    /// [`Failure::TooManyRequests`] after too many wrong ones,
    /// [`Failure::Unavailable`] with too many under way.
    pub fn begin(&self, network: Network, now: Instant) -> Result<Verifying, Failure> {
        let mut state = self.lock();
        let wrong = state.addresses.entry(network, now).wrong;
        wrong.wait(self.limits.wrong, now).map_err(too_many)?;
        // Neighbours who guess must not keep anyone out of where they usually are.
        if let Some(wrong) = state.prefixes.get(&network.prefix())
            && !state.known.knows_anyone(network)
        {
            let rate = self.limits.wrong_of_prefix;
            wrong.wait(rate, now).map_err(too_many)?;
        }
        self.begin_in(&mut state, network, now)
    }

    /// Begins the verification of a token, which nobody can guess: wrong ones of
    /// the same address do not hold it up.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] with too many under way.
    pub fn begin_token(&self, network: Network, now: Instant) -> Result<Verifying, Failure> {
        self.begin_in(&mut self.lock(), network, now)
    }

    fn begin_in(
        &self,
        state: &mut State,
        network: Network,
        now: Instant,
    ) -> Result<Verifying, Failure> {
        let record = state.addresses.entry(network, now);
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
        let mut state = self.lock();
        // Those that began at once may be wrong at once: the next ones wait longer.
        let wrong = &mut state.addresses.entry(network, now).wrong;
        let _ = wrong.0.take(self.limits.wrong, now);
        let wrong = state.prefixes.entry(network.prefix(), now);
        let _ = wrong.0.take(self.limits.wrong_of_prefix, now);
    }

    /// Begins trying a password for what `login` means, in its one spelling: that of
    /// `user`, or of nobody. Counted is by `login` and not by user, so that what one
    /// way to sign in has come to tells nothing of another's.
    ///
    /// # Errors
    /// [`Failure::TooManyRequests`] after too many wrong ones: for an unknown name as
    /// for a known one.
    pub fn try_password(
        &self,
        login: &str,
        user: Option<UserId>,
        network: Network,
        now: Instant,
    ) -> Result<Trying, Failure> {
        let mut state = self.lock();
        let is_known = user.is_some_and(|user| state.known.knows(user, network, now));
        let limits = &self.limits.guesses;
        let (place, free) = if is_known {
            (Some(network), limits.by_known_network)
        } else {
            (None, limits.by_strangers)
        };
        let key = self.key(login, place);
        let taken = state.guessed.entry(key, now).take(free, limits, now);
        let begins = taken == Ok(Taken::Last) && !is_known;
        let told = begins.then(|| state.guessing.next(now)).flatten();
        drop(state);
        if let Some(untold) = told {
            let (user, prefix) = (Named(user), network.prefix());
            log::warn!("event=guessing user={user} network={prefix} untold={untold}");
        }
        taken.map_err(|wait| {
            self.tell_refused(user, network, "too_many_wrong", now);
            too_many(wait)
        })?;
        Ok(Trying {
            brake: self.clone(),
            key,
            free,
            network,
        })
    }

    /// Whether strangers' tries for `login` have just come to be held up: then is the
    /// time to [`Brake::know`] from where its account is used, which a process that
    /// started lately does not. For a login that nobody has just the same.
    pub fn begins_to_hold_up(&self, login: &str, now: Instant) -> bool {
        let key = self.key(login, None);
        let mut state = self.lock();
        let guesses = state.guessed.get_mut(&key);
        guesses.is_some_and(|guesses| guesses.begins_to_hold_up(now))
    }

    fn key(&self, login: &str, place: Option<Network>) -> u64 {
        self.keys.hash_one((login, place))
    }

    /// Notes that `user` is to be found in `network`: signed in there, or came with a
    /// token from there.
    pub fn know(&self, user: UserId, network: Network, now: Instant) {
        self.lock().known.note(user, network, now);
    }

    /// Forgets where `user` was to be found: the password was changed, and whoever
    /// knew the old one is a stranger.
    pub fn forget(&self, user: UserId) {
        self.lock().known.forget(user);
    }

    /// Logs that someone was refused, though not in a flood.
    pub(crate) fn tell_refused(
        &self,
        user: Option<UserId>,
        network: Network,
        reason: &str,
        now: Instant,
    ) {
        let told = self.lock().refusals.next(now);
        if let Some(untold) = told {
            let (user, prefix) = (Named(user), network.prefix());
            log::info!(
                "event=sign_in_refused user={user} network={prefix} reason={reason} untold={untold}"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trying {
    /// It is `user`'s: from now on, this network is one that they are known in.
    pub fn was_right(self, user: UserId, now: Instant) {
        self.brake.know(user, self.network, now);
        self.was_not_judged();
    }

    /// It came to nothing, and counts nowhere.
    pub fn was_not_judged(self) {
        if let Some(guesses) = self.brake.lock().guessed.get_mut(&self.key) {
            guesses.give_back(self.free);
        }
    }
}

impl Drop for Verifying {
    fn drop(&mut self) {
        if let Some(record) = self.brake.lock().addresses.get_mut(&self.network) {
            record.under_way = record.under_way.saturating_sub(1);
        }
    }
}

/// A user in the log, or nobody.
struct Named(Option<UserId>);

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(user) => user.fmt(f),
            None => f.write_str("none"),
        }
    }
}

fn too_many(wait: Duration) -> Failure {
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
    Failure::TooManyRequests(seconds.saturating_add(1))
}

#[cfg(test)]
mod tests;
