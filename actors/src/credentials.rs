//! What has been verified once is remembered for a while, so that a message, or
//! each file of a folder, does not cost an argon2.
//!
//! Remembered is a keyed hash of the credential, never the credential. The key is
//! made at start and leaves no trace.

use crate::person::Person;
use hmac::{Hmac, KeyInit, Mac};
use qunliao_protocol::{Credential, UserId};
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Credentials remembered at once. Beyond, all are forgotten and verified anew.
const REMEMBERED_MAX: usize = 100_000;

/// A credential's keyed hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// A credential that has been verified.
#[derive(Clone)]
pub struct Verified {
    /// Whose it is.
    pub person: Arc<Person>,
    /// Of the credential.
    pub fingerprint: Fingerprint,
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

/// The memory of verified credentials, shared by all connections.
pub struct Credentials {
    key: Hmac<Sha256>,
    known: Mutex<HashMap<Fingerprint, Verified>>,
    withdrawals: AtomicU64,
    memory: Duration,
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
    /// begins, so that one withdrawn meanwhile is not remembered.
    #[must_use]
    pub fn withdrawals(&self) -> u64 {
        self.withdrawals.load(Ordering::Acquire)
    }

    /// Remembers a verified credential.
    pub fn remember(
        &self,
        credential: &Credential<'_>,
        person: Arc<Person>,
        withdrawals: u64,
        now: Instant,
    ) -> Verified {
        let fingerprint = self.fingerprint(credential);
        let verified = Verified {
            person,
            fingerprint,
            until: now + self.memory,
            lasting: matches!(credential, Credential::Password { .. }),
            withdrawals,
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        if withdrawals == self.withdrawals() {
            known.insert(fingerprint, verified.clone());
        }
        verified
    }

    /// What is remembered of a credential.
    #[must_use]
    pub fn recall(&self, fingerprint: &Fingerprint, now: Instant) -> Option<Verified> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let verified = known.get_mut(fingerprint)?;
        if verified.until <= now {
            known.remove(fingerprint);
            return None;
        }
        // Everything of a withdrawn user is gone from the map; what is left holds.
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

    /// Forgets every credential of `user`: a password changed, a session ended.
    pub fn withdraw(&self, user: UserId) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, verified| verified.person.id != user);
        self.withdrawals.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::People;
    use qunliao_storage::accounts::User;

    fn alice() -> Arc<Person> {
        People::default().meet(&User {
            id: UserId(1),
            name: "小爱".into(),
            phone: None,
            phone_verified: false,
            email: None,
            email_confirmed: false,
        })
    }

    #[test]
    fn a_credential_is_remembered_until_its_time_or_its_withdrawal() {
        let credentials = Credentials::new(Duration::from_secs(60));
        let now = Instant::now();
        let token = Credential::Token("t");
        let print = credentials.fingerprint(&token);
        assert!(credentials.recall(&print, now).is_none());
        let mut verified = credentials.remember(&token, alice(), credentials.withdrawals(), now);
        assert!(credentials.holds(&mut verified, now));
        assert!(credentials.recall(&print, now).is_some());
        assert!(
            credentials
                .recall(&print, now + Duration::from_secs(60))
                .is_none()
        );

        let mut verified = credentials.remember(&token, alice(), credentials.withdrawals(), now);
        credentials.withdraw(UserId(2));
        assert!(
            !credentials.holds(&mut verified, now),
            "asks the memory again"
        );
        assert!(
            credentials.recall(&print, now).is_some(),
            "which still knows it"
        );
        credentials.withdraw(UserId(1));
        assert!(credentials.recall(&print, now).is_none());
    }

    #[test]
    fn what_was_withdrawn_while_it_was_verified_is_not_remembered() {
        let credentials = Credentials::new(Duration::from_secs(60));
        let now = Instant::now();
        let token = Credential::Token("t");
        let print = credentials.fingerprint(&token);
        let before = credentials.withdrawals();
        credentials.withdraw(UserId(1));
        let mut verified = credentials.remember(&token, alice(), before, now);
        assert!(!credentials.holds(&mut verified, now));
        assert!(credentials.recall(&print, now).is_none());
    }

    #[test]
    fn a_password_lasts_while_it_is_used_and_a_token_does_not() {
        let credentials = Credentials::new(Duration::from_secs(60));
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        for (credential, lasts) in [
            (Credential::Token("t"), false),
            (
                Credential::Password {
                    name: "n",
                    password: "p",
                },
                true,
            ),
        ] {
            let print = credentials.fingerprint(&credential);
            let withdrawals = credentials.withdrawals();
            let mut kept = credentials.remember(&credential, alice(), withdrawals, start);
            assert!(credentials.holds(&mut kept, after(40)));
            assert!(credentials.recall(&print, after(40)).is_some());
            assert_eq!(credentials.holds(&mut kept, after(80)), lasts);
            assert_eq!(credentials.recall(&print, after(80)).is_some(), lasts);
        }
    }

    #[test]
    fn name_and_password_do_not_run_together() {
        let credentials = Credentials::new(Duration::from_secs(60));
        let print =
            |name, password| credentials.fingerprint(&Credential::Password { name, password });
        assert!(print("ab", "c") != print("a", "bc"));
    }
}
