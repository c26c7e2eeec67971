//! A room's name on the wire: `lobby`, or its id in decimal. Each room has one name.

use crate::failure::Failure;
use crate::ids::{ID_LIMIT, RoomId};
use crate::json::Object;
use std::borrow::Cow;

/// The lobby's name on the wire.
pub const LOBBY: &str = "lobby";

/// The name of a room on the wire.
#[must_use]
pub fn room_name(room: RoomId) -> Cow<'static, str> {
    if room == RoomId::LOBBY {
        Cow::Borrowed(LOBBY)
    } else {
        Cow::Owned(room.to_string())
    }
}

/// The room of this name, if it can be one's.
#[must_use]
pub fn parse_room(name: &str) -> Option<RoomId> {
    if name == LOBBY {
        return Some(RoomId::LOBBY);
    }
    let is_canonical = name.bytes().all(|b| b.is_ascii_digit()) && !name.starts_with('0');
    let id = name
        .parse()
        .ok()
        .filter(|id| *id < ID_LIMIT && is_canonical)?;
    Some(RoomId(id)).filter(|room| *room != RoomId::LOBBY)
}

/// `room`, which must be there.
///
/// # Errors
/// [`Failure::MissingKey`], [`Failure::MistypedKey`]; [`Failure::RoomNotFound`] for what
/// cannot be a room's name.
pub fn read_room(body: &Object<'_>) -> Result<RoomId, Failure> {
    optional_room(body)?.ok_or(Failure::MissingKey("room"))
}

/// `room`, if it is there.
///
/// # Errors
/// [`Failure::MistypedKey`]; [`Failure::RoomNotFound`] for what cannot be a room's name.
pub fn optional_room(body: &Object<'_>) -> Result<Option<RoomId>, Failure> {
    let name = body.optional_text("room")?;
    name.map(|name| parse_room(name).ok_or(Failure::RoomNotFound))
        .transpose()
}

/// For `#[serde(with)]` on a [`RoomId`].
pub mod room_text {
    use super::{RoomId, parse_room, room_name};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::borrow::Cow;

    /// Writes the room's name.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(room: &RoomId, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&room_name(*room))
    }

    /// Reads a room's name.
    ///
    /// # Errors
    /// The deserializer's, or that this is none.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<RoomId, D::Error> {
        let name = Cow::<str>::deserialize(from)?;
        parse_room(&name).ok_or_else(|| D::Error::custom("not a room's name"))
    }

    /// The same for a room that may be absent.
    pub mod optional {
        use super::{Deserializer, RoomId, Serializer};
        use serde::Deserialize;

        /// Writes the room's name, if there is a room.
        ///
        /// # Errors
        /// The serializer's.
        pub fn serialize<S: Serializer>(room: &Option<RoomId>, to: S) -> Result<S::Ok, S::Error> {
            match room {
                Some(room) => super::serialize(room, to),
                None => to.serialize_none(),
            }
        }

        /// Reads a room's name.
        ///
        /// # Errors
        /// The deserializer's, or that this is none.
        pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<RoomId>, D::Error> {
            #[derive(Deserialize)]
            #[serde(transparent)]
            struct Name(#[serde(with = "super")] RoomId);
            Ok(Option::<Name>::deserialize(from)?.map(|name| name.0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_room_has_one_name() {
        for room in [RoomId::LOBBY, RoomId(2), RoomId(ID_LIMIT - 1)] {
            assert_eq!(parse_room(&room_name(room)), Some(room));
        }
        let beyond = ID_LIMIT.to_string();
        for name in [
            "", "0", "1", "02", "+2", "-2", " 2", "2.0", "attic", "Lobby", &beyond,
        ] {
            assert_eq!(parse_room(name), None, "{name:?}");
        }
    }

    #[test]
    fn what_can_be_no_rooms_name_is_not_found() {
        let read = |body: &str| optional_room(&Object::parse(body.as_bytes()).unwrap());
        assert_eq!(read(r#"{"room":"12"}"#), Ok(Some(RoomId(12))));
        assert_eq!(read("{}"), Ok(None));
        assert_eq!(read(r#"{"room":"attic"}"#), Err(Failure::RoomNotFound));
        assert_eq!(read(r#"{"room":12}"#), Err(Failure::MistypedKey("room")));
        let without = Object::default();
        assert_eq!(read_room(&without), Err(Failure::MissingKey("room")));
    }
}
