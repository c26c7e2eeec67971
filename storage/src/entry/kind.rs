//! What an entry can be: something said, a change of the room, or a change of
//! something said earlier. All of it is in the log, so whoever reads on from an entry
//! misses nothing of what others see.

use qunliao_protocol::{EntryId, FileId, UserId};
use serde::{Deserialize, Serialize};

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Someone said something.
    Message(Message),
    /// The room changed, or who is in it.
    Room(RoomChange),
    /// An earlier message changed.
    Change {
        /// The message.
        target: EntryId,
        /// How.
        change: MessageChange,
    },
    /// A kind of a later version: kept, not understood.
    Unknown(u64),
}

/// Something that someone said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The words. Empty once recalled.
    pub text: String,
    /// The earlier entry that it answers.
    pub reply_to: Option<EntryId>,
    /// Who is meant.
    pub mentions: Mentions,
    /// The file that it shows.
    pub file: Option<SharedFile>,
    /// Who had said it in another room, from where it was forwarded.
    pub forwarded_from: Option<UserId>,
    /// Whether it was recalled: then nothing of what it said is kept.
    pub recalled: bool,
}

/// Whom a message means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Everyone in the room.
    pub everyone: bool,
    /// These, each once.
    pub users: Vec<UserId>,
}

/// A file of the room's, as a message shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFile {
    /// Which version of which file.
    pub id: FileId,
    /// Its label when it was shown.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Whether to show it as a picture.
    pub is_image: bool,
}

/// Who may come into a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everyone with an account is in it, always: the lobby.
    Everyone,
    /// Whoever finds it.
    Open,
    /// Whoever is invited.
    Closed,
    /// Two people, for ever.
    Direct,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomRole {
    /// Speak.
    #[default]
    Member,
    /// Keep order.
    Admin,
    /// All of it. A room that is neither direct nor the lobby has one.
    Owner,
}

/// A change of a room, made by the author of its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomChange {
    /// The room began; the author owns it. Always its first entry, save in the lobby.
    Created {
        /// Who may come in.
        access: Access,
        /// Its title; empty for a direct one.
        title: String,
        /// The other one of a direct room.
        with: Option<UserId>,
    },
    /// The author came in.
    Joined,
    /// The author left.
    Left,
    /// The author brought someone in.
    Invited(UserId),
    /// Someone has to leave, and may come back.
    Kicked(UserId),
    /// Someone has to leave, if in, and may not come back.
    Banned(UserId),
    /// Someone may come back.
    Unbanned(UserId),
    /// Someone may not speak for a while.
    Muted {
        /// Who.
        user: UserId,
        /// Until when, in milliseconds since the epoch.
        until: u64,
    },
    /// Someone may speak again.
    Unmuted(UserId),
    /// Someone has another role. Who makes another owner is an admin afterwards.
    RoleGiven {
        /// Who.
        user: UserId,
        /// Which.
        role: RoomRole,
    },
    /// The room has another title.
    Titled(String),
    /// Something was announced, in the place of what had been before; empty: nothing is.
    Announced(String),
}

/// A change of an earlier message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageChange {
    /// It was recalled, and what it said is gone.
    Recalled,
    /// It says something else now.
    Edited {
        /// The words. Empty once the message was recalled.
        text: String,
        /// Who is meant.
        mentions: Mentions,
    },
    /// The author of the entry reacted to it.
    Reacted(String),
    /// The author of the entry took a reaction back.
    Unreacted(String),
    /// It was pinned.
    Pinned,
    /// It was unpinned.
    Unpinned,
}

impl EntryKind {
    /// A message of words alone.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Message(Message {
            text: text.into(),
            ..Message::default()
        })
    }

    /// Bytes of text in it, which is most of what it weighs.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Message(message) => {
                let name = message.file.as_ref().map_or(0, |file| file.name.len());
                message.text.len() + name
            }
            Self::Room(
                RoomChange::Created { title: text, .. }
                | RoomChange::Titled(text)
                | RoomChange::Announced(text),
            )
            | Self::Change {
                change:
                    MessageChange::Edited { text, .. }
                    | MessageChange::Reacted(text)
                    | MessageChange::Unreacted(text),
                ..
            } => text.len(),
            Self::Room(_) | Self::Change { .. } | Self::Unknown(_) => 0,
        }
    }
}
