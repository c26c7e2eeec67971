//! Unread messages that mean somebody, and the one reminder of them that waits for
//! each member of a room. In a direct room every message means the other one.
//!
//! The mentions that a mark passes are deleted with it, at most
//! [`PASSED_AT_ONCE_MAX`]; what is left over lies below the mark, counts no more,
//! and goes with a later one.

use super::records::MembershipData;
use super::{MENTIONS_COUNTED_MAX, Notify, members};
use crate::error::StorageError;
use crate::keys;
use crate::log::reading;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::{EntryId, RoomId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Mentions that are deleted at once when a mark passes them.
const PASSED_AT_ONCE_MAX: usize = 1_000;

/// A reminder that waits.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct ReminderData {
    /// The message.
    pub(super) entry: EntryId,
    /// When it came, in milliseconds since the epoch.
    pub(super) time: u64,
}

/// Notes that the message `entry` means `user`, and that a reminder of it may be due.
pub(super) fn note(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
    entry: EntryId,
    time: u64,
) -> Result<(), StorageError> {
    let Some(membership) = members::find(transaction, room, user)? else {
        return Ok(());
    };
    if entry <= membership.read {
        return Ok(());
    }
    transaction.mark(keys::mention_by_user_room_entry(user, room, entry));
    remind(
        transaction,
        room,
        user,
        &membership,
        ReminderData { entry, time },
    )
}

/// Takes back that the message `entry` means these users.
pub(super) fn withdraw(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    users: impl IntoIterator<Item = UserId>,
    entry: EntryId,
) -> Result<(), StorageError> {
    for user in users {
        transaction.delete(keys::mention_by_user_room_entry(user, room, entry));
        if let Some(membership) = members::find(transaction, room, user)? {
            let stands = |reminder: &ReminderData| reminder.entry != entry;
            settle(transaction, room, user, &membership, stands)?;
        }
    }
    Ok(())
}

/// Forgets the mentions up to a member's mark, and goes on to remind of what follows it.
pub(super) fn passed(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
    read: EntryId,
) -> Result<(), StorageError> {
    let (from, _) = keys::range(&keys::mentions_of(user, room));
    let (_, to) = keys::range(&keys::mention_by_user_room_entry(user, room, read));
    for (key, _) in transaction.scan(&from, &to, false, PASSED_AT_ONCE_MAX)? {
        transaction.delete(key);
    }
    match members::find(transaction, room, user)? {
        Some(membership) => {
            let stands = |reminder: &ReminderData| reminder.entry > read;
            settle(transaction, room, user, &membership, stands)
        }
        None => forget_reminder(transaction, room, user).map(drop),
    }
}

/// How many of the messages after the mark mean `user`, up to the greatest number
/// that is counted.
pub(super) fn count(
    read: &impl Read,
    room: RoomId,
    user: UserId,
    mark: EntryId,
) -> Result<u64, StorageError> {
    let mut unread = BTreeSet::new();
    let of_user = (
        keys::mention_by_user_room_entry(user, room, mark),
        keys::mentions_of(user, room),
    );
    let of_everyone = (
        keys::everyone_mention_by_room_entry(room, mark),
        keys::mentions_of_everyone(room),
    );
    for (mark, all) in [of_user, of_everyone] {
        let (from, to) = (keys::range(&mark).1, keys::range(&all).1);
        for (key, _) in read.scan(&from, &to, false, MENTIONS_COUNTED_MAX as usize)? {
            unread.insert(keys::last_number(&key)?);
        }
    }
    Ok((unread.len() as u64).min(MENTIONS_COUNTED_MAX))
}

/// The reminder that waits, taken away.
pub(super) fn forget_reminder(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
) -> Result<Option<ReminderData>, StorageError> {
    let key = keys::reminder_by_user_room(user, room);
    let reminder: Option<ReminderData> = transaction.record(&key)?;
    if let Some(reminder) = &reminder {
        transaction.delete(keys::reminder_by_time(reminder.time, user, room));
        transaction.delete(key);
    }
    Ok(reminder)
}

/// Puts the next unread mention in the place of a reminder that no longer stands.
fn settle(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
    membership: &MembershipData,
    stands: impl FnOnce(&ReminderData) -> bool,
) -> Result<(), StorageError> {
    let key = keys::reminder_by_user_room(user, room);
    let reminder: Option<ReminderData> = transaction.record(&key)?;
    if reminder.as_ref().is_none_or(stands) {
        return Ok(());
    }
    forget_reminder(transaction, room, user)?;
    let mark = keys::mention_by_user_room_entry(user, room, membership.read);
    let from = keys::range(&mark).1;
    let (_, to) = keys::range(&keys::mentions_of(user, room));
    let Some((next, _)) = transaction.scan(&from, &to, false, 1)?.pop() else {
        return Ok(());
    };
    let entry = EntryId(keys::last_number(&next)?);
    let mentioning = reading::entry(transaction, room, entry)?;
    let mentioning = mentioning.ok_or_else(|| StorageError::damaged("a mention is in no entry"))?;
    let time = mentioning.content.time;
    remind(
        transaction,
        room,
        user,
        membership,
        ReminderData { entry, time },
    )
}

fn remind(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
    membership: &MembershipData,
    reminder: ReminderData,
) -> Result<(), StorageError> {
    let key = keys::reminder_by_user_room(user, room);
    if membership.notify == Notify::Nothing || transaction.get(&key)?.is_some() {
        return Ok(());
    }
    transaction.mark(keys::reminder_by_time(reminder.time, user, room));
    transaction.put_record(key, &reminder)
}
