//! op 5, read markers: how far each member has read, and who has read an entry.

use super::history::limit;
use super::{read_room, room_text};
use crate::failure::Failure;
use crate::ids::{EntryId, RoomId, UserId};
use crate::json::Object;
use serde::{Deserialize, Serialize};

/// op 5: about having read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The user has read the room up to this entry. A marker never goes back.
    Read {
        /// The room.
        room: RoomId,
        /// The entry.
        id: EntryId,
    },
    /// Who has read this entry?
    Seen {
        /// The room.
        room: RoomId,
        /// The entry.
        id: EntryId,
        /// The users after this one, by id.
        after: UserId,
        /// At most so many.
        limit: usize,
    },
}

impl Mark {
    /// Reads the request.
    ///
    /// # Errors
    /// [`Failure::MissingKey`], [`Failure::MistypedKey`], [`Failure::RoomNotFound`].
    pub fn read(body: &Object<'_>) -> Result<Self, Failure> {
        let room = read_room(body)?;
        let id = EntryId(body.id("id")?);
        match body.optional_text("do")? {
            None | Some("read") => Ok(Self::Read { room, id }),
            Some("seen") => Ok(Self::Seen {
                room,
                id,
                after: UserId(body.optional_id("after")?.unwrap_or(0)),
                limit: limit(body)?,
            }),
            Some(_) => Err(Failure::MistypedKey("do")),
        }
    }
}

/// The reply to [`Mark::Seen`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenReply {
    /// Members who have read it, ascending by id; its author not among them.
    pub seen: Vec<Seer>,
    /// How many they are in all.
    pub count: u64,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// Someone who has read an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seer {
    /// The id.
    pub user: UserId,
    /// The name.
    pub name: String,
}

/// Members of a room have read on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadPush {
    /// The room.
    #[serde(with = "room_text")]
    pub room: RoomId,
    /// Who, and up to which entry.
    pub read: Vec<(UserId, EntryId)>,
}

#[cfg(test)]
mod tests {
    use super::super::{MARK, Push};
    use super::*;

    #[test]
    fn a_marker_is_set_or_asked_for() {
        let read = |keys: &str| {
            let body = format!("{{\"room\":\"7\",\"id\":3{keys}}}");
            Mark::read(&Object::parse(body.as_bytes()).unwrap())
        };
        let (room, id) = (RoomId(7), EntryId(3));
        assert_eq!(read(""), Ok(Mark::Read { room, id }));
        let seen = Mark::Seen {
            room,
            id,
            after: UserId(2),
            limit: 10,
        };
        assert_eq!(read(r#","do":"seen","after":2,"limit":10"#), Ok(seen));
        let unseen = read(r#","do":"unseen""#);
        assert_eq!(unseen, Err(Failure::MistypedKey("do")));
    }

    #[test]
    fn read_markers_are_pushed_in_pairs() {
        let push = ReadPush {
            room: RoomId::LOBBY,
            read: vec![(UserId(2), EntryId(9)), (UserId(3), EntryId(7))],
        };
        let push = Push::new(MARK, push);
        let json = String::from_utf8(push.to_json()).unwrap();
        assert_eq!(json, r#"{"op":5,"room":"lobby","read":[[2,9],[3,7]]}"#);
        assert_eq!(serde_json::from_str::<Push<ReadPush>>(&json).unwrap(), push);
    }
}
