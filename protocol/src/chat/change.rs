//! op 6, change a message: take it back, say it better, react to it, pin it.

use super::{EMOJI_BYTES_MAX, EMOJI_CHARS_MAX, Mentions, read_room, room_text};
use crate::failure::Failure;
use crate::ids::{EntryId, RoomId};
use crate::json::Object;
use serde::{Deserialize, Serialize};

/// op 6: change a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// Its room.
    pub room: RoomId,
    /// Its id.
    pub id: EntryId,
    /// How.
    pub ask: MessageAsk<'a>,
}

/// How a message is to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageAsk<'a> {
    /// Take it back.
    Recall,
    /// Say this in its place.
    Edit {
        /// What; never empty.
        news: &'a str,
        /// Whom it means now.
        mentions: Mentions,
    },
    /// React to it.
    React(&'a str),
    /// Take a reaction back.
    Unreact(&'a str),
    /// Pin it.
    Pin,
    /// Unpin it.
    Unpin,
}

impl<'a> Change<'a> {
    /// Reads the request.
    ///
    /// # Errors
    /// [`Failure::MissingKey`], [`Failure::MistypedKey`], [`Failure::RoomNotFound`].
    pub fn read(body: &'a Object<'a>) -> Result<Self, Failure> {
        Ok(Self {
            room: read_room(body)?,
            id: EntryId(body.id("id")?),
            ask: MessageAsk::read(body)?,
        })
    }
}

impl<'a> MessageAsk<'a> {
    fn read(body: &'a Object<'a>) -> Result<Self, Failure> {
        Ok(match body.text("do")? {
            "recall" => Self::Recall,
            "edit" => Self::Edit {
                news: match body.text("news")? {
                    "" => return Err(Failure::MistypedKey("news")),
                    news => news,
                },
                mentions: Mentions::read(body)?,
            },
            "react" => Self::React(emoji(body)?),
            "unreact" => Self::Unreact(emoji(body)?),
            "pin" => Self::Pin,
            "unpin" => Self::Unpin,
            _ => return Err(Failure::MistypedKey("do")),
        })
    }
}

/// `emoji`: short, and nothing that breaks a line or stands apart. Which pictures there
/// are changes every year, so whether it is one is not asked.
fn emoji<'a>(body: &'a Object<'a>) -> Result<&'a str, Failure> {
    const KEY: &str = "emoji";
    let emoji = body.text(KEY)?;
    let fits = (1..=EMOJI_BYTES_MAX).contains(&emoji.len())
        && emoji.chars().count() <= EMOJI_CHARS_MAX
        && !emoji.contains(|c: char| c.is_control() || c.is_whitespace());
    fits.then_some(emoji).ok_or(Failure::MistypedKey(KEY))
}

/// The reply to a request that makes an entry: to [`Change`], and to those of
/// [`RoomRequest`](super::RoomRequest) that change a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The room.
    #[serde(with = "room_text")]
    pub room: RoomId,
    /// The entry; absent when all was so already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EntryId>,
    /// Its time, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;

    fn ask(keys: &str, check: impl FnOnce(Result<MessageAsk<'_>, Failure>)) {
        let body = format!("{{\"room\":\"lobby\",\"id\":3,{keys}}}");
        let body = Object::parse(body.as_bytes()).unwrap();
        let change = Change::read(&body);
        if let Ok(change) = &change {
            assert_eq!((change.room, change.id), (RoomId::LOBBY, EntryId(3)));
        }
        check(change.map(|change| change.ask));
    }

    #[test]
    fn a_message_is_changed_in_six_ways() {
        for (word, expected) in [
            ("recall", MessageAsk::Recall),
            ("pin", MessageAsk::Pin),
            ("unpin", MessageAsk::Unpin),
        ] {
            ask(&format!("\"do\":\"{word}\""), |read| {
                assert_eq!(read, Ok(expected));
            });
        }
        ask(r#""do":"react","emoji":"👍""#, |read| {
            assert_eq!(read, Ok(MessageAsk::React("👍")));
        });
        ask(r#""do":"unreact","emoji":"👍""#, |read| {
            assert_eq!(read, Ok(MessageAsk::Unreact("👍")));
        });
        ask(r#""do":"edit","news":"x","mentions":[2]"#, |read| {
            let mentions = Mentions {
                everyone: false,
                users: vec![UserId(2)],
            };
            assert_eq!(
                read,
                Ok(MessageAsk::Edit {
                    news: "x",
                    mentions
                })
            );
        });
        for (keys, key) in [
            (r#""do":"burn""#, "do"),
            (r#""do":"edit","news":"""#, "news"),
        ] {
            ask(keys, |read| {
                assert_eq!(read, Err(Failure::MistypedKey(key)));
            });
        }
    }

    #[test]
    fn reactions_are_short_and_on_one_line() {
        for (emoji, is_fine) in [
            ("👍", true),
            ("👍🏽", true),
            ("👨‍👩‍👧‍👦", true),
            ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", true),
            ("1️⃣", true),
            ("", false),
            (" ", false),
            ("a b", false),
            ("\\n", false),
            ("\\u0007", false),
            ("\\u3000", false),
            ("123456789", false),
            ("😀😀😀😀😀😀😀😀", true),
            ("😀😀😀😀😀😀😀😀😀", false),
        ] {
            let keys = format!("\"do\":\"react\",\"emoji\":\"{emoji}\"");
            ask(&keys, |read| assert_eq!(read.is_ok(), is_fine, "{emoji:?}"));
        }
    }
}
