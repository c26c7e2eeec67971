//! The pure core of a room: who may do what, the order of entries, what waits, what
//! is a repeat.
//!
//! A deed is judged when it comes, by what the room will be once everything before it
//! is durable. Should that fail, all that waits is refused, and the room is again what
//! it was at the last durable entry.

use super::batch::Batch;
use super::line::Line;
use super::post::{Append, Appended, Decided, Post, Repeat, Verdict};
use super::repeats::{Known, Repeats};
use super::rules::{Case, RoomRules};
use super::state::State;
use super::targets::{Target, Targets};
use crate::admission::ConnectionId;
use crate::person::Person;
use qunliao_protocol::{EntryId, Failure, RoomId, UserId};
use qunliao_storage::rooms::{End, RoomState};
use qunliao_storage::{EntryKind, NewEntry};
use qunliao_storage::{RoomChange, RoomRole};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Entries of one append, at most.
const APPEND_ENTRIES_MAX: usize = 1_024;
/// Bytes of text of one append, after which it takes no further entry.
const APPEND_BYTES_MAX: usize = 1 << 20;
/// How far the clock may be set back without its being followed, in milliseconds.
const CLOCK_SET_BACK_MS_MAX: u64 = 60_000;

/// A post that has been admitted.
struct Admitted {
    /// Through which connection, and its number of the post.
    from: Option<(ConnectionId, u64)>,
    by: Arc<Person>,
    kind: EntryKind,
    other: Option<String>,
    client_message_id: Option<String>,
}

/// A room.
pub struct Room {
    id: RoomId,
    rules: RoomRules,
    end: End,
    /// What the room is once everything taken in is durable.
    state: State,
    /// What it is now, while that is something else.
    durable: Option<Box<State>>,
    /// Changes of the state among what is taken in.
    changes_under_way: usize,
    /// The id of the last entry taken in.
    taken: EntryId,
    waiting: VecDeque<Admitted>,
    writing: Vec<(Admitted, u64)>,
    repeats: Repeats,
    targets: Targets,
    /// Posts that wait for a message to be read.
    parked: HashMap<EntryId, Vec<Post>>,
    /// Posts that wait for the repeats of the past.
    parked_for_past: Vec<Post>,
}

impl Room {
    /// A room as storage knows it.
    #[must_use]
    pub fn new(room: &RoomState, rules: RoomRules) -> Self {
        Self {
            id: room.record.id,
            rules,
            end: room.end,
            state: State::of(room),
            durable: None,
            changes_under_way: 0,
            taken: room.end.last,
            waiting: VecDeque::new(),
            writing: Vec::new(),
            repeats: Repeats::after(room.end.last),
            targets: Targets::default(),
            parked: HashMap::new(),
            parked_for_past: Vec::new(),
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
        self.end.last
    }

    /// Whether someone is in the room, as it is now.
    pub(super) fn is_member(&self, user: UserId) -> bool {
        let now = self.durable.as_deref().unwrap_or(&self.state);
        now.is_member(user)
    }

    /// Whether nothing is on its way to the disk, or waits for something to be read.
    pub(super) fn is_settled(&self) -> bool {
        self.writing.is_empty()
            && self.waiting.is_empty()
            && self.parked.is_empty()
            && self.parked_for_past.is_empty()
    }

    /// Takes a post in, at `now` milliseconds since the epoch.
    pub(super) fn post(&mut self, post: Post, now: u64) -> Verdict {
        if let Some(id) = &post.client_message_id {
            if self.repeats.is_past_unread() {
                self.parked_for_past.push(post);
                return match self.parked_for_past.len() {
                    1 => Verdict::ReadsPast,
                    _ => Verdict::Waits,
                };
            }
            match self.repeats.get(post.by.id, id) {
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
                None => {}
            }
        }
        if let Some(target) = post.deed.target() {
            // How much there is to be changed is nothing to outsiders.
            if self.state.role(post.party()).is_none() {
                return Verdict::Refused(Failure::NotAMember);
            }
            // What is not durable yet nobody can have seen.
            if target > self.end.last || target == EntryId(0) {
                return Verdict::Refused(Failure::EntryNotFound);
            }
            if self.targets.get(target).is_none() {
                let parked = self.parked.entry(target).or_default();
                parked.push(post);
                return match parked.len() {
                    1 => Verdict::Reads(target),
                    _ => Verdict::Waits,
                };
            }
        }
        self.judge(post, now)
    }

    /// The account of a member has been closed: its owner leaves, and whoever has been
    /// there longest, admins first, owns the room in their place. `named` is who that
    /// was a moment ago, by name.
    pub(super) fn depart(&mut self, person: &Arc<Person>, named: Option<(UserId, String)>) {
        let Some(role) = self.state.role_of(person.id) else {
            return;
        };
        let heir = self.state.heir(person.id);
        let by = |kind, other| Admitted {
            from: None,
            by: Arc::clone(person),
            kind: EntryKind::Room(kind),
            other,
            client_message_id: None,
        };
        if let Some(user) = heir.filter(|_| role == RoomRole::Owner) {
            let role = RoomRole::Owner;
            let named = named.filter(|(named, _)| *named == user);
            let name = named.map(|(_, name)| name);
            self.admit(by(RoomChange::RoleGiven { user, role }, name));
        }
        self.admit(by(RoomChange::Left, None));
    }

    /// Who would own the room if `owner` left.
    pub(super) fn heir(&self, owner: UserId) -> Option<UserId> {
        self.state.heir(owner)
    }

    fn judge(&mut self, post: Post, now: u64) -> Verdict {
        let target = post.deed.target().and_then(|id| self.targets.get(id));
        let case = Case {
            state: &self.state,
            rules: &self.rules,
            by: post.party(),
            subject: post.subject.as_ref().map(|subject| subject.party),
            target: target.flatten(),
            last: self.taken,
            now,
        };
        match case.judge(post.deed) {
            Ok(Some(kind)) => {
                if let Some(id) = &post.client_message_id {
                    self.repeats.begin(post.by.id, id);
                }
                self.admit(Admitted {
                    from: Some((post.connection, post.ticket)),
                    by: post.by,
                    kind,
                    other: post.subject.map(|subject| subject.name),
                    client_message_id: post.client_message_id,
                });
                Verdict::Waits
            }
            Ok(None) => Verdict::Done,
            Err(failure) => Verdict::Refused(failure),
        }
    }

    fn admit(&mut self, admitted: Admitted) {
        self.taken = self.taken.next();
        if !matches!(admitted.kind, EntryKind::Message(_)) {
            if self.durable.is_none() {
                self.durable = Some(Box::new(self.state.clone()));
            }
            self.changes_under_way += 1;
            let author = admitted.by.id;
            self.state.apply(self.taken, author, &admitted.kind);
            self.targets.apply(author, &admitted.kind);
        }
        self.waiting.push_back(admitted);
    }

    /// A message has been read; `None` if there is no such message.
    pub(super) fn learn(
        &mut self,
        id: EntryId,
        target: Result<Option<Target>, Failure>,
        now: u64,
    ) -> Vec<Decided> {
        let nothing_under_way = self.writing.is_empty() && self.waiting.is_empty();
        let failure = match target {
            Ok(target) => {
                self.targets.learn(id, target, nothing_under_way);
                None
            }
            Err(failure) => Some(failure),
        };
        let parked = self.parked.remove(&id).unwrap_or_default();
        self.decide(parked, failure.as_ref(), now)
    }

    /// The repeats of the past have been read: whose, which, as which entry, when.
    pub(super) fn learn_past(
        &mut self,
        past: Result<Vec<(UserId, String, EntryId, u64)>, Failure>,
        now: u64,
    ) -> Vec<Decided> {
        let failure = match past {
            Ok(past) => {
                self.repeats.learn_past(past);
                None
            }
            Err(failure) => Some(failure),
        };
        let parked = std::mem::take(&mut self.parked_for_past);
        self.decide(parked, failure.as_ref(), now)
    }

    fn decide(&mut self, parked: Vec<Post>, failure: Option<&Failure>, now: u64) -> Vec<Decided> {
        let decided = parked.into_iter().map(|post| {
            let (connection, ticket) = (post.connection, post.ticket);
            let verdict = match failure {
                Some(failure) => Verdict::Refused(failure.clone()),
                None => self.post(post, now),
            };
            Decided {
                connection,
                ticket,
                verdict,
            }
        });
        decided.collect()
    }

    /// What to append next, unless an append is under way or nothing waits.
    pub(super) fn next_append(&mut self, now: u64) -> Option<Append> {
        if !self.writing.is_empty() || self.waiting.is_empty() {
            return None;
        }
        // A clock that was set back a little does not turn the order of times
        // around; one that had been far ahead is not followed for ever.
        let is_ahead = self.end.time > now + CLOCK_SET_BACK_MS_MAX;
        let time = if is_ahead {
            now
        } else {
            now.max(self.end.time)
        };
        let mut bytes = 0;
        let mut entries = Vec::new();
        while entries.len() < APPEND_ENTRIES_MAX && bytes < APPEND_BYTES_MAX {
            let Some(admitted) = self.waiting.pop_front() else {
                break;
            };
            bytes += admitted.kind.text_bytes();
            entries.push(NewEntry {
                time,
                kind: admitted.kind.clone(),
                author: admitted.by.id,
                client_message_id: admitted.client_message_id.clone(),
            });
            self.writing.push((admitted, time));
        }
        Some(Append {
            after: self.end.last,
            entries,
        })
    }

    /// The append is durable: what to tell everyone.
    pub(super) fn appended(&mut self) -> Appended {
        let mut lines = Vec::with_capacity(self.writing.len());
        let (mut repeats, mut passages) = (Vec::new(), Vec::new());
        for (admitted, time) in std::mem::take(&mut self.writing) {
            let id = self.end.last.next();
            self.end.last = id;
            self.end.time = time;
            let author = admitted.by.id;
            if let Some(own) = &admitted.client_message_id {
                let waited = self.repeats.said(author, own, id, time).into_iter();
                repeats.extend(waited.map(|(connection, ticket)| Repeat {
                    connection,
                    ticket,
                    id,
                    time,
                }));
            }
            if !matches!(admitted.kind, EntryKind::Message(_)) {
                self.changes_under_way -= 1;
                let durable = self.durable.as_mut();
                let passage = durable.and_then(|state| state.apply(id, author, &admitted.kind));
                passages.extend(passage.map(|passage| (id, passage)));
            }
            lines.push(Line {
                id,
                time,
                author,
                name: admitted.by.name.clone(),
                kind: admitted.kind,
                other: admitted.other,
                client_message_id: admitted.client_message_id,
                from: admitted.from,
            });
        }
        if self.changes_under_way == 0 {
            self.durable = None;
        }
        Appended {
            batch: Batch::new(self.id, lines),
            repeats,
            passages,
        }
    }

    /// The append failed: whose posts were not said, with those that waited behind.
    pub(super) fn not_appended(&mut self) -> Vec<(ConnectionId, u64)> {
        let mut refused = Vec::new();
        let writing = std::mem::take(&mut self.writing);
        let writing = writing.into_iter().map(|(admitted, _)| admitted);
        for admitted in writing.chain(std::mem::take(&mut self.waiting)) {
            refused.extend(admitted.from);
            if let Some(own) = &admitted.client_message_id {
                refused.extend(self.repeats.not_said(admitted.by.id, own));
            }
        }
        if let Some(durable) = self.durable.take() {
            self.state = *durable;
        }
        self.changes_under_way = 0;
        self.taken = self.end.last;
        // They may have been told of what did not come to pass.
        self.targets.forget_all();
        refused
    }
}

#[cfg(test)]
mod tests;
