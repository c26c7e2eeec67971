//! Changing messages.

use super::ChatClient;
use crate::error::ClientError;
use qunliao_protocol::chat::{CHANGE, Changed, Mentions, room_name};
use qunliao_protocol::{EntryId, RoomId};
use serde_json::{Value, json};

/// All of it takes that [`ChatClient::enter`] or [`ChatClient::enter_rooms`] went before.
impl ChatClient {
    /// Takes a message back.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn recall(&mut self, room: RoomId, id: EntryId) -> Result<Changed, ClientError> {
        self.change(room, id, "recall", json!({})).await
    }

    /// Says something else in the place of a message of one's own.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn edit(
        &mut self,
        room: RoomId,
        id: EntryId,
        news: &str,
        mentions: &Mentions,
    ) -> Result<Changed, ClientError> {
        let keys = json!({ "news": news, "mentions": mentions });
        self.change(room, id, "edit", keys).await
    }

    /// Reacts to a message.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn react(
        &mut self,
        room: RoomId,
        id: EntryId,
        emoji: &str,
    ) -> Result<Changed, ClientError> {
        let keys = json!({ "emoji": emoji });
        self.change(room, id, "react", keys).await
    }

    /// Takes a reaction back.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn unreact(
        &mut self,
        room: RoomId,
        id: EntryId,
        emoji: &str,
    ) -> Result<Changed, ClientError> {
        let keys = json!({ "emoji": emoji });
        self.change(room, id, "unreact", keys).await
    }

    /// Pins a message.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn pin(&mut self, room: RoomId, id: EntryId) -> Result<Changed, ClientError> {
        self.change(room, id, "pin", json!({})).await
    }

    /// Unpins a message.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn unpin(&mut self, room: RoomId, id: EntryId) -> Result<Changed, ClientError> {
        self.change(room, id, "unpin", json!({})).await
    }

    async fn change(
        &mut self,
        room: RoomId,
        id: EntryId,
        verb: &str,
        mut keys: Value,
    ) -> Result<Changed, ClientError> {
        keys["do"] = verb.into();
        keys["room"] = room_name(room).into();
        keys["id"] = id.0.into();
        self.request(CHANGE, keys).await
    }
}
