//! Reminders of mentions and direct messages that somebody has left unread for long.
//! There is one at most for each member of a room; it waits from the first message
//! that means them, and goes when they have read it.

use super::{members, mentions};
use crate::error::StorageError;
use crate::keys;
use crate::store::Store;
use crate::transaction::{Read, Transaction};
use async_trait::async_trait;
use qunliao_protocol::{EntryId, RoomId, UserId};

/// Something that somebody has left unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Whom to remind.
    pub user: UserId,
    /// Of a message in this room.
    pub room: RoomId,
    /// The first that means them and that they have not read.
    pub entry: EntryId,
    /// When it came, in milliseconds since the epoch.
    pub time: u64,
    /// How many such messages there are by now, up to
    /// [`MENTIONS_COUNTED_MAX`](super::MENTIONS_COUNTED_MAX).
    pub count: u64,
}

/// The reminders that wait.
#[async_trait]
pub trait Reminders: Send + Sync {
    /// Takes reminders of messages that came before this time (milliseconds since the
    /// epoch), the oldest first. They are gone once it answers, so each is told of at
    /// most once; the next message that means the same user begins another.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn take_due(&self, before: u64, limit: usize) -> Result<Vec<Reminder>, StorageError>;
}

#[async_trait]
impl Reminders for Store {
    async fn take_due(&self, before: u64, limit: usize) -> Result<Vec<Reminder>, StorageError> {
        self.writer
            .transact(move |transaction| take_due(transaction, before, limit))
            .await
    }
}

fn take_due(
    transaction: &mut Transaction<'_>,
    before: u64,
    limit: usize,
) -> Result<Vec<Reminder>, StorageError> {
    let (from, to) = keys::reminders_before(before);
    let mut due = Vec::new();
    for (key, _) in transaction.scan(&from, &to, false, limit)? {
        let (user, room) = keys::last_two_numbers(&key)?;
        let (user, room) = (UserId(user), RoomId(room));
        let reminder = mentions::forget_reminder(transaction, room, user)?;
        let reminder = reminder.ok_or_else(|| StorageError::damaged("a reminder of nothing"))?;
        let membership = members::find(transaction, room, user)?;
        let mark = membership.map_or(EntryId(0), |membership| membership.read);
        due.push(Reminder {
            user,
            room,
            entry: reminder.entry,
            time: reminder.time,
            count: mentions::count(transaction, room, user, mark)?,
        });
    }
    Ok(due)
}
