//! What the memory of credentials holds, behind its lock.

use super::{Fingerprint, Verified};
use qunliao_protocol::UserId;
use std::collections::HashMap;

/// Credentials remembered at once. Beyond, all are forgotten and verified anew.
const REMEMBERED_MAX: usize = 100_000;

/// What is known of all users' credentials.
#[derive(Default)]
pub(super) struct Known {
    pub(super) verified: HashMap<Fingerprint, Verified>,
    /// Which of them are whose, since users are withdrawn one at a time.
    pub(super) of_user: HashMap<UserId, Vec<Fingerprint>>,
    withdrawn: HashMap<UserId, LastWithdrawals>,
    /// Users of whom nothing stands for now, and how many hold them so.
    pub(super) held: HashMap<UserId, usize>,
}

/// The numbers of a user's last withdrawals. What was verified under an earlier
/// count does not stand.
#[derive(Clone, Copy, Default)]
struct LastWithdrawals {
    /// Of any kind.
    any: u64,
    /// That covered passwords.
    passwords: u64,
}

/// What was shown and verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Password,
    Token,
}

impl Known {
    /// Whether what was verified under this count still stands.
    pub(super) fn stands(&self, user: UserId, shown: Shown, withdrawals: u64) -> bool {
        let last = self.withdrawn.get(&user).copied().unwrap_or_default();
        let last = match shown {
            Shown::Password => last.passwords,
            Shown::Token => last.any,
        };
        last <= withdrawals && !self.held.contains_key(&user)
    }

    pub(super) fn insert(&mut self, verified: Verified) {
        if self.verified.len() >= REMEMBERED_MAX {
            self.verified.clear();
            self.of_user.clear();
        }
        let (user, fingerprint) = (verified.person.id, verified.fingerprint);
        if self.verified.insert(fingerprint, verified).is_none() {
            self.of_user.entry(user).or_default().push(fingerprint);
        }
    }

    /// Notes that credentials of `user` were withdrawn, passwords among them or not.
    pub(super) fn note_withdrawal(&mut self, user: UserId, number: u64, passwords: bool) {
        let last = self.withdrawn.entry(user).or_default();
        last.any = number;
        if passwords {
            last.passwords = number;
        }
    }

    pub(super) fn remove(&mut self, fingerprint: &Fingerprint) {
        let Some(verified) = self.verified.remove(fingerprint) else {
            return;
        };
        let user = verified.person.id;
        if let Some(theirs) = self.of_user.get_mut(&user) {
            theirs.retain(|it| it != fingerprint);
            if theirs.is_empty() {
                self.of_user.remove(&user);
            }
        }
    }
}
