//! The rooms: what they are, who is in them, how far each member has read, and what
//! became of earlier messages.
//!
//! A room's log is the truth of it. [`Log::append`](crate::Log::append) carries out
//! what its entries say in the same transaction, so that what is kept here can never
//! tell another story. Beside the log stand only what is each member's own: how far
//! they have read, what they want to be told, and their names in a room.

mod amendments;
mod history;
mod making;
mod marks;
mod members;
mod mentions;
mod overview;
pub(crate) mod projection;
mod records;
pub mod reminders;
mod store;

use crate::entry::{Access, Entry, RoomRole};
use crate::error::StorageError;
use async_trait::async_trait;
use qunliao_protocol::{EntryId, RoomId, UserId};
use serde::{Deserialize, Serialize};

/// A room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRecord {
    /// The id.
    pub id: RoomId,
    /// Who may come in.
    pub access: Access,
    /// Its title; empty for the lobby and for direct rooms.
    pub title: String,
    /// When it began, in milliseconds since the epoch; 0 for the lobby.
    pub created: u64,
    /// The announcement that holds.
    pub announcement: Option<EntryId>,
    /// Pinned messages, in the order of pinning.
    pub pins: Vec<EntryId>,
}

/// Of what a member wants to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// Of everything.
    #[default]
    All,
    /// Of what means them.
    Mentions,
    /// Of nothing (消息免打扰).
    Nothing,
}

/// How someone stands in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// What they may do.
    pub role: RoomRole,
    /// The entry that brought them in; 0 in the lobby.
    pub since: EntryId,
    /// The last entry that they have read.
    pub read: EntryId,
    /// Of what they want to be told.
    pub notify: Notify,
    /// Until when they may not speak, in milliseconds since the epoch.
    pub muted_until: u64,
    /// Their name in this room (群名片).
    pub card: Option<String>,
    /// The last announcement that they have confirmed.
    pub confirmed: EntryId,
}

/// Where a log ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// The last entry; 0 if there is none.
    pub last: EntryId,
    /// Its time, in milliseconds since the epoch.
    pub time: u64,
    /// How many of the entries are messages.
    pub messages: u64,
}

/// Everything that has to be known of a room to decide what may happen in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomState {
    /// The room.
    pub record: RoomRecord,
    /// Where its log ends.
    pub end: End,
    /// Who is in it. In the lobby, where everyone is: those of whom something has
    /// to be remembered.
    pub members: Vec<(UserId, Membership)>,
    /// Who may not come in.
    pub banned: Vec<UserId>,
}

/// A room as one of its members sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomOverview {
    /// The room.
    pub record: RoomRecord,
    /// Where its log ends.
    pub end: End,
    /// How the member stands.
    pub membership: Membership,
    /// How many members there are; 0 for the lobby.
    pub member_count: u64,
    /// Some of them, those who came first, at most [`MEMBERS_SHOWN_MAX`]: both in a
    /// direct room, none in the lobby.
    pub members: Vec<(UserId, Membership)>,
    /// Messages after the last entry read.
    pub unread: u64,
    /// Those of them that mean the member (in a direct room: all), up to
    /// [`MENTIONS_COUNTED_MAX`].
    pub mentions: u64,
}

/// Those of a room's members who are listed with it.
pub const MEMBERS_SHOWN_MAX: usize = 10;

/// Unread mentions are counted up to this.
pub const MENTIONS_COUNTED_MAX: u64 = 100;

/// A new room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoom {
    /// [`Access::Open`] or [`Access::Closed`].
    pub access: Access,
    /// Its title.
    pub title: String,
    /// Who makes it, and owns it.
    pub creator: UserId,
    /// When, in milliseconds since the epoch.
    pub time: u64,
    /// Rooms that the creator may be in, the lobby aside.
    pub rooms_max: usize,
}

/// What became of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amendment {
    /// The entry that recalled it.
    pub recalled: Option<EntryId>,
    /// The entry that edited it last, and the words since.
    pub edited: Option<(EntryId, String)>,
    /// Reactions to it, in the order in which the first of each came.
    pub reactions: Vec<Reaction>,
    /// Whether it is pinned.
    pub pinned: bool,
}

/// A reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Which.
    pub emoji: String,
    /// By how many.
    pub count: u64,
    /// Some of them, the lowest ids first: at most [`REACTORS_SHOWN_MAX`].
    pub users: Vec<UserId>,
    /// Whether the reader is one of them.
    pub own: bool,
}

/// Those of a reaction's users who are listed with it.
pub const REACTORS_SHOWN_MAX: usize = 10;

/// An entry with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The entry, as it is in the log.
    pub entry: Entry,
    /// What became of it, if anything.
    pub amendment: Option<Amendment>,
}

/// An entry as those who want to change it have to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The entry.
    pub entry: Entry,
    /// The entries that edited it, unless it was recalled.
    pub edits: Vec<EntryId>,
    /// Who reacted how, in the order of first use of each emoji.
    pub reactions: Vec<(String, Vec<UserId>)>,
}

/// Which entries of a room to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// The newest before this one.
    Before(EntryId),
    /// The oldest after this one.
    After(EntryId),
    /// This one, and as many on either side.
    At(EntryId),
}

/// The rooms.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// Makes a room: its log begins with its being created. `None` if the creator is
    /// in too many.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn create_room(&self, new: NewRoom) -> Result<Option<RoomId>, StorageError>;

    /// The direct room of two different users; made if there is none. `None` if one of
    /// them is in `rooms_max` other rooms.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn direct_room(
        &self,
        creator: UserId,
        with: UserId,
        time: u64,
        rooms_max: usize,
    ) -> Result<Option<RoomId>, StorageError>;

    /// Everything about a room. There always is a lobby.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn room(&self, room: RoomId) -> Result<Option<RoomState>, StorageError>;

    /// How `user` stands in a room; `None` if not in it. In the lobby everyone is.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn membership(
        &self,
        room: RoomId,
        user: UserId,
    ) -> Result<Option<Membership>, StorageError>;

    /// The rooms that `user` is in, the lobby first, then by id.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn rooms_of(&self, user: UserId) -> Result<Vec<RoomOverview>, StorageError>;

    /// The ids alone of the rooms that `user` is in, the lobby first.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn room_ids_of(&self, user: UserId) -> Result<Vec<RoomId>, StorageError>;

    /// Open rooms after this one, by id, with how many members they have.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn open_rooms(
        &self,
        after: RoomId,
        limit: usize,
    ) -> Result<Vec<(RoomRecord, u64)>, StorageError>;

    /// All rooms after this one, by id, with the ends of their logs.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn all_rooms(
        &self,
        after: RoomId,
        limit: usize,
    ) -> Result<Vec<(RoomId, End)>, StorageError>;

    /// Members have read up to these entries. Who is not in the room, or has read
    /// further, is passed over; an entry beyond the end counts as the end.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn mark_read(
        &self,
        room: RoomId,
        marks: Vec<(UserId, EntryId)>,
    ) -> Result<(), StorageError>;

    /// Of what a member wants to be told. `false` if not a member.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn set_notify(
        &self,
        room: RoomId,
        user: UserId,
        notify: Notify,
    ) -> Result<bool, StorageError>;

    /// A member's name in the room, `None` for none. `false` if not a member.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn set_card(
        &self,
        room: RoomId,
        user: UserId,
        card: Option<String>,
    ) -> Result<bool, StorageError>;

    /// A member has taken note of this announcement. `false` if it is not the one
    /// that holds, or the user is not a member.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn confirm_announcement(
        &self,
        room: RoomId,
        user: UserId,
        announcement: EntryId,
    ) -> Result<bool, StorageError>;

    /// Entries as they are now, ascending, at most `limit` and no more once their texts
    /// reach `bytes_max`, but at least one (with [`Around::At`], the one asked for);
    /// `reader` is told which reactions are their own.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn history(
        &self,
        room: RoomId,
        around: Around,
        limit: usize,
        bytes_max: usize,
        reader: UserId,
    ) -> Result<Vec<Shown>, StorageError>;

    /// These entries as they are now; those that do not exist are left out.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn shown(
        &self,
        entries: Vec<(RoomId, EntryId)>,
        reader: UserId,
    ) -> Result<Vec<(RoomId, Shown)>, StorageError>;

    /// An entry, for those who want to change it.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn target(&self, room: RoomId, id: EntryId) -> Result<Option<Target>, StorageError>;
}
