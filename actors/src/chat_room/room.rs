//! The pure core of a room: the order of entries, what waits, what is a repeat.

use super::batch::{Batch, Line};
use crate::admission::ConnectionId;
use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::{Entry, EntryKind, Log, NewEntry, StorageError};
use std::collections::{HashMap, VecDeque};

/// How far back a repeat is recognised, in entries.
const REPEAT_WINDOW: u64 = 10_000;
/// Entries of one append, at most.
const APPEND_ENTRIES_MAX: usize = 1_024;
/// Bytes of text of one append, after which it takes no further entry.
const APPEND_BYTES_MAX: usize = 1 << 20;
/// How far the clock may be set back without its being followed, in milliseconds.
const CLOCK_SET_BACK_MS_MAX: u64 = 60_000;
/// Entries of a page when a room reads its past.
const PAST_PAGE: usize = 1_000;

/// Something that someone wants to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Through which connection.
    pub connection: ConnectionId,
    /// The connection's number of the post.
    pub ticket: u64,
    /// Who.
    pub author: UserId,
    /// Under which name.
    pub name: String,
    /// What.
    pub news: String,
    /// The client's own id for it.
    pub client_message_id: Option<String>,
}

/// What becomes of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It waits for its turn, or for the first of its kind.
    Waits,
    /// It has been said.
    Repeats { id: EntryId, time: u64 },
}

/// Entries to append.
pub(super) struct Append {
    pub(super) after: EntryId,
    pub(super) entries: Vec<NewEntry>,
}

/// A repeat whose first one is durable now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeat {
    pub(super) connection: ConnectionId,
    pub(super) ticket: u64,
    pub(super) id: EntryId,
    pub(super) time: u64,
}

type RepeatKey = (UserId, String);

enum Known {
    /// On its way to the disk; these repeats wait for it.
    Waiting(Vec<(ConnectionId, u64)>),
    Said {
        id: EntryId,
        time: u64,
    },
}

/// A room's state.
pub struct Room {
    id: RoomId,
    last: EntryId,
    last_time: u64,
    waiting: VecDeque<Post>,
    writing: Vec<(Post, u64)>,
    known: HashMap<RepeatKey, Known>,
    /// The known ones by age, for forgetting them.
    by_age: VecDeque<(EntryId, RepeatKey)>,
}

impl Room {
    /// The room as its log tells it.
    ///
    /// # Errors
    /// Why the log cannot be read.
    pub async fn open(id: RoomId, log: &dyn Log) -> Result<Self, StorageError> {
        let last = log.last(id).await?;
        let mut room = Self::at(id, last);
        let mut after = EntryId(last.0.saturating_sub(REPEAT_WINDOW));
        while after < last {
            let page = log.page(id, after, PAST_PAGE, usize::MAX).await?;
            let Some(newest) = page.last() else {
                let what = format!("room {id} ends at {last}, and has nothing after {after}");
                return Err(StorageError::Damaged(what));
            };
            after = newest.id;
            room.last_time = newest.content.time;
            for Entry { id, content } in page {
                if let Some(key) = content.client_message_id {
                    room.remember((content.author, key), id, content.time);
                }
            }
        }
        Ok(room)
    }

    fn at(id: RoomId, last: EntryId) -> Self {
        Self {
            id,
            last,
            last_time: 0,
            waiting: VecDeque::new(),
            writing: Vec::new(),
            known: HashMap::new(),
            by_age: VecDeque::new(),
        }
    }

    /// The room's id.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// The last entry that is durable.
    #[must_use]
    pub fn last(&self) -> EntryId {
        self.last
    }

    pub(super) fn is_writing(&self) -> bool {
        !self.writing.is_empty()
    }

    /// Takes a post in.
    pub(super) fn post(&mut self, post: Post) -> Verdict {
        if let Some(id) = &post.client_message_id {
            let key = (post.author, id.clone());
            match self.known.get_mut(&key) {
                Some(Known::Said { id, time }) => {
                    return Verdict::Repeats {
                        id: *id,
                        time: *time,
                    };
                }
                Some(Known::Waiting(repeats)) => {
                    repeats.push((post.connection, post.ticket));
                    return Verdict::Waits;
                }
                None => {
                    self.known.insert(key, Known::Waiting(Vec::new()));
                }
            }
        }
        self.waiting.push_back(post);
        Verdict::Waits
    }

    /// What to append next, unless an append is under way or nothing waits.
    pub(super) fn next_append(&mut self, now: u64) -> Option<Append> {
        if self.is_writing() || self.waiting.is_empty() {
            return None;
        }
        // A clock that was set back a little does not turn the order of times
        // around; one that had been far ahead is not followed for ever.
        let is_ahead = self.last_time > now + CLOCK_SET_BACK_MS_MAX;
        let time = if is_ahead {
            now
        } else {
            now.max(self.last_time)
        };
        let mut bytes = 0;
        let mut entries = Vec::new();
        while entries.len() < APPEND_ENTRIES_MAX && bytes < APPEND_BYTES_MAX {
            let Some(post) = self.waiting.pop_front() else {
                break;
            };
            bytes += post.news.len();
            entries.push(NewEntry {
                time,
                kind: EntryKind::Text,
                author: post.author,
                text: post.news.clone(),
                client_message_id: post.client_message_id.clone(),
            });
            self.writing.push((post, time));
        }
        Some(Append {
            after: self.last,
            entries,
        })
    }

    /// The append is durable: what to tell everyone, and which repeats to answer.
    pub(super) fn appended(&mut self) -> (Batch, Vec<Repeat>) {
        let mut lines = Vec::with_capacity(self.writing.len());
        let mut repeats = Vec::new();
        for (post, time) in std::mem::take(&mut self.writing) {
            self.last = self.last.next();
            self.last_time = time;
            let id = self.last;
            if let Some(key) = &post.client_message_id {
                let key = (post.author, key.clone());
                if let Some(Known::Waiting(waiting)) = self.known.remove(&key) {
                    repeats.extend(waiting.into_iter().map(|(connection, ticket)| Repeat {
                        connection,
                        ticket,
                        id,
                        time,
                    }));
                }
                self.remember(key, id, time);
            }
            lines.push(Line {
                id,
                time,
                author: post.author,
                name: post.name,
                news: post.news,
                client_message_id: post.client_message_id,
                from: Some((post.connection, post.ticket)),
            });
        }
        (Batch::new(self.id, lines), repeats)
    }

    /// The append failed: whose posts were not said.
    pub(super) fn not_appended(&mut self) -> Vec<(ConnectionId, u64)> {
        let mut refused = Vec::new();
        for (post, _) in std::mem::take(&mut self.writing) {
            refused.push((post.connection, post.ticket));
            if let Some(key) = post.client_message_id
                && let Some(Known::Waiting(repeats)) = self.known.remove(&(post.author, key))
            {
                refused.extend(repeats);
            }
        }
        refused
    }

    fn remember(&mut self, key: RepeatKey, id: EntryId, time: u64) {
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

    fn post(ticket: u64, news: &str, id: Option<&str>) -> Post {
        Post {
            connection: ConnectionId(1),
            ticket,
            author: UserId(1),
            name: "小爱".into(),
            news: news.into(),
            client_message_id: id.map(str::to_owned),
        }
    }

    fn room() -> Room {
        Room::at(RoomId::LOBBY, EntryId(0))
    }

    #[test]
    fn what_waits_during_an_append_makes_the_next_one() {
        let mut room = room();
        room.post(post(1, "one", None));
        let first = room.next_append(5).unwrap();
        assert_eq!((first.after, first.entries.len()), (EntryId(0), 1));
        room.post(post(2, "two", None));
        room.post(post(3, "three", None));
        assert!(room.next_append(6).is_none(), "one append at a time");
        let (batch, _) = room.appended();
        assert_eq!(batch.lines().len(), 1);
        let second = room.next_append(7).unwrap();
        assert_eq!((second.after, second.entries.len()), (EntryId(1), 2));
        let (batch, _) = room.appended();
        let ids: Vec<u64> = batch.lines().iter().map(|line| line.id.0).collect();
        assert_eq!(ids, [2, 3]);
        assert_eq!(room.last(), EntryId(3));
    }

    #[test]
    fn a_repeat_is_answered_with_the_first_ones_id() {
        let mut room = room();
        assert_eq!(room.post(post(1, "one", Some("a"))), Verdict::Waits);
        assert_eq!(room.post(post(2, "one", Some("a"))), Verdict::Waits);
        assert_eq!(room.next_append(5).unwrap().entries.len(), 1);
        let (_, repeats) = room.appended();
        let expected = Repeat {
            connection: ConnectionId(1),
            ticket: 2,
            id: EntryId(1),
            time: 5,
        };
        assert_eq!(repeats, [expected]);
        assert_eq!(
            room.post(post(3, "one", Some("a"))),
            Verdict::Repeats {
                id: EntryId(1),
                time: 5
            }
        );
        let others = Post {
            author: UserId(2),
            ..post(4, "one", Some("a"))
        };
        assert_eq!(room.post(others), Verdict::Waits, "ids are each user's own");
    }

    #[test]
    fn after_a_failed_append_a_repeat_is_a_first_one() {
        let mut room = room();
        room.post(post(1, "one", Some("a")));
        room.post(post(2, "one", Some("a")));
        room.next_append(5).unwrap();
        let refused: Vec<u64> = room
            .not_appended()
            .into_iter()
            .map(|(_, ticket)| ticket)
            .collect();
        assert_eq!(refused, [1, 2]);
        assert_eq!(room.post(post(3, "one", Some("a"))), Verdict::Waits);
        assert_eq!(room.next_append(6).unwrap().after, EntryId(0));
    }

    #[test]
    fn a_clock_set_back_a_little_leaves_times_in_order() {
        let mut room = room();
        room.post(post(1, "one", None));
        room.next_append(100_000);
        room.appended();
        room.post(post(2, "two", None));
        assert_eq!(room.next_append(50_000).unwrap().entries[0].time, 100_000);
        room.appended();
        room.post(post(3, "three", None));
        assert_eq!(room.next_append(39_999).unwrap().entries[0].time, 39_999);
    }

    #[test]
    fn repeats_are_forgotten_after_the_window() {
        let mut room = room();
        room.remember((UserId(1), "old".into()), EntryId(1), 1);
        room.remember((UserId(1), "new".into()), EntryId(1 + REPEAT_WINDOW), 2);
        assert_eq!(room.known.len(), 1);
        assert_eq!(room.by_age.len(), 1);
    }

    #[test]
    fn an_append_is_bounded() {
        let mut room = room();
        for ticket in 0..APPEND_ENTRIES_MAX as u64 + 1 {
            room.post(post(ticket, "x", None));
        }
        assert_eq!(
            room.next_append(1).unwrap().entries.len(),
            APPEND_ENTRIES_MAX
        );
        room.appended();
        assert_eq!(room.next_append(1).unwrap().entries.len(), 1);
    }
}
