//! The sled engine on its disk: what stays, what is swept, what never comes to be.

use crate::cast::*;
use qunliao_protocol::label::PATH_BYTES_MAX;
use qunliao_protocol::{FolderId, RoomId};
use qunliao_storage::accounts::{Login, RegisterRefusal};
use qunliao_storage::codes::Verdict;
use qunliao_storage::{Accounts, Codes, Files, Log, Sessions, SledEngine, StorageError, Store};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The names of sled's snapshots in a folder.
fn snapshots(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_snapshot = |path: &PathBuf| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("snap.")
    };
    entries.filter(is_snapshot).collect()
}

async fn fill(store: &Store) {
    send_code(store, &ALICE, "135790", NOW).await;
    let alice = signed_up(store, ALICE.account_by_phone("135790")).await.id;
    store
        .open_session(new_session(alice, "token"))
        .await
        .unwrap();
    send_code(store, &BOB, "246801", NOW).await;
    let entries = vec![said(1, "早"), said(1, &"long".repeat(5_000))];
    store.append(LOBBY, id(0), entries).await.unwrap().unwrap();
    share(store, alone("a.txt"), 1, 1).await;
    share(store, within("photos", "1.jpg"), 2, 1).await;
}

async fn check(store: &Store) {
    let (alice, _) = store.session("token".into(), NOW).await.unwrap().unwrap();
    let by_number = store.find(Login::Contact(ALICE.phone_contact())).await;
    assert!(by_number.unwrap().unwrap().user == alice);
    let taken = refusal(store, ALICE.account()).await;
    assert_eq!(taken, RegisterRefusal::NameTaken);
    let code = store.try_code(BOB.phone_proof("246801"), NOW).await;
    assert_eq!(code.unwrap(), Verdict::Right);
    let soon = store.issue(new_code(BOB.phone_proof("1"), NOW)).await;
    assert_eq!(soon.unwrap(), qunliao_storage::codes::Issued::TooSoon(60));
    let entries = store.page(LOBBY, id(0), 9, usize::MAX).await.unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(words(&entries[1].content).len(), 20_000);
    let (count, items) = store.items(LOBBY, 9).await.unwrap();
    assert_eq!((count, items.len()), (2, 2));
    let files = store.folder_files(FolderId(1), None, 9).await.unwrap();
    assert_eq!(files[0].name, "1.jpg");
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    fill(&store).await;
    store.close();
    for _ in 0..3 {
        let store = sled_store(folder.path());
        check(&store).await;
        store.close();
    }
    let store = sled_store(folder.path());
    // Ids go on where they were, never from the beginning.
    assert_eq!(sign_up(&store, &CAROL).await.id.0, 2);
    assert_eq!(share(&store, alone("b"), 1, 1).await.id.0, 3);
}

#[tokio::test]
async fn an_unfinished_snapshot_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("db");
    let store = sled_store(&database);
    fill(&store).await;
    store.close();
    let unfinished = database.join("snap.00000000000000FF.generating");
    fs::write(&unfinished, "half a snapshot").unwrap();
    check(&sled_store(&database)).await;
    assert!(!unfinished.exists());
    // It was in nobody's way: sled never saw it.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Damages the snapshots of a database that nobody has open.
fn damage_snapshots(database: &Path) {
    let snapshots = snapshots(database);
    assert!(!snapshots.is_empty());
    for snapshot in &snapshots {
        let length = fs::metadata(snapshot).unwrap().len() as usize;
        fs::write(snapshot, vec![0x5a; length]).unwrap();
    }
}

/// The files of a folder by name, with their bytes, and those of its folders.
fn contents_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut contents = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let (path, name) = entry.map(|e| (e.path(), e.file_name().into())).unwrap();
        if path.is_dir() {
            let within = contents_of(&path).into_iter();
            contents.extend(within.map(|(file, bytes)| (Path::new(&name).join(file), bytes)));
        } else {
            contents.insert(name, fs::read(&path).unwrap());
        }
    }
    contents
}

#[tokio::test]
async fn a_damaged_snapshot_is_passed_over_and_the_log_read_instead() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("db");
    let store = sled_store(&database);
    fill(&store).await;
    store.close();
    sled_store(&database).close();
    damage_snapshots(&database);
    fs::write(database.join("blobs").join("77"), "a blob").unwrap();
    // What a copy that was cut short has left is in nobody's way.
    fs::create_dir(folder.path().join("db.damaged-unfinished")).unwrap();
    fs::write(folder.path().join("db.damaged-unfinished/db"), "half").unwrap();
    let found = contents_of(&database);
    check(&sled_store(&database)).await;
    // All of it was kept as it was found, before sled wrote to it.
    let copy = folder.path().join("db.damaged-1");
    assert!(contents_of(&copy) == found);
    assert!(found.contains_key(Path::new("blobs/77")));
    assert!(!folder.path().join("db.damaged-unfinished").exists());
    let mode = fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_database_damaged_over_and_over_does_not_fill_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("db");
    let store = sled_store(&database);
    fill(&store).await;
    store.close();
    sled_store(&database).close();
    for number in 1..=3 {
        damage_snapshots(&database);
        let store = sled_store(&database);
        check(&store).await;
        store.close();
        assert!(folder.path().join(format!("db.damaged-{number}")).exists());
    }
    damage_snapshots(&database);
    let found = contents_of(&database);
    let refused = SledEngine::open(&database);
    assert!(matches!(refused.err(), Some(StorageError::Io { .. })));
    assert!(contents_of(&database) == found);
    // An operator has looked at a copy, and moved it away.
    fs::remove_dir_all(folder.path().join("db.damaged-2")).unwrap();
    check(&sled_store(&database)).await;
}

#[tokio::test]
async fn what_is_damaged_beside_its_snapshots_is_an_error_and_copied_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("db");
    let store = sled_store(&database);
    fill(&store).await;
    store.close();
    sled_store(&database).close();
    fs::write(database.join("conf"), "these are no settings of sled's").unwrap();
    let found = contents_of(&database);
    for _ in 0..3 {
        let refused = SledEngine::open(&database);
        assert!(matches!(refused.err(), Some(StorageError::Damaged(_))));
    }
    assert!(contents_of(&folder.path().join("db.damaged-1")) == found);
    assert!(!folder.path().join("db.damaged-2").exists());
}

#[test]
fn a_database_that_is_in_use_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let _store = sled_store(folder.path());
    let second = SledEngine::open(folder.path());
    assert!(matches!(second.err(), Some(StorageError::InUse(_))));
}

#[tokio::test]
async fn whoever_lets_go_of_a_database_late_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    fill(&store).await;
    store.close();
    // As a thread of sled's does that still has the file open.
    let late = fs::File::open(folder.path().join("db")).unwrap();
    late.lock().unwrap();
    let path = folder.path().to_owned();
    let opening = std::thread::spawn(move || sled_store(&path));
    // The system lists whoever waits for a lock with an arrow.
    let inode = format!(":{} ", late.metadata().unwrap().ino());
    let waits = |line: &str| line.contains("->") && line.contains(&inode);
    while !fs::read_to_string("/proc/locks")
        .unwrap()
        .lines()
        .any(waits)
    {
        std::thread::yield_now();
    }
    drop(late);
    check(&opening.join().unwrap()).await;
}

/// sled never syncs what it moves into `blobs`: nothing may get there.
fn no_blobs(folder: &Path) {
    let blobs = fs::read_dir(folder.join("blobs")).unwrap();
    assert_eq!(blobs.count(), 0);
}

#[tokio::test]
async fn the_longest_messages_stay_out_of_sleds_blobs() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    for round in 0..50 {
        let rooms = (1..=4).map(|room| {
            let store = store.clone();
            tokio::spawn(async move {
                let entries = (0..10).map(|n| said(room, &"x".repeat(4_000 + 2_000 * n)));
                let appended = store.append(RoomId(room), id(round * 10), entries.collect());
                appended.await.unwrap().unwrap();
            })
        });
        for room in rooms.collect::<Vec<_>>() {
            room.await.unwrap();
        }
    }
    assert_eq!(last(&store, RoomId(4)).await, id(500));
    no_blobs(folder.path());
    store.close();
    sled_store(folder.path()).close();
    no_blobs(folder.path());
}

/// Shares 4 000 files with the longest paths, in so many folders.
async fn share_long_paths(store: &Store, folders: usize) {
    let deep = ["d"; 4].map(|part| part.repeat(240)).join("/");
    let length = PATH_BYTES_MAX - deep.len() - 6;
    for round in 0..20 {
        let sharing = (0..200).map(|number| {
            let path = format!("{deep}/{number:03}{round:02}{}", "x".repeat(length));
            let place = within(&format!("folder {}", number % folders), &path);
            let store = store.clone();
            tokio::spawn(async move { share(&store, place, 1, 1).await })
        });
        for shared in sharing.collect::<Vec<_>>() {
            shared.await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_longest_paths_stay_out_of_sleds_blobs() {
    for folders in [1, 20] {
        let folder = tempfile::tempdir().unwrap();
        let store = sled_store(folder.path());
        share_long_paths(&store, folders).await;
        no_blobs(folder.path());
    }
}
