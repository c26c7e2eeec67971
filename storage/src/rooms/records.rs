//! The records of rooms and of who is in them.

use super::{Membership, Notify, RoomRecord};
use crate::entry::{Access, RoomRole};
use crate::error::StorageError;
use crate::keys;
use crate::seal::{Bound, Seal};
use crate::transaction::{Read, Transaction, decode};
use qunliao_protocol::{EntryId, RoomId, UserId};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// A room's record. Its pins have records of their own.
#[derive(Serialize, Deserialize)]
pub(super) struct RoomData {
    pub(super) access: Access,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) title: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) created: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) announcement: Option<EntryId>,
    /// How many are in it; 0 in the lobby.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) members: u64,
}

/// How someone stands in a room.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct MembershipData {
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) role: RoomRole,
    pub(super) since: EntryId,
    pub(super) read: EntryId,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) notify: Notify,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) muted_until: u64,
    /// Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) card: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) confirmed: EntryId,
}

/// What became of a message, its reactions aside: the entries that did it.
#[derive(Default, PartialEq, Serialize, Deserialize)]
pub(super) struct AmendmentData {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) recalled: Option<EntryId>,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) edited: Option<EntryId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pinned: Option<EntryId>,
}

impl AmendmentData {
    /// As it lies in a record, which always says something.
    pub(super) fn read(value: &[u8]) -> Result<Self, StorageError> {
        let data: Self = decode(value)?;
        if data == Self::default() {
            return Err(StorageError::damaged("an amendment says nothing"));
        }
        Ok(data)
    }
}

/// A reaction to a message.
#[derive(Serialize, Deserialize)]
pub(super) struct ReactionData {
    pub(super) emoji: String,
    pub(super) count: u64,
    /// The lowest of them, at most as many as are shown.
    pub(super) users: Vec<UserId>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl RoomData {
    pub(super) fn lobby() -> Self {
        Self {
            access: Access::Everyone,
            title: String::new(),
            created: 0,
            announcement: None,
            members: 0,
        }
    }

    /// The record of a room that there is; there always is a lobby.
    pub(super) fn find(read: &impl Read, room: RoomId) -> Result<Option<Self>, StorageError> {
        let found = read.record(&keys::room_by_id(room))?;
        Ok(found.or_else(|| (room == RoomId::LOBBY).then(Self::lobby)))
    }

    /// Changes the record of a room that has to be there.
    pub(super) fn change(
        transaction: &mut Transaction<'_>,
        room: RoomId,
        change: impl FnOnce(&mut Self),
    ) -> Result<(), StorageError> {
        let found = Self::find(transaction, room)?;
        let mut data = found.ok_or_else(|| StorageError::damaged("a log belongs to no room"))?;
        change(&mut data);
        transaction.put_record(keys::room_by_id(room), &data)
    }

    /// The room, as others see it.
    pub(super) fn shown(self, read: &impl Read, id: RoomId) -> Result<RoomRecord, StorageError> {
        Ok(RoomRecord {
            id,
            access: self.access,
            title: self.title,
            created: self.created,
            announcement: self.announcement,
            pins: pins(read, id)?,
        })
    }
}

impl MembershipData {
    /// As others see it.
    pub(super) fn shown(
        self,
        seal: &Seal,
        room: RoomId,
        user: UserId,
    ) -> Result<Membership, StorageError> {
        let open = |sealed: String| {
            let card = seal.open(Bound::Membership(room, user), &sealed)?;
            String::from_utf8(card).map_err(|_| StorageError::damaged("a name is not text"))
        };
        Ok(Membership {
            role: self.role,
            since: self.since,
            read: self.read,
            notify: self.notify,
            muted_until: self.muted_until,
            card: self.card.map(open).transpose()?,
            confirmed: self.confirmed,
        })
    }
}

fn pins(read: &impl Read, room: RoomId) -> Result<Vec<EntryId>, StorageError> {
    let mut pins = Vec::new();
    read.each(keys::range(&keys::pins_of(room)), |_, value| {
        let pinned = keys::number(value);
        let pinned = pinned.ok_or_else(|| StorageError::damaged("a pin points at nothing"))?;
        pins.push(EntryId(pinned));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(pins)
}
