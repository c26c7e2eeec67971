//! A line: an entry with the names of those it speaks of, as readers are shown it.

use crate::admission::ConnectionId;
use crate::words;
use qunliao_protocol::chat::{
    ChangeFrame, EntryBody, EntryFrame, FileFrame, Mentioned, MessageFrame, NamedFrame, RoomFrame,
    State,
};
use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::EntryKind;
use qunliao_storage::{Mentions, Message, MessageChange, RoomChange};

/// Something that happened in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place in the room.
    pub id: EntryId,
    /// When, in milliseconds since the epoch.
    pub time: u64,
    /// Who.
    pub author: UserId,
    /// Under which name.
    pub name: String,
    /// What.
    pub kind: EntryKind,
    /// The name of whoever it concerns besides: see [`other`].
    pub other: Option<String>,
    /// The author's own id for it.
    pub client_message_id: Option<String>,
    /// Through which connection, and its number of the post; unknown when the
    /// line was read from the log.
    pub from: Option<(ConnectionId, u64)>,
}

/// Whom an entry concerns besides its author: whom a change of the room is about, or
/// who had said what is forwarded.
#[must_use]
pub fn other(kind: &EntryKind) -> Option<UserId> {
    match kind {
        EntryKind::Message(message) => message.forwarded_from,
        EntryKind::Room(change) => match change {
            RoomChange::Created { with, .. } => *with,
            RoomChange::Invited(user)
            | RoomChange::Kicked(user)
            | RoomChange::Banned(user)
            | RoomChange::Unbanned(user)
            | RoomChange::Unmuted(user)
            | RoomChange::Muted { user, .. }
            | RoomChange::RoleGiven { user, .. } => Some(*user),
            RoomChange::Joined
            | RoomChange::Left
            | RoomChange::Titled(_)
            | RoomChange::Announced(_) => None,
        },
        EntryKind::Change { .. } | EntryKind::Unknown(_) => None,
    }
}

impl Line {
    /// Whether it is something that someone said.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(self.kind, EntryKind::Message(_))
    }

    /// Whether it shows a file, which clients of the origin are told of in words.
    pub(super) fn shows_file(&self) -> bool {
        matches!(
            &self.kind,
            EntryKind::Message(Message { file: Some(_), .. })
        )
    }

    /// Whether clients of the origin are told of it.
    pub(super) fn is_for_plain(&self, room: RoomId) -> bool {
        let says = matches!(&self.kind, EntryKind::Message(message) if !message.recalled);
        says && room == RoomId::LOBBY
    }

    /// As it travels. `state` is what became of a message, for those who ask later.
    #[must_use]
    pub fn frame<'a>(&'a self, room: RoomId, state: State<'a>, to_author: bool) -> EntryFrame<'a> {
        EntryFrame {
            room,
            id: self.id,
            time: self.time,
            user: self.author,
            name: &self.name,
            body: self.body(state),
            client_message_id: self.client_message_id.as_deref().filter(|_| to_author),
        }
    }

    fn body<'a>(&'a self, state: State<'a>) -> EntryBody<'a> {
        match &self.kind {
            EntryKind::Message(message) => EntryBody::Message(self.message(message, state)),
            EntryKind::Room(change) => EntryBody::Room(self.change(change)),
            EntryKind::Change { target, change } => EntryBody::Change {
                target: *target,
                change: change_frame(change),
            },
            EntryKind::Unknown(_) => EntryBody::Unknown,
        }
    }

    fn message<'a>(&'a self, message: &'a Message, state: State<'a>) -> MessageFrame<'a> {
        MessageFrame {
            news: &message.text,
            reply_to: message.reply_to,
            mentions: mentioned(&message.mentions),
            file: message.file.as_ref().map(|file| FileFrame {
                id: file.id,
                name: &file.name,
                size: file.size,
                is_image: file.is_image,
            }),
            forwarded: message.forwarded_from.map(|user| self.other(user)),
            recalled: message.recalled,
            state,
        }
    }

    fn change<'a>(&'a self, change: &'a RoomChange) -> RoomFrame<'a> {
        match change {
            RoomChange::Created {
                access,
                title,
                with,
            } => RoomFrame::Created {
                access: words::access(*access),
                title,
                with: with.map(|user| self.other(user)),
            },
            RoomChange::Joined => RoomFrame::Joined,
            RoomChange::Left => RoomFrame::Left,
            RoomChange::Invited(user) => RoomFrame::Invited(self.other(*user)),
            RoomChange::Kicked(user) => RoomFrame::Kicked(self.other(*user)),
            RoomChange::Banned(user) => RoomFrame::Banned(self.other(*user)),
            RoomChange::Unbanned(user) => RoomFrame::Unbanned(self.other(*user)),
            RoomChange::Muted { user, until } => RoomFrame::Muted {
                subject: self.other(*user),
                until: *until,
            },
            RoomChange::Unmuted(user) => RoomFrame::Unmuted(self.other(*user)),
            RoomChange::RoleGiven { user, role } => RoomFrame::Role {
                subject: self.other(*user),
                role: words::role(*role),
            },
            RoomChange::Titled(title) => RoomFrame::Title(title),
            RoomChange::Announced(text) => RoomFrame::Announce(text),
        }
    }

    fn other(&self, user: UserId) -> NamedFrame<'_> {
        NamedFrame {
            user,
            name: self.other.as_deref().unwrap_or_default(),
        }
    }
}

fn change_frame(change: &MessageChange) -> ChangeFrame<'_> {
    match change {
        MessageChange::Recalled => ChangeFrame::Recall,
        MessageChange::Edited { text, mentions } => ChangeFrame::Edit {
            news: text,
            mentions: mentioned(mentions),
        },
        MessageChange::Reacted(emoji) => ChangeFrame::React(emoji),
        MessageChange::Unreacted(emoji) => ChangeFrame::Unreact(emoji),
        MessageChange::Pinned => ChangeFrame::Pin,
        MessageChange::Unpinned => ChangeFrame::Unpin,
    }
}

fn mentioned(mentions: &Mentions) -> Mentioned<'_> {
    Mentioned {
        everyone: mentions.everyone,
        users: &mentions.users,
    }
}
