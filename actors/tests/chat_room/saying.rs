//! From being posted to being said: order, groups, repeats, failures.

use super::*;
use crate::support::stores::{Disk, memory_store, sled_store_on, written};
use qunliao_storage::MemoryEngine;

/// Has the engine hold commits, and the room begin one with a first message.
async fn hold_with(lobby: &Place, engine: &MemoryEngine, ear: &Ear, first: &str) {
    let faults = engine.faults();
    faults.hold_commits(true);
    lobby.say(ear, 0, first, None);
    let held = tokio::task::spawn_blocking(move || faults.wait_until_held());
    within(held).await.unwrap();
}

#[actix_rt::test]
async fn nothing_is_told_before_it_is_durable_and_what_waits_goes_together() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let lobby = Place::over(&store).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    let mut bob = lobby.join(&BOB, 2, 0).await;
    let before = engine.faults().commits();
    hold_with(&lobby, &engine, &alice, "one").await;
    lobby.say(&bob, 0, "two", None);
    lobby.say(&alice, 1, "three", None);
    lobby.say(&alice, 2, "four", None);
    lobby.settle().await;
    assert!(alice.is_quiet() && bob.is_quiet());
    assert_eq!(lobby.last.load(Ordering::Acquire), 0);

    engine.faults().hold_commits(false);
    assert_eq!(bob.next().await, said(1, &ALICE, "one", None));
    let line = |id, someone: &Someone, news: &str, ticket| {
        (id, someone.name.to_owned(), news.to_owned(), ticket)
    };
    let rest = vec![
        line(2, &BOB, "two", None),
        line(3, &ALICE, "three", Some(1)),
        line(4, &ALICE, "four", Some(2)),
    ];
    assert_eq!(alice.next().await, said(1, &ALICE, "one", Some(0)));
    assert_eq!(alice.next().await, Told::Said(rest));
    assert_eq!(engine.faults().commits() - before, 2);
    assert_eq!(written(&store).await, ["one", "two", "three", "four"]);
    lobby.stop().await;
}

#[actix_rt::test]
async fn who_joins_while_something_is_written_hears_it() {
    let engine = MemoryEngine::new();
    let lobby = Place::over(&memory_store(&engine)).await;
    let alice = lobby.join(&ALICE, 1, 0).await;
    hold_with(&lobby, &engine, &alice, "one").await;
    let mut bob = lobby.join(&BOB, 2, 0).await;
    engine.faults().hold_commits(false);
    assert_eq!(bob.next().await, said(1, &ALICE, "one", None));
    lobby.stop().await;
}

#[actix_rt::test]
async fn a_repeat_is_answered_with_the_first_one_and_not_said_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let lobby = Place::over(&store).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    let mut bob = lobby.join(&BOB, 2, 0).await;
    lobby.say(&alice, 0, "once", Some("a1"));
    assert_eq!(alice.next().await, said(1, &ALICE, "once", Some(0)));
    lobby.say(&alice, 1, "once", Some("a1"));
    assert_eq!(alice.next().await, Told::Settled { ticket: 1, id: 1 });
    // An id is its author's own.
    lobby.say(&bob, 0, "me too", Some("a1"));
    assert_eq!(bob.next().await, said(1, &ALICE, "once", None));
    assert_eq!(bob.next().await, said(2, &BOB, "me too", Some(0)));
    assert_eq!(written(&store).await, ["once", "me too"]);
    lobby.stop().await;
}

#[actix_rt::test]
async fn a_repeat_is_known_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let lobby = Place::over(&store).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    lobby.say(&alice, 0, "once", Some("a1"));
    assert_eq!(alice.next().await, said(1, &ALICE, "once", Some(0)));
    lobby.stop().await;
    store.close();

    let store = sled_store(folder.path());
    let lobby = Place::over(&store).await;
    assert_eq!(lobby.last.load(Ordering::Acquire), 1);
    let mut alice = lobby.join(&ALICE, 1, 1).await;
    lobby.say(&alice, 4, "once", Some("a1"));
    assert_eq!(alice.next().await, Told::Settled { ticket: 4, id: 1 });
    lobby.say(&alice, 5, "something else", Some("a2"));
    assert_eq!(
        alice.next().await,
        said(2, &ALICE, "something else", Some(5))
    );
    lobby.stop().await;
}

#[actix_rt::test]
async fn a_repeat_of_what_is_being_written_waits_for_it() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let lobby = Place::over(&store).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    let mut phone = lobby.join(&ALICE, 2, 0).await;
    hold_with(&lobby, &engine, &alice, "first").await;
    lobby.say(&alice, 1, "second", Some("a2"));
    lobby.say(&phone, 9, "second", Some("a2"));
    lobby.settle().await;
    assert!(phone.is_quiet());
    engine.faults().hold_commits(false);
    assert_eq!(phone.next().await, said(1, &ALICE, "first", None));
    assert_eq!(phone.next().await, said(2, &ALICE, "second", None));
    assert_eq!(phone.next().await, Told::Settled { ticket: 9, id: 2 });
    assert_eq!(alice.next().await, said(1, &ALICE, "first", Some(0)));
    assert_eq!(alice.next().await, said(2, &ALICE, "second", Some(1)));
    assert_eq!(written(&store).await, ["first", "second"]);
    lobby.stop().await;
}

#[actix_rt::test]
async fn on_a_full_disk_everyone_is_refused_and_when_it_has_room_again_the_room_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::roomy();
    let store = sled_store_on(folder.path(), &disk);
    let lobby = Place::over(&store).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    let mut bob = lobby.join(&BOB, 2, 0).await;
    disk.fill();
    lobby.say(&alice, 0, "lost", Some("a1"));
    lobby.say(&bob, 0, "lost too", None);
    let full = |ticket| Told::Refused(ticket, Failure::StorageFull);
    assert_eq!(alice.next().await, full(0));
    assert_eq!(bob.next().await, full(0));

    disk.empty();
    // What was refused was not said: the same id is no repeat.
    lobby.say(&alice, 1, "said after all", Some("a1"));
    assert_eq!(
        alice.next().await,
        said(1, &ALICE, "said after all", Some(1))
    );
    assert_eq!(bob.next().await, said(1, &ALICE, "said after all", None));
    assert_eq!(written(&store).await, ["said after all"]);
    lobby.stop().await;
}

#[actix_rt::test]
async fn a_failed_commit_refuses_those_who_waited_for_it_repeats_included() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let lobby = Place::over(&store).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    let mut phone = lobby.join(&ALICE, 2, 0).await;
    hold_with(&lobby, &engine, &alice, "lost").await;
    lobby.say(&alice, 1, "lost too", Some("a1"));
    lobby.say(&phone, 2, "lost too", Some("a1"));
    lobby.settle().await;
    engine.faults().fail_commits(true);
    engine.faults().hold_commits(false);
    let refused = |ticket| Told::Refused(ticket, Failure::Unavailable);
    assert_eq!(alice.next().await, refused(0));
    assert_eq!(alice.next().await, refused(1));
    assert_eq!(phone.next().await, refused(2));
    assert_eq!(lobby.last.load(Ordering::Acquire), 0);
    assert!(written(&store).await.is_empty());
    lobby.stop().await;
}
