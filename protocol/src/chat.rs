//! The chat port (聊天): saying something, and hearing what others said.

use crate::failure::Failure;
use crate::ids::{EntryId, RoomId};
use crate::json::Object;
use crate::request::Credential;
use bytes::{BufMut, BytesMut};
use serde::{Deserialize, Serialize};

/// `op` of [`Say`], and of the forwards it causes.
pub const SAY: u64 = 0;

/// Whether the origin has this op on the chat port.
#[must_use]
pub fn is_origin_op(op: u64) -> bool {
    op == SAY
}

/// The lobby's name on the wire.
pub const LOBBY: &str = "lobby";

/// Longest `client_message_id`, in bytes.
pub const CLIENT_MESSAGE_ID_BYTES_MAX: usize = 64;

/// op 0: say something. Empty `news` authenticates and says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Say<'a> {
    /// Who speaks.
    pub credential: Credential<'a>,
    /// What is said.
    pub news: &'a str,
    /// The client's own id for the message: asks for an ack, and makes a repeat harmless.
    pub client_message_id: Option<&'a str>,
}

impl<'a> Say<'a> {
    /// Reads a `say` from its body.
    ///
    /// # Errors
    /// [`Failure::MissingKey`], [`Failure::MistypedKey`], [`Failure::RoomNotFound`].
    pub fn read(body: &'a Object<'a>) -> Result<Self, Failure> {
        let credential = Credential::read(body)?;
        if body
            .optional_text("room")?
            .is_some_and(|room| room != LOBBY)
        {
            return Err(Failure::RoomNotFound);
        }
        let id = body.optional_text("client_message_id")?;
        if id.is_some_and(|id| id.is_empty() || id.len() > CLIENT_MESSAGE_ID_BYTES_MAX) {
            return Err(Failure::MistypedKey("client_message_id"));
        }
        Ok(Self {
            credential,
            news: body.text("news")?,
            client_message_id: id,
        })
    }
}

/// The keys of the reply to a [`Say`] that asked for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The client's own id, repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    /// The room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// The message's id; absent when nothing was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EntryId>,
    /// When it became durable, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
}

/// The name of a room on the wire.
#[must_use]
pub fn room_name(room: RoomId) -> String {
    if room == RoomId::LOBBY {
        LOBBY.to_owned()
    } else {
        room.to_string()
    }
}

/// A message as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward<'a> {
    /// Where it was said.
    pub room: &'a str,
    /// Its id in the room.
    pub id: EntryId,
    /// When, in milliseconds since the epoch.
    pub time: u64,
    /// Who said it.
    pub name: &'a str,
    /// What was said.
    pub news: &'a str,
    /// For the author's own connections only.
    pub client_message_id: Option<&'a str>,
}

impl Forward<'_> {
    /// Appends the body, the origin's keys first.
    ///
    /// Written by hand: this is the one body that is made for every message.
    pub fn put(&self, out: &mut BytesMut) {
        out.put_slice(b"{\"op\":0,\"args\":{\"name\":");
        put_string(self.name, out);
        out.put_slice(b"},\"news\":");
        put_string(self.news, out);
        out.put_slice(b",\"room\":");
        put_string(self.room, out);
        out.put_slice(format!(",\"id\":{},\"time\":{}", self.id, self.time).as_bytes());
        if let Some(id) = self.client_message_id {
            out.put_slice(b",\"client_message_id\":");
            put_string(id, out);
        }
        out.put_u8(b'}');
    }
}

fn put_string(text: &str, out: &mut BytesMut) {
    serde_json::to_writer(out.writer(), text).expect("writing a string to memory cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forward_has_the_origins_keys_and_ours() {
        let mut out = BytesMut::new();
        let forward = Forward {
            room: "lobby",
            id: EntryId(7),
            time: 1_700_000_000_000,
            name: "小\"明",
            news: "我是消息\n",
            client_message_id: None,
        };
        forward.put(&mut out);
        assert_eq!(
            std::str::from_utf8(&out).unwrap(),
            r#"{"op":0,"args":{"name":"小\"明"},"news":"我是消息\n","room":"lobby","id":7,"time":1700000000000}"#
        );
        out.clear();
        Forward {
            client_message_id: Some("c1"),
            ..forward
        }
        .put(&mut out);
        assert!(out.ends_with(br#","client_message_id":"c1"}"#));
    }

    #[test]
    fn a_say_is_read_with_either_credential() {
        let body = Object::parse(
            r#"{"op":0,"args":{"name":"小明","password":"p"},"news":"好"}"#.as_bytes(),
        )
        .unwrap();
        let say = Say::read(&body).unwrap();
        assert_eq!(
            say.credential,
            Credential::Password {
                name: "小明",
                password: "p"
            }
        );
        assert_eq!(say.news, "好");
        let body =
            Object::parse(br#"{"op":0,"args":{"token":"t"},"news":"","client_message_id":"c"}"#)
                .unwrap();
        let say = Say::read(&body).unwrap();
        assert_eq!(say.credential, Credential::Token("t"));
        assert_eq!(say.client_message_id, Some("c"));
        let body =
            Object::parse(br#"{"op":0,"args":{"token":"t"},"news":"x","room":"attic"}"#).unwrap();
        assert_eq!(Say::read(&body), Err(Failure::RoomNotFound));
    }
}
