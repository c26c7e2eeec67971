//! Rooms: finding and making them, coming and going, keeping order.

use super::ChatClient;
use crate::error::ClientError;
use qunliao_protocol::chat::{
    Access, Changed, ListReply, MembersReply, Notify, Overview, OverviewReply, ROOMS, RoomRole,
    RosterReply, room_name,
};
use qunliao_protocol::reply::Nothing;
use qunliao_protocol::{EntryId, RoomId, UserId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What is refused here is refused with 105, or as `docs/protocol.md` says. All of it
/// takes that [`ChatClient::enter`] or [`ChatClient::enter_rooms`] went before.
impl ChatClient {
    /// Open rooms after this one, at most `limit` of 200.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn open_rooms(
        &mut self,
        after: Option<RoomId>,
        limit: usize,
    ) -> Result<ListReply, ClientError> {
        let after = after.map(room_name);
        let ask = json!({ "do": "list", "after": after, "limit": limit });
        self.request(ROOMS, ask).await
    }

    /// A new room, [`Access::Open`] or [`Access::Closed`].
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn create_room(
        &mut self,
        title: &str,
        access: Access,
    ) -> Result<Overview, ClientError> {
        self.overview(json!({ "do": "create", "title": title, "access": access }))
            .await
    }

    /// The room of oneself and this user alone.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn direct_room(&mut self, user: UserId) -> Result<Overview, ClientError> {
        self.overview(json!({ "do": "direct", "user": user })).await
    }

    /// How a room stands.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn show_room(&mut self, room: RoomId) -> Result<Overview, ClientError> {
        self.overview(json!({ "do": "show", "room": room_name(room) }))
            .await
    }

    /// Members of a room after this one by id, at most `limit` of 200.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn members(
        &mut self,
        room: RoomId,
        after: UserId,
        limit: usize,
    ) -> Result<MembersReply, ClientError> {
        let keys = json!({ "after": after, "limit": limit });
        self.in_room(room, "members", keys).await
    }

    /// Comes into a room. How it stands then comes as an event.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn join(&mut self, room: RoomId) -> Result<Changed, ClientError> {
        self.in_room(room, "join", json!({})).await
    }

    /// Leaves a room.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn leave(&mut self, room: RoomId) -> Result<Changed, ClientError> {
        self.in_room(room, "leave", json!({})).await
    }

    /// Brings someone in.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn invite(&mut self, room: RoomId, user: UserId) -> Result<Changed, ClientError> {
        self.in_room(room, "invite", json!({ "user": user })).await
    }

    /// Makes someone leave.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn kick(&mut self, room: RoomId, user: UserId) -> Result<Changed, ClientError> {
        self.in_room(room, "kick", json!({ "user": user })).await
    }

    /// Makes someone leave, for good.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn ban(&mut self, room: RoomId, user: UserId) -> Result<Changed, ClientError> {
        self.in_room(room, "ban", json!({ "user": user })).await
    }

    /// Lets someone come back.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn unban(&mut self, room: RoomId, user: UserId) -> Result<Changed, ClientError> {
        self.in_room(room, "unban", json!({ "user": user })).await
    }

    /// Keeps someone from speaking for so many seconds.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn mute(
        &mut self,
        room: RoomId,
        user: UserId,
        seconds: u64,
    ) -> Result<Changed, ClientError> {
        let keys = json!({ "user": user, "seconds": seconds });
        self.in_room(room, "mute", keys).await
    }

    /// Lets someone speak again.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn unmute(&mut self, room: RoomId, user: UserId) -> Result<Changed, ClientError> {
        self.in_room(room, "unmute", json!({ "user": user })).await
    }

    /// Gives someone another role.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn give_role(
        &mut self,
        room: RoomId,
        user: UserId,
        role: RoomRole,
    ) -> Result<Changed, ClientError> {
        let keys = json!({ "user": user, "role": role });
        self.in_room(room, "role", keys).await
    }

    /// Gives a room another title.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn set_title(&mut self, room: RoomId, title: &str) -> Result<Changed, ClientError> {
        self.in_room(room, "title", json!({ "title": title })).await
    }

    /// Announces something; nothing: takes back what is announced.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn announce(&mut self, room: RoomId, news: &str) -> Result<Changed, ClientError> {
        self.in_room(room, "announce", json!({ "news": news }))
            .await
    }

    /// Says that one has taken note of an announcement.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn confirm(&mut self, room: RoomId, id: EntryId) -> Result<(), ClientError> {
        let done: Result<Nothing, _> = self.in_room(room, "confirm", json!({ "id": id })).await;
        done.map(drop)
    }

    /// Who has taken note of an announcement, after this one by id, at most `limit` of 200.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn roster(
        &mut self,
        room: RoomId,
        id: EntryId,
        after: UserId,
        limit: usize,
    ) -> Result<RosterReply, ClientError> {
        let keys = json!({ "id": id, "after": after, "limit": limit });
        self.in_room(room, "roster", keys).await
    }

    /// Sets one's name in a room; empty: none.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn set_card(&mut self, room: RoomId, card: &str) -> Result<(), ClientError> {
        let done: Result<Nothing, _> = self.in_room(room, "card", json!({ "card": card })).await;
        done.map(drop)
    }

    /// Sets of what one wants to be told.
    ///
    /// # Errors
    /// Refused, or the connection's.
    pub async fn set_notify(&mut self, room: RoomId, notify: Notify) -> Result<(), ClientError> {
        let keys = json!({ "notify": notify });
        let done: Result<Nothing, _> = self.in_room(room, "notify", keys).await;
        done.map(drop)
    }

    async fn overview(&mut self, ask: Value) -> Result<Overview, ClientError> {
        let reply: OverviewReply = self.request(ROOMS, ask).await?;
        Ok(reply.overview)
    }

    async fn in_room<T: DeserializeOwned>(
        &mut self,
        room: RoomId,
        verb: &str,
        mut keys: Value,
    ) -> Result<T, ClientError> {
        keys["do"] = verb.into();
        keys["room"] = room_name(room).into();
        self.request(ROOMS, keys).await
    }
}
