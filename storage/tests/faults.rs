//! What a disk that fails, is slow or is full does to the store.

use crate::cast::*;
use qunliao_protocol::EntryId;
use qunliao_storage::accounts::Login;
use qunliao_storage::codes::Verdict;
use qunliao_storage::{
    Accounts, Codes, FreeSpace, Health, Log, MemoryEngine, Reserve, Seal, StorageError, Store,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::task::JoinHandle;

/// A store whose alarms are counted.
fn alarmed_store(engine: &MemoryEngine) -> (Store, Arc<AtomicUsize>) {
    let alarms = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&alarms);
    let alarm = move |_: &StorageError| {
        counted.fetch_add(1, Ordering::SeqCst);
    };
    let store = Store::open(engine.clone(), Seal::new(&KEY), plenty(), alarm).unwrap();
    (store, alarms)
}

type Appending = JoinHandle<Result<(), StorageError>>;

/// Appends an entry after `after`, in a task of its own.
fn append(store: &Store, after: u64) -> Appending {
    let store = store.clone();
    tokio::spawn(async move {
        let appended = store.append(LOBBY, EntryId(after), vec![said(1, "hi")]);
        appended.await.map(|appended| appended.unwrap())
    })
}

/// Has the writer wait with the commit of the entry after `after`, and five more
/// wait for the writer.
async fn hold(store: &Store, engine: &MemoryEngine, after: u64) -> (Appending, Vec<Appending>) {
    let faults = engine.faults();
    faults.hold_commits(true);
    let first = append(store, after);
    let held = tokio::task::spawn_blocking(move || faults.wait_until_held());
    held.await.unwrap();
    let waiting = (after + 1..=after + 5).map(|after| append(store, after));
    let waiting = waiting.collect();
    // The tests have one thread: when this goes on, all of them have asked.
    tokio::task::yield_now().await;
    (first, waiting)
}

#[tokio::test]
async fn after_a_failed_commit_nothing_is_written_and_reads_go_on() {
    let engine = MemoryEngine::new();
    let (store, alarms) = alarmed_store(&engine);
    append(&store, 0).await.unwrap().unwrap();
    let before = engine.pairs();

    engine.faults().fail_commits(true);
    let failed = append(&store, 1).await.unwrap();
    assert!(matches!(failed, Err(StorageError::Commit(_))));
    // The disk seems well again: what it holds is unknown all the same.
    engine.faults().fail_commits(false);
    for _ in 0..3 {
        let refused = append(&store, 1).await.unwrap();
        assert!(matches!(refused, Err(StorageError::ReadOnly)));
    }
    assert!(matches!(store.probe().await, Err(StorageError::ReadOnly)));
    let refused = store.register(ALICE.account()).await;
    assert!(matches!(refused, Err(StorageError::ReadOnly)));

    assert_eq!(alarms.load(Ordering::SeqCst), 1);
    assert_eq!(last(&store, LOBBY).await, id(1));
    assert_eq!(store.page(LOBBY, id(0), 9, 999).await.unwrap().len(), 1);
    assert_eq!(engine.pairs(), before);
}

#[tokio::test]
async fn a_failed_commit_fails_all_who_waited_for_it() {
    let engine = MemoryEngine::new();
    let (store, alarms) = alarmed_store(&engine);
    let (first, waiting) = hold(&store, &engine, 0).await;
    engine.faults().fail_commits(true);
    engine.faults().hold_commits(false);
    let failed = first.await.unwrap();
    assert!(matches!(failed, Err(StorageError::Commit(_))));
    for appended in waiting {
        let refused = appended.await.unwrap();
        assert!(matches!(refused, Err(StorageError::ReadOnly)));
    }
    assert_eq!(alarms.load(Ordering::SeqCst), 1);
    assert_eq!(last(&store, LOBBY).await, id(0));
}

#[tokio::test]
async fn nothing_is_answered_before_its_commit_and_what_waits_is_one_group() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let commits = engine.faults().commits();
    let (first, waiting) = hold(&store, &engine, 0).await;
    assert!(!first.is_finished());
    assert!(waiting.iter().all(|appended| !appended.is_finished()));
    // Nor is it seen.
    assert_eq!(last(&store, LOBBY).await, id(0));

    engine.faults().hold_commits(false);
    first.await.unwrap().unwrap();
    for appended in waiting {
        appended.await.unwrap().unwrap();
    }
    assert_eq!(engine.faults().commits(), commits + 2);
    assert_eq!(last(&store, LOBBY).await, id(6));
}

#[tokio::test]
async fn who_stops_waiting_does_not_undo_what_was_asked() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let (first, waiting) = hold(&store, &engine, 0).await;
    first.abort();
    waiting.iter().for_each(JoinHandle::abort);
    engine.faults().hold_commits(false);
    store.probe().await.unwrap();
    assert_eq!(last(&store, LOBBY).await, id(6));
}

#[tokio::test]
async fn closing_commits_what_was_asked() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let (first, waiting) = hold(&store, &engine, 0).await;
    first.abort();
    waiting.iter().for_each(JoinHandle::abort);
    for aborted in waiting {
        assert!(aborted.await.unwrap_err().is_cancelled());
    }
    assert!(first.await.unwrap_err().is_cancelled());
    engine.faults().hold_commits(false);
    store.close();
    let reopened = memory_store(&engine);
    assert_eq!(last(&reopened, LOBBY).await, id(6));
}

#[tokio::test]
async fn a_commit_that_changes_nothing_writes_nothing() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    sign_up(&store, &ALICE).await;
    let commits = engine.faults().commits();
    refusal(&store, ALICE.account()).await;
    let conflict = store.append(LOBBY, id(9), vec![said(1, "hi")]).await;
    assert!(conflict.unwrap().is_err());
    assert_eq!(engine.faults().commits(), commits);
    store.probe().await.unwrap();
    assert_eq!(engine.faults().commits(), commits + 1);
}

#[tokio::test]
async fn a_read_that_fails_is_an_error_and_ends_nothing() {
    let engine = MemoryEngine::new();
    let (store, alarms) = alarmed_store(&engine);
    append(&store, 0).await.unwrap().unwrap();
    engine.faults().fail_reads(true);
    let read = store.page(LOBBY, id(0), 9, 999).await;
    assert!(matches!(read, Err(StorageError::Read(_))));
    let found = store.find(Login::Name("小爱".into())).await;
    assert!(matches!(found, Err(StorageError::Read(_))));
    // What cannot read what it depends on changes nothing.
    let registered = store.register(ALICE.account()).await;
    assert!(matches!(registered, Err(StorageError::Read(_))));
    engine.faults().fail_reads(false);
    sign_up(&store, &ALICE).await;
    assert_eq!(alarms.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn below_the_reserve_writes_are_refused_until_there_is_space_again() {
    let free = Arc::new(AtomicU64::new(1_000));
    let reserve = Reserve::new(FreeSpace::Fixed(Arc::clone(&free)), 1_000);
    let alarm = |why: &StorageError| panic!("{why}");
    let store = Store::open(MemoryEngine::new(), Seal::new(&KEY), reserve, alarm).unwrap();
    append(&store, 0).await.unwrap().unwrap();

    free.store(999, Ordering::SeqCst);
    for _ in 0..2 {
        let refused = append(&store, 1).await.unwrap();
        let (free, reserve) = (999, 1_000);
        assert!(
            matches!(refused, Err(StorageError::Full { free: f, reserve: r }) if (f, r) == (free, reserve))
        );
    }
    let refused = store.register(ALICE.account()).await;
    assert!(matches!(refused, Err(StorageError::Full { .. })));
    assert_eq!(store.page(LOBBY, id(0), 9, 999).await.unwrap().len(), 1);

    free.store(1_000, Ordering::SeqCst);
    append(&store, 1).await.unwrap().unwrap();
    sign_up(&store, &ALICE).await;
}

#[tokio::test]
async fn on_a_full_disk_a_right_code_shows_no_more_than_a_wrong_one() {
    let free = Arc::new(AtomicU64::new(1_000));
    let reserve = Reserve::new(FreeSpace::Fixed(Arc::clone(&free)), 1_000);
    let alarm = |why: &StorageError| panic!("{why}");
    let store = Store::open(MemoryEngine::new(), Seal::new(&KEY), reserve, alarm).unwrap();
    send_code(&store, &ALICE, "135790", NOW).await;
    free.store(999, Ordering::SeqCst);
    for code in ["135790", "246801"] {
        let judged = store.try_code(ALICE.phone_proof(code), NOW).await;
        assert!(matches!(judged, Err(StorageError::Full { .. })), "{code}");
    }
    free.store(1_000, Ordering::SeqCst);
    let judged = store.try_code(ALICE.phone_proof("135790"), NOW).await;
    assert_eq!(judged.unwrap(), Verdict::Right);
}
