//! What has been said before, by the ids that clients gave it.
//!
//! What was said before the room was opened is read from its log when somebody first
//! gives an id: most rooms are opened to be listened to.

use crate::admission::ConnectionId;
use qunliao_protocol::{EntryId, UserId};
use std::collections::{HashMap, VecDeque};

/// How far back a repeat is recognised, in entries.
pub(super) const REPEAT_WINDOW: u64 = 10_000;

type Key = (UserId, String);

pub(super) enum Known {
    /// On its way to the disk; these repeats wait for it.
    Waiting(Vec<(ConnectionId, u64)>),
    Said {
        id: EntryId,
        time: u64,
    },
}

pub(super) struct Repeats {
    known: HashMap<Key, Known>,
    /// The known ones by age, for forgetting them.
    by_age: VecDeque<(EntryId, Key)>,
    past_unread: bool,
}

impl Repeats {
    /// Those of a room whose last entry is this one.
    pub(super) fn after(last: EntryId) -> Self {
        Self {
            known: HashMap::new(),
            by_age: VecDeque::new(),
            past_unread: last > EntryId(0),
        }
    }

    /// Whether what was said before the room was opened has yet to be read.
    pub(super) fn is_past_unread(&self) -> bool {
        self.past_unread
    }

    /// What was said before the room was opened, oldest first.
    pub(super) fn learn_past(&mut self, past: Vec<(UserId, String, EntryId, u64)>) {
        for (user, own, id, time) in past {
            self.remember((user, own), id, time);
        }
        self.past_unread = false;
    }

    pub(super) fn get(&mut self, user: UserId, own: &str) -> Option<&mut Known> {
        self.known.get_mut(&(user, own.to_owned()))
    }

    /// It is on its way.
    pub(super) fn begin(&mut self, user: UserId, own: &str) {
        let key = (user, own.to_owned());
        self.known.insert(key, Known::Waiting(Vec::new()));
    }

    /// It has become an entry; answers the repeats that waited for it.
    pub(super) fn said(
        &mut self,
        user: UserId,
        own: &str,
        id: EntryId,
        time: u64,
    ) -> Vec<(ConnectionId, u64)> {
        let waited = self.not_said(user, own);
        self.remember((user, own.to_owned()), id, time);
        waited
    }

    /// It has not; answers the repeats that waited for it.
    pub(super) fn not_said(&mut self, user: UserId, own: &str) -> Vec<(ConnectionId, u64)> {
        match self.known.remove(&(user, own.to_owned())) {
            Some(Known::Waiting(waited)) => waited,
            _ => Vec::new(),
        }
    }

    fn remember(&mut self, key: Key, id: EntryId, time: u64) {
        self.known.insert(key.clone(), Known::Said { id, time });
        self.by_age.push_back((id, key));
        while let Some((old, _)) = self.by_age.front()
            && old.0 + REPEAT_WINDOW <= id.0
        {
            if let Some((_, key)) = self.by_age.pop_front() {
                self.known.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_forgotten_after_the_window() {
        let mut repeats = Repeats::after(EntryId(0));
        let user = UserId(1);
        repeats.said(user, "old", EntryId(1), 1);
        repeats.said(user, "new", EntryId(1 + REPEAT_WINDOW), 2);
        assert!(repeats.get(user, "old").is_none());
        assert!(repeats.get(user, "new").is_some());
        assert_eq!((repeats.known.len(), repeats.by_age.len()), (1, 1));
    }
}
