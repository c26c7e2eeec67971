//! An entry of a room's log as it travels: pushed when it is made, and in histories
//! and search results, in one shape.
//!
//! The server borrows what it writes ([`EntryFrame`]); clients own what they read
//! ([`Entry`]). The origin's keys come first, and the frame of plain words is the
//! origin's with ours after them.

mod put;
mod read;
mod words;

pub use read::{Entry, FileCard, Kind, Named, Reaction};
pub use words::file_as_text;

use super::{Access, CHANGE, Mentioned, ROOMS, RoomRole, SAY};
use crate::ids::{EntryId, FileId, RoomId, UserId};
use serde::Serialize;

/// An entry, to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryFrame<'a> {
    /// The room.
    pub room: RoomId,
    /// Its id in the room.
    pub id: EntryId,
    /// When, in milliseconds since the epoch.
    pub time: u64,
    /// Who made it.
    pub user: UserId,
    /// Under which name.
    pub name: &'a str,
    /// What it is.
    pub body: EntryBody<'a>,
    /// The author's own id for it: for the author's own connections only.
    pub client_message_id: Option<&'a str>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryBody<'a> {
    /// Someone said something.
    Message(MessageFrame<'a>),
    /// The room changed, or who is in it.
    Room(RoomFrame<'a>),
    /// An earlier message changed.
    Change {
        /// The message.
        target: EntryId,
        /// How.
        change: ChangeFrame<'a>,
    },
    /// An entry of a later version of the server. It is told of, since ids are dense.
    Unknown,
}

/// Something that someone said. By default: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageFrame<'a> {
    /// The words; with a file, what is said of it. Empty once recalled.
    pub news: &'a str,
    /// The earlier entry that it answers.
    pub reply_to: Option<EntryId>,
    /// Whom it means.
    pub mentions: Mentioned<'a>,
    /// The file that it shows.
    pub file: Option<FileFrame<'a>>,
    /// Who had said it in another room.
    pub forwarded: Option<NamedFrame<'a>>,
    /// Whether it was recalled.
    pub recalled: bool,
    /// In histories and search results: what became of it.
    pub state: State<'a>,
}

/// A file that a message shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFrame<'a> {
    /// Which.
    pub id: FileId,
    /// Its label when it was shown.
    pub name: &'a str,
    /// Bytes.
    pub size: u64,
    /// Whether to show it as a picture.
    pub is_image: bool,
}

/// What became of a message until now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State<'a> {
    /// The entry that edited it last; `news` is what it says since.
    pub edited: Option<EntryId>,
    /// Reactions, in the order in which the first of each came.
    pub reactions: &'a [Reaction],
    /// Whether it is pinned.
    pub pinned: bool,
}

/// A user, by id and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NamedFrame<'a> {
    /// The id.
    pub user: UserId,
    /// The name.
    pub name: &'a str,
}

/// A change of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomFrame<'a> {
    /// The room began.
    Created {
        /// Who may come in.
        access: Access,
        /// Its title; empty for a direct one.
        title: &'a str,
        /// The other one of a direct room.
        with: Option<NamedFrame<'a>>,
    },
    /// The author came in.
    Joined,
    /// The author left.
    Left,
    /// The author brought someone in.
    Invited(NamedFrame<'a>),
    /// Someone had to leave.
    Kicked(NamedFrame<'a>),
    /// Someone had to leave, and may not come back.
    Banned(NamedFrame<'a>),
    /// Someone may come back.
    Unbanned(NamedFrame<'a>),
    /// Someone may not speak for a while.
    Muted {
        /// Who.
        subject: NamedFrame<'a>,
        /// Until when, in milliseconds since the epoch.
        until: u64,
    },
    /// Someone may speak again.
    Unmuted(NamedFrame<'a>),
    /// Someone has another role.
    Role {
        /// Who.
        subject: NamedFrame<'a>,
        /// Which.
        role: RoomRole,
    },
    /// The room has another title.
    Title(&'a str),
    /// Something was announced; empty: nothing is any more.
    Announce(&'a str),
}

/// A change of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeFrame<'a> {
    /// It was recalled.
    Recall,
    /// It says something else now.
    Edit {
        /// What. Empty once the message was recalled.
        news: &'a str,
        /// Whom it means now.
        mentions: Mentioned<'a>,
    },
    /// The author of the entry reacted to it.
    React(&'a str),
    /// The author of the entry took a reaction back.
    Unreact(&'a str),
    /// It was pinned.
    Pin,
    /// It was unpinned.
    Unpin,
}

impl EntryFrame<'_> {
    /// Its `op`.
    #[must_use]
    pub fn op(&self) -> u64 {
        match self.body {
            EntryBody::Message(_) => SAY,
            EntryBody::Room(_) | EntryBody::Unknown => ROOMS,
            EntryBody::Change { .. } => CHANGE,
        }
    }

    /// Its `kind`; [`Kind::Text`] is not written.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.body {
            EntryBody::Message(message) => match message.file {
                None => Kind::Text,
                Some(file) if file.is_image => Kind::Image,
                Some(_) => Kind::File,
            },
            EntryBody::Room(change) => change.kind(),
            EntryBody::Change { change, .. } => change.kind(),
            EntryBody::Unknown => Kind::Unknown,
        }
    }

    /// Whether a connection that knows the origin alone is told of it: of the lobby's
    /// messages, as long as they say something.
    #[must_use]
    pub fn is_for_plain(&self) -> bool {
        let says_something = matches!(self.body, EntryBody::Message(message) if !message.recalled);
        says_something && self.room == RoomId::LOBBY
    }
}

impl RoomFrame<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Created { .. } => Kind::Created,
            Self::Joined => Kind::Joined,
            Self::Left => Kind::Left,
            Self::Invited(_) => Kind::Invited,
            Self::Kicked(_) => Kind::Kicked,
            Self::Banned(_) => Kind::Banned,
            Self::Unbanned(_) => Kind::Unbanned,
            Self::Muted { .. } => Kind::Muted,
            Self::Unmuted(_) => Kind::Unmuted,
            Self::Role { .. } => Kind::Role,
            Self::Title(_) => Kind::Title,
            Self::Announce(_) => Kind::Announce,
        }
    }
}

impl ChangeFrame<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Recall => Kind::Recall,
            Self::Edit { .. } => Kind::Edit,
            Self::React(_) => Kind::React,
            Self::Unreact(_) => Kind::Unreact,
            Self::Pin => Kind::Pin,
            Self::Unpin => Kind::Unpin,
        }
    }
}
