//! How one entry lies in its bytes: a sequence of fields, each a tag (one byte), a
//! length (varint) and bytes; integers are varints. A reader skips tags that it
//! does not know, so a field can be added without a new format. `entry/forms.rs`
//! tells which kind of entry has which of them.

use crate::error::StorageError;
use qunliao_protocol::{EntryId, FileId, UserId};

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    Time = 1,
    Kind = 2,
    Author = 3,
    Text = 4,
    ClientMessageId = 5,
    /// The room's messages up to and including this entry.
    Messages = 6,
    ReplyTo = 7,
    /// Users, one varint after the other.
    Mentions = 8,
    /// Nothing: its being there is what it says, as with [`Tag::Recalled`].
    MentionsEveryone = 9,
    /// Fields of its own, see [`FileTag`].
    File = 10,
    ForwardedFrom = 11,
    Recalled = 12,
    /// Whom it happened to.
    User = 13,
    Until = 14,
    Role = 15,
    Access = 16,
    Target = 17,
}

/// What a field of a shared file is.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum FileTag {
    Id = 1,
    Name = 2,
    Size = 3,
    IsImage = 4,
}

/// Fields in the making.
#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.0.push(tag);
        put_varint(bytes.len() as u64, &mut self.0);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, tag: Tag, text: &str) {
        self.bytes(tag as u8, text.as_bytes());
    }

    pub(super) fn number(&mut self, tag: Tag, number: u64) {
        self.numbers(tag as u8, [number]);
    }

    pub(super) fn numbers(&mut self, tag: u8, numbers: impl IntoIterator<Item = u64>) {
        let mut bytes = Vec::with_capacity(10);
        for number in numbers {
            put_varint(number, &mut bytes);
        }
        self.bytes(tag, &bytes);
    }

    pub(super) fn mark(&mut self, tag: u8) {
        self.bytes(tag, &[]);
    }
}

/// Shows `look` every field, its tag and its bytes.
pub(super) fn each(
    mut bytes: &[u8],
    mut look: impl FnMut(u8, &[u8]) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    while let Some((tag, rest)) = bytes.split_first() {
        bytes = rest;
        let length = take_length(&mut bytes)?;
        look(*tag, take_bytes(&mut bytes, length)?)?;
    }
    Ok(())
}

/// The fields of an entry, as far as they are there.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) time: Option<u64>,
    pub(super) kind: Option<u64>,
    pub(super) author: Option<UserId>,
    pub(super) text: String,
    pub(super) client_message_id: Option<String>,
    pub(super) messages: Option<u64>,
    pub(super) reply_to: Option<EntryId>,
    pub(super) mentions: Vec<UserId>,
    pub(super) mentions_everyone: bool,
    pub(super) file: Option<FileFields>,
    pub(super) forwarded_from: Option<UserId>,
    pub(super) recalled: bool,
    pub(super) user: Option<UserId>,
    pub(super) until: Option<u64>,
    pub(super) role: Option<u64>,
    pub(super) access: Option<u64>,
    pub(super) target: Option<EntryId>,
}

/// The fields of a shared file.
#[derive(Default)]
pub(super) struct FileFields {
    pub(super) id: Option<FileId>,
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) is_image: bool,
}

impl Fields {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, StorageError> {
        let mut fields = Self::default();
        each(bytes, |tag, field| fields.take(tag, field))?;
        Ok(fields)
    }

    fn take(&mut self, tag: u8, field: &[u8]) -> Result<(), StorageError> {
        const TIME: u8 = Tag::Time as u8;
        const KIND: u8 = Tag::Kind as u8;
        const AUTHOR: u8 = Tag::Author as u8;
        const TEXT: u8 = Tag::Text as u8;
        const CLIENT_MESSAGE_ID: u8 = Tag::ClientMessageId as u8;
        const MESSAGES: u8 = Tag::Messages as u8;
        const REPLY_TO: u8 = Tag::ReplyTo as u8;
        const MENTIONS: u8 = Tag::Mentions as u8;
        const MENTIONS_EVERYONE: u8 = Tag::MentionsEveryone as u8;
        const FILE: u8 = Tag::File as u8;
        const FORWARDED_FROM: u8 = Tag::ForwardedFrom as u8;
        const RECALLED: u8 = Tag::Recalled as u8;
        const USER: u8 = Tag::User as u8;
        const UNTIL: u8 = Tag::Until as u8;
        const ROLE: u8 = Tag::Role as u8;
        const ACCESS: u8 = Tag::Access as u8;
        const TARGET: u8 = Tag::Target as u8;
        match tag {
            TIME => self.time = Some(number(field)?),
            KIND => self.kind = Some(number(field)?),
            AUTHOR => self.author = Some(UserId(number(field)?)),
            TEXT => self.text = utf8(field)?,
            CLIENT_MESSAGE_ID => self.client_message_id = Some(utf8(field)?),
            MESSAGES => self.messages = Some(number(field)?),
            REPLY_TO => self.reply_to = Some(EntryId(number(field)?)),
            MENTIONS => self.mentions = users(field)?,
            MENTIONS_EVERYONE => self.mentions_everyone = true,
            FILE => self.file = Some(FileFields::read(field)?),
            FORWARDED_FROM => self.forwarded_from = Some(UserId(number(field)?)),
            RECALLED => self.recalled = true,
            USER => self.user = Some(UserId(number(field)?)),
            UNTIL => self.until = Some(number(field)?),
            ROLE => self.role = Some(number(field)?),
            ACCESS => self.access = Some(number(field)?),
            TARGET => self.target = Some(EntryId(number(field)?)),
            _ => {}
        }
        Ok(())
    }
}

impl FileFields {
    fn read(bytes: &[u8]) -> Result<Self, StorageError> {
        const ID: u8 = FileTag::Id as u8;
        const NAME: u8 = FileTag::Name as u8;
        const SIZE: u8 = FileTag::Size as u8;
        const IS_IMAGE: u8 = FileTag::IsImage as u8;
        let mut file = Self::default();
        each(bytes, |tag, field| {
            match tag {
                ID => file.id = Some(FileId(number(field)?)),
                NAME => file.name = utf8(field)?,
                SIZE => file.size = number(field)?,
                IS_IMAGE => file.is_image = true,
                _ => {}
            }
            Ok(())
        })?;
        Ok(file)
    }
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

fn number(mut field: &[u8]) -> Result<u64, StorageError> {
    take_varint(&mut field)
}

fn users(mut field: &[u8]) -> Result<Vec<UserId>, StorageError> {
    let mut users = Vec::new();
    while !field.is_empty() {
        users.push(UserId(take_varint(&mut field)?));
    }
    Ok(users)
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
