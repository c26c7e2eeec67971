//! op 4, who is here and who is typing; op 8, whether the server is.

use super::{read_room, room_text};
use crate::failure::Failure;
use crate::ids::{RoomId, UserId};
use crate::json::Object;
use crate::reply::Speaker;
use serde::{Deserialize, Serialize};

/// op 4: the user is typing in this room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typing {
    /// The room.
    pub room: RoomId,
}

impl Typing {
    /// Reads the request.
    ///
    /// # Errors
    /// [`Failure::MissingKey`], [`Failure::MistypedKey`], [`Failure::RoomNotFound`].
    pub fn read(body: &Object<'_>) -> Result<Self, Failure> {
        match body.text("do")? {
            "typing" => read_room(body).map(|room| Self { room }),
            _ => Err(Failure::MistypedKey("do")),
        }
    }
}

/// Someone is typing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename = "typing")]
pub struct TypingPush {
    /// Where.
    #[serde(with = "room_text")]
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// The name, under `args` on the wire.
    #[serde(rename = "args")]
    pub speaker: Speaker,
}

/// Who came and who went, told once in a while.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresencePush {
    /// These have their first connection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub online: Vec<UserId>,
    /// These have none any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offline: Vec<UserId>,
}

/// The reply to a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// The server's clock, in milliseconds since the epoch.
    pub time: u64,
}

#[cfg(test)]
mod tests {
    use super::super::{PRESENCE, Push};
    use super::*;

    #[test]
    fn typing_is_all_that_a_client_says_of_its_presence() {
        let read = |body: &str| Typing::read(&Object::parse(body.as_bytes()).unwrap());
        let room = RoomId(7);
        assert_eq!(read(r#"{"do":"typing","room":"7"}"#), Ok(Typing { room }));
        let away = read(r#"{"do":"away","room":"7"}"#);
        assert_eq!(away, Err(Failure::MistypedKey("do")));
        assert_eq!(read(r#"{"do":"typing"}"#), Err(Failure::MissingKey("room")));
    }

    #[test]
    fn the_pushes_of_op_4_can_be_told_apart() {
        let typing = TypingPush {
            room: RoomId(7),
            user: UserId(2),
            speaker: Speaker {
                name: "小波".into(),
            },
        };
        let typing = Push::new(PRESENCE, typing);
        let json = String::from_utf8(typing.to_json()).unwrap();
        assert_eq!(
            json,
            r#"{"op":4,"do":"typing","room":"7","user":2,"args":{"name":"小波"}}"#
        );
        assert_eq!(
            serde_json::from_str::<Push<TypingPush>>(&json).unwrap(),
            typing
        );
        let presence = PresencePush {
            online: vec![UserId(2)],
            offline: Vec::new(),
        };
        let json = Push::new(PRESENCE, presence).to_json();
        assert_eq!(json, br#"{"op":4,"online":[2]}"#);
        assert!(serde_json::from_slice::<Push<TypingPush>>(&json).is_err());
    }
}
