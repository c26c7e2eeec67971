//! Which kind of entry has which number, and which fields.

use super::NewEntry;
use super::fields::{Fields, FileFields, FileTag, Tag, Writer, damaged, each};
use super::kind::{
    Access, EntryKind, Mentions, Message, MessageChange, RoomChange, RoomRole, SharedFile,
};
use crate::error::StorageError;
use qunliao_protocol::UserId;

/// The numbers of the kinds.
mod number {
    pub(super) const MESSAGE: u64 = 1;
    pub(super) const CREATED: u64 = 2;
    pub(super) const JOINED: u64 = 3;
    pub(super) const LEFT: u64 = 4;
    pub(super) const INVITED: u64 = 5;
    pub(super) const KICKED: u64 = 6;
    pub(super) const BANNED: u64 = 7;
    pub(super) const UNBANNED: u64 = 8;
    pub(super) const MUTED: u64 = 9;
    pub(super) const UNMUTED: u64 = 10;
    pub(super) const ROLE_GIVEN: u64 = 11;
    pub(super) const TITLED: u64 = 12;
    pub(super) const ANNOUNCED: u64 = 13;
    pub(super) const RECALLED: u64 = 32;
    pub(super) const EDITED: u64 = 33;
    pub(super) const REACTED: u64 = 34;
    pub(super) const UNREACTED: u64 = 35;
    pub(super) const PINNED: u64 = 36;
    pub(super) const UNPINNED: u64 = 37;
}

/// The fields of an entry after which a room has so many messages.
pub(super) fn encode(entry: &NewEntry, messages: u64) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(entry.kind.text_bytes() + 40));
    out.number(Tag::Time, entry.time);
    out.number(Tag::Kind, number_of(&entry.kind));
    out.number(Tag::Author, entry.author.0);
    out.number(Tag::Messages, messages);
    match &entry.kind {
        EntryKind::Message(message) => put_message(message, &mut out),
        EntryKind::Room(change) => put_room_change(change, &mut out),
        EntryKind::Change { target, change } => {
            out.number(Tag::Target, target.0);
            put_message_change(change, &mut out);
        }
        EntryKind::Unknown(_) => {}
    }
    if let Some(id) = &entry.client_message_id {
        out.text(Tag::ClientMessageId, id);
    }
    out.0
}

/// The entry of these fields, and how many messages the room has after it; the
/// first formats did not say that.
pub(super) fn decode(bytes: &[u8]) -> Result<(NewEntry, Option<u64>), StorageError> {
    let mut fields = Fields::read(bytes)?;
    let messages = fields.messages;
    let entry = NewEntry {
        time: fields.time.ok_or_else(damaged)?,
        author: fields.author.ok_or_else(damaged)?,
        client_message_id: fields.client_message_id.take(),
        kind: kind(fields)?,
    };
    Ok((entry, messages))
}

/// The fields of an entry without anything that it said. They are never longer.
pub(super) fn scrub(bytes: &[u8]) -> Result<Vec<u8>, StorageError> {
    let is_message = Fields::read(bytes)?.kind == Some(number::MESSAGE);
    let kept = [
        Tag::Time,
        Tag::Kind,
        Tag::Author,
        Tag::ClientMessageId,
        Tag::Messages,
        Tag::Target,
    ];
    let mut out = Writer::default();
    each(bytes, |tag, field| {
        if kept.iter().any(|kept| *kept as u8 == tag) {
            out.bytes(tag, field);
        }
        Ok(())
    })?;
    if is_message {
        // As long as the empty text that every other message has at least.
        out.mark(Tag::Recalled as u8);
    }
    Ok(out.0)
}

fn number_of(kind: &EntryKind) -> u64 {
    match kind {
        EntryKind::Message(_) => number::MESSAGE,
        EntryKind::Room(change) => match change {
            RoomChange::Created { .. } => number::CREATED,
            RoomChange::Joined => number::JOINED,
            RoomChange::Left => number::LEFT,
            RoomChange::Invited(_) => number::INVITED,
            RoomChange::Kicked(_) => number::KICKED,
            RoomChange::Banned(_) => number::BANNED,
            RoomChange::Unbanned(_) => number::UNBANNED,
            RoomChange::Muted { .. } => number::MUTED,
            RoomChange::Unmuted(_) => number::UNMUTED,
            RoomChange::RoleGiven { .. } => number::ROLE_GIVEN,
            RoomChange::Titled(_) => number::TITLED,
            RoomChange::Announced(_) => number::ANNOUNCED,
        },
        EntryKind::Change { change, .. } => match change {
            MessageChange::Recalled => number::RECALLED,
            MessageChange::Edited { .. } => number::EDITED,
            MessageChange::Reacted(_) => number::REACTED,
            MessageChange::Unreacted(_) => number::UNREACTED,
            MessageChange::Pinned => number::PINNED,
            MessageChange::Unpinned => number::UNPINNED,
        },
        EntryKind::Unknown(number) => *number,
    }
}

fn put_message(message: &Message, out: &mut Writer) {
    if message.recalled {
        out.mark(Tag::Recalled as u8);
    } else {
        out.text(Tag::Text, &message.text);
    }
    if let Some(earlier) = message.reply_to {
        out.number(Tag::ReplyTo, earlier.0);
    }
    put_mentions(&message.mentions, out);
    if let Some(file) = &message.file {
        let mut fields = Writer::default();
        fields.numbers(FileTag::Id as u8, [file.id.0]);
        fields.bytes(FileTag::Name as u8, file.name.as_bytes());
        fields.numbers(FileTag::Size as u8, [file.size]);
        if file.is_image {
            fields.mark(FileTag::IsImage as u8);
        }
        out.bytes(Tag::File as u8, &fields.0);
    }
    if let Some(user) = message.forwarded_from {
        out.number(Tag::ForwardedFrom, user.0);
    }
}

fn put_mentions(mentions: &Mentions, out: &mut Writer) {
    if !mentions.users.is_empty() {
        let users = mentions.users.iter().map(|user| user.0);
        out.numbers(Tag::Mentions as u8, users);
    }
    if mentions.everyone {
        out.mark(Tag::MentionsEveryone as u8);
    }
}

fn put_room_change(change: &RoomChange, out: &mut Writer) {
    match change {
        RoomChange::Created {
            access,
            title,
            with,
        } => {
            out.number(Tag::Access, access_number(*access));
            out.text(Tag::Text, title);
            if let Some(user) = with {
                out.number(Tag::User, user.0);
            }
        }
        RoomChange::Joined | RoomChange::Left => {}
        RoomChange::Invited(user)
        | RoomChange::Kicked(user)
        | RoomChange::Banned(user)
        | RoomChange::Unbanned(user)
        | RoomChange::Unmuted(user) => out.number(Tag::User, user.0),
        RoomChange::Muted { user, until } => {
            out.number(Tag::User, user.0);
            out.number(Tag::Until, *until);
        }
        RoomChange::RoleGiven { user, role } => {
            out.number(Tag::User, user.0);
            out.number(Tag::Role, role_number(*role));
        }
        RoomChange::Titled(text) | RoomChange::Announced(text) => out.text(Tag::Text, text),
    }
}

fn put_message_change(change: &MessageChange, out: &mut Writer) {
    match change {
        MessageChange::Edited { text, mentions } => {
            out.text(Tag::Text, text);
            put_mentions(mentions, out);
        }
        MessageChange::Reacted(emoji) | MessageChange::Unreacted(emoji) => {
            out.text(Tag::Text, emoji);
        }
        MessageChange::Recalled | MessageChange::Pinned | MessageChange::Unpinned => {}
    }
}

fn kind(fields: Fields) -> Result<EntryKind, StorageError> {
    let number = fields.kind.ok_or_else(damaged)?;
    Ok(match number {
        number::MESSAGE => EntryKind::Message(message(fields)?),
        number::CREATED..=number::ANNOUNCED => EntryKind::Room(room_change(number, fields)?),
        number::RECALLED..=number::UNPINNED => EntryKind::Change {
            target: fields.target.ok_or_else(damaged)?,
            change: message_change(number, fields),
        },
        later => EntryKind::Unknown(later),
    })
}

fn message(fields: Fields) -> Result<Message, StorageError> {
    let file = |file: FileFields| {
        Ok(SharedFile {
            id: file.id.ok_or_else(damaged)?,
            name: file.name,
            size: file.size,
            is_image: file.is_image,
        })
    };
    Ok(Message {
        text: fields.text,
        reply_to: fields.reply_to,
        mentions: Mentions {
            everyone: fields.mentions_everyone,
            users: fields.mentions,
        },
        file: fields.file.map(file).transpose()?,
        forwarded_from: fields.forwarded_from,
        recalled: fields.recalled,
    })
}

fn room_change(number: u64, fields: Fields) -> Result<RoomChange, StorageError> {
    let user = || -> Result<UserId, StorageError> { fields.user.ok_or_else(damaged) };
    Ok(match number {
        number::CREATED => RoomChange::Created {
            access: access(fields.access.ok_or_else(damaged)?)?,
            title: fields.text,
            with: fields.user,
        },
        number::JOINED => RoomChange::Joined,
        number::LEFT => RoomChange::Left,
        number::INVITED => RoomChange::Invited(user()?),
        number::KICKED => RoomChange::Kicked(user()?),
        number::BANNED => RoomChange::Banned(user()?),
        number::UNBANNED => RoomChange::Unbanned(user()?),
        number::MUTED => RoomChange::Muted {
            user: user()?,
            until: fields.until.ok_or_else(damaged)?,
        },
        number::UNMUTED => RoomChange::Unmuted(user()?),
        number::ROLE_GIVEN => RoomChange::RoleGiven {
            user: user()?,
            role: role(fields.role.ok_or_else(damaged)?)?,
        },
        number::TITLED => RoomChange::Titled(fields.text),
        _ => RoomChange::Announced(fields.text),
    })
}

fn message_change(number: u64, fields: Fields) -> MessageChange {
    match number {
        number::RECALLED => MessageChange::Recalled,
        number::EDITED => MessageChange::Edited {
            text: fields.text,
            mentions: Mentions {
                everyone: fields.mentions_everyone,
                users: fields.mentions,
            },
        },
        number::REACTED => MessageChange::Reacted(fields.text),
        number::UNREACTED => MessageChange::Unreacted(fields.text),
        number::PINNED => MessageChange::Pinned,
        _ => MessageChange::Unpinned,
    }
}

fn access_number(access: Access) -> u64 {
    match access {
        Access::Everyone => 1,
        Access::Open => 2,
        Access::Closed => 3,
        Access::Direct => 4,
    }
}

fn access(number: u64) -> Result<Access, StorageError> {
    let all = [
        Access::Everyone,
        Access::Open,
        Access::Closed,
        Access::Direct,
    ];
    let found = all
        .into_iter()
        .find(|access| access_number(*access) == number);
    found.ok_or_else(damaged)
}

fn role_number(role: RoomRole) -> u64 {
    match role {
        RoomRole::Member => 1,
        RoomRole::Admin => 2,
        RoomRole::Owner => 3,
    }
}

fn role(number: u64) -> Result<RoomRole, StorageError> {
    let all = [RoomRole::Member, RoomRole::Admin, RoomRole::Owner];
    let found = all.into_iter().find(|role| role_number(*role) == number);
    found.ok_or_else(damaged)
}
