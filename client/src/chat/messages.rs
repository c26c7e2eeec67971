//! Messages: saying them with all that belongs to one, reading and finding them.

use super::ChatClient;
use crate::error::ClientError;
use qunliao_protocol::chat::{
    Around, Attachment, ENTER, Entered, Entry, ForwardOf, HISTORY, HistoryReply, MARK, Mentions,
    PING, PRESENCE, Pong, SAY, SEARCH, Said, SearchReply, SeenReply, room_name,
};
use qunliao_protocol::reply::Nothing;
use qunliao_protocol::{EntryId, RoomId, UserId};
use serde_json::{Map, Value, json};

/// A message to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage<'a> {
    /// Where.
    pub room: RoomId,
    /// The words; with a file, what is said of it.
    pub news: &'a str,
    /// Makes a repeat harmless: after a broken connection, say it again with the same.
    pub client_message_id: Option<&'a str>,
    /// The entry of the room that it answers.
    pub reply_to: Option<EntryId>,
    /// Whom it means.
    pub mentions: Mentions,
    /// The file of the room that it shows.
    pub file: Option<Attachment>,
    /// The message that it says again, in place of everything else.
    pub forward: Option<ForwardOf>,
}

/// What to search for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<'a> {
    /// The words.
    pub query: &'a str,
    /// In this room alone.
    pub room: Option<RoomId>,
    /// Of this user alone.
    pub from: Option<UserId>,
    /// At most so many of each sort, up to 50.
    pub limit: Option<usize>,
    /// `before` of the page before this one.
    pub before: Option<&'a str>,
}

impl<'a> NewMessage<'a> {
    /// A message of words alone.
    #[must_use]
    pub fn text(room: RoomId, news: &'a str) -> Self {
        Self {
            room,
            news,
            client_message_id: None,
            reply_to: None,
            mentions: Mentions::default(),
            file: None,
            forward: None,
        }
    }

    /// Keys that say nothing are left out.
    fn to_keys(&self) -> Value {
        let mut keys = Map::new();
        keys.insert("room".into(), room_name(self.room).into());
        keys.insert("news".into(), self.news.into());
        if let Some(id) = self.client_message_id {
            keys.insert("client_message_id".into(), id.into());
        }
        if let Some(id) = self.reply_to {
            keys.insert("reply_to".into(), id.0.into());
        }
        if !self.mentions.is_empty() {
            keys.insert("mentions".into(), json!(self.mentions));
        }
        if let Some(file) = self.file {
            let kind = if file.is_image { "image" } else { "file" };
            keys.insert("file".into(), file.id.0.into());
            keys.insert("kind".into(), kind.into());
        }
        if let Some(ForwardOf { room, id }) = self.forward {
            let forward = json!({ "room": room_name(room), "id": id });
            keys.insert("forward".into(), forward);
        }
        keys.into()
    }
}

/// All but [`ChatClient::enter_rooms`] takes that this or [`ChatClient::enter`] went
/// before.
impl ChatClient {
    /// Shows the credentials, and learns of all rooms. From then on everything that
    /// happens in them comes as events: after the entries named here at once, and of
    /// other rooms from now on.
    ///
    /// # Errors
    /// Refused with 1 when the credentials are wrong; or the connection's.
    pub async fn enter_rooms(
        &mut self,
        resume: &[(RoomId, EntryId)],
    ) -> Result<Entered, ClientError> {
        let resume = resume.iter();
        let resume: Map<String, Value> = resume
            .map(|(room, last)| (room_name(*room).into_owned(), last.0.into()))
            .collect();
        let args = self.credential.to_args();
        let ask = json!({ "args": args, "resume": resume });
        self.request(ENTER, ask).await
    }

    /// Says something, and waits until it is on the server's disk.
    ///
    /// # Errors
    /// Refused, with the server's reason; or the connection's error, after which
    /// nobody knows whether it was said.
    pub async fn tell(&mut self, message: &NewMessage<'_>) -> Result<Said, ClientError> {
        self.request(SAY, message.to_keys()).await
    }

    /// Entries of a room, at most `limit` of 200, as they are now.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn history(
        &mut self,
        room: RoomId,
        around: Around,
        limit: usize,
    ) -> Result<HistoryReply<Entry>, ClientError> {
        let mut ask = json!({ "room": room_name(room), "limit": limit });
        match around {
            Around::End => {}
            Around::Before(id) => ask["before"] = id.0.into(),
            Around::After(id) => ask["after"] = id.0.into(),
            Around::At(id) => ask["around"] = id.0.into(),
        }
        self.request(HISTORY, ask).await
    }

    /// Tells a room that one is typing.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn typing(&mut self, room: RoomId) -> Result<(), ClientError> {
        let ask = json!({ "do": "typing", "room": room_name(room) });
        let done: Result<Nothing, _> = self.request(PRESENCE, ask).await;
        done.map(drop)
    }

    /// Says that one has read a room up to this entry.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn mark_read(&mut self, room: RoomId, id: EntryId) -> Result<(), ClientError> {
        let ask = json!({ "room": room_name(room), "id": id });
        let done: Result<Nothing, _> = self.request(MARK, ask).await;
        done.map(drop)
    }

    /// Who has read an entry, after this one by id, at most `limit` of 200.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn seen(
        &mut self,
        room: RoomId,
        id: EntryId,
        after: UserId,
        limit: usize,
    ) -> Result<SeenReply, ClientError> {
        let room = room_name(room);
        let ask = json!({ "do": "seen", "room": room, "id": id, "after": after, "limit": limit });
        self.request(MARK, ask).await
    }

    /// Searches messages, files and people.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn search(&mut self, query: &Query<'_>) -> Result<SearchReply<Entry>, ClientError> {
        let ask = json!({
            "query": query.query,
            "room": query.room.map(room_name),
            "from": query.from,
            "limit": query.limit,
            "before": query.before,
        });
        self.request(SEARCH, ask).await
    }

    /// The server's clock, in milliseconds since the epoch.
    ///
    /// # Errors
    /// The connection's.
    pub async fn ping(&mut self) -> Result<u64, ClientError> {
        let pong: Pong = self.request(PING, json!({})).await?;
        Ok(pong.time)
    }
}
