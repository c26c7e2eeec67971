//! The rooms' logs: dense ids, durable before they are told.

pub(crate) mod reading;

use crate::entry::{self, Entry, NewEntry};
use crate::error::StorageError;
use crate::keys;
use crate::rooms::End;
use crate::rooms::projection::Projection;
use crate::seal::Seal;
use crate::store::Store;
use crate::transaction::Transaction;
use async_trait::async_trait;
use qunliao_protocol::{EntryId, RoomId};

/// The answer to an append that expected another end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The id of the last entry there is.
    pub last: EntryId,
}

/// The rooms' logs.
#[async_trait]
pub trait Log: Send + Sync {
    /// Appends `entries` after `expected_last`; they get the ids that follow it.
    /// Answers once they are durable, all of them or none.
    ///
    /// # Errors
    /// A [`StorageError`]; nothing of it will be shown to have happened.
    async fn append(
        &self,
        room: RoomId,
        expected_last: EntryId,
        entries: Vec<NewEntry>,
    ) -> Result<Result<(), Conflict>, StorageError>;

    /// Where the room's log ends.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn end(&self, room: RoomId) -> Result<End, StorageError>;

    /// The entries after `after`, ascending: at most `entries_max`, and no more
    /// once their texts reach `bytes_max` (but at least one).
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn page(
        &self,
        room: RoomId,
        after: EntryId,
        entries_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StorageError>;

    /// The entry with this id.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn entry(&self, room: RoomId, id: EntryId) -> Result<Option<Entry>, StorageError>;
}

#[async_trait]
impl Log for Store {
    async fn append(
        &self,
        room: RoomId,
        expected_last: EntryId,
        entries: Vec<NewEntry>,
    ) -> Result<Result<(), Conflict>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| append(transaction, &seal, room, expected_last, &entries))
            .await
    }

    async fn end(&self, room: RoomId) -> Result<End, StorageError> {
        self.read(move |snapshot| reading::end(snapshot, room))
            .await
    }

    async fn page(
        &self,
        room: RoomId,
        after: EntryId,
        entries_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StorageError> {
        self.read(move |snapshot| reading::page(snapshot, room, after, entries_max, bytes_max))
            .await
    }

    async fn entry(&self, room: RoomId, id: EntryId) -> Result<Option<Entry>, StorageError> {
        self.read(move |snapshot| reading::entry(snapshot, room, id))
            .await
    }
}

pub(crate) fn append(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    room: RoomId,
    expected_last: EntryId,
    entries: &[NewEntry],
) -> Result<Result<(), Conflict>, StorageError> {
    let end = reading::end(transaction, room)?;
    if end.last != expected_last {
        return Ok(Err(Conflict { last: end.last }));
    }
    for record in entry::pack(entries, end.messages) {
        let first = EntryId(end.last.0 + 1 + record.offset);
        let key = keys::entry_by_room_seq(room, first, record.chunk);
        transaction.put(key, record.value)?;
    }
    let mut projection = Projection::new(transaction, seal, room);
    for (id, entry) in (end.last.0 + 1..).zip(entries) {
        projection.carry_out(EntryId(id), entry)?;
    }
    Ok(Ok(()))
}

/// Takes out of an entry all that it says. The records of it only become shorter.
pub(crate) fn scrub(
    transaction: &mut Transaction<'_>,
    room: RoomId,
    id: EntryId,
) -> Result<(), StorageError> {
    let lacking = || StorageError::damaged("a log lacks an entry that is to be recalled");
    let first = reading::beginning(transaction, room, id)?.ok_or_else(lacking)?;
    let (keys, values): (Vec<_>, Vec<_>) = reading::records_at(transaction, room, first)?
        .into_iter()
        .unzip();
    let mut scrubbed = entry::scrub(&values, id.0 - first.0)?.into_iter();
    for key in keys {
        match scrubbed.next() {
            Some(value) => transaction.put(key, value)?,
            None => transaction.delete(key),
        }
    }
    Ok(())
}
