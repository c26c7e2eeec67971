//! What the index is fed with.

use qunliao_protocol::{EntryId, FileId, RoomId, UserId};

/// A change to what can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message was said or edited: this replaces what was known of it.
    Message(Message),
    /// A file was shared or renamed: this replaces what was known of it.
    File(FileName),
    /// A message was recalled.
    ForgetMessage {
        /// The room it was said in.
        room: RoomId,
        /// Which one.
        entry: EntryId,
    },
    /// A file was withdrawn from a room.
    ForgetFile {
        /// The room.
        room: RoomId,
        /// Which one.
        file: FileId,
    },
    /// A room was deleted, with all that was in it.
    ForgetRoom(RoomId),
}

/// A message that can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The room it was said in.
    pub room: RoomId,
    /// Its place in the room's log.
    pub entry: EntryId,
    /// When it was said, in milliseconds since 1970.
    pub time: u64,
    /// Who said it.
    pub author: UserId,
    /// Its text; the first [`TEXT_CHARS_MAX`](crate::TEXT_CHARS_MAX) characters are
    /// found.
    pub text: String,
}

/// A file that can be found by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// The room it is shared in.
    pub room: RoomId,
    /// Which one.
    pub file: FileId,
    /// When it was shared, in milliseconds since 1970.
    pub time: u64,
    /// Whose it is.
    pub owner: UserId,
    /// Its name.
    pub name: String,
}

/// How far the index has read: whatever its follower needs to go on.
///
/// The index keeps it with the changes, and does not look into it. It is written anew
/// with every batch, so it should stay below some hundred kilobytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(pub Vec<u8>);

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A message.
    Entry(EntryId),
    /// A file, by its name.
    File(FileId),
}

impl Item {
    /// The number that stands for it in the index.
    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Entry(entry) => entry.0 << 1,
            Self::File(file) => file.0 << 1 | 1,
        }
    }

    /// What a number stands for.
    pub(crate) fn of_number(number: u64) -> Self {
        match number & 1 {
            0 => Self::Entry(EntryId(number >> 1)),
            _ => Self::File(FileId(number >> 1)),
        }
    }

    /// Whether it is a file.
    pub(crate) fn is_file(self) -> bool {
        matches!(self, Self::File(_))
    }
}

/// Where something stands among all that can be found: by time, what is of one moment
/// by room and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// When it was said or shared, in milliseconds since 1970.
    pub time: u64,
    /// The room.
    pub room: RoomId,
    /// What it is.
    pub item: Item,
}
