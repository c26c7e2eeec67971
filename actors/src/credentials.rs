//! What has been verified once is remembered for a while, so that a message, or
//! each file of a folder, does not cost an argon2.
//!
//! Remembered is a keyed hash of the credential, never the credential. The key is
//! made at start and leaves no trace.

mod known;

use crate::person::Person;
use hmac::{Hmac, KeyInit, Mac};
use known::{Known, Shown};
use qunliao_protocol::{Credential, SessionId, UserId};
use sha2::Sha256;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A credential's keyed hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// What a credential was found to be.
pub struct Found {
    /// Whose it is.
    pub person: Arc<Person>,
    /// The session whose token it is; `None` for a password.
    pub session: Option<SessionId>,
    /// When that session ends, if it is not used again.
    pub ends: Option<Instant>,
}

/// A credential that has been verified.
#[derive(Clone)]
pub struct Verified {
    /// Whose it is.
    pub person: Arc<Person>,
    /// Of the credential.
    pub fingerprint: Fingerprint,
    /// The session whose token it is; `None` for a password.
    pub session: Option<SessionId>,
    /// Until when it may be believed without asking again.
    pub until: Instant,
    /// Whether using it makes it last: a password does, so that whoever talks on
    /// does not have to queue with those who log in; a token does not, since its
    /// session can end, and asking for it is cheap.
    lasting: bool,
    /// The count of withdrawals it was verified under.
    withdrawals: u64,
}

impl Verified {
    fn use_now(&mut self, now: Instant, memory: Duration) {
        if self.lasting {
            self.until = now + memory;
        }
    }
}

/// Which of a user's credentials stand no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending<'a> {
    /// The tokens of these sessions.
    Sessions(&'a [SessionId]),
    /// All, passwords among them, but the token of this session.
    AllBut(Option<SessionId>),
    /// The tokens of sessions other than these.
    SessionsBut(&'a [SessionId]),
}

impl Ending<'_> {
    /// Whether it is the end of passwords, too.
    fn covers_passwords(self) -> bool {
        self.covers(None)
    }

    /// Whether it is the end of this session's token, or (`None`) of a password.
    #[must_use]
    pub fn covers(self, session: Option<SessionId>) -> bool {
        match self {
            Self::Sessions(ended) => session.is_some_and(|session| ended.contains(&session)),
            Self::AllBut(kept) => kept.is_none() || session != kept,
            Self::SessionsBut(living) => session.is_some_and(|session| !living.contains(&session)),
        }
    }
}

/// The memory of verified credentials, shared by all connections.
pub struct Credentials {
    key: Hmac<Sha256>,
    known: Mutex<Known>,
    withdrawals: AtomicU64,
    memory: Duration,
}

/// As long as it lives, no credential of its user can be verified.
pub struct Hold<'a> {
    credentials: &'a Credentials,
    user: UserId,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let mut known = self.credentials.lock();
        if let Some(holds) = known.held.get_mut(&self.user) {
            *holds -= 1;
            if *holds == 0 {
                known.held.remove(&self.user);
            }
        }
    }
}

impl Credentials {
    /// A memory that lasts for `memory`.
    ///
    /// # Panics
    /// If the system has no randomness to give, without which nothing is safe.
    #[must_use]
    pub fn new(memory: Duration) -> Self {
        let mut key = [0u8; 32];
        getrandom::fill(&mut key).expect("the system gives randomness");
        Self {
            key: Hmac::new_from_slice(&key).expect("HMAC takes keys of any length"),
            known: Mutex::default(),
            withdrawals: AtomicU64::new(0),
            memory,
        }
    }

    /// The keyed hash of a credential.
    #[must_use]
    pub fn fingerprint(&self, credential: &Credential<'_>) -> Fingerprint {
        let mut mac = self.key.clone();
        match credential {
            Credential::Password { name, password } => {
                mac.update(&[0]);
                mac.update(&(name.len() as u64).to_be_bytes());
                mac.update(name.as_bytes());
                mac.update(password.as_bytes());
            }
            Credential::Token(token) => {
                mac.update(&[1]);
                mac.update(token.as_bytes());
            }
        }
        Fingerprint(mac.finalize().into_bytes().into())
    }

    /// How many withdrawals there have been: to be read before a verification
    /// begins, so that one withdrawn meanwhile does not stand.
    #[must_use]
    pub fn withdrawals(&self) -> u64 {
        self.withdrawals.load(Ordering::Acquire)
    }

    /// Remembers a verified credential, but not for longer than its session lasts.
    /// `None` if credentials of its user were withdrawn since `withdrawals` were
    /// counted: it may be one of them.
    pub fn remember(
        &self,
        credential: &Credential<'_>,
        found: Found,
        withdrawals: u64,
        now: Instant,
    ) -> Option<Verified> {
        let shown = match credential {
            Credential::Password { .. } => Shown::Password,
            Credential::Token(_) => Shown::Token,
        };
        self.remember_shown(shown, credential, found, withdrawals, now)
    }

    /// Remembers the token of a session that has just begun for someone whose
    /// password was verified since `withdrawals` were counted. `None` as above.
    pub fn remember_begun(
        &self,
        token: &str,
        found: Found,
        withdrawals: u64,
        now: Instant,
    ) -> Option<Verified> {
        let token = Credential::Token(token);
        self.remember_shown(Shown::Password, &token, found, withdrawals, now)
    }

    fn remember_shown(
        &self,
        shown: Shown,
        credential: &Credential<'_>,
        found: Found,
        withdrawals: u64,
        now: Instant,
    ) -> Option<Verified> {
        let forgotten = now + self.memory;
        let fingerprint = self.fingerprint(credential);
        let mut known = self.lock();
        if !known.stands(found.person.id, shown, withdrawals) {
            return None;
        }
        let verified = Verified {
            person: found.person,
            fingerprint,
            session: found.session,
            until: found.ends.map_or(forgotten, |ends| ends.min(forgotten)),
            lasting: matches!(credential, Credential::Password { .. }),
            withdrawals: self.withdrawals(),
        };
        known.insert(verified.clone());
        Some(verified)
    }

    /// What is remembered of a credential.
    #[must_use]
    pub fn recall(&self, fingerprint: &Fingerprint, now: Instant) -> Option<Verified> {
        let mut known = self.lock();
        let verified = known.verified.get_mut(fingerprint)?;
        if verified.until <= now {
            known.remove(fingerprint);
            return None;
        }
        // What was withdrawn is gone from the map; what is left holds.
        verified.withdrawals = self.withdrawals();
        verified.use_now(now, self.memory);
        Some(verified.clone())
    }

    /// Whether `verified` still holds, cheaply: for a connection that keeps it.
    pub fn holds(&self, verified: &mut Verified, now: Instant) -> bool {
        let holds = verified.until > now && verified.withdrawals == self.withdrawals();
        if holds {
            verified.use_now(now, self.memory);
        }
        holds
    }

    /// Whether it has not been withdrawn since it was verified.
    #[must_use]
    pub fn stands(&self, verified: &Verified) -> bool {
        if verified.withdrawals == self.withdrawals() {
            return true;
        }
        let known = self.lock();
        // What was withdrawn is gone from the map. What is not there may have been
        // forgotten for another reason, and then its number tells.
        known.verified.contains_key(&verified.fingerprint)
            || known.stands(verified.person.id, Shown::Token, verified.withdrawals)
    }

    /// Whether any credentials of `user` were withdrawn since `withdrawals` were
    /// counted.
    #[must_use]
    pub fn were_withdrawn(&self, user: UserId, withdrawals: u64) -> bool {
        !self.lock().stands(user, Shown::Token, withdrawals)
    }

    /// Forgets these credentials of `user`: a password changed, a session ended.
    pub fn withdraw(&self, user: UserId, ending: Ending<'_>) {
        let mut known = self.lock();
        let theirs = known.of_user.get(&user).cloned().unwrap_or_default();
        for fingerprint in theirs {
            let verified = known.verified.get(&fingerprint);
            if verified.is_some_and(|verified| ending.covers(verified.session)) {
                known.remove(&fingerprint);
            }
        }
        let number = self.withdrawals.fetch_add(1, Ordering::AcqRel) + 1;
        known.note_withdrawal(user, number, ending.covers_passwords());
    }

    /// Forgets one credential.
    pub fn forget(&self, fingerprint: &Fingerprint) {
        self.lock().remove(fingerprint);
    }

    /// Lets no credential of `user` be verified while it is held: for a change of
    /// password, so that the old one does not slip in beside it.
    #[must_use]
    pub fn hold(&self, user: UserId) -> Hold<'_> {
        *self.lock().held.entry(user).or_default() += 1;
        Hold {
            credentials: self,
            user,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
