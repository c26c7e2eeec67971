//! A power cut at any moment: what was answered is there, once, with ids that are
//! dense, and what is kept of rooms agrees with their logs.
//!
//! The model: of the database file survives what was there when the last `fdatasync`
//! began that has ended, and of what was written since any sectors of 512 bytes.

use crate::cast::*;
use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::rooms::Around;
use qunliao_storage::{
    EntryKind, Log, MessageChange, NewEntry, Rooms, Seal, SledEngine, StorageError, Store,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

const IMAGES: usize = 120;
const SECTOR: usize = 512;

/// Rooms that are written to at once.
const ROOMS: [RoomId; 3] = [RoomId(1), RoomId(11), RoomId(12)];

/// The files of a database and what is in them.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What the cut left, and what had been answered by then, for each room.
struct Image {
    files: Files,
    answered: [u64; ROOMS.len()],
}

/// Numbers that look like chance, the same in each run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn in_a_hundred(&mut self, times: u64) -> bool {
        self.next() % 100 < times
    }
}

fn files_in(folder: &Path) -> Files {
    let found = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = found.filter(|entry| entry.file_type().unwrap().is_file());
    // A snapshot can be gone before it is read.
    files
        .filter_map(|entry| {
            Some((
                PathBuf::from(entry.file_name()),
                fs::read(entry.path()).ok()?,
            ))
        })
        .collect()
}

/// What a cut leaves of a file that was `durable` when it was `written`.
fn torn(durable: &[u8], written: &[u8], chance: &mut Chance) -> Vec<u8> {
    let survive = [0, 10, 50, 90, 100][(chance.next() % 5) as usize];
    let mut left = durable.to_vec();
    if chance.in_a_hundred(50) {
        left.resize(durable.len().max(written.len()), 0);
    }
    for (at, sector) in written.chunks(SECTOR).enumerate() {
        let from = at * SECTOR;
        let to = (from + sector.len()).min(left.len());
        if from < to && chance.in_a_hundred(survive) {
            left[from..to].copy_from_slice(&sector[..to - from]);
        }
    }
    left
}

/// What a cut leaves: the database torn; of sled's snapshots, which it syncs itself
/// before it gives them their names, all or nothing of each.
fn cut(durable: &Files, written: &Files, chance: &mut Chance) -> Files {
    let mut left = durable.clone();
    for (name, bytes) in written {
        let before = durable.get(name);
        if name == Path::new("db") {
            let torn = torn(before.map_or(&[], Vec::as_slice), bytes, chance);
            left.insert(name.clone(), torn);
        } else if before.is_none() && chance.in_a_hundred(50) {
            left.insert(name.clone(), bytes.clone());
        }
    }
    left
}

fn open(engine: SledEngine) -> Store {
    let alarm = |why: &StorageError| panic!("{why}");
    Store::open(engine, Seal::new(&KEY), plenty(), alarm).unwrap()
}

/// What stands at a place of a log: a message of some length that tells where it is,
/// or sometimes a change of an earlier one.
fn entry_at(room: RoomId, at: u64) -> NewEntry {
    let target = at / 2;
    match at % 10 {
        4 => change(1, target, MessageChange::Recalled),
        6 => change(1, target, MessageChange::Pinned),
        8 => change(at % 7, target, MessageChange::Reacted("👍".into())),
        _ => {
            let length = (at as usize * 997) % [40, 300, 9_000][at as usize % 3];
            said(room.0, &format!("{room}/{at} {}", "x".repeat(length)))
        }
    }
}

/// Appends to a room for as long as images are wanted.
async fn write(store: Store, room: RoomId, answered: Arc<AtomicU64>, images: Arc<AtomicU64>) {
    let mut last = 0;
    while (images.load(Ordering::SeqCst) as usize) < IMAGES {
        let count = 1 + last % 4;
        let entries = (last + 1..=last + count).map(|at| entry_at(room, at));
        append(&store, room, last, entries.collect()).await;
        last += count;
        answered.store(last, Ordering::SeqCst);
        let mark = vec![(UserId(9), EntryId(last))];
        store.mark_read(room, mark).await.unwrap();
    }
}

/// Makes an image of each sync: what a cut leaves that comes just before it has an effect.
fn record(
    folder: PathBuf,
    answered: [Arc<AtomicU64>; ROOMS.len()],
    images: Arc<AtomicU64>,
    told: Sender<Image>,
) -> impl Fn() + Send + Sync + 'static {
    let durable = files_in(&folder);
    let state = Mutex::new((durable, Chance(0x9e37_79b9_7f4a_7c15), told));
    move || {
        let answered = answered.each_ref().map(|room| room.load(Ordering::SeqCst));
        let (durable, chance, told) = &mut *state.lock().unwrap();
        let written = files_in(&folder);
        let files = cut(durable, &written, chance);
        *durable = written;
        images.fetch_add(1, Ordering::SeqCst);
        // Nobody waits for more than were wanted.
        let _ = told.send(Image { files, answered });
    }
}

async fn check_room(store: &Store, room: RoomId, answered: u64) {
    let end = store.end(room).await.unwrap();
    assert!(
        end.last.0 >= answered,
        "{answered} answered, {} there",
        end.last
    );
    let page = store
        .page(room, id(0), usize::MAX, usize::MAX)
        .await
        .unwrap();
    assert_eq!(page.len() as u64, end.last.0);
    let mut recalled = Vec::new();
    for entry in &page {
        if let EntryKind::Change {
            target,
            change: MessageChange::Recalled,
        } = entry.content.kind
        {
            recalled.push(target);
        }
    }
    let shown = store.history(
        room,
        Around::After(id(0)),
        usize::MAX,
        usize::MAX,
        UserId(1),
    );
    for shown in shown.await.unwrap() {
        let (at, content) = (shown.entry.id, shown.entry.content);
        let amendment = shown.amendment.unwrap_or_default();
        let is_message = |at: EntryId| matches!(entry_at(room, at.0).kind, EntryKind::Message(_));
        if recalled.contains(&at) && is_message(at) {
            assert_eq!(words(&content), "", "{room}/{at}");
            assert!(amendment.recalled.is_some());
        } else {
            assert_eq!(content, entry_at(room, at.0));
            assert_eq!(amendment.recalled, None);
        }
    }
    let lobby = store.room(room).await.unwrap();
    assert_eq!(lobby.is_some(), room == LOBBY);
    let goes_on = store.append(room, end.last, vec![said(1, "on")]).await;
    assert_eq!(goes_on.unwrap(), Ok(()));
}

async fn check(image: Image) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in &image.files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let store = open(SledEngine::open(folder.path()).unwrap());
    for (room, answered) in ROOMS.into_iter().zip(image.answered) {
        check_room(&store, room, answered).await;
    }
    // The mark was set after the answer: it may be one append behind.
    let marked = store.membership(LOBBY, UserId(9)).await.unwrap().unwrap();
    assert!(marked.read.0 + 8 > image.answered[0]);
    store.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let engine = SledEngine::open(&path).unwrap();
    let images = Arc::new(AtomicU64::new(0));
    let answered: [Arc<AtomicU64>; ROOMS.len()] = Default::default();
    let (told, cuts): (_, Receiver<Image>) = channel();
    let watch = record(path, answered.clone(), Arc::clone(&images), told);
    let store = open(engine.watched(watch));
    let writers = ROOMS.into_iter().zip(answered).map(|(room, answered)| {
        tokio::spawn(write(store.clone(), room, answered, Arc::clone(&images)))
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    store.close();
    let mut checked = 0;
    let mut furthest = 0;
    while let Ok(image) = cuts.recv() {
        furthest = furthest.max(image.answered.into_iter().sum());
        check(image).await;
        checked += 1;
    }
    assert!(checked >= IMAGES && furthest > 100, "{checked} {furthest}");
}
