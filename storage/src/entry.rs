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
mod forms;
mod kind;
#[cfg(test)]
mod tests;

pub use kind::{
    Access, EntryKind, Mentions, Message, MessageChange, RoomChange, RoomRole, SharedFile,
};

use crate::error::StorageError;
use crate::keys::VALUE_BYTES_MAX;
use fields::{damaged, put_varint, take_bytes, take_length};
use forms::{decode, encode};
use qunliao_protocol::{EntryId, UserId};

/// An entry before it has its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// When, in milliseconds since the epoch.
    pub time: u64,
    /// What it is.
    pub kind: EntryKind,
    /// Who made it.
    pub author: UserId,
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
    /// The room's messages up to and including this entry.
    pub messages: u64,
}

impl Entry {
    fn read(id: EntryId, bytes: &[u8]) -> Result<Self, StorageError> {
        let (content, messages) = decode(bytes)?;
        Ok(Self {
            id,
            content,
            // In the first formats every entry was a message.
            messages: messages.unwrap_or(id.0),
        })
    }
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

/// Packs entries into as few records as they fit into. `messages` is how many the
/// room had before.
pub(crate) fn pack(entries: &[NewEntry], mut messages: u64) -> Vec<Packed> {
    let mut records: Vec<Packed> = Vec::new();
    let mut open: Option<Packed> = None;
    for (offset, entry) in (0..).zip(entries) {
        messages += u64::from(matches!(entry.kind, EntryKind::Message(_)));
        let framed = frame(&encode(entry, messages));
        if 1 + framed.len() > VALUE_BYTES_MAX {
            records.extend(open.take());
            let chunks = chunks_of(&framed).zip(0..);
            records.extend(chunks.map(|(value, chunk)| Packed {
                offset,
                chunk,
                value,
            }));
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

/// An entry's bytes with their length before them.
fn frame(bytes: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(bytes.len() + 4);
    put_varint(bytes.len() as u64, &mut framed);
    framed.extend_from_slice(bytes);
    framed
}

fn chunks_of(framed: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let chunks = framed.chunks(VALUE_BYTES_MAX - 1).enumerate();
    chunks.map(|(at, bytes)| {
        let form = if at == 0 { FIRST_CHUNK } else { NEXT_CHUNK };
        [&[form], bytes].concat()
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
                let mut offset = 0;
                while !rest.is_empty() {
                    let length = take_length(&mut rest)?;
                    let bytes = take_bytes(&mut rest, length)?;
                    let id = first.0.checked_add(offset).ok_or_else(damaged)?;
                    out.push(Entry::read(EntryId(id), bytes)?);
                    offset += 1;
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
            std::cmp::Ordering::Equal => out.push(Entry::read(id, &bytes)?),
            std::cmp::Ordering::Greater => return Err(damaged()),
        }
        Ok(())
    }
}

/// The records of one beginning without what the entry at `offset` said. There are
/// no more of them than before.
pub(crate) fn scrub(values: &[Vec<u8>], offset: u64) -> Result<Vec<Vec<u8>>, StorageError> {
    let (form, mut rest) = values
        .first()
        .and_then(|value| value.split_first())
        .ok_or_else(damaged)?;
    if *form == PACKED {
        let mut scrubbed = vec![PACKED];
        let mut at = 0;
        while !rest.is_empty() {
            let length = take_length(&mut rest)?;
            let bytes = take_bytes(&mut rest, length)?;
            if at == offset {
                scrubbed.extend(frame(&forms::scrub(bytes)?));
            } else {
                scrubbed.extend(frame(bytes));
            }
            at += 1;
        }
        return Ok(vec![scrubbed]);
    }
    let chunks = values
        .iter()
        .map(|value| value.get(1..).unwrap_or_default());
    let framed = chunks.collect::<Vec<_>>().concat();
    let mut rest = framed.as_slice();
    let length = take_length(&mut rest)?;
    let framed = frame(&forms::scrub(take_bytes(&mut rest, length)?)?);
    if 1 + framed.len() > VALUE_BYTES_MAX {
        return Ok(chunks_of(&framed).collect());
    }
    Ok(vec![[&[PACKED], framed.as_slice()].concat()])
}
