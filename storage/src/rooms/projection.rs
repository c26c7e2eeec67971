//! What an entry of a log says is carried out as it is appended.
//!
//! Whether someone may do it has been decided before, by the room's actor. What makes
//! no sense (a change of what is no message, or was recalled) changes nothing.

use super::amendments::Amended;
use super::records::RoomData;
use super::{members, mentions};
use crate::entry::{Access, EntryKind, Mentions, NewEntry, RoomChange, RoomRole};
use crate::error::StorageError;
use crate::keys;
use crate::seal::Seal;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::{EntryId, RoomId, UserId};
use std::collections::BTreeSet;

/// Carries out what the entries of one append say, in their order.
pub(crate) struct Projection<'a, 't> {
    pub(super) transaction: &'a mut Transaction<'t>,
    pub(super) seal: &'a Seal,
    pub(super) room: RoomId,
    /// The two of a direct room, once they are known.
    two: Option<Option<[UserId; 2]>>,
}

impl<'a, 't> Projection<'a, 't> {
    pub(crate) fn new(transaction: &'a mut Transaction<'t>, seal: &'a Seal, room: RoomId) -> Self {
        Self {
            transaction,
            seal,
            room,
            two: None,
        }
    }

    /// Carries out the entry `id`, whose record has been put.
    pub(crate) fn carry_out(&mut self, id: EntryId, entry: &NewEntry) -> Result<(), StorageError> {
        match &entry.kind {
            EntryKind::Message(message) => {
                let meant = self.meant(&message.mentions, entry.author)?;
                for user in meant {
                    mentions::note(self.transaction, self.room, user, id, entry.time)?;
                }
                if message.mentions.everyone {
                    let key = keys::everyone_mention_by_room_entry(self.room, id);
                    self.transaction.mark(key);
                }
                Ok(())
            }
            EntryKind::Room(change) => {
                self.two = None;
                self.change_room(id, entry, change)
            }
            EntryKind::Change { target, change } => {
                if *target >= id || target.0 == 0 {
                    return Ok(());
                }
                match Amended::find(self, *target)? {
                    Some(mut amended) => amended.change(self, id, entry, change),
                    None => Ok(()),
                }
            }
            EntryKind::Unknown(_) => Ok(()),
        }
    }

    /// Whom a message of `author` means, everyone aside.
    pub(super) fn meant(
        &mut self,
        mentions: &Mentions,
        author: UserId,
    ) -> Result<BTreeSet<UserId>, StorageError> {
        let mut meant: BTreeSet<UserId> = mentions.users.iter().copied().collect();
        meant.extend(self.two()?.into_iter().flatten());
        meant.remove(&author);
        Ok(meant)
    }

    fn two(&mut self) -> Result<Option<[UserId; 2]>, StorageError> {
        if let Some(two) = self.two {
            return Ok(two);
        }
        let data: Option<RoomData> = self.transaction.record(&keys::room_by_id(self.room))?;
        let two = match data {
            Some(data) if data.access == Access::Direct => {
                let members = members::eldest(self.transaction, self.room, 2)?;
                let users: Vec<UserId> = members.into_iter().map(|(user, _)| user).collect();
                users.try_into().ok()
            }
            _ => None,
        };
        self.two = Some(two);
        Ok(two)
    }

    fn change_room(
        &mut self,
        id: EntryId,
        entry: &NewEntry,
        change: &RoomChange,
    ) -> Result<(), StorageError> {
        let (room, author) = (self.room, entry.author);
        let transaction = &mut *self.transaction;
        match change {
            RoomChange::Created {
                access,
                title,
                with,
            } => {
                let is_first = id == EntryId(1) && room != RoomId::LOBBY;
                let is_there = transaction.get(&keys::room_by_id(room))?.is_some();
                if is_first && !is_there {
                    let data = RoomData {
                        access: *access,
                        title: title.clone(),
                        created: entry.time,
                        announcement: None,
                        members: 0,
                    };
                    create(transaction, room, &data, author, *with)?;
                }
            }
            RoomChange::Joined => enter(transaction, room, author, id)?,
            RoomChange::Invited(user) => enter(transaction, room, *user, id)?,
            RoomChange::Left => members::leave(transaction, room, author)?,
            RoomChange::Kicked(user) => members::leave(transaction, room, *user)?,
            RoomChange::Banned(user) => {
                transaction.mark(keys::ban_by_room_user(room, *user));
                members::leave(transaction, room, *user)?;
            }
            RoomChange::Unbanned(user) => {
                transaction.delete(keys::ban_by_room_user(room, *user));
            }
            RoomChange::Muted { user, until } => mute(transaction, room, *user, *until)?,
            RoomChange::Unmuted(user) => mute(transaction, room, *user, 0)?,
            RoomChange::RoleGiven { user, role } => {
                give_role(transaction, room, author, *user, *role)?;
            }
            RoomChange::Titled(title) => {
                RoomData::change(transaction, room, |data| data.title.clone_from(title))?;
            }
            RoomChange::Announced(text) => {
                let announcement = (!text.is_empty()).then_some(id);
                RoomData::change(transaction, room, |data| data.announcement = announcement)?;
            }
        }
        Ok(())
    }
}

fn create(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    data: &RoomData,
    author: UserId,
    with: Option<UserId>,
) -> Result<(), StorageError> {
    let first = EntryId(1);
    transaction.put_record(keys::room_by_id(room), data)?;
    if data.access == Access::Open {
        transaction.mark(keys::open_room_by_id(room));
    }
    let role = match data.access {
        Access::Direct => RoomRole::Member,
        _ => RoomRole::Owner,
    };
    members::enter(transaction, room, author, first, role)?;
    if let Some(other) = with {
        members::enter(transaction, room, other, first, RoomRole::Member)?;
        if data.access == Access::Direct {
            transaction.put_number(keys::direct_room_by_users(author, other), room.0);
        }
    }
    Ok(())
}

fn enter(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
    since: EntryId,
) -> Result<(), StorageError> {
    members::enter(transaction, room, user, since, RoomRole::Member)
}

fn mute(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
    until: u64,
) -> Result<(), StorageError> {
    members::change(transaction, room, user, |member| member.muted_until = until).map(drop)
}

fn give_role(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    author: UserId,
    user: UserId,
    role: RoomRole,
) -> Result<(), StorageError> {
    let given = members::change(transaction, room, user, |member| member.role = role)?;
    if given.is_none() || role != RoomRole::Owner || author == user {
        return Ok(());
    }
    // An owner who makes another steps back.
    let giver = members::find(transaction, room, author)?;
    if giver.is_some_and(|giver| giver.role == RoomRole::Owner) {
        members::change(transaction, room, author, |member| {
            member.role = RoomRole::Admin;
        })?;
    }
    Ok(())
}
