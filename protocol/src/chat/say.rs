//! op 0, say: words, a file, or what was said in another room.

use super::{CLIENT_MESSAGE_ID_BYTES_MAX, Mentions, optional_room, read_room, room_text};
use crate::failure::Failure;
use crate::ids::{EntryId, FileId, RoomId};
use crate::json::Object;
use crate::request::Credential;
use serde::{Deserialize, Serialize};

/// op 0: say something. What says nothing authenticates all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Say<'a> {
    /// Who speaks; absent where the connection's user is known already.
    pub credential: Option<Credential<'a>>,
    /// Where.
    pub room: RoomId,
    /// What is said; with a file, what is said of it.
    pub news: &'a str,
    /// The client's own id for the message: asks for an ack, and makes a repeat harmless.
    pub client_message_id: Option<&'a str>,
    /// The earlier entry of the room that it answers.
    pub reply_to: Option<EntryId>,
    /// Whom it means.
    pub mentions: Mentions,
    /// The shared file that it shows.
    pub file: Option<Attachment>,
    /// The message that it says again, in place of all other content.
    pub forward: Option<ForwardOf>,
}

/// A shared file, to be shown by a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Which.
    pub id: FileId,
    /// Whether to show it as a picture.
    pub is_image: bool,
}

/// A message, to be said again elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardOf {
    /// The room that it was said in.
    pub room: RoomId,
    /// Its id there.
    pub id: EntryId,
}

impl<'a> Say<'a> {
    /// Reads a `say` from its body.
    ///
    /// # Errors
    /// [`Failure::MissingKey`], [`Failure::MistypedKey`], [`Failure::RoomNotFound`].
    pub fn read(body: &'a Object<'a>) -> Result<Self, Failure> {
        let credential = Credential::read_optional(body)?;
        let room = optional_room(body)?.unwrap_or(RoomId::LOBBY);
        let client_message_id = body.optional_text("client_message_id")?;
        if client_message_id
            .is_some_and(|id| id.is_empty() || id.len() > CLIENT_MESSAGE_ID_BYTES_MAX)
        {
            return Err(Failure::MistypedKey("client_message_id"));
        }
        let file = Attachment::read(body)?;
        let forward = ForwardOf::read(body)?;
        let news = match body.optional_text("news")? {
            Some(news) => news,
            None if file.is_some() || forward.is_some() => "",
            None => return Err(Failure::MissingKey("news")),
        };
        if forward.is_some() && !news.is_empty() {
            return Err(Failure::MistypedKey("news"));
        }
        Ok(Self {
            credential,
            room,
            news,
            client_message_id,
            reply_to: body.optional_id("reply_to")?.map(EntryId),
            mentions: Mentions::read(body)?,
            file,
            forward,
        })
    }

    /// Whether it says anything. What does not, authenticates alone.
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        self.news.is_empty() && self.file.is_none() && self.forward.is_none()
    }
}

impl Attachment {
    fn read(body: &Object<'_>) -> Result<Option<Self>, Failure> {
        let id = body.optional_id("file")?.map(FileId);
        let is_image = match (body.optional_text("kind")?, id) {
            (None | Some("file"), Some(_)) => false,
            (Some("image"), Some(_)) => true,
            (None | Some("text"), None) => return Ok(None),
            (Some("file" | "image"), None) => return Err(Failure::MissingKey("file")),
            (Some(_), _) => return Err(Failure::MistypedKey("kind")),
        };
        Ok(id.map(|id| Self { id, is_image }))
    }
}

impl ForwardOf {
    fn read(body: &Object<'_>) -> Result<Option<Self>, Failure> {
        let Some(forward) = body.optional_object("forward")? else {
            return Ok(None);
        };
        // What is forwarded says what its author said, and nothing besides.
        let others = ["file", "kind", "reply_to", "mentions"];
        if let Some(key) = others.into_iter().find(|key| body.get(key).is_some()) {
            return Err(Failure::MistypedKey(key));
        }
        Ok(Some(Self {
            room: read_room(forward)?,
            id: EntryId(forward.id("id")?),
        }))
    }
}

/// The keys of the reply to a [`Say`] that asked for one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The client's own id, repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    /// The room.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "room_text::optional"
    )]
    pub room: Option<RoomId>,
    /// The message's id; absent when nothing was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EntryId>,
    /// When it became durable, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;

    /// Says what these keys say, in a body of its own.
    fn refused(keys: &str) -> Failure {
        let body = format!("{{\"op\":0,{keys}}}");
        let body = Object::parse(body.as_bytes()).unwrap();
        Say::read(&body).expect_err(keys)
    }

    #[test]
    fn a_say_is_read_with_either_credential_or_none() {
        let body = Object::parse(
            r#"{"op":0,"args":{"name":"小明","password":"p"},"news":"好"}"#.as_bytes(),
        )
        .unwrap();
        let say = Say::read(&body).unwrap();
        let (name, password) = ("小明", "p");
        assert_eq!(
            say.credential,
            Some(Credential::Password { name, password })
        );
        assert_eq!((say.news, say.room), ("好", RoomId::LOBBY));
        let body =
            Object::parse(br#"{"op":0,"args":{"token":"t"},"news":"","client_message_id":"c"}"#)
                .unwrap();
        let say = Say::read(&body).unwrap();
        assert_eq!(say.credential, Some(Credential::Token("t")));
        assert_eq!(say.client_message_id, Some("c"));
        assert!(say.says_nothing());
        let body = Object::parse(br#"{"op":0,"news":"x"}"#).unwrap();
        assert_eq!(Say::read(&body).unwrap().credential, None);
    }

    #[test]
    fn a_say_answers_means_and_shows() {
        let body = Object::parse(
            br#"{"op":0,"room":"7","news":"x","reply_to":3,"mentions":[2,"all"],"file":9,"kind":"image"}"#,
        )
        .unwrap();
        let say = Say::read(&body).unwrap();
        assert_eq!((say.room, say.reply_to), (RoomId(7), Some(EntryId(3))));
        assert!(say.mentions.everyone);
        assert_eq!(say.mentions.users, [UserId(2)]);
        let (id, is_image) = (FileId(9), true);
        assert_eq!(say.file, Some(Attachment { id, is_image }));
        let body = Object::parse(br#"{"op":0,"file":9}"#).unwrap();
        let say = Say::read(&body).unwrap();
        assert!(!say.says_nothing());
        assert_eq!(say.file.map(|file| file.is_image), Some(false));
        let body = Object::parse(br#"{"op":0,"forward":{"room":"lobby","id":4}}"#).unwrap();
        let say = Say::read(&body).unwrap();
        assert!(!say.says_nothing());
        let (room, id) = (RoomId::LOBBY, EntryId(4));
        assert_eq!(say.forward, Some(ForwardOf { room, id }));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let (missing, mistyped) = (Failure::MissingKey, Failure::MistypedKey);
        assert_eq!(refused(r#""args":{}"#), missing("news"));
        assert_eq!(refused(r#""news":"x","kind":"file""#), missing("file"));
        assert_eq!(refused(r#""file":1,"kind":"text""#), mistyped("kind"));
        assert_eq!(refused(r#""news":"x","kind":"joined""#), mistyped("kind"));
        assert_eq!(
            refused(r#""news":"x","reply_to":"3""#),
            mistyped("reply_to")
        );
        assert_eq!(
            refused(r#""news":"x","room":"attic""#),
            Failure::RoomNotFound
        );
        let forward = r#""forward":{"room":"lobby","id":4}"#;
        for (key, value) in [("news", "\"x\""), ("file", "1"), ("mentions", "[]")] {
            let keys = format!("{forward},\"{key}\":{value}");
            assert_eq!(refused(&keys), mistyped(key));
        }
        assert_eq!(refused(r#""forward":{"id":4}"#), missing("room"));
        assert_eq!(refused(r#""forward":{"room":"lobby"}"#), missing("id"));
    }
}
