//! Who is in a room, and who may not come in.

use super::mentions;
use super::records::{MembershipData, RoomData};
use crate::engine::Pair;
use crate::entry::RoomRole;
use crate::error::StorageError;
use crate::keys;
use crate::transaction::{Read, Transaction, decode};
use qunliao_protocol::{EntryId, RoomId, UserId};
use std::ops::ControlFlow;

/// How `user` stands in a room; in the lobby everyone is.
pub(super) fn find(
    read: &impl Read,
    room: RoomId,
    user: UserId,
) -> Result<Option<MembershipData>, StorageError> {
    let found = read.record(&keys::membership_by_room_user(room, user))?;
    Ok(found.or_else(|| (room == RoomId::LOBBY).then(MembershipData::default)))
}

/// Changes how `user` stands, and answers what `change` does; `None` if not in the room.
pub(super) fn change<T>(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
    change: impl FnOnce(&mut MembershipData) -> T,
) -> Result<Option<T>, StorageError> {
    let Some(mut membership) = find(transaction, room, user)? else {
        return Ok(None);
    };
    let changed = change(&mut membership);
    transaction.put_record(keys::membership_by_room_user(room, user), &membership)?;
    Ok(Some(changed))
}

/// Lets someone in by the entry `since`, up to which they count as having read. Who is
/// in already stays as they are.
pub(super) fn enter(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
    since: EntryId,
    role: RoomRole,
) -> Result<(), StorageError> {
    if find(transaction, room, user)?.is_some() {
        return Ok(());
    }
    RoomData::change(transaction, room, |data| data.members += 1)?;
    let membership = MembershipData {
        role,
        since,
        read: since,
        ..MembershipData::default()
    };
    transaction.put_record(keys::membership_by_room_user(room, user), &membership)?;
    transaction.mark(keys::user_id_by_room_since(room, since, user));
    transaction.mark(keys::room_id_by_user(user, room));
    Ok(())
}

/// Takes someone out of a room. Nobody leaves the lobby.
pub(super) fn leave(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
) -> Result<(), StorageError> {
    if room == RoomId::LOBBY {
        return Ok(());
    }
    let Some(membership) = find(transaction, room, user)? else {
        return Ok(());
    };
    RoomData::change(transaction, room, |data| {
        data.members = data.members.saturating_sub(1);
    })?;
    transaction.delete(keys::membership_by_room_user(room, user));
    transaction.delete(keys::user_id_by_room_since(room, membership.since, user));
    transaction.delete(keys::room_id_by_user(user, room));
    mentions::passed(transaction, room, user, EntryId(u64::MAX))
}

/// Those who are in a room; in the lobby, those of whom something has to be remembered.
pub(super) fn all(
    read: &impl Read,
    room: RoomId,
) -> Result<Vec<(UserId, MembershipData)>, StorageError> {
    let mut members = Vec::new();
    read.each(keys::range(&keys::memberships_of(room)), |key, value| {
        let user = UserId(keys::last_number(key)?);
        members.push((user, decode(value)?));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(members)
}

/// Those who came first.
pub(super) fn eldest(
    read: &impl Read,
    room: RoomId,
    limit: usize,
) -> Result<Vec<(UserId, MembershipData)>, StorageError> {
    let (from, to) = keys::range(&keys::members_by_age(room));
    let eldest = read.scan(&from, &to, false, limit)?;
    let members = eldest.iter().map(|(key, _)| {
        let user = UserId(keys::last_number(key)?);
        let membership = find(read, room, user)?;
        let membership =
            membership.ok_or_else(|| StorageError::damaged("a member has no membership"))?;
        Ok((user, membership))
    });
    members.collect()
}

/// Those who may not come in.
pub(super) fn banned(read: &impl Read, room: RoomId) -> Result<Vec<UserId>, StorageError> {
    let mut banned = Vec::new();
    read.each(keys::range(&keys::bans_of(room)), |key, _| {
        banned.push(UserId(keys::last_number(key)?));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(banned)
}

/// The rooms that someone is in, the lobby aside.
pub(super) fn rooms_of(
    read: &impl Read,
    user: UserId,
    limit: usize,
) -> Result<Vec<RoomId>, StorageError> {
    let (from, to) = keys::range(&keys::rooms_of(user));
    let rooms = read.scan(&from, &to, false, limit)?;
    let id = |(key, _): &Pair| keys::last_number(key).map(RoomId);
    rooms.iter().map(id).collect()
}
