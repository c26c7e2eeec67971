//! How far people have read: gathered, since it changes with every message of everyone.

use crate::admission::ConnectionId;
use qunliao_protocol::{EntryId, UserId};
use qunliao_storage::rooms::RoomState;
use std::collections::{BTreeMap, HashMap};

/// How far people have read a room.
pub(super) struct Marks {
    read: HashMap<UserId, EntryId>,
    changed: BTreeMap<UserId, EntryId>,
    /// Who wants to know when the changes are durable.
    answers: Vec<(ConnectionId, u64)>,
    /// Those whose changes are being written.
    writing: Option<Vec<(ConnectionId, u64)>>,
    /// Whether the next writing has been arranged.
    is_waiting: bool,
}

impl Marks {
    pub(super) fn new(room: &RoomState) -> Self {
        let marks = room.members.iter();
        Self {
            read: marks
                .map(|(user, membership)| (*user, membership.read))
                .collect(),
            changed: BTreeMap::new(),
            answers: Vec::new(),
            writing: None,
            is_waiting: false,
        }
    }

    /// Someone has read up to `id`.
    pub(super) fn note(&mut self, user: UserId, id: EntryId) {
        let read = self.read.entry(user).or_default();
        if id > *read {
            *read = id;
            self.changed.insert(user, id);
        }
    }

    /// The same, for a connection that is to know when it is durable.
    pub(super) fn note_for(&mut self, user: UserId, id: EntryId, answer: (ConnectionId, u64)) {
        self.note(user, id);
        self.answers.push(answer);
    }

    pub(super) fn has_changed(&self) -> bool {
        !self.changed.is_empty() || !self.answers.is_empty()
    }

    /// Whether the next writing has to be arranged, which is up to the caller then.
    pub(super) fn begin_waiting(&mut self) -> bool {
        let arranges = self.has_changed() && !self.is_waiting && self.writing.is_none();
        self.is_waiting |= arranges;
        arranges
    }

    /// What to write now, if anything.
    pub(super) fn take_changed(&mut self) -> Option<Vec<(UserId, EntryId)>> {
        self.is_waiting = false;
        if !self.has_changed() || self.writing.is_some() {
            return None;
        }
        self.writing = Some(std::mem::take(&mut self.answers));
        Some(std::mem::take(&mut self.changed).into_iter().collect())
    }

    /// It has been written, or could not be; answers who wanted to know.
    pub(super) fn written(&mut self) -> Vec<(ConnectionId, u64)> {
        self.writing.take().unwrap_or_default()
    }

    /// Whether nothing is being written.
    pub(super) fn is_idle(&self) -> bool {
        self.writing.is_none()
    }

    /// Whether nothing waits to be written.
    pub(super) fn is_settled(&self) -> bool {
        !self.has_changed() && self.writing.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qunliao_protocol::RoomId;
    use qunliao_storage::Access;
    use qunliao_storage::rooms::{End, RoomRecord};

    #[test]
    fn what_is_noted_while_marks_are_written_waits_for_the_next_time() {
        let mut marks = Marks::new(&RoomState {
            record: RoomRecord {
                id: RoomId::LOBBY,
                access: Access::Everyone,
                title: String::new(),
                created: 0,
                announcement: None,
                pins: Vec::new(),
            },
            end: End::default(),
            members: Vec::new(),
            banned: Vec::new(),
        });
        let (alice, bob) = (UserId(1), UserId(2));
        marks.note(alice, EntryId(3));
        marks.note(alice, EntryId(2));
        assert!(marks.begin_waiting());
        assert!(!marks.begin_waiting(), "once is enough");
        marks.note_for(bob, EntryId(1), (ConnectionId(7), 9));
        let changed = [(alice, EntryId(3)), (bob, EntryId(1))];
        assert_eq!(marks.take_changed().unwrap(), changed);
        marks.note(bob, EntryId(2));
        assert!(!marks.begin_waiting(), "one writing at a time");
        assert_eq!(marks.written(), [(ConnectionId(7), 9)]);
        assert!(marks.begin_waiting());
        assert_eq!(marks.take_changed().unwrap(), [(bob, EntryId(2))]);
        assert!(!marks.is_settled());
        assert_eq!(marks.written(), []);
        assert!(marks.is_settled());
    }
}
