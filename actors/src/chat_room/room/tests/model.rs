//! What a room should be: a list of what has happened, told again from the beginning
//! whenever something is asked of it.

use super::super::super::deed::Deed;
use super::super::super::state::Passage;
use super::cast::Someone;
use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::rooms::{End, Membership, RoomRecord, RoomState, Target as Kept};
use qunliao_storage::{Access, Entry, EntryKind, MessageChange, NewEntry, RoomChange, RoomRole};

/// Something that happened, or will have.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) by: UserId,
    pub(super) kind: EntryKind,
    pub(super) time: u64,
    pub(super) own_id: Option<String>,
}

/// When it begins.
pub(super) const BEGINNING: u64 = 1_000_000;

/// What there is in a room at first.
pub(super) fn beginning(access: Access) -> Vec<Event> {
    let [_, _, owner, admin, member, ..] = [0, 1, 2, 3, 4, 5].map(Someone);
    let with = (access == Access::Direct).then(|| admin.id());
    let title = String::new();
    let created = RoomChange::Created {
        access,
        title,
        with,
    };
    let role = RoomRole::Admin;
    let user = admin.id();
    let changes = match access {
        Access::Everyone => Vec::new(),
        Access::Direct => vec![created],
        Access::Open | Access::Closed => vec![
            created,
            RoomChange::Invited(user),
            RoomChange::RoleGiven { user, role },
            RoomChange::Invited(member.id()),
        ],
    };
    let events = changes.into_iter().map(|change| Event {
        by: owner.id(),
        kind: EntryKind::Room(change),
        time: BEGINNING,
        own_id: None,
    });
    events.collect()
}

/// What a story comes to.
#[derive(Clone, Default)]
pub(super) struct Picture {
    /// Who is in, how they rank, since when, and until when they are silent.
    pub(super) people: Vec<(UserId, RoomRole, EntryId, u64)>,
    pub(super) banned: Vec<UserId>,
    pub(super) pins: Vec<EntryId>,
    pub(super) announcement: Option<EntryId>,
    pub(super) messages: Vec<Said>,
}

/// A message, and what became of it.
#[derive(Clone)]
pub(super) struct Said {
    pub(super) id: EntryId,
    pub(super) by: UserId,
    pub(super) time: u64,
    pub(super) recalled: bool,
    pub(super) edits: Vec<EntryId>,
    pub(super) reactions: Vec<(String, UserId)>,
}

/// Tells a story from its beginning.
pub(super) fn tell(access: Access, events: &[Event]) -> Picture {
    let mut picture = Picture::default();
    for (event, id) in events.iter().zip(1..) {
        picture.turn(access, EntryId(id), event);
    }
    picture
}

/// Who came and went by each of the events after the first `from`.
pub(super) fn passages(access: Access, events: &[Event], from: usize) -> Vec<(EntryId, Passage)> {
    let mut passages = Vec::new();
    for count in from..events.len() {
        let id = EntryId(count as u64 + 1);
        let before = tell(access, &events[..count]);
        let EntryKind::Room(change) = &events[count].kind else {
            continue;
        };
        let by = events[count].by;
        passages.extend(match change {
            RoomChange::Joined => Some((id, Passage::In(by))),
            RoomChange::Invited(user) => Some((id, Passage::In(*user))),
            RoomChange::Left => Some((id, Passage::Out(by))),
            RoomChange::Kicked(user) => Some((id, Passage::Out(*user))),
            RoomChange::Banned(user) if before.rank(*user).is_some() => {
                Some((id, Passage::Out(*user)))
            }
            _ => None,
        });
    }
    passages
}

impl Picture {
    fn turn(&mut self, access: Access, id: EntryId, event: &Event) {
        let by = event.by;
        match &event.kind {
            EntryKind::Message(_) => self.messages.push(Said {
                id,
                by,
                time: event.time,
                recalled: false,
                edits: Vec::new(),
                reactions: Vec::new(),
            }),
            EntryKind::Change { target, change } => {
                let said = self.messages.iter_mut().find(|said| said.id == *target);
                let said = said.expect("only messages are changed");
                match change {
                    MessageChange::Recalled => {
                        said.recalled = true;
                        said.reactions.clear();
                        self.pins.retain(|pin| pin != target);
                    }
                    MessageChange::Edited { .. } => said.edits.push(id),
                    MessageChange::Reacted(emoji) => said.reactions.push((emoji.clone(), by)),
                    MessageChange::Unreacted(emoji) => {
                        said.reactions.retain(|(e, user)| (e, *user) != (emoji, by));
                    }
                    MessageChange::Pinned => self.pins.push(*target),
                    MessageChange::Unpinned => self.pins.retain(|pin| pin != target),
                }
            }
            EntryKind::Room(change) => self.turn_room(access, id, by, change),
            EntryKind::Unknown(_) => {}
        }
    }

    fn turn_room(&mut self, access: Access, id: EntryId, by: UserId, change: &RoomChange) {
        match change {
            RoomChange::Created { with, .. } => {
                let first = match access {
                    Access::Direct => RoomRole::Member,
                    _ => RoomRole::Owner,
                };
                self.people.push((by, first, id, 0));
                self.people
                    .extend(with.map(|user| (user, RoomRole::Member, id, 0)));
            }
            RoomChange::Joined => self.people.push((by, RoomRole::Member, id, 0)),
            RoomChange::Invited(user) => self.people.push((*user, RoomRole::Member, id, 0)),
            RoomChange::Left => self.people.retain(|(user, ..)| *user != by),
            RoomChange::Kicked(gone) => self.people.retain(|(user, ..)| user != gone),
            RoomChange::Banned(gone) => {
                self.people.retain(|(user, ..)| user != gone);
                self.banned.push(*gone);
            }
            RoomChange::Unbanned(back) => self.banned.retain(|user| user != back),
            RoomChange::Muted { user, until } => {
                // In the lobby nobody is listed before there is a reason.
                if self.people.iter().all(|(known, ..)| known != user) {
                    let nobody = (*user, RoomRole::Member, EntryId(0), 0);
                    self.people.push(nobody);
                }
                self.with(*user, |person| person.3 = *until);
            }
            RoomChange::Unmuted(user) => self.with(*user, |person| person.3 = 0),
            RoomChange::RoleGiven { user, role } => {
                if *role == RoomRole::Owner {
                    self.with(by, |person| person.1 = RoomRole::Admin);
                }
                self.with(*user, |person| person.1 = *role);
            }
            RoomChange::Announced(text) => {
                self.announcement = Some(id).filter(|_| !text.is_empty());
            }
            RoomChange::Titled(_) => {}
        }
    }

    fn with(&mut self, user: UserId, change: impl FnOnce(&mut (UserId, RoomRole, EntryId, u64))) {
        if let Some(person) = self.people.iter_mut().find(|(known, ..)| *known == user) {
            change(person);
        }
    }

    pub(super) fn rank(&self, user: UserId) -> Option<RoomRole> {
        let person = self.people.iter().find(|(known, ..)| *known == user);
        person.map(|(_, role, ..)| *role)
    }

    pub(super) fn silent_until(&self, user: UserId) -> u64 {
        let person = self.people.iter().find(|(known, ..)| *known == user);
        person.map_or(0, |(.., until)| *until)
    }

    pub(super) fn said(&self, id: EntryId) -> Option<&Said> {
        self.messages.iter().find(|said| said.id == id)
    }

    /// The heir of `owner`: the highest, and among equals the one there longest.
    pub(super) fn heir(&self, owner: UserId) -> Option<UserId> {
        let mut others: Vec<_> = self
            .people
            .iter()
            .filter(|(user, ..)| *user != owner)
            .collect();
        others.sort_by_key(|(user, _, since, _)| (*since, *user));
        let highest = others.iter().map(|(_, role, ..)| *role).max()?;
        let heir = others.iter().find(|(_, role, ..)| *role == highest);
        heir.map(|(user, ..)| *user)
    }

    /// The room, as storage would read it.
    pub(super) fn as_kept(&self, room: RoomId, access: Access, events: &[Event]) -> RoomState {
        let last = events.last();
        RoomState {
            record: RoomRecord {
                id: room,
                access,
                title: String::new(),
                created: 0,
                announcement: self.announcement,
                pins: self.pins.clone(),
            },
            end: End {
                last: EntryId(events.len() as u64),
                time: last.map_or(0, |event| event.time),
                messages: self.messages.len() as u64,
            },
            members: self.people.iter().map(kept_member).collect(),
            banned: self.banned.clone(),
        }
    }

    /// An entry, as storage would read it for those who want to change it.
    pub(super) fn kept_target(&self, id: EntryId, events: &[Event]) -> Option<Kept> {
        let event = events.get(usize::try_from(id.0).unwrap() - 1)?;
        let said = self.said(id);
        let mut kind = event.kind.clone();
        if let (EntryKind::Message(message), Some(said)) = (&mut kind, said) {
            message.recalled = said.recalled;
        }
        let mut reactions: Vec<(String, Vec<UserId>)> = Vec::new();
        for (emoji, user) in said.map(|said| said.reactions.clone()).unwrap_or_default() {
            match reactions.iter_mut().find(|(known, _)| *known == emoji) {
                Some((_, users)) => users.push(user),
                None => reactions.push((emoji, vec![user])),
            }
        }
        Some(Kept {
            entry: Entry {
                id,
                content: NewEntry {
                    time: event.time,
                    kind,
                    author: event.by,
                    client_message_id: event.own_id.clone(),
                },
                messages: 0,
            },
            edits: said.map(|said| said.edits.clone()).unwrap_or_default(),
            reactions,
        })
    }
}

fn kept_member(
    (user, role, since, muted_until): &(UserId, RoomRole, EntryId, u64),
) -> (UserId, Membership) {
    let membership = Membership {
        role: *role,
        since: *since,
        muted_until: *muted_until,
        ..Membership::default()
    };
    (*user, membership)
}

/// The entry that a deed comes to.
pub(super) fn entry(deed: &Deed, about: Option<Someone>) -> EntryKind {
    let user = about.map_or(UserId(0), Someone::id);
    EntryKind::Room(match deed.clone() {
        Deed::Say(message) => return EntryKind::Message(message),
        Deed::Change { target, change } => return EntryKind::Change { target, change },
        Deed::Join => RoomChange::Joined,
        Deed::Leave => RoomChange::Left,
        Deed::Invite => RoomChange::Invited(user),
        Deed::Kick => RoomChange::Kicked(user),
        Deed::Ban => RoomChange::Banned(user),
        Deed::Unban => RoomChange::Unbanned(user),
        Deed::Mute { until } => RoomChange::Muted { user, until },
        Deed::Unmute => RoomChange::Unmuted(user),
        Deed::GiveRole(role) => RoomChange::RoleGiven { user, role },
        Deed::Title(title) => RoomChange::Titled(title),
        Deed::Announce(text) => RoomChange::Announced(text),
    })
}
