//! How a room ends: as it is told to, or in a panic.

use super::*;
use crate::support::stores::{memory_store, write_down, written};
use qunliao_storage::MemoryEngine;

#[actix_rt::test]
async fn a_room_that_is_told_to_stop_says_what_was_posted_before() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let mut lobby = Place::over(&store).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    engine.faults().hold_commits(true);
    lobby.say(&alice, 0, "being written", None);
    lobby.say(&alice, 1, "waiting", None);
    lobby.address.do_send(Stop);
    lobby.say(&alice, 2, "too late", None);
    lobby.settle().await;
    assert_eq!(alice.next().await, Told::Refused(2, Failure::ShuttingDown));
    assert!(alice.is_quiet() && lobby.address.connected());

    engine.faults().hold_commits(false);
    assert_eq!(
        alice.next().await,
        said(1, &ALICE, "being written", Some(0))
    );
    assert_eq!(alice.next().await, said(2, &ALICE, "waiting", Some(1)));
    let address = lobby.address.clone();
    until(move || !address.connected()).await;
    assert_eq!(within(lobby.alarms.recv()).await, None, "no alarm");
    assert_eq!(written(&store).await, ["being written", "waiting"]);
}

#[actix_rt::test]
async fn a_room_that_is_told_to_stop_ends_also_when_it_can_write_no_more() {
    let engine = MemoryEngine::new();
    let lobby = Place::over(&memory_store(&engine)).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    engine.faults().fail_commits(true);
    lobby.say(&alice, 0, "lost", None);
    lobby.say(&alice, 1, "lost too", None);
    lobby.stop().await;
    for ticket in [0, 1] {
        let refused = Told::Refused(ticket, Failure::Unavailable);
        assert_eq!(alice.next().await, refused);
    }
}

#[actix_rt::test]
async fn a_log_that_someone_else_writes_ends_the_room_with_an_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let mut lobby = Place::over(&store).await;
    let alice = lobby.join(&ALICE, 1, 0).await;
    write_down(&store, 0, BOB.user(), &["behind its back".to_owned()]).await;
    lobby.say(&alice, 0, "what is my id?", None);
    assert_eq!(within(lobby.alarms.recv()).await, Some("chat_room"));
    let address = lobby.address.clone();
    until(move || !address.connected()).await;
    // Nothing was said, and nobody was told that anything was.
    assert_eq!(written(&store).await, ["behind its back"]);
    assert_eq!(lobby.last.load(Ordering::Acquire), 0);
    assert!(alice.is_quiet());
}
