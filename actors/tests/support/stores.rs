//! Stores: sled in a temporary folder, or memory where a fault is needed.

use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::{
    EntryKind, FreeSpace, Log, MemoryEngine, NewEntry, Reserve, Seal, SledEngine, Store,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const RESERVE_BYTES: u64 = 1_000;

/// The free space of a disk that is not there.
#[derive(Clone)]
pub(crate) struct Disk(Arc<AtomicU64>);

impl Disk {
    pub(crate) fn roomy() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }

    pub(crate) fn fill(&self) {
        self.0.store(RESERVE_BYTES - 1, Ordering::Relaxed);
    }

    pub(crate) fn empty(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }

    fn reserve(&self) -> Reserve {
        Reserve::new(FreeSpace::Fixed(Arc::clone(&self.0)), RESERVE_BYTES)
    }
}

/// A store over sled in `folder`, as the server opens it.
pub(crate) fn sled_store(folder: &Path) -> Store {
    sled_store_on(folder, &Disk::roomy())
}

/// The same, with this much space.
pub(crate) fn sled_store_on(folder: &Path, disk: &Disk) -> Store {
    let engine = SledEngine::open(&folder.join("db")).unwrap();
    Store::open(engine, Seal::new(&[7; 32]), disk.reserve(), |_| {}).unwrap()
}

/// A store that misbehaves when the engine is told to.
pub(crate) fn memory_store(engine: &MemoryEngine) -> Store {
    memory_store_on(engine, &Disk::roomy())
}

/// The same, with this much space.
pub(crate) fn memory_store_on(engine: &MemoryEngine, disk: &Disk) -> Store {
    let reserve = disk.reserve();
    Store::open(engine.clone(), Seal::new(&[7; 32]), reserve, |_| {}).unwrap()
}

/// Writes what `author` said into the lobby's log, after the entry `after`.
pub(crate) async fn write_down(store: &Store, after: u64, author: UserId, said: &[String]) {
    let entry = |text: &String| NewEntry {
        time: 1,
        kind: EntryKind::text(text.clone()),
        author,
        client_message_id: None,
    };
    let entries = said.iter().map(entry).collect();
    let appended = store.append(RoomId::LOBBY, EntryId(after), entries).await;
    appended.unwrap().unwrap();
}

/// Everything that the lobby's log holds.
pub(crate) async fn written(store: &Store) -> Vec<String> {
    let page = store.page(RoomId::LOBBY, EntryId(0), usize::MAX, usize::MAX);
    let entries = page.await.unwrap();
    entries
        .into_iter()
        .map(|entry| match entry.content.kind {
            EntryKind::Message(message) => message.text,
            other => panic!("{other:?} was not said"),
        })
        .collect()
}
