//! Reading a room's log: from its records, forward and backward.

use crate::engine::Pair;
use crate::entry::{Entry, Unpacker};
use crate::error::StorageError;
use crate::keys;
use crate::rooms::End;
use crate::transaction::{self, Read};
use qunliao_protocol::{EntryId, RoomId};

/// Records that one scan fetches.
const RECORDS_PER_SCAN: usize = 64;

/// Where the log ends.
pub(crate) fn end(read: &impl Read, room: RoomId) -> Result<End, StorageError> {
    let Some((key, _)) = read.last(&keys::entries_of(room))? else {
        return Ok(End::default());
    };
    let last = at(read, room, first_id(&key)?)?.pop();
    let last = last.ok_or_else(|| StorageError::damaged("a log ends within an entry"))?;
    if last.id.0 == u64::MAX {
        return Err(StorageError::damaged("a log's ids are at their end"));
    }
    Ok(End {
        last: last.id,
        time: last.content.time,
        messages: last.messages,
    })
}

/// The entry with this id.
pub(crate) fn entry(
    read: &impl Read,
    room: RoomId,
    id: EntryId,
) -> Result<Option<Entry>, StorageError> {
    let Some(first) = beginning(read, room, id)? else {
        return Ok(None);
    };
    let entries = at(read, room, first)?;
    Ok(entries.into_iter().find(|entry| entry.id == id))
}

/// How many messages there are up to and including this entry, which has to be there.
pub(crate) fn messages(read: &impl Read, room: RoomId, id: EntryId) -> Result<u64, StorageError> {
    if id.0 == 0 {
        return Ok(0);
    }
    let entry = entry(read, room, id)?;
    entry
        .map(|entry| entry.messages)
        .ok_or_else(|| StorageError::damaged("a log lacks an entry that was read"))
}

/// The entries after `after`, ascending; see [`crate::Log::page`].
pub(crate) fn page(
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
    let next = EntryId(after.0.saturating_add(1));
    let mut from = match beginning(read, room, next)? {
        Some(first) => keys::entry_by_room_seq(room, first, 0),
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
                    return Err(lacks_an_entry());
                }
                bytes += entry.content.kind.text_bytes();
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

/// The last entries before `before`, ascending: at most `entries_max`, and no more
/// once their texts reach `bytes_max` (but at least one).
pub(crate) fn page_before(
    read: &impl Read,
    room: RoomId,
    before: EntryId,
    entries_max: usize,
    bytes_max: usize,
) -> Result<Vec<Entry>, StorageError> {
    let (start, end) = keys::range(&keys::entries_of(room));
    let mut to = end.min(keys::entry_by_room_seq(room, before, 0));
    let mut bytes = 0;
    let mut newest_first: Vec<Entry> = Vec::new();
    // The records of one entry that is in chunks, or of several, in reverse.
    let mut records = Vec::new();
    while newest_first.len() < entries_max {
        let wanted = (entries_max - newest_first.len()).min(RECORDS_PER_SCAN);
        let found = read.scan(&start, &to, true, wanted)?;
        let Some((last, _)) = found.last() else {
            break;
        };
        to.clone_from(last);
        for (key, value) in found {
            let first = first_id(&key)?;
            let begins = is_first_chunk(&key);
            records.push((first, value));
            if !begins {
                continue;
            }
            for entry in unpack(records.drain(..).rev())?.into_iter().rev() {
                if entry.id >= before {
                    continue;
                }
                let newer = newest_first.last().map(|newer| newer.id.0);
                if newer.is_some_and(|newer| newer != entry.id.0 + 1) {
                    return Err(lacks_an_entry());
                }
                bytes += entry.content.kind.text_bytes();
                newest_first.push(entry);
                if newest_first.len() >= entries_max || bytes >= bytes_max {
                    newest_first.reverse();
                    return Ok(newest_first);
                }
            }
        }
    }
    if !records.is_empty() {
        return Err(StorageError::damaged("a log begins within an entry"));
    }
    newest_first.reverse();
    Ok(newest_first)
}

/// The first entry of the record that `id` lies in, if it is there.
pub(crate) fn beginning(
    read: &impl Read,
    room: RoomId,
    id: EntryId,
) -> Result<Option<EntryId>, StorageError> {
    let (start, _) = keys::range(&keys::entries_of(room));
    let (_, beyond) = keys::range(&keys::records_at(room, id));
    match read.scan(&start, &beyond, true, 1)?.pop() {
        Some((key, _)) => first_id(&key).map(Some),
        None => Ok(None),
    }
}

/// The entries that begin at `first` in one record, or the one that is in several.
fn at(read: &impl Read, room: RoomId, first: EntryId) -> Result<Vec<Entry>, StorageError> {
    let records = records_at(read, room, first)?;
    unpack(records.into_iter().map(|(_, value)| (first, value)))
}

/// The records that begin with the entry `first`: one of several entries, or the
/// chunks of one.
pub(crate) fn records_at(
    read: &impl Read,
    room: RoomId,
    first: EntryId,
) -> Result<Vec<Pair>, StorageError> {
    let (from, to) = keys::range(&keys::records_at(room, first));
    read.scan(&from, &to, false, usize::from(u16::MAX) + 1)
}

fn unpack(records: impl Iterator<Item = (EntryId, Vec<u8>)>) -> Result<Vec<Entry>, StorageError> {
    let mut unpacker = Unpacker::new();
    let mut entries = Vec::new();
    for (first, value) in records {
        unpacker.take(first, &value, &mut entries)?;
    }
    if unpacker.is_unfinished() {
        return Err(StorageError::damaged("a log lacks the rest of an entry"));
    }
    Ok(entries)
}

fn lacks_an_entry() -> StorageError {
    StorageError::damaged("a log lacks an entry")
}

/// Bytes of a key before the id of the first entry: the kind and the room.
const ROOM_END: usize = 1 + 8;

fn first_id(key: &[u8]) -> Result<EntryId, StorageError> {
    key.get(ROOM_END..ROOM_END + 8)
        .and_then(keys::number)
        .map(EntryId)
        .ok_or_else(|| StorageError::damaged("a log's key is too short"))
}

fn is_first_chunk(key: &[u8]) -> bool {
    key.ends_with(&[0, 0])
}
