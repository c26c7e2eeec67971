//! What a room is, told as simply as it can be: all that ever happened in it is gone
//! through from the beginning. The store has to come to the same.

use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::rooms::{End, MENTIONS_COUNTED_MAX, Membership, Notify};
use qunliao_storage::{
    Access, EntryKind, Mentions, Message, MessageChange, NewEntry, RoomChange, RoomRole,
};
use std::collections::{BTreeMap, BTreeSet};

/// Something that happened in a room.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Appended(NewEntry),
    Read(UserId, EntryId),
    Notify(UserId, Notify),
    Card(UserId, Option<String>),
    Confirmed(UserId, EntryId),
}

/// What became of a message.
#[derive(Clone, Default)]
pub(crate) struct Fate {
    pub(crate) recalled: Option<EntryId>,
    pub(crate) edits: Vec<(EntryId, String, Mentions)>,
    pub(crate) reactions: Vec<(String, BTreeSet<UserId>)>,
}

/// A room after all that happened.
#[derive(Clone)]
pub(crate) struct Replay {
    pub(crate) room: RoomId,
    pub(crate) access: Access,
    pub(crate) title: String,
    pub(crate) created: u64,
    pub(crate) announcement: Option<EntryId>,
    pub(crate) pins: Vec<EntryId>,
    pub(crate) members: BTreeMap<UserId, Membership>,
    pub(crate) banned: BTreeSet<UserId>,
    pub(crate) log: Vec<NewEntry>,
    pub(crate) fates: BTreeMap<EntryId, Fate>,
    /// The message that each waits to be reminded of, and its time.
    pub(crate) reminders: BTreeMap<UserId, (EntryId, u64)>,
}

impl Replay {
    pub(crate) fn of(room: RoomId, events: &[Event]) -> Self {
        let mut replay = Self {
            room,
            access: Access::Everyone,
            title: String::new(),
            created: 0,
            announcement: None,
            pins: Vec::new(),
            members: BTreeMap::new(),
            banned: BTreeSet::new(),
            log: Vec::new(),
            fates: BTreeMap::new(),
            reminders: BTreeMap::new(),
        };
        for event in events {
            replay.happen(event);
        }
        replay
    }

    pub(crate) fn end(&self) -> End {
        End {
            last: EntryId(self.log.len() as u64),
            time: self.log.last().map_or(0, |entry| entry.time),
            messages: self.messages(EntryId(self.log.len() as u64)),
        }
    }

    /// How many messages there are up to here.
    pub(crate) fn messages(&self, id: EntryId) -> u64 {
        let entries = self.log.iter().take(id.0 as usize);
        let is_message = |entry: &&NewEntry| matches!(entry.kind, EntryKind::Message(_));
        entries.filter(is_message).count() as u64
    }

    /// How someone stands; in the lobby everyone is.
    pub(crate) fn membership(&self, user: UserId) -> Option<Membership> {
        let anyone = (self.room == RoomId::LOBBY).then(Membership::default);
        self.members.get(&user).cloned().or(anyone)
    }

    /// The unread messages that mean someone.
    pub(crate) fn mentions(&self, user: UserId) -> Vec<EntryId> {
        let read = self.membership(user).map(|member| member.read);
        let ids = (1..=self.log.len() as u64).map(EntryId);
        ids.filter(|id| read.is_some_and(|read| *id > read) && self.means(*id, user))
            .collect()
    }

    pub(crate) fn unread_mentions(&self, user: UserId) -> u64 {
        let read = self
            .membership(user)
            .map_or(EntryId(0), |member| member.read);
        let mut unread: BTreeSet<EntryId> = self.mentions(user).into_iter().collect();
        let ids = (read.0 + 1..=self.log.len() as u64).map(EntryId);
        unread.extend(ids.filter(|id| self.mentions_of(*id).is_some_and(|m| m.everyone)));
        (unread.len() as u64).min(MENTIONS_COUNTED_MAX)
    }

    /// The message `id`, unless the entry is none.
    fn message(&self, id: EntryId) -> Option<(&NewEntry, &Message)> {
        let entry = self.log.get((id.0 as usize).checked_sub(1)?)?;
        match &entry.kind {
            EntryKind::Message(message) => Some((entry, message)),
            _ => None,
        }
    }

    /// Whom a message names, as it is now.
    fn mentions_of(&self, id: EntryId) -> Option<&Mentions> {
        let (_, message) = self.message(id)?;
        let edit = self.fates.get(&id).and_then(|fate| fate.edits.last());
        Some(edit.map_or(&message.mentions, |(_, _, mentions)| mentions))
    }

    fn means(&self, id: EntryId, user: UserId) -> bool {
        let Some((entry, message)) = self.message(id) else {
            return false;
        };
        let is_named = self
            .mentions_of(id)
            .is_some_and(|m| m.users.contains(&user));
        let in_two = self.access == Access::Direct && self.members.contains_key(&user);
        !message.recalled && entry.author != user && (is_named || in_two)
    }

    fn member(&mut self, user: UserId) -> Option<&mut Membership> {
        match self.room {
            RoomId::LOBBY => Some(self.members.entry(user).or_default()),
            _ => self.members.get_mut(&user),
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Appended(entry) => self.append(entry),
            Event::Read(user, mark) => {
                let mark = (*mark).min(self.end().last);
                if self.membership(*user).is_some_and(|now| now.read < mark) {
                    self.member(*user).unwrap().read = mark;
                    self.settle(*user, |pending| pending <= mark);
                }
            }
            Event::Notify(user, notify) => {
                if *notify == Notify::Nothing {
                    self.reminders.remove(user);
                }
                if let Some(member) = self.member(*user) {
                    member.notify = *notify;
                }
            }
            Event::Card(user, card) => {
                if let Some(member) = self.member(*user) {
                    member.card.clone_from(card);
                }
            }
            Event::Confirmed(user, announcement) => {
                if self.announcement == Some(*announcement)
                    && let Some(member) = self.member(*user)
                {
                    member.confirmed = *announcement;
                }
            }
        }
    }

    fn append(&mut self, entry: &NewEntry) {
        self.log.push(entry.clone());
        let id = self.end().last;
        match &entry.kind {
            EntryKind::Message(_) => self.remind_of(id, entry.time),
            EntryKind::Room(change) => self.change_room(id, entry, change),
            EntryKind::Change { target, change } => {
                if *target < id && self.message(*target).is_some() {
                    self.change_message(id, entry, *target, change);
                }
            }
            EntryKind::Unknown(_) => {}
        }
    }

    fn change_room(&mut self, id: EntryId, entry: &NewEntry, change: &RoomChange) {
        let author = entry.author;
        match change {
            RoomChange::Created {
                access,
                title,
                with,
            } => {
                (self.access, self.title, self.created) = (*access, title.clone(), entry.time);
                self.enter(author, id);
                with.iter().for_each(|other| self.enter(*other, id));
                if *access != Access::Direct {
                    self.member(author).unwrap().role = RoomRole::Owner;
                }
            }
            RoomChange::Joined => self.enter(author, id),
            RoomChange::Invited(user) => self.enter(*user, id),
            RoomChange::Left => self.leave(author),
            RoomChange::Kicked(user) => self.leave(*user),
            RoomChange::Banned(user) => {
                self.banned.insert(*user);
                self.leave(*user);
            }
            RoomChange::Unbanned(user) => {
                self.banned.remove(user);
            }
            RoomChange::Muted { user, until } => self.mute(*user, *until),
            RoomChange::Unmuted(user) => self.mute(*user, 0),
            RoomChange::RoleGiven { user, role } => {
                let Some(member) = self.member(*user) else {
                    return;
                };
                member.role = *role;
                let was_owner = |giver: &Membership| giver.role == RoomRole::Owner;
                let steps_back = *role == RoomRole::Owner
                    && *user != author
                    && self.members.get(&author).is_some_and(was_owner);
                if steps_back {
                    self.member(author).unwrap().role = RoomRole::Admin;
                }
            }
            RoomChange::Titled(title) => self.title.clone_from(title),
            RoomChange::Announced(text) => self.announcement = (!text.is_empty()).then_some(id),
        }
    }

    fn enter(&mut self, user: UserId, since: EntryId) {
        if self.room != RoomId::LOBBY {
            self.members.entry(user).or_insert(Membership {
                since,
                read: since,
                ..Membership::default()
            });
        }
    }

    fn leave(&mut self, user: UserId) {
        if self.room != RoomId::LOBBY {
            self.members.remove(&user);
            self.reminders.remove(&user);
        }
    }

    fn mute(&mut self, user: UserId, until: u64) {
        if let Some(member) = self.member(user) {
            member.muted_until = until;
        }
    }

    fn change_message(
        &mut self,
        id: EntryId,
        entry: &NewEntry,
        target: EntryId,
        change: &MessageChange,
    ) {
        if self
            .fates
            .get(&target)
            .is_some_and(|fate| fate.recalled.is_some())
        {
            return self.scrub(id);
        }
        let fate = self.fates.entry(target).or_default();
        match change {
            MessageChange::Recalled => {
                let edits = std::mem::take(fate).edits;
                fate.recalled = Some(id);
                self.pins.retain(|pinned| *pinned != target);
                self.scrub(target);
                edits.iter().for_each(|(edit, _, _)| self.scrub(*edit));
                self.unremind_of(target);
            }
            MessageChange::Edited { text, mentions } => {
                fate.edits.push((id, text.clone(), mentions.clone()));
                self.unremind_of(target);
                self.remind_of(target, entry.time);
            }
            MessageChange::Reacted(emoji) => {
                match fate.reactions.iter_mut().find(|(known, _)| known == emoji) {
                    Some((_, users)) => _ = users.insert(entry.author),
                    None => fate.reactions.push((emoji.clone(), [entry.author].into())),
                }
            }
            MessageChange::Unreacted(emoji) => {
                for (known, users) in &mut fate.reactions {
                    if known == emoji {
                        users.remove(&entry.author);
                    }
                }
                fate.reactions.retain(|(_, users)| !users.is_empty());
            }
            MessageChange::Pinned if !self.pins.contains(&target) => self.pins.push(target),
            MessageChange::Pinned => {}
            MessageChange::Unpinned => self.pins.retain(|pinned| *pinned != target),
        }
    }

    /// Nothing that it said is kept.
    fn scrub(&mut self, id: EntryId) {
        match &mut self.log[id.0 as usize - 1].kind {
            EntryKind::Message(message) => {
                *message = Message {
                    recalled: true,
                    ..Message::default()
                };
            }
            EntryKind::Change {
                change: MessageChange::Edited { text, mentions },
                ..
            } => {
                text.clear();
                *mentions = Mentions::default();
            }
            _ => {}
        }
    }

    /// Everyone whom a message means now is reminded of it, unless of an earlier one.
    fn remind_of(&mut self, id: EntryId, time: u64) {
        let named = self.mentions_of(id).unwrap().users.clone();
        let users: BTreeSet<UserId> = self.members.keys().copied().chain(named).collect();
        for user in users {
            let wants = self
                .membership(user)
                .is_some_and(|member| member.notify != Notify::Nothing && member.read < id);
            if wants && self.means(id, user) && self.newly_means(id, user) {
                self.reminders.entry(user).or_insert((id, time));
            }
        }
    }

    /// Whether it did not mean them before its last edit.
    fn newly_means(&self, id: EntryId, user: UserId) -> bool {
        let (_, message) = self.message(id).unwrap();
        let edits = self.fates.get(&id).map_or(&[][..], |fate| &fate.edits);
        let before = match edits {
            [] => return true,
            [_] => &message.mentions,
            [.., (_, _, before), _] => before,
        };
        self.access != Access::Direct && !before.users.contains(&user)
    }

    /// Those who wait to be reminded of a message that no longer means them wait to be
    /// reminded of the next.
    fn unremind_of(&mut self, id: EntryId) {
        let waiting: Vec<UserId> = self.reminders.keys().copied().collect();
        for user in waiting {
            let means = self.means(id, user);
            self.settle(user, |pending| pending == id && !means);
        }
    }

    fn settle(&mut self, user: UserId, is_over: impl FnOnce(EntryId) -> bool) {
        let pending = self.reminders.get(&user).map(|(entry, _)| *entry);
        if pending.is_some_and(is_over) {
            self.reminders.remove(&user);
            if let Some(next) = self.mentions(user).first() {
                let time = self.log[next.0 as usize - 1].time;
                self.reminders.insert(user, (*next, time));
            }
        }
    }
}
