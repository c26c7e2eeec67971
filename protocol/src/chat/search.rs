//! op 7, search: messages, files and people.

use super::history::limit_up_to;
use super::{
    CURSOR_BYTES_MAX, FileCard, Person, QUERY_BYTES_MAX, SEARCH_LIMIT_MAX, optional_room, room_text,
};
use crate::failure::Failure;
use crate::ids::{EntryId, RoomId, UserId};
use crate::json::Object;
use crate::reply::Speaker;
use serde::{Deserialize, Serialize};

/// op 7: search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search<'a> {
    /// What for; never blank.
    pub query: &'a str,
    /// In this room alone.
    pub room: Option<RoomId>,
    /// What this user said alone.
    pub from: Option<UserId>,
    /// At most so many of each sort.
    pub limit: usize,
    /// Where the page before this one ended, as its reply told.
    pub before: Option<&'a str>,
}

impl<'a> Search<'a> {
    /// Reads the request.
    ///
    /// # Errors
    /// [`Failure::MissingKey`], [`Failure::MistypedKey`], [`Failure::RoomNotFound`],
    /// [`Failure::QueryTooLong`].
    pub fn read(body: &'a Object<'a>) -> Result<Self, Failure> {
        let query = body.text("query")?.trim();
        if query.is_empty() {
            return Err(Failure::MistypedKey("query"));
        }
        if query.len() > QUERY_BYTES_MAX {
            return Err(Failure::QueryTooLong(QUERY_BYTES_MAX));
        }
        let before = body.optional_text("before")?;
        if before.is_some_and(|before| before.is_empty() || before.len() > CURSOR_BYTES_MAX) {
            return Err(Failure::MistypedKey("before"));
        }
        Ok(Self {
            query,
            room: optional_room(body)?,
            from: body.optional_id("from")?.map(UserId),
            limit: limit_up_to(body, SEARCH_LIMIT_MAX)?,
            before,
        })
    }
}

/// The reply to [`Search`]. `E` as in [`HistoryReply`](super::HistoryReply).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchReply<E> {
    /// Messages, the newest first, each as in a history.
    pub entries: Vec<E>,
    /// Files by their names, the newest first. On the first page alone.
    pub files: Vec<FoundFile>,
    /// People by their names. On the first page alone, and not within a room.
    pub people: Vec<Person>,
    /// Whether there are more messages.
    pub more: bool,
    /// What `before` has to be to get them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundFile {
    /// The file.
    pub file: FileCard,
    /// The room in which it is shared.
    #[serde(with = "room_text")]
    pub room: RoomId,
    /// The message that shows it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EntryId>,
    /// Who shared it.
    pub user: UserId,
    /// The name, under `args` on the wire.
    #[serde(rename = "args")]
    pub speaker: Speaker,
    /// When, in milliseconds since the epoch.
    pub time: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(keys: &str, check: impl FnOnce(Result<Search<'_>, Failure>)) {
        let body = format!("{{\"op\":7,{keys}}}");
        check(Search::read(&Object::parse(body.as_bytes()).unwrap()));
    }

    #[test]
    fn one_character_is_enough() {
        read(r#""query":" 茶 ""#, |search| {
            let expected = Search {
                query: "茶",
                room: None,
                from: None,
                limit: 50,
                before: None,
            };
            assert_eq!(search, Ok(expected));
        });
        let all = r#""query":"x","room":"7","from":2,"limit":5,"before":"c""#;
        read(all, |search| {
            let search = search.unwrap();
            assert_eq!(
                (search.room, search.from),
                (Some(RoomId(7)), Some(UserId(2)))
            );
            assert_eq!((search.limit, search.before), (5, Some("c")));
        });
    }

    #[test]
    fn what_cannot_be_searched_for_is_refused() {
        let long = format!("\"query\":\"{}\"", "x".repeat(257));
        read(&long, |search| {
            assert_eq!(search, Err(Failure::QueryTooLong(256)));
        });
        for (keys, key) in [
            (r#""query":" ""#, "query"),
            (r#""query":"x","limit":51"#, "limit"),
            (r#""query":"x","before":"""#, "before"),
            (r#""query":"x","before":7"#, "before"),
        ] {
            read(keys, |search| {
                assert_eq!(search, Err(Failure::MistypedKey(key)));
            });
        }
    }
}
