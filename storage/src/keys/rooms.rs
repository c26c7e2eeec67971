//! The keys of rooms, of who is in them, and of what became of their messages.

use super::{Kind, key};
use qunliao_protocol::{EntryId, RoomId, UserId};

/// Parts of a key, each a number.
fn numbers<const N: usize>(kind: Kind, parts: [u64; N]) -> Vec<u8> {
    let parts = parts.map(u64::to_be_bytes);
    key(kind, &parts.each_ref().map(<[u8; 8]>::as_slice))
}

pub(crate) fn room_by_id(room: RoomId) -> Vec<u8> {
    numbers(Kind::RoomById, [room.0])
}

pub(crate) fn open_room_by_id(room: RoomId) -> Vec<u8> {
    numbers(Kind::OpenRoomById, [room.0])
}

/// The same for both: the lower id stands first.
pub(crate) fn direct_room_by_users(one: UserId, other: UserId) -> Vec<u8> {
    let (low, high) = (one.min(other), one.max(other));
    numbers(Kind::DirectRoomByUsers, [low.0, high.0])
}

pub(crate) fn memberships_of(room: RoomId) -> Vec<u8> {
    numbers(Kind::MembershipByRoomUser, [room.0])
}

pub(crate) fn membership_by_room_user(room: RoomId, user: UserId) -> Vec<u8> {
    numbers(Kind::MembershipByRoomUser, [room.0, user.0])
}

pub(crate) fn members_by_age(room: RoomId) -> Vec<u8> {
    numbers(Kind::UserIdByRoomSince, [room.0])
}

pub(crate) fn user_id_by_room_since(room: RoomId, since: EntryId, user: UserId) -> Vec<u8> {
    numbers(Kind::UserIdByRoomSince, [room.0, since.0, user.0])
}

pub(crate) fn rooms_of(user: UserId) -> Vec<u8> {
    numbers(Kind::RoomIdByUser, [user.0])
}

pub(crate) fn room_id_by_user(user: UserId, room: RoomId) -> Vec<u8> {
    numbers(Kind::RoomIdByUser, [user.0, room.0])
}

pub(crate) fn bans_of(room: RoomId) -> Vec<u8> {
    numbers(Kind::BanByRoomUser, [room.0])
}

pub(crate) fn ban_by_room_user(room: RoomId, user: UserId) -> Vec<u8> {
    numbers(Kind::BanByRoomUser, [room.0, user.0])
}

pub(crate) fn pins_of(room: RoomId) -> Vec<u8> {
    numbers(Kind::PinByRoomSeq, [room.0])
}

pub(crate) fn pin_by_room_seq(room: RoomId, seq: EntryId) -> Vec<u8> {
    numbers(Kind::PinByRoomSeq, [room.0, seq.0])
}

pub(crate) fn amendment_by_room_entry(room: RoomId, entry: EntryId) -> Vec<u8> {
    numbers(Kind::AmendmentByRoomEntry, [room.0, entry.0])
}

pub(crate) fn edits_of(room: RoomId, entry: EntryId) -> Vec<u8> {
    numbers(Kind::EditByRoomEntry, [room.0, entry.0])
}

pub(crate) fn edit_by_room_entry(room: RoomId, entry: EntryId, edit: EntryId) -> Vec<u8> {
    numbers(Kind::EditByRoomEntry, [room.0, entry.0, edit.0])
}

pub(crate) fn reactions_of(room: RoomId, entry: EntryId) -> Vec<u8> {
    numbers(Kind::ReactionByRoomEntry, [room.0, entry.0])
}

pub(crate) fn reaction_by_room_entry(room: RoomId, entry: EntryId, first: EntryId) -> Vec<u8> {
    numbers(Kind::ReactionByRoomEntry, [room.0, entry.0, first.0])
}

pub(crate) fn all_reactors_of(room: RoomId, entry: EntryId) -> Vec<u8> {
    numbers(Kind::ReactorByRoomEntry, [room.0, entry.0])
}

pub(crate) fn reactors_of(room: RoomId, entry: EntryId, first: EntryId) -> Vec<u8> {
    numbers(Kind::ReactorByRoomEntry, [room.0, entry.0, first.0])
}

pub(crate) fn reactor_by_room_entry(
    room: RoomId,
    entry: EntryId,
    first: EntryId,
    user: UserId,
) -> Vec<u8> {
    numbers(Kind::ReactorByRoomEntry, [room.0, entry.0, first.0, user.0])
}

pub(crate) fn mentions_of(user: UserId, room: RoomId) -> Vec<u8> {
    numbers(Kind::MentionByUserRoomEntry, [user.0, room.0])
}

pub(crate) fn mention_by_user_room_entry(user: UserId, room: RoomId, entry: EntryId) -> Vec<u8> {
    numbers(Kind::MentionByUserRoomEntry, [user.0, room.0, entry.0])
}

pub(crate) fn mentions_of_everyone(room: RoomId) -> Vec<u8> {
    numbers(Kind::EveryoneMentionByRoomEntry, [room.0])
}

pub(crate) fn everyone_mention_by_room_entry(room: RoomId, entry: EntryId) -> Vec<u8> {
    numbers(Kind::EveryoneMentionByRoomEntry, [room.0, entry.0])
}

pub(crate) fn reminder_by_user_room(user: UserId, room: RoomId) -> Vec<u8> {
    numbers(Kind::ReminderByUserRoom, [user.0, room.0])
}

pub(crate) fn reminders_before(time: u64) -> (Vec<u8>, Vec<u8>) {
    let from = numbers(Kind::ReminderByTime, [0]);
    (from, numbers(Kind::ReminderByTime, [time]))
}

pub(crate) fn reminder_by_time(time: u64, user: UserId, room: RoomId) -> Vec<u8> {
    numbers(Kind::ReminderByTime, [time, user.0, room.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_people_have_one_direct_room_whoever_asks() {
        let (alice, bob) = (UserId(1), UserId(300));
        let key = direct_room_by_users(alice, bob);
        assert_eq!(key, direct_room_by_users(bob, alice));
        assert_ne!(key, direct_room_by_users(alice, UserId(2)));
    }
}
