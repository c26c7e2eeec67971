//! Rooms as they are looked at: one of them with all that is known of it, those of a
//! member, all of them.

use super::records::{MembershipData, RoomData};
use super::{
    End, MEMBERS_SHOWN_MAX, Membership, RoomOverview, RoomRecord, RoomState, members, mentions,
};
use crate::error::StorageError;
use crate::keys::{self, Kind};
use crate::log::reading;
use crate::seal::Seal;
use crate::transaction::{Read, decode};
use qunliao_protocol::{RoomId, UserId};

pub(super) fn room(
    read: &impl Read,
    seal: &Seal,
    room: RoomId,
) -> Result<Option<RoomState>, StorageError> {
    let Some(data) = RoomData::find(read, room)? else {
        return Ok(None);
    };
    Ok(Some(RoomState {
        record: data.shown(read, room)?,
        end: reading::end(read, room)?,
        members: shown(seal, room, members::all(read, room)?)?,
        banned: members::banned(read, room)?,
    }))
}

pub(super) fn rooms_of(
    read: &impl Read,
    seal: &Seal,
    user: UserId,
) -> Result<Vec<RoomOverview>, StorageError> {
    let rooms = ids_of(read, user)?;
    let overviews = rooms
        .into_iter()
        .map(|room| overview(read, seal, room, user));
    overviews.collect()
}

/// The lobby, and then the others by id.
pub(super) fn ids_of(read: &impl Read, user: UserId) -> Result<Vec<RoomId>, StorageError> {
    let others = members::rooms_of(read, user, usize::MAX)?;
    Ok([RoomId::LOBBY].into_iter().chain(others).collect())
}

fn overview(
    read: &impl Read,
    seal: &Seal,
    room: RoomId,
    user: UserId,
) -> Result<RoomOverview, StorageError> {
    let lacks =
        |what| StorageError::damaged(format_args!("someone is in a room that has no {what}"));
    let data = RoomData::find(read, room)?.ok_or_else(|| lacks("record"))?;
    let membership =
        members::find(read, room, user)?.ok_or_else(|| lacks("membership of theirs"))?;
    let end = reading::end(read, room)?;
    // What was read meanwhile may lie beyond the end that we saw.
    let unread = match membership.read < end.last {
        true => end
            .messages
            .saturating_sub(reading::messages(read, room, membership.read)?),
        false => 0,
    };
    Ok(RoomOverview {
        member_count: data.members,
        record: data.shown(read, room)?,
        end,
        unread,
        mentions: mentions::count(read, room, user, membership.read)?,
        members: shown(seal, room, members::eldest(read, room, MEMBERS_SHOWN_MAX)?)?,
        membership: membership.shown(seal, room, user)?,
    })
}

fn shown(
    seal: &Seal,
    room: RoomId,
    members: Vec<(UserId, MembershipData)>,
) -> Result<Vec<(UserId, Membership)>, StorageError> {
    let members = members.into_iter();
    members
        .map(|(user, data)| Ok((user, data.shown(seal, room, user)?)))
        .collect()
}

/// Open rooms after this one, with how many are in them.
pub(super) fn open(
    read: &impl Read,
    after: RoomId,
    limit: usize,
) -> Result<Vec<(RoomRecord, u64)>, StorageError> {
    let from = keys::range(&keys::open_room_by_id(after)).1;
    let (_, to) = keys::range(&[Kind::OpenRoomById as u8]);
    let found = read.scan(&from, &to, false, limit)?;
    let rooms = found.iter().map(|(key, _)| {
        let room = RoomId(keys::last_number(key)?);
        let data = RoomData::find(read, room)?;
        let data = data.ok_or_else(|| StorageError::damaged("an open room has no record"))?;
        let members = data.members;
        Ok((data.shown(read, room)?, members))
    });
    rooms.collect()
}

/// All rooms after this one.
pub(super) fn all(
    read: &impl Read,
    after: RoomId,
    limit: usize,
) -> Result<Vec<(RoomId, End)>, StorageError> {
    // The lobby is the first, and may have no record.
    let lobby = (after < RoomId::LOBBY).then_some(RoomId::LOBBY);
    let from = keys::range(&keys::room_by_id(after.max(RoomId::LOBBY))).1;
    let (_, to) = keys::range(&[Kind::RoomById as u8]);
    let others = read.scan(&from, &to, false, limit)?;
    let mut rooms: Vec<RoomId> = lobby.into_iter().collect();
    for (key, value) in &others {
        let _: RoomData = decode(value)?;
        rooms.push(RoomId(keys::last_number(key)?));
    }
    let rooms = rooms.into_iter().take(limit);
    rooms
        .map(|room| Ok((room, reading::end(read, room)?)))
        .collect()
}
