//! A notice: what is so for the moment, and stands in no log.

use crate::admission::ConnectionId;
use crate::person::Person;
use bytes::Bytes;
use qunliao_protocol::chat::{MARK, PRESENCE, PresencePush, Push, ReadPush, TypingPush};
use qunliao_protocol::reply::Speaker;
use qunliao_protocol::{EntryId, HeaderForm, RoomId, UserId};
use serde::Serialize;
use std::sync::OnceLock;

/// Something to be told to everyone in a room, encoded once for each header.
pub struct Notice {
    body: Vec<u8>,
    /// Who knows already.
    except: Option<ConnectionId>,
    /// Who alone is concerned.
    only: Option<UserId>,
    text: OnceLock<Bytes>,
    binary: OnceLock<Bytes>,
}

impl Notice {
    /// One for everyone.
    #[must_use]
    pub fn new<T: Serialize>(op: u64, body: T) -> Self {
        Self {
            body: Push::new(op, body).to_json(),
            except: None,
            only: None,
            text: OnceLock::new(),
            binary: OnceLock::new(),
        }
    }

    /// The same, but not for this connection.
    #[must_use]
    pub fn except(mut self, connection: ConnectionId) -> Self {
        self.except = Some(connection);
        self
    }

    /// The same, for the connections of this user alone.
    #[must_use]
    pub fn only_for(mut self, user: UserId) -> Self {
        self.only = Some(user);
        self
    }

    /// Someone types, who knows that.
    #[must_use]
    pub fn typing(room: RoomId, person: &Person, connection: ConnectionId) -> Self {
        let typing = TypingPush {
            room,
            user: person.id,
            speaker: Speaker {
                name: person.name.clone(),
            },
        };
        Self::new(PRESENCE, typing).except(connection)
    }

    /// These have read so far.
    #[must_use]
    pub fn read(room: RoomId, marks: &[(UserId, EntryId)]) -> Self {
        let read = marks.to_vec();
        Self::new(MARK, ReadPush { room, read })
    }

    /// These came, these left.
    #[must_use]
    pub fn presence(online: Vec<UserId>, offline: Vec<UserId>) -> Self {
        Self::new(PRESENCE, PresencePush { online, offline })
    }

    /// Whether it is for this connection of this user.
    #[must_use]
    pub fn is_for(&self, connection: ConnectionId, user: Option<UserId>) -> bool {
        self.except != Some(connection) && (self.only.is_none() || self.only == user)
    }

    /// The frame.
    #[must_use]
    pub fn frame(&self, form: HeaderForm) -> Bytes {
        let frame = match form {
            HeaderForm::Text => &self.text,
            HeaderForm::Binary => &self.binary,
        };
        frame.get_or_init(|| form.encode(&self.body)).clone()
    }
}
