//! The chat port in trouble: a full room, a room that is gone, a bug.

use super::*;
use async_trait::async_trait;
use qunliao_actors::Stop;
use qunliao_protocol::RoomId;
use qunliao_storage::log::Conflict;
use qunliao_storage::rooms::End;
use qunliao_storage::{Entry, Log, MemoryEngine, NewEntry, StorageError};
use std::sync::Arc;

#[actix_rt::test]
async fn who_finds_the_room_full_is_told_and_sent_away() {
    let mut universe = Plan::default().build().await;
    let mut alice = universe.connect(Port::Chat);
    alice.send(&plain(&ALICE, "")).await;
    let ear = universe.join.next().await.message.ear;
    ear.do_send(not_joined(Failure::Unavailable));
    let refused = alice.next().await;
    assert_eq!((&refused["test"], heard(&refused).0), (&106.into(), "系统"));
    alice.ends().await;
    drop(alice);
    let door = universe.house.door.clone();
    until(move || door.count() == 0).await;
}

#[actix_rt::test]
async fn what_was_said_on_the_way_into_a_full_room_is_refused() {
    let mut universe = Plan::default().build().await;
    let mut alice = universe.connect(Port::Chat);
    let (first, second) = (plain(&ALICE, "one"), extended(&ALICE, "two", 2));
    alice.send_all(&[&first, &second]).await;
    let ear = universe.join.next().await.message.ear;
    universe.posted().await;
    universe.posted().await;
    ear.do_send(not_joined(Failure::Unavailable));
    let mut refused = [alice.next().await, alice.next().await];
    refused.sort_by_key(|reply| reply["seq"].as_u64());
    assert_eq!(
        (&refused[0]["test"], refused[0].get("seq")),
        (&106.into(), None)
    );
    assert_eq!(
        (&refused[1]["test"], &refused[1]["seq"]),
        (&106.into(), &2.into())
    );
    alice.ends().await;
    drop(alice);
    let door = universe.house.door.clone();
    until(move || door.count() == 0).await;
}

#[actix_rt::test]
async fn a_room_that_is_gone_is_told_and_the_connection_lives_on() {
    let mut universe = Plan::default().build().await;
    let (mut alice, _ear) = in_the_lobby(&mut universe, &ALICE).await;
    universe.act.end().await;
    universe.join.end().await;
    alice.send(&plain(&ALICE, "anybody?")).await;
    let refused = alice.next().await;
    assert_eq!(refused["error"], "shutting_down");
    assert_eq!(heard(&refused).0, "系统");
    let mut bob = universe.connect(Port::Chat);
    bob.send(&extended(&BOB, "anybody?", 1)).await;
    let refused = bob.next().await;
    assert_eq!(
        (&refused["error"], &refused["seq"]),
        (&"shutting_down".into(), &1.into())
    );
    assert!(alice.answers().await && bob.answers().await);
}

#[actix_rt::test]
async fn what_a_room_took_with_it_is_refused_when_the_server_stops() {
    let mut universe = Plan::default().build().await;
    let (mut alice, _ear) = in_the_lobby(&mut universe, &ALICE).await;
    let (first, second) = (plain(&ALICE, "one"), extended(&ALICE, "two", 2));
    alice.send_all(&[&first, &second]).await;
    universe.posted().await;
    universe.posted().await;
    universe.act.end().await;
    universe.host.do_send(Stop);
    for _ in 0..2 {
        assert_eq!(alice.next().await["error"], "shutting_down");
    }
    alice.ends().await;
    let host = universe.host.clone();
    until(move || !host.connected()).await;
}

#[actix_rt::test]
async fn a_registry_that_is_gone_is_told_and_costs_no_try() {
    let universe = Plan::with(|limits| limits.wrong_credentials_max = 1)
        .build()
        .await;
    universe.identify.end().await;
    let mut alice = universe.connect(Port::Chat);
    for _ in 0..2 {
        alice.send(&plain(&ALICE, "it is me")).await;
        assert_eq!(alice.next().await["error"], "shutting_down");
    }
    assert_eq!((universe.join.count(), universe.act.count()), (0, 0));
}

#[actix_rt::test]
async fn what_is_said_while_a_connection_ends_does_not_cut_it_off() {
    let mut universe = Plan::default().build().await;
    let (mut alice, ear) = in_the_lobby(&mut universe, &ALICE).await;
    alice.send_bytes(b"this is no header").await;
    assert_eq!(alice.next().await["error"], "bad_header");
    alice.ends().await;
    // What still comes is thrown away; closing now could cost her the answer.
    for id in 1..=3 {
        let told = ear.send(told([line(id, &BOB, "hello", None)]));
        within(told).await.expect("the connection is there still");
    }
    drop(alice);
    let door = universe.house.door.clone();
    until(move || door.count() == 0).await;
}

#[actix_rt::test]
async fn a_log_that_cannot_be_read_ends_those_who_need_it() {
    let engine = MemoryEngine::new();
    let log = crate::support::stores::memory_store(&engine);
    engine.faults().fail_reads(true);
    let plan = Plan {
        log: Some(Arc::new(log)),
        ..Plan::default()
    };
    let mut universe = plan.build().await;
    let (mut bob, _ear) = in_the_lobby(&mut universe, &BOB).await;
    let mut alice = universe.connect(Port::Chat);
    alice.send(&plain(&ALICE, "")).await;
    universe.let_in(1).await;
    assert_eq!(alice.next().await["error"], "unavailable");
    alice.ends().await;
    assert!(bob.answers().await);
}

/// A log with a bug.
struct Cursed;

#[async_trait]
impl Log for Cursed {
    async fn append(
        &self,
        _: RoomId,
        _: EntryId,
        _: Vec<NewEntry>,
    ) -> Result<Result<(), Conflict>, StorageError> {
        panic!("nobody appends here")
    }

    async fn end(&self, _: RoomId) -> Result<End, StorageError> {
        panic!("nobody asks for the end here")
    }

    async fn entry(&self, _: RoomId, _: EntryId) -> Result<Option<Entry>, StorageError> {
        panic!("nobody asks for one entry here")
    }

    async fn page(
        &self,
        _: RoomId,
        _: EntryId,
        _: usize,
        _: usize,
    ) -> Result<Vec<Entry>, StorageError> {
        panic!("a bug that a connection meets")
    }
}

#[actix_rt::test]
async fn a_connection_that_panics_harms_nobody_and_leaves_nothing_behind() {
    let plan = Plan {
        log: Some(Arc::new(Cursed)),
        ..Plan::default()
    };
    let mut universe = plan.build().await;
    let (mut bob, bobs_ear) = in_the_lobby(&mut universe, &BOB).await;
    let mut alice = universe.connect(Port::Chat);
    alice.send(&plain(&ALICE, "")).await;
    universe.let_in(1).await;
    alice.ends().await;
    assert_eq!(universe.leave.next().await.message.connection, alice.id);
    let door = universe.house.door.clone();
    until(move || door.count() == 1).await;
    bobs_ear.do_send(told([line(1, &CAROL, "what was that?", None)]));
    assert_eq!(heard(&bob.next().await), (CAROL.name, "what was that?"));
    universe.host.do_send(Stop);
    bob.ends().await;
    let host = universe.host.clone();
    until(move || !host.connected()).await;
}
