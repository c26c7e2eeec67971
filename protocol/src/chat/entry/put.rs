//! How an entry is written. The keys are listed once; what writes them is either the
//! bytes of a push, written for every message and so by hand, or a serializer, for an
//! entry within a reply.

use super::super::room_name;
use super::words::file_as_text;
use super::{ChangeFrame, EntryBody, EntryFrame, Kind, MessageFrame, NamedFrame, RoomFrame};
use crate::failure::Language;
use crate::ids::FileId;
use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::convert::Infallible;

/// Bytes that a frame of words has besides them, about.
const BYTES_BESIDE_NEWS: usize = 160;

/// A key, and how it is written after another one.
#[derive(Clone, Copy)]
struct Key {
    name: &'static str,
    written: &'static str,
}

macro_rules! key {
    ($name:literal) => {
        Key {
            name: $name,
            written: concat!(",\"", $name, "\":"),
        }
    };
}

impl EntryFrame<'_> {
    /// Appends the body of a push.
    pub fn put(&self, out: &mut BytesMut) {
        self.put_with(None, out);
    }

    /// Appends the body of a push to a connection that knows the origin alone: a file
    /// is told of in words. For words it is the same as [`EntryFrame::put`].
    pub fn put_plain(&self, language: Language, out: &mut BytesMut) {
        let told = match self.body {
            EntryBody::Message(MessageFrame {
                file: Some(file),
                news,
                ..
            }) => Some(file_as_text(&file, news, language)),
            _ => None,
        };
        self.put_with(told.as_deref(), out);
    }

    fn put_with(&self, news: Option<&str>, out: &mut BytesMut) {
        let start = out.len();
        // Most are words with a few keys: one allocation, if any.
        out.reserve(BYTES_BESIDE_NEWS + news.or(self.news()).map_or(0, str::len));
        let Ok(()) = self.each_key(news, &mut Bytes { out });
        // Before the first key stands what stands before the others.
        out[start] = b'{';
        out.put_u8(b'}');
    }

    /// All keys with their values, in order; `news` in place of the entry's own.
    fn each_key<K: Keys>(&self, news: Option<&str>, to: &mut K) -> Result<(), K::Error> {
        to.put(key!("op"), &self.op())?;
        to.put(key!("args"), &Args { name: self.name })?;
        if let Some(news) = news.or(self.news()) {
            to.put(key!("news"), news)?;
        }
        to.put(key!("room"), &*room_name(self.room))?;
        to.put(key!("id"), &self.id)?;
        to.put(key!("time"), &self.time)?;
        to.put(key!("user"), &self.user)?;
        let kind = self.kind();
        if kind != Kind::Text {
            to.put(key!("kind"), &kind)?;
        }
        match &self.body {
            EntryBody::Message(message) => message.each_key(to)?,
            EntryBody::Room(change) => change.each_key(to)?,
            EntryBody::Change { target, change } => {
                to.put(key!("target"), target)?;
                change.each_key(to)?;
            }
            EntryBody::Unknown => {}
        }
        match self.client_message_id {
            Some(id) => to.put(key!("client_message_id"), id),
            None => Ok(()),
        }
    }

    fn news(&self) -> Option<&str> {
        match self.body {
            EntryBody::Message(MessageFrame { news, .. })
            | EntryBody::Room(RoomFrame::Announce(news))
            | EntryBody::Change {
                change: ChangeFrame::Edit { news, .. },
                ..
            } => Some(news),
            EntryBody::Room(_) | EntryBody::Change { .. } | EntryBody::Unknown => None,
        }
    }
}

impl MessageFrame<'_> {
    fn each_key<K: Keys>(&self, to: &mut K) -> Result<(), K::Error> {
        if let Some(file) = &self.file {
            let (id, name, size) = (file.id, file.name, file.size);
            to.put(key!("file"), &File { id, name, size })?;
        }
        if let Some(id) = self.reply_to {
            to.put(key!("reply_to"), &id)?;
        }
        if !self.mentions.is_empty() {
            to.put(key!("mentions"), &self.mentions)?;
        }
        if let Some(author) = &self.forwarded {
            to.put(key!("forwarded"), author)?;
        }
        if self.recalled {
            to.put(key!("recalled"), &true)?;
        }
        if let Some(id) = self.state.edited {
            to.put(key!("edited"), &id)?;
        }
        if !self.state.reactions.is_empty() {
            to.put(key!("reactions"), self.state.reactions)?;
        }
        if self.state.pinned {
            to.put(key!("pinned"), &true)?;
        }
        Ok(())
    }
}

impl RoomFrame<'_> {
    fn each_key<K: Keys>(&self, to: &mut K) -> Result<(), K::Error> {
        match self {
            Self::Created {
                access,
                title,
                with,
            } => {
                to.put(key!("access"), access)?;
                to.put(key!("title"), *title)?;
                with.as_ref().map_or(Ok(()), |with| put_subject(with, to))
            }
            Self::Joined | Self::Left | Self::Announce(_) => Ok(()),
            Self::Invited(subject)
            | Self::Kicked(subject)
            | Self::Banned(subject)
            | Self::Unbanned(subject)
            | Self::Unmuted(subject) => put_subject(subject, to),
            Self::Muted { subject, until } => {
                put_subject(subject, to)?;
                to.put(key!("until"), until)
            }
            Self::Role { subject, role } => {
                put_subject(subject, to)?;
                to.put(key!("role"), role)
            }
            Self::Title(title) => to.put(key!("title"), *title),
        }
    }
}

impl ChangeFrame<'_> {
    fn each_key<K: Keys>(&self, to: &mut K) -> Result<(), K::Error> {
        match self {
            Self::Edit { mentions, .. } if !mentions.is_empty() => {
                to.put(key!("mentions"), mentions)
            }
            Self::React(emoji) | Self::Unreact(emoji) => to.put(key!("emoji"), *emoji),
            Self::Recall | Self::Edit { .. } | Self::Pin | Self::Unpin => Ok(()),
        }
    }
}

fn put_subject<K: Keys>(subject: &NamedFrame<'_>, to: &mut K) -> Result<(), K::Error> {
    to.put(key!("subject"), &subject.user)?;
    to.put(key!("subject_name"), subject.name)
}

impl Serialize for EntryFrame<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = Map(to.serialize_map(None)?);
        self.each_key(None, &mut map)?;
        map.0.end()
    }
}

/// What keys are written to.
trait Keys {
    type Error;

    fn put<T: Serialize + ?Sized>(&mut self, key: Key, value: &T) -> Result<(), Self::Error>;
}

/// The bytes of a push. Keys are ours, and need no escapes.
struct Bytes<'b> {
    out: &'b mut BytesMut,
}

impl Keys for Bytes<'_> {
    type Error = Infallible;

    fn put<T: Serialize + ?Sized>(&mut self, key: Key, value: &T) -> Result<(), Infallible> {
        self.out.put_slice(key.written.as_bytes());
        serde_json::to_writer((&mut *self.out).writer(), value)
            .expect("writing to memory cannot fail, and no value has a map of its own");
        Ok(())
    }
}

struct Map<M>(M);

impl<M: SerializeMap> Keys for Map<M> {
    type Error = M::Error;

    fn put<T: Serialize + ?Sized>(&mut self, key: Key, value: &T) -> Result<(), M::Error> {
        self.0.serialize_entry(key.name, value)
    }
}

#[derive(Serialize)]
struct Args<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct File<'a> {
    id: FileId,
    name: &'a str,
    size: u64,
}

#[cfg(test)]
mod tests;
