//! A room's shelf: what each name in it stands for, and in which order.

use super::{Item, NameConflict, folders};
use crate::error::StorageError;
use crate::keys::{self, IndexHash};
use crate::seal::{Seal, Space};
use crate::store::counters;
use crate::transaction::{Read, Transaction, decode};
use qunliao_protocol::files::Place;
use qunliao_protocol::label::Label;
use qunliao_protocol::{FileId, FolderId, RoomId};
use serde::{Deserialize, Serialize};

/// What an item's key points at.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Target {
    File(FileId),
    Folder(FolderId),
}

/// The value under an item's name: what it is, and where it stands by age.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct ItemRecord {
    pub(super) target: Target,
    seq: u64,
}

#[derive(Default, Serialize, Deserialize)]
struct ShelfRecord {
    items: u64,
}

/// A name in a room.
pub(super) struct Shelf {
    room: RoomId,
    pub(super) name: IndexHash,
}

impl Shelf {
    pub(super) fn new(seal: &Seal, room: RoomId, name: &Label) -> Self {
        Self::named(seal, room, name.as_str())
    }

    /// For a name as it stands in a record.
    pub(super) fn named(seal: &Seal, room: RoomId, name: &str) -> Self {
        Self {
            room,
            name: seal.index(Space::Label, name.as_bytes()),
        }
    }

    /// The name that a file at `place` has in the room: its own, or its folder's.
    pub(super) fn at(seal: &Seal, room: RoomId, place: &Place) -> Self {
        let (Place::File(name) | Place::Folder { folder: name, .. }) = place;
        Self::new(seal, room, name)
    }

    pub(super) fn item(&self, read: &impl Read) -> Result<Option<ItemRecord>, StorageError> {
        read.record(&keys::item_by_room_name(self.room, &self.name))
    }

    /// Makes the name stand for an earlier `target` again, at the place that it has.
    pub(super) fn go_back_to(
        &self,
        transaction: &mut Transaction<'_>,
        target: Target,
    ) -> Result<(), StorageError> {
        let Some(ItemRecord { seq, .. }) = self.item(transaction)? else {
            return Ok(());
        };
        transaction.put_record(keys::item_by_room_seq(self.room, seq), &target)?;
        transaction.put_record(
            keys::item_by_room_name(self.room, &self.name),
            &ItemRecord { target, seq },
        )
    }

    /// Makes the name stand for nothing.
    pub(super) fn clear(&self, transaction: &mut Transaction<'_>) -> Result<(), StorageError> {
        let Some(item) = self.item(transaction)? else {
            return Ok(());
        };
        transaction.delete(keys::item_by_room_seq(self.room, item.seq));
        transaction.delete(keys::item_by_room_name(self.room, &self.name));
        let key = keys::shelf_by_room(self.room);
        let mut shelf: ShelfRecord = transaction.record(&key)?.unwrap_or_default();
        shelf.items = shelf.items.saturating_sub(1);
        transaction.put_record(key, &shelf)
    }

    /// Makes the name stand for `target`, as the newest item of the room.
    pub(super) fn set(
        &self,
        transaction: &mut Transaction<'_>,
        earlier: Option<ItemRecord>,
        target: Target,
    ) -> Result<(), StorageError> {
        match earlier {
            Some(earlier) => transaction.delete(keys::item_by_room_seq(self.room, earlier.seq)),
            None => {
                let key = keys::shelf_by_room(self.room);
                let mut shelf: ShelfRecord = transaction.record(&key)?.unwrap_or_default();
                shelf.items += 1;
                transaction.put_record(key, &shelf)?;
            }
        }
        let seq = transaction.count(counters::ITEMS)?;
        transaction.put_record(keys::item_by_room_seq(self.room, seq), &target)?;
        transaction.put_record(
            keys::item_by_room_name(self.room, &self.name),
            &ItemRecord { target, seq },
        )
    }
}

/// Whether a file can come to `place`, where `item` is now.
pub(super) fn fits(
    read: &impl Read,
    place: &Place,
    item: Option<&ItemRecord>,
) -> Result<Result<(), NameConflict>, StorageError> {
    let collides = match (place, item.map(|item| item.target)) {
        (_, None) | (Place::File(_), Some(Target::File(_))) => false,
        (Place::Folder { path, .. }, Some(Target::Folder(folder))) => {
            folders::collides(read, folder, path)?
        }
        _ => true,
    };
    Ok(if collides { Err(NameConflict) } else { Ok(()) })
}

/// How many items the room has, and the newest of them, newest first.
pub(super) fn newest(
    read: &impl Read,
    room: RoomId,
    limit: usize,
) -> Result<(u64, Vec<Item>), StorageError> {
    let shelf: Option<ShelfRecord> = read.record(&keys::shelf_by_room(room))?;
    let (from, to) = keys::range(&keys::items_of(room));
    let newest = read.scan(&from, &to, true, limit)?;
    let items = newest.iter().map(|(_, value)| {
        resolve(read, decode(value)?)?
            .ok_or_else(|| StorageError::damaged("an item points at nothing"))
    });
    Ok((
        shelf.unwrap_or_default().items,
        items.collect::<Result<_, _>>()?,
    ))
}

/// The file or folder that a target means.
pub(super) fn resolve(read: &impl Read, target: Target) -> Result<Option<Item>, StorageError> {
    Ok(match target {
        Target::File(id) => read.record(&keys::file_by_id(id))?.map(Item::File),
        Target::Folder(id) => read.record(&keys::folder_by_id(id))?.map(Item::Folder),
    })
}
