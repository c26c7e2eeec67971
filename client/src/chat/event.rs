//! What arrives on the chat port unasked, and answers that nobody waits for.

use crate::error::{ClientError, Refused};
use qunliao_protocol::chat::{
    CHANGE, ENTER, Entry, Gap, GapPush, MARK, PRESENCE, PresencePush, ROOMS, ReadPush, RoomPush,
    SAY, Said, TypingPush,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What arrives on the chat port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something happened in a room: someone else said something, say. In each room
    /// they come in the order of their ids, each once.
    Entry(Box<Entry>),
    /// Entries of a room are left out before the next one: ask for them as a history.
    Gap(Gap),
    /// A room was entered or left, or something about it is different.
    Room(RoomPush),
    /// Someone came or went.
    Presence(PresencePush),
    /// Someone is typing.
    Typing(TypingPush),
    /// Someone has read on.
    Read(ReadPush),
    /// A message that asked for it is on the server's disk.
    Reply(Line),
    /// A request that nobody waits for was refused.
    Refusal(Refused),
    /// A push of a later version of the server, with this op: to be passed over.
    Unknown(u64),
}

/// A message's acknowledgement, with the number of the request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Line {
    /// The number of the request, if it had one.
    #[serde(default)]
    pub seq: Option<u64>,
    /// What the server says of the message.
    #[serde(flatten)]
    pub said: Said,
}

impl Event {
    pub(super) fn read(frame: Value) -> Result<Self, ClientError> {
        match frame.get("test").and_then(Value::as_u64) {
            None => Self::read_push(frame),
            Some(0) => Ok(Self::Reply(serde_json::from_value(frame)?)),
            Some(_) => Ok(Self::Refusal(serde_json::from_value(frame)?)),
        }
    }

    fn read_push(frame: Value) -> Result<Self, ClientError> {
        let op = frame.get("op").and_then(Value::as_u64).unwrap_or_default();
        let does = frame.get("do").and_then(Value::as_str);
        Ok(match (op, does) {
            (SAY, _) | (ROOMS | CHANGE, None) => {
                Self::Entry(Box::new(serde_json::from_value(frame)?))
            }
            (ENTER, _) => notice(op, frame, |push: GapPush| Self::Gap(push.gap)),
            (ROOMS, Some(_)) => notice(op, frame, Self::Room),
            (PRESENCE, Some("typing")) => notice(op, frame, Self::Typing),
            (PRESENCE, None) => notice(op, frame, Self::Presence),
            (MARK, _) => notice(op, frame, Self::Read),
            _ => Self::Unknown(op),
        })
    }
}

/// A notice of a sort that this version knows; else it is to be passed over.
fn notice<T: DeserializeOwned>(op: u64, frame: Value, event: impl FnOnce(T) -> Event) -> Event {
    serde_json::from_value(frame).map_or(Event::Unknown(op), event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use qunliao_protocol::chat::Kind;
    use qunliao_protocol::{EntryId, RoomId, UserId};

    fn read(frame: &str) -> Event {
        Event::read(serde_json::from_str(frame).unwrap()).unwrap()
    }

    #[test]
    fn entries_replies_and_refusals_are_told_apart() {
        let entry = r#"{"op":0,"args":{"name":"小爱"},"news":"好","room":"lobby","id":7,"time":9,"user":1}"#;
        let Event::Entry(entry) = read(entry) else {
            panic!("an entry has no `test`");
        };
        assert_eq!((entry.speaker.name.as_str(), entry.id.0), ("小爱", 7));
        let joined =
            r#"{"op":3,"args":{"name":"a"},"room":"7","id":2,"time":9,"user":1,"kind":"joined"}"#;
        assert!(matches!(read(joined), Event::Entry(entry) if entry.kind == Kind::Joined));

        let reply =
            r#"{"op":0,"test":0,"seq":3,"client_message_id":"c","room":"lobby","id":8,"time":9}"#;
        let Event::Reply(line) = read(reply) else {
            panic!("a reply has a `test` of 0");
        };
        assert_eq!((line.seq, line.said.id), (Some(3), Some(EntryId(8))));

        let refusal = r#"{"op":0,"test":1,"error":"wrong_credentials","message":"no","args":{"name":"系统"},"news":"no"}"#;
        assert!(matches!(read(refusal), Event::Refusal(refused) if refused.code == 1));
    }

    #[test]
    fn notices_are_told_apart() {
        let gap = read(r#"{"op":1,"gap":{"room":"7","from":1,"to":9}}"#);
        assert!(matches!(gap, Event::Gap(gap) if gap.room == RoomId(7) && gap.to.0 == 9));
        let came = read(r#"{"op":4,"online":[2]}"#);
        assert!(matches!(came, Event::Presence(came) if came.online == [UserId(2)]));
        let typing = read(r#"{"op":4,"do":"typing","room":"7","user":2,"args":{"name":"b"}}"#);
        assert!(matches!(typing, Event::Typing(typing) if typing.user == UserId(2)));
        let marks = read(r#"{"op":5,"room":"7","read":[[2,5]]}"#);
        assert!(matches!(marks, Event::Read(marks) if marks.read == [(UserId(2), EntryId(5))]));
        let card = read(r#"{"op":3,"do":"card","room":"7","user":2}"#);
        assert!(matches!(
            card,
            Event::Room(RoomPush::Card { card: None, .. })
        ));
    }

    #[test]
    fn what_a_later_version_pushes_is_passed_over() {
        assert_eq!(
            read(r#"{"op":3,"do":"dance","room":"7"}"#),
            Event::Unknown(3)
        );
        assert_eq!(
            read(r#"{"op":4,"do":"waving","user":2}"#),
            Event::Unknown(4)
        );
        assert_eq!(read(r#"{"op":42,"x":1}"#), Event::Unknown(42));
    }

    #[test]
    fn a_message_of_a_server_that_knows_the_origin_alone_is_read() {
        let entry = read(r#"{"op":0,"args":{"name":"a"},"news":"b"}"#);
        assert!(matches!(entry, Event::Entry(entry) if entry.id == EntryId(0)));
    }
}
