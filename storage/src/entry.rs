//! Entries, and how they lie in records.
//!
//! A record holds as many entries as fit into [`VALUE_BYTES_MAX`]; one that does
//! not fit is cut into chunks. The first byte of a record says which:
//!
//! | first byte | then |
//! | --- | --- |
//! | 1 | entries, each with its length (varint) before it |
//! | 2 | first chunk: the length of the entry (varint), then its bytes |
//! | 3 | a further chunk: bytes |
//!
//! How one entry lies in its bytes is told in `entry/fields.rs`.

mod fields;

use crate::error::StorageError;
use crate::keys::VALUE_BYTES_MAX;
use fields::{damaged, decode, encode, put_varint, take_bytes, take_length};
use qunliao_protocol::{EntryId, UserId};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Something that someone said.
    Text,
    /// A kind of a later version: kept, not understood.
    Unknown(u64),
}

/// An entry before it has its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// When, in milliseconds since the epoch.
    pub time: u64,
    /// What it is.
    pub kind: EntryKind,
    /// Who made it.
    pub author: UserId,
    /// What was said.
    pub text: String,
    /// The author's own id for it.
    pub client_message_id: Option<String>,
}

/// An entry of a room's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log.
    pub id: EntryId,
    /// What it says.
    pub content: NewEntry,
}

const PACKED: u8 = 1;
const FIRST_CHUNK: u8 = 2;
const NEXT_CHUNK: u8 = 3;

/// A record's place and value: the offset of its first entry among the entries
/// that were packed, its chunk number, its bytes.
pub(crate) struct Packed {
    pub(crate) offset: u64,
    pub(crate) chunk: u16,
    pub(crate) value: Vec<u8>,
}

/// Packs entries into as few records as they fit into.
pub(crate) fn pack(entries: &[NewEntry]) -> Vec<Packed> {
    let mut records: Vec<Packed> = Vec::new();
    let mut open: Option<Packed> = None;
    for (offset, entry) in (0..).zip(entries) {
        let bytes = encode(entry);
        let mut framed = Vec::with_capacity(bytes.len() + 4);
        put_varint(bytes.len() as u64, &mut framed);
        framed.extend_from_slice(&bytes);
        if 1 + framed.len() > VALUE_BYTES_MAX {
            records.extend(open.take());
            records.extend(chunks(offset, &framed));
            continue;
        }
        let fits = |record: &Packed| record.value.len() + framed.len() <= VALUE_BYTES_MAX;
        if !open.as_ref().is_some_and(fits) {
            records.extend(open.take());
        }
        let record = open.get_or_insert_with(|| Packed {
            offset,
            chunk: 0,
            value: vec![PACKED],
        });
        record.value.extend_from_slice(&framed);
    }
    records.extend(open);
    records
}

fn chunks(offset: u64, framed: &[u8]) -> impl Iterator<Item = Packed> {
    framed
        .chunks(VALUE_BYTES_MAX - 1)
        .zip(0u16..)
        .map(move |(bytes, chunk)| {
            let form = if chunk == 0 { FIRST_CHUNK } else { NEXT_CHUNK };
            let mut value = vec![form];
            value.extend_from_slice(bytes);
            Packed {
                offset,
                chunk,
                value,
            }
        })
}

/// Puts records together again, in the order of their keys.
pub(crate) struct Unpacker {
    unfinished: Option<(EntryId, usize, Vec<u8>)>,
}

impl Unpacker {
    pub(crate) fn new() -> Self {
        Self { unfinished: None }
    }

    /// Whether the chunks so far lack their rest.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.unfinished.is_some()
    }

    /// Takes the record that lies under `first`, and appends what is whole.
    pub(crate) fn take(
        &mut self,
        first: EntryId,
        value: &[u8],
        out: &mut Vec<Entry>,
    ) -> Result<(), StorageError> {
        let (form, mut rest) = value.split_first().ok_or_else(damaged)?;
        match (*form, self.unfinished.take()) {
            (PACKED, None) if !rest.is_empty() => {
                let mut id = first;
                while !rest.is_empty() {
                    let length = take_length(&mut rest)?;
                    let bytes = take_bytes(&mut rest, length)?;
                    out.push(Entry {
                        id,
                        content: decode(bytes)?,
                    });
                    id = id.next();
                }
                Ok(())
            }
            (FIRST_CHUNK, None) => {
                let length = take_length(&mut rest)?;
                self.collect(first, length, rest.to_vec(), out)
            }
            (NEXT_CHUNK, Some((id, length, mut bytes))) if id == first => {
                bytes.extend_from_slice(rest);
                self.collect(first, length, bytes, out)
            }
            _ => Err(damaged()),
        }
    }

    fn collect(
        &mut self,
        id: EntryId,
        length: usize,
        bytes: Vec<u8>,
        out: &mut Vec<Entry>,
    ) -> Result<(), StorageError> {
        match bytes.len().cmp(&length) {
            std::cmp::Ordering::Less => self.unfinished = Some((id, length, bytes)),
            std::cmp::Ordering::Equal => out.push(Entry {
                id,
                content: decode(&bytes)?,
            }),
            std::cmp::Ordering::Greater => return Err(damaged()),
        }
        Ok(())
    }
}

/// How many entries a record holds, or is a part of.
pub(crate) fn count(value: &[u8]) -> Result<u64, StorageError> {
    let (form, mut rest) = value.split_first().ok_or_else(damaged)?;
    if *form != PACKED {
        return Ok(1);
    }
    let mut entries = 0;
    while !rest.is_empty() {
        let length = take_length(&mut rest)?;
        take_bytes(&mut rest, length)?;
        entries += 1;
    }
    if entries == 0 {
        return Err(damaged());
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(text: String) -> NewEntry {
        NewEntry {
            time: 1_700_000_000_000,
            kind: EntryKind::Text,
            author: UserId(300),
            text,
            client_message_id: None,
        }
    }

    fn unpack(records: &[Packed]) -> Vec<Entry> {
        let mut unpacker = Unpacker::new();
        let mut entries = Vec::new();
        for record in records {
            let first = EntryId(1 + record.offset);
            unpacker.take(first, &record.value, &mut entries).unwrap();
        }
        assert!(!unpacker.is_unfinished());
        entries
    }

    #[test]
    fn an_entry_lies_in_its_record_as_pinned() {
        let entry = NewEntry {
            client_message_id: Some("c".into()),
            ..entry("好".into())
        };
        let records = pack(&[entry]);
        let hex = crate::content::to_hex(&records[0].value);
        assert_eq!(
            hex,
            "01170106 80d095ffbc31 020101 0302ac02 0403e5a5bd 050163".replace(' ', "")
        );
    }

    proptest! {
        #[test]
        fn entries_of_any_length_survive_packing(lengths in prop::collection::vec(0usize..20_000, 0..12)) {
            let entries: Vec<NewEntry> = lengths.iter().map(|n| entry("x".repeat(*n))).collect();
            let records = pack(&entries);
            prop_assert!(records.iter().all(|record| record.value.len() <= VALUE_BYTES_MAX));
            let unpacked = unpack(&records);
            let ids: Vec<u64> = unpacked.iter().map(|entry| entry.id.0).collect();
            prop_assert_eq!(ids, (1..=entries.len() as u64).collect::<Vec<_>>());
            let contents: Vec<NewEntry> = unpacked.into_iter().map(|entry| entry.content).collect();
            prop_assert_eq!(contents, entries);
        }

        #[test]
        fn damaged_records_are_errors_and_not_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Unpacker::new().take(EntryId(1), &bytes, &mut Vec::new());
            let _ = count(&bytes);
        }
    }
}
