//! What is each member's own: how far they have read, what they want to be told,
//! their names in a room, and which announcement they have taken note of.

use super::records::RoomData;
use super::{Notify, members, mentions};
use crate::error::StorageError;
use crate::log;
use crate::seal::{Bound, Seal};
use crate::transaction::Transaction;
use qunliao_protocol::{EntryId, RoomId, UserId};

/// Members have read so far; marks only move on, and not beyond the end.
pub(super) fn read(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    marks: Vec<(UserId, EntryId)>,
) -> Result<(), StorageError> {
    let end = log::reading::end(transaction, room)?.last;
    for (user, mark) in marks {
        let mark = mark.min(end);
        let is_behind =
            members::find(transaction, room, user)?.is_some_and(|member| member.read < mark);
        if is_behind {
            members::change(transaction, room, user, |member| member.read = mark)?;
            mentions::passed(transaction, room, user, mark)?;
        }
    }
    Ok(())
}

pub(super) fn notify(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
    notify: Notify,
) -> Result<bool, StorageError> {
    if notify == Notify::Nothing {
        mentions::forget_reminder(transaction, room, user)?;
    }
    let set = members::change(transaction, room, user, |member| member.notify = notify)?;
    Ok(set.is_some())
}

pub(super) fn card(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    room: RoomId,
    user: UserId,
    card: Option<String>,
) -> Result<bool, StorageError> {
    let sealed = |card: String| seal.seal(Bound::Membership(room, user), card.as_bytes());
    let card = card.map(sealed).transpose()?;
    let set = members::change(transaction, room, user, |member| member.card = card)?;
    Ok(set.is_some())
}

pub(super) fn confirm(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    user: UserId,
    announcement: EntryId,
) -> Result<bool, StorageError> {
    let data = RoomData::find(transaction, room)?;
    if data.is_none_or(|data| data.announcement != Some(announcement)) {
        return Ok(false);
    }
    let set = members::change(transaction, room, user, |member| {
        member.confirmed = announcement;
    })?;
    Ok(set.is_some())
}
