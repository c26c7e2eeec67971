//! An entry as a client reads it.

use super::super::{Access, Mentions, RoomRole, SAY, room_text};
use crate::ids::{EntryId, FileId, RoomId, UserId};
use crate::reply::Speaker;
use serde::{Deserialize, Serialize};

/// What an entry is. A kind that a client does not know is to be counted and passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "EntryFrame says what each one is")]
pub enum Kind {
    #[default]
    Text,
    File,
    Image,
    Created,
    Joined,
    Left,
    Invited,
    Kicked,
    Banned,
    Unbanned,
    Muted,
    Unmuted,
    Role,
    Title,
    Announce,
    Recall,
    Edit,
    React,
    Unreact,
    Pin,
    Unpin,
    #[serde(other)]
    Unknown,
}

/// An entry. Which keys are there is up to its kind; see
/// [`EntryFrame`](super::EntryFrame).
///
/// From a server that knows the origin alone come the name and the words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// 0 for messages, 3 for changes of a room, 6 for changes of messages.
    pub op: u64,
    /// Who made it, under `args` on the wire.
    #[serde(rename = "args")]
    pub speaker: Speaker,
    /// Who made it; 0 from a server that does not tell.
    #[serde(default)]
    pub user: UserId,
    /// What was said, announced, or put in the place of what was said.
    #[serde(default)]
    pub news: String,
    /// Where.
    #[serde(default = "lobby", with = "room_text")]
    pub room: RoomId,
    /// Its number in the room; 0 from a server that does not number.
    #[serde(default)]
    pub id: EntryId,
    /// When, in milliseconds since the epoch.
    #[serde(default)]
    pub time: u64,
    /// What it is.
    #[serde(default)]
    pub kind: Kind,
    /// The file that a message shows.
    pub file: Option<FileCard>,
    /// The entry that a message answers.
    pub reply_to: Option<EntryId>,
    /// Whom a message means.
    #[serde(default)]
    pub mentions: Mentions,
    /// Who had said a message in another room.
    pub forwarded: Option<Named>,
    /// Whether a message was recalled.
    #[serde(default)]
    pub recalled: bool,
    /// In histories: the entry that edited a message last.
    pub edited: Option<EntryId>,
    /// In histories: reactions to a message.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
    /// In histories: whether a message is pinned.
    #[serde(default)]
    pub pinned: bool,
    /// Who else is meant by a change of the room.
    pub subject: Option<UserId>,
    /// The name of that one.
    pub subject_name: Option<String>,
    /// Until when someone may not speak, in milliseconds since the epoch.
    pub until: Option<u64>,
    /// Someone's new role.
    pub role: Option<RoomRole>,
    /// The room's new title.
    pub title: Option<String>,
    /// Who may come into a new room.
    pub access: Option<Access>,
    /// The message that was changed.
    pub target: Option<EntryId>,
    /// The reaction that was made or taken back.
    pub emoji: Option<String>,
    /// On other connections of the author: the id that the author's client gave it.
    pub client_message_id: Option<String>,
}

fn lobby() -> RoomId {
    RoomId::LOBBY
}

/// A file that a message shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCard {
    /// Which.
    pub id: FileId,
    /// Its label when it was shown.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// A user, by id and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The id.
    pub user: UserId,
    /// The name.
    pub name: String,
}

/// A reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Which.
    pub emoji: String,
    /// By how many.
    pub count: u64,
    /// Whether the reader is one of them.
    pub own: bool,
    /// Some of them.
    pub users: Vec<UserId>,
}

impl Entry {
    /// Whether it is something that someone said.
    #[must_use]
    pub fn is_message(&self) -> bool {
        self.op == SAY
    }
}
