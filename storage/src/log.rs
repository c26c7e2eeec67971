//! The rooms' logs: dense ids, durable before they are told.

use crate::entry::{self, Entry, NewEntry, Unpacker};
use crate::error::StorageError;
use crate::keys;
use crate::store::Store;
use crate::transaction::{self, Read};
use async_trait::async_trait;
use qunliao_protocol::{EntryId, RoomId};

/// Records that one scan fetches.
const RECORDS_PER_SCAN: usize = 64;

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

    /// The id of the room's last entry, 0 if there is none.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn last(&self, room: RoomId) -> Result<EntryId, StorageError>;

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
}

#[async_trait]
impl Log for Store {
    async fn append(
        &self,
        room: RoomId,
        expected_last: EntryId,
        entries: Vec<NewEntry>,
    ) -> Result<Result<(), Conflict>, StorageError> {
        self.writer
            .transact(move |transaction| {
                let last = last(transaction, room)?;
                if last != expected_last {
                    return Ok(Err(Conflict { last }));
                }
                for record in entry::pack(&entries) {
                    let first = EntryId(last.0 + 1 + record.offset);
                    let key = keys::entry_by_room_seq(room, first, record.chunk);
                    transaction.put(key, record.value)?;
                }
                Ok(Ok(()))
            })
            .await
    }

    async fn last(&self, room: RoomId) -> Result<EntryId, StorageError> {
        self.read(move |snapshot| last(snapshot, room)).await
    }

    async fn page(
        &self,
        room: RoomId,
        after: EntryId,
        entries_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, StorageError> {
        self.read(move |snapshot| page(snapshot, room, after, entries_max, bytes_max))
            .await
    }
}

fn last(read: &impl Read, room: RoomId) -> Result<EntryId, StorageError> {
    match read.last(&keys::entries_of(room))? {
        None => Ok(EntryId(0)),
        Some((key, value)) => {
            let others = entry::count(&value)? - 1;
            let last = first_id(&key)?.0.checked_add(others);
            last.map(EntryId)
                .ok_or_else(|| StorageError::damaged("a log's ids are at their end"))
        }
    }
}

fn page(
    read: &impl Read,
    room: RoomId,
    after: EntryId,
    entries_max: usize,
    bytes_max: usize,
) -> Result<Vec<Entry>, StorageError> {
    if entries_max == 0 {
        return Ok(Vec::new());
    }
    let (start, end) = keys::range(&keys::entries_of(room));
    // The first entry wanted may lie within a record that begins before it.
    let beyond = keys::entry_by_room_seq(room, EntryId(after.0.saturating_add(2)), 0);
    let mut from = match read.scan(&start, &beyond, true, 1)?.pop() {
        Some((key, _)) => keys::entry_by_room_seq(room, first_id(&key)?, 0),
        None => start,
    };
    let mut unpacker = Unpacker::new();
    let mut unpacked = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    let mut bytes = 0;
    loop {
        let records = read.scan(&from, &end, false, RECORDS_PER_SCAN)?;
        for (key, value) in &records {
            unpacker.take(first_id(key)?, value, &mut unpacked)?;
            for entry in unpacked.drain(..).filter(|entry| entry.id > after) {
                // Ids are dense: a hole would be a message that a reader never gets.
                if entry.id.0 != after.0 + 1 + entries.len() as u64 {
                    return Err(StorageError::damaged("a log lacks an entry"));
                }
                bytes += entry.content.text.len();
                entries.push(entry);
                if entries.len() >= entries_max || bytes >= bytes_max {
                    return Ok(entries);
                }
            }
        }
        match records.last() {
            Some((key, _)) if records.len() == RECORDS_PER_SCAN => from = transaction::after(key),
            _ if unpacker.is_unfinished() => {
                return Err(StorageError::damaged("a log ends within an entry"));
            }
            _ => return Ok(entries),
        }
    }
}

fn first_id(key: &[u8]) -> Result<EntryId, StorageError> {
    const ROOM_END: usize = 1 + 8;
    key.get(ROOM_END..ROOM_END + 8)
        .and_then(keys::number)
        .map(EntryId)
        .ok_or_else(|| StorageError::damaged("a log's key is too short"))
}
