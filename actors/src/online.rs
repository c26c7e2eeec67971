//! Who is there: the users with a connection that hears the lobby.
//!
//! The lobby tells it who came and who left; what has changed is told to everyone
//! once in a while, so that many who come and go at once are one notice.

use qunliao_protocol::UserId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Who is there.
#[derive(Default)]
pub struct Online {
    seats: Mutex<Seats>,
}

#[derive(Default)]
struct Seats {
    /// How many connections each has.
    here: BTreeMap<UserId, usize>,
    /// Who was there when everyone was told last, of those who came or left since.
    told: BTreeMap<UserId, bool>,
}

/// Who came and who left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComingsAndGoings {
    /// Those who are there now.
    pub online: Vec<UserId>,
    /// Those who are not.
    pub offline: Vec<UserId>,
}

impl Online {
    /// A connection of `user` has come.
    pub fn came(&self, user: UserId) {
        let mut seats = self.lock();
        let count = seats.here.entry(user).or_default();
        *count += 1;
        if *count == 1 {
            seats.told.entry(user).or_insert(false);
        }
    }

    /// One has left.
    pub fn left(&self, user: UserId) {
        let mut seats = self.lock();
        let Some(count) = seats.here.get_mut(&user) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            seats.here.remove(&user);
            seats.told.entry(user).or_insert(true);
        }
    }

    /// Whether anyone may have come or left since the last time.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        !self.lock().told.is_empty()
    }

    /// Who came and who left since the last time.
    #[must_use]
    pub fn take_changes(&self) -> ComingsAndGoings {
        let mut seats = self.lock();
        let mut changes = ComingsAndGoings::default();
        for (user, was_here) in std::mem::take(&mut seats.told) {
            match (was_here, seats.here.contains_key(&user)) {
                (false, true) => changes.online.push(user),
                (true, false) => changes.offline.push(user),
                _ => {}
            }
        }
        changes
    }

    /// Those of `users` who are there; all who are, if that is not said.
    #[must_use]
    pub fn here(&self, users: Option<&BTreeSet<UserId>>) -> Vec<UserId> {
        let seats = self.lock();
        let is_asked_for = |user: &&UserId| users.is_none_or(|users| users.contains(user));
        seats.here.keys().filter(is_asked_for).copied().collect()
    }

    /// Whether `user` is there.
    #[must_use]
    pub fn is_here(&self, user: UserId) -> bool {
        self.lock().here.contains_key(&user)
    }

    fn lock(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_different_from_the_last_time_is_told() {
        let (alice, bob) = (UserId(1), UserId(2));
        let online = Online::default();
        online.came(alice);
        online.came(alice);
        online.came(bob);
        online.left(bob);
        let changes = online.take_changes();
        assert_eq!((changes.online, changes.offline), (vec![alice], vec![]));
        online.left(alice);
        assert!(!online.has_changed(), "one of two devices");
        online.left(alice);
        online.came(bob);
        let changes = online.take_changes();
        assert_eq!((changes.online, changes.offline), (vec![bob], vec![alice]));
        assert_eq!(online.here(None), [bob]);
    }
}
