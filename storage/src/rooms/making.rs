//! New rooms. A room is what its log says, so making one is appending its first entry.

use super::{NewRoom, members};
use crate::entry::{Access, EntryKind, NewEntry, RoomChange};
use crate::error::StorageError;
use crate::seal::Seal;
use crate::store::counters;
use crate::transaction::{Read, Transaction};
use crate::{keys, log};
use qunliao_protocol::{EntryId, RoomId, UserId};

pub(super) fn room(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: NewRoom,
) -> Result<Option<RoomId>, StorageError> {
    if is_in(transaction, new.creator, new.rooms_max)? {
        return Ok(None);
    }
    let created = RoomChange::Created {
        access: new.access,
        title: new.title,
        with: None,
    };
    begin(transaction, seal, new.creator, new.time, created).map(Some)
}

pub(super) fn direct(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    creator: UserId,
    with: UserId,
    time: u64,
    rooms_max: usize,
) -> Result<Option<RoomId>, StorageError> {
    let found = transaction.number(&keys::direct_room_by_users(creator, with))?;
    if let Some(room) = found {
        return Ok(Some(RoomId(room)));
    }
    let too_many = is_in(transaction, creator, rooms_max)? || is_in(transaction, with, rooms_max)?;
    if too_many || creator == with {
        return Ok(None);
    }
    let created = RoomChange::Created {
        access: Access::Direct,
        title: String::new(),
        with: Some(with),
    };
    begin(transaction, seal, creator, time, created).map(Some)
}

/// Whether someone is in so many rooms, the lobby aside.
fn is_in(read: &impl Read, user: UserId, rooms: usize) -> Result<bool, StorageError> {
    Ok(members::rooms_of(read, user, rooms)?.len() >= rooms)
}

fn begin(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    author: UserId,
    time: u64,
    created: RoomChange,
) -> Result<RoomId, StorageError> {
    let room = RoomId(RoomId::LOBBY.0 + transaction.count(counters::ROOMS)?);
    let entry = NewEntry {
        time,
        kind: EntryKind::Room(created),
        author,
        client_message_id: None,
    };
    match log::append(transaction, seal, room, EntryId(0), &[entry])? {
        Ok(()) => Ok(room),
        Err(_) => Err(StorageError::damaged("a room that is to be made has a log")),
    }
}
