//! op 2, history: a page of a room's log, as it is now.

use super::{LIMIT_DEFAULT, LIMIT_MAX, read_room};
use crate::failure::Failure;
use crate::ids::{EntryId, RoomId};
use crate::json::Object;
use serde::{Deserialize, Serialize};

/// op 2: entries of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// Which room.
    pub room: RoomId,
    /// Which entries.
    pub around: Around,
    /// At most so many.
    pub limit: usize,
}

/// Which entries of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// The last ones.
    End,
    /// The newest before this one.
    Before(EntryId),
    /// The oldest after this one.
    After(EntryId),
    /// This one, and as many on either side.
    At(EntryId),
}

impl History {
    /// Reads the request.
    ///
    /// # Errors
    /// [`Failure::MissingKey`], [`Failure::RoomNotFound`]; [`Failure::MistypedKey`], also
    /// for more than one of `before`, `after` and `around`.
    pub fn read(body: &Object<'_>) -> Result<Self, Failure> {
        Ok(Self {
            room: read_room(body)?,
            around: Around::read(body)?,
            limit: limit(body)?,
        })
    }
}

impl Around {
    fn read(body: &Object<'_>) -> Result<Self, Failure> {
        let id = |key| Ok(body.optional_id(key)?.map(EntryId));
        match (id("before")?, id("after")?, id("around")?) {
            (None, None, None) => Ok(Self::End),
            (Some(id), None, None) => Ok(Self::Before(id)),
            (None, Some(id), None) => Ok(Self::After(id)),
            (None, None, Some(id)) => Ok(Self::At(id)),
            (Some(_), Some(_), _) => Err(Failure::MistypedKey("after")),
            (_, _, Some(_)) => Err(Failure::MistypedKey("around")),
        }
    }
}

/// `limit`: 1 to [`LIMIT_MAX`], [`LIMIT_DEFAULT`] if absent.
pub(super) fn limit(body: &Object<'_>) -> Result<usize, Failure> {
    limit_up_to(body, LIMIT_MAX)
}

/// `limit`: 1 to `max`, [`LIMIT_DEFAULT`] if absent.
pub(super) fn limit_up_to(body: &Object<'_>, max: usize) -> Result<usize, Failure> {
    const KEY: &str = "limit";
    let limit = body.optional_number(KEY)?;
    let limit = limit.map_or(Ok(LIMIT_DEFAULT), usize::try_from);
    limit
        .ok()
        .filter(|limit| (1..=max).contains(limit))
        .ok_or(Failure::MistypedKey(KEY))
}

/// The reply to [`History`]. `E` is [`EntryFrame`](super::EntryFrame) where it is
/// written, and [`Entry`](super::Entry) where it is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryReply<E> {
    /// The entries, ascending.
    pub entries: Vec<E>,
    /// Whether there are more in the direction that was asked for; around an entry, in
    /// either.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, EntryBody, EntryFrame, HISTORY, Kind, RoomFrame};
    use super::*;
    use crate::ids::UserId;
    use crate::reply::Reply;

    fn read(keys: &str) -> Result<History, Failure> {
        let body = format!("{{\"op\":2,\"room\":\"lobby\"{keys}}}");
        History::read(&Object::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn one_of_three_ways_to_say_which_entries_or_none() {
        let around = |keys: &str| read(keys).map(|history| history.around);
        assert_eq!(around(""), Ok(Around::End));
        assert_eq!(around(r#","before":9"#), Ok(Around::Before(EntryId(9))));
        assert_eq!(around(r#","after":0"#), Ok(Around::After(EntryId(0))));
        assert_eq!(around(r#","around":9"#), Ok(Around::At(EntryId(9))));
        let two = around(r#","after":1,"before":9"#);
        assert_eq!(two, Err(Failure::MistypedKey("after")));
    }

    #[test]
    fn a_page_has_between_one_and_two_hundred_entries() {
        let limit = |keys: &str| read(keys).map(|history| history.limit);
        assert_eq!(limit(""), Ok(50));
        assert_eq!(limit(r#","limit":200"#), Ok(200));
        for wrong in ["0", "201", "-1", "\"5\"", "18446744073709551615"] {
            let keys = format!(",\"limit\":{wrong}");
            assert_eq!(limit(&keys), Err(Failure::MistypedKey("limit")), "{wrong}");
        }
    }

    #[test]
    fn a_page_is_read_as_it_is_written() {
        let frame = EntryFrame {
            room: RoomId(7),
            id: EntryId(1),
            time: 9,
            user: UserId(2),
            name: "小波",
            body: EntryBody::Room(RoomFrame::Joined),
            client_message_id: None,
        };
        let (entries, more) = (vec![frame], true);
        let reply = Reply::ok(HISTORY, Some(3), HistoryReply { entries, more });
        let read: Reply<HistoryReply<Entry>> = serde_json::from_slice(&reply.to_json()).unwrap();
        assert!(read.body.more && read.seq == Some(3));
        let [entry] = &read.body.entries[..] else {
            panic!("one entry");
        };
        assert_eq!((entry.room, entry.kind), (RoomId(7), Kind::Joined));
    }

    #[test]
    fn the_room_has_to_be_named() {
        let body = Object::parse(br#"{"op":2}"#).unwrap();
        assert_eq!(History::read(&body), Err(Failure::MissingKey("room")));
    }
}
