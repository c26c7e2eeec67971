//! op 1, enter: everything that a client has to know to go on from where it was.

use super::{Overview, Person, RESUME_ROOMS_MAX, parse_room, room_text};
use crate::failure::Failure;
use crate::ids::{EntryId, ID_LIMIT, RoomId, UserId};
use crate::json::{Object, Value};
use serde::{Deserialize, Serialize};

/// op 1: enter. The credentials stand beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enter {
    /// The last entry seen, by room; each room once.
    pub resume: Vec<(RoomId, EntryId)>,
}

impl Enter {
    /// Reads the request.
    ///
    /// # Errors
    /// [`Failure::MistypedKey`], also for more than [`RESUME_ROOMS_MAX`] rooms, and for
    /// a key that cannot be a room's name.
    pub fn read(body: &Object<'_>) -> Result<Self, Failure> {
        const KEY: &str = "resume";
        let Some(rooms) = body.optional_object(KEY)? else {
            return Ok(Self::default());
        };
        let resume = rooms.members().map(|(name, last)| {
            let room = parse_room(name)?;
            match last {
                Value::Unsigned(last) if *last < ID_LIMIT => Some((room, EntryId(*last))),
                _ => None,
            }
        });
        let resume: Option<Vec<_>> = resume.collect();
        resume
            .filter(|resume| resume.len() <= RESUME_ROOMS_MAX)
            .map(|resume| Self { resume })
            .ok_or(Failure::MistypedKey(KEY))
    }
}

/// The reply to [`Enter`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entered {
    /// Who has entered.
    pub user: Person,
    /// The rooms that the user is in, the lobby first.
    pub rooms: Vec<Overview>,
    /// Who is here already.
    pub online: Vec<UserId>,
    /// What a client has to know before it offers to do something.
    pub limits: Limits,
    /// The server's clock, in milliseconds since the epoch.
    pub time: u64,
}

/// The limits that a client of the chat port can run into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of a message.
    pub message_bytes_max: usize,
    /// Seconds for which an author can recall a message.
    pub recall_seconds: u64,
    /// Seconds for which an author can edit a message.
    pub edit_seconds: u64,
    /// Characters of a room's title.
    pub title_chars_max: usize,
    /// Characters of a name in a room.
    pub card_chars_max: usize,
    /// Pinned messages of a room.
    pub pins_max: usize,
}

/// Pushed before the entries of a room that were too many to push them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapPush {
    /// What is left out.
    pub gap: Gap,
}

/// Entries that op 2 has to be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Of which room.
    #[serde(with = "room_text")]
    pub room: RoomId,
    /// The first one left out.
    pub from: EntryId,
    /// The last one left out.
    pub to: EntryId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(resume: &str) -> Result<Enter, Failure> {
        let body = format!("{{\"op\":1,\"resume\":{resume}}}");
        Enter::read(&Object::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn a_client_says_how_far_it_has_read_room_by_room() {
        assert_eq!(read("null"), Ok(Enter::default()));
        let resume = vec![(RoomId::LOBBY, EntryId(7)), (RoomId(12), EntryId(0))];
        assert_eq!(read(r#"{"lobby":7,"12":0}"#), Ok(Enter { resume }));
    }

    #[test]
    fn a_resume_that_cannot_be_one_is_refused() {
        let rooms = |count: usize| {
            let rooms: Vec<String> = (2..count + 2).map(|room| format!("\"{room}\":1")).collect();
            format!("{{{}}}", rooms.join(","))
        };
        assert_eq!(read(&rooms(1_000)).unwrap().resume.len(), 1_000);
        for wrong in [
            "[]",
            r#"{"attic":1}"#,
            r#"{"2":"1"}"#,
            r#"{"2":-1}"#,
            &rooms(1_001),
        ] {
            assert_eq!(read(wrong), Err(Failure::MistypedKey("resume")));
        }
    }
}
