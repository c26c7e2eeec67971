//! The rooms of a store.

use super::{
    Around, End, Membership, NewRoom, Notify, RoomOverview, RoomRecord, RoomState, Rooms, Shown,
    Target, history, making, marks, members, overview,
};
use crate::error::StorageError;
use crate::store::Store;
use async_trait::async_trait;
use qunliao_protocol::{EntryId, RoomId, UserId};

#[async_trait]
impl Rooms for Store {
    async fn create_room(&self, new: NewRoom) -> Result<Option<RoomId>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| making::room(transaction, &seal, new))
            .await
    }

    async fn direct_room(
        &self,
        creator: UserId,
        with: UserId,
        time: u64,
        rooms_max: usize,
    ) -> Result<Option<RoomId>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| {
                making::direct(transaction, &seal, creator, with, time, rooms_max)
            })
            .await
    }

    async fn room(&self, room: RoomId) -> Result<Option<RoomState>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| overview::room(snapshot, &seal, room))
            .await
    }

    async fn membership(
        &self,
        room: RoomId,
        user: UserId,
    ) -> Result<Option<Membership>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| {
            let found = members::find(snapshot, room, user)?;
            found.map(|data| data.shown(&seal, room, user)).transpose()
        })
        .await
    }

    async fn rooms_of(&self, user: UserId) -> Result<Vec<RoomOverview>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| overview::rooms_of(snapshot, &seal, user))
            .await
    }

    async fn room_ids_of(&self, user: UserId) -> Result<Vec<RoomId>, StorageError> {
        self.read(move |snapshot| overview::ids_of(snapshot, user))
            .await
    }

    async fn open_rooms(
        &self,
        after: RoomId,
        limit: usize,
    ) -> Result<Vec<(RoomRecord, u64)>, StorageError> {
        self.read(move |snapshot| overview::open(snapshot, after, limit))
            .await
    }

    async fn all_rooms(
        &self,
        after: RoomId,
        limit: usize,
    ) -> Result<Vec<(RoomId, End)>, StorageError> {
        self.read(move |snapshot| overview::all(snapshot, after, limit))
            .await
    }

    async fn mark_read(
        &self,
        room: RoomId,
        read: Vec<(UserId, EntryId)>,
    ) -> Result<(), StorageError> {
        self.writer
            .transact(move |transaction| marks::read(transaction, room, read))
            .await
    }

    async fn set_notify(
        &self,
        room: RoomId,
        user: UserId,
        notify: Notify,
    ) -> Result<bool, StorageError> {
        self.writer
            .transact(move |transaction| marks::notify(transaction, room, user, notify))
            .await
    }

    async fn set_card(
        &self,
        room: RoomId,
        user: UserId,
        card: Option<String>,
    ) -> Result<bool, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| marks::card(transaction, &seal, room, user, card))
            .await
    }

    async fn confirm_announcement(
        &self,
        room: RoomId,
        user: UserId,
        announcement: EntryId,
    ) -> Result<bool, StorageError> {
        self.writer
            .transact(move |transaction| marks::confirm(transaction, room, user, announcement))
            .await
    }

    async fn history(
        &self,
        room: RoomId,
        around: Around,
        limit: usize,
        bytes_max: usize,
        reader: UserId,
    ) -> Result<Vec<Shown>, StorageError> {
        self.read(move |snapshot| {
            history::history(snapshot, room, around, limit, bytes_max, reader)
        })
        .await
    }

    async fn shown(
        &self,
        entries: Vec<(RoomId, EntryId)>,
        reader: UserId,
    ) -> Result<Vec<(RoomId, Shown)>, StorageError> {
        self.read(move |snapshot| history::shown(snapshot, &entries, reader))
            .await
    }

    async fn target(&self, room: RoomId, id: EntryId) -> Result<Option<Target>, StorageError> {
        self.read(move |snapshot| history::target(snapshot, room, id))
            .await
    }
}
