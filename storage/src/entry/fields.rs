//! How one entry lies in its bytes: a sequence of fields, each a tag (one byte), a
//! length (varint) and bytes; integers are varints. A reader skips tags that it
//! does not know, so a field can be added without a new format.

use super::{EntryKind, NewEntry};
use crate::error::StorageError;
use qunliao_protocol::UserId;

const TAG_TIME: u8 = 1;
const TAG_KIND: u8 = 2;
const TAG_AUTHOR: u8 = 3;
const TAG_TEXT: u8 = 4;
const TAG_CLIENT_MESSAGE_ID: u8 = 5;

const KIND_TEXT: u64 = 1;

pub(super) fn encode(entry: &NewEntry) -> Vec<u8> {
    let mut out = Vec::with_capacity(entry.text.len() + 32);
    let kind = match entry.kind {
        EntryKind::Text => KIND_TEXT,
        EntryKind::Unknown(kind) => kind,
    };
    for (tag, number) in [
        (TAG_TIME, entry.time),
        (TAG_KIND, kind),
        (TAG_AUTHOR, entry.author.0),
    ] {
        let mut bytes = Vec::with_capacity(10);
        put_varint(number, &mut bytes);
        put_field(tag, &bytes, &mut out);
    }
    put_field(TAG_TEXT, entry.text.as_bytes(), &mut out);
    if let Some(id) = &entry.client_message_id {
        put_field(TAG_CLIENT_MESSAGE_ID, id.as_bytes(), &mut out);
    }
    out
}

pub(super) fn decode(mut bytes: &[u8]) -> Result<NewEntry, StorageError> {
    let (mut time, mut kind, mut author) = (None, None, None);
    let (mut text, mut client_message_id) = (None, None);
    while let Some((tag, rest)) = bytes.split_first() {
        bytes = rest;
        let length = take_length(&mut bytes)?;
        let mut field = take_bytes(&mut bytes, length)?;
        match *tag {
            TAG_TIME => time = Some(take_varint(&mut field)?),
            TAG_KIND => kind = Some(take_varint(&mut field)?),
            TAG_AUTHOR => author = Some(UserId(take_varint(&mut field)?)),
            TAG_TEXT => text = Some(utf8(field)?),
            TAG_CLIENT_MESSAGE_ID => client_message_id = Some(utf8(field)?),
            _ => {}
        }
    }
    Ok(NewEntry {
        time: time.ok_or_else(damaged)?,
        kind: match kind.ok_or_else(damaged)? {
            KIND_TEXT => EntryKind::Text,
            other => EntryKind::Unknown(other),
        },
        author: author.ok_or_else(damaged)?,
        text: text.unwrap_or_default(),
        client_message_id,
    })
}

fn put_field(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// LEB128, as in Protocol Buffers: seven bits a byte, the lowest first.
pub(super) fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Result<u64, StorageError> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or_else(damaged)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(damaged())
}

pub(super) fn take_length(bytes: &mut &[u8]) -> Result<usize, StorageError> {
    usize::try_from(take_varint(bytes)?).map_err(|_| damaged())
}

pub(super) fn take_bytes<'a>(
    bytes: &mut &'a [u8],
    length: usize,
) -> Result<&'a [u8], StorageError> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or_else(damaged)?;
    *bytes = rest;
    Ok(taken)
}

fn utf8(bytes: &[u8]) -> Result<String, StorageError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| damaged())
}

pub(super) fn damaged() -> StorageError {
    StorageError::damaged("an entry of a log cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_a_later_version_is_skipped() {
        let entry = NewEntry {
            time: 1_700_000_000_000,
            kind: EntryKind::Text,
            author: UserId(300),
            text: "hi".into(),
            client_message_id: None,
        };
        let mut bytes = encode(&entry);
        put_field(200, b"later", &mut bytes);
        assert_eq!(decode(&bytes).unwrap(), entry);
    }
}
