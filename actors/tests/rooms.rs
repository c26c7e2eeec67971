//! `Rooms`, over a real store: who starts a room, and when it stops.

use crate::support::rooms::{act, make_room, neighbours, say};
use crate::support::stores::{memory_store, sled_store, write_down, written};
use crate::support::{ALICE, BOB, Probe, bell, until, within};
use actix::prelude::*;
use futures_util::FutureExt;
use qunliao_actors::chat_room::{Act, Deed, Heard};
use qunliao_actors::rooms::{Lease, Open, RoomLink, Rooms};
use qunliao_actors::{Ping, Stop};
use qunliao_protocol::{Failure, RoomId};
use qunliao_storage::{Access, MemoryEngine, Store};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// Rooms that are stopped as soon as nobody has a link to them.
const SHORT: Lease = Lease {
    idle: Duration::ZERO,
    sweep_every: Duration::from_millis(1),
};

/// Rooms, and what rings when one is lost.
struct House {
    rooms: Addr<Rooms>,
    alarms: UnboundedReceiver<&'static str>,
}

impl House {
    fn over(store: &Store, lease: Lease) -> Self {
        let (on_loss, alarms) = bell();
        let rooms = Rooms::new(neighbours(store), lease, on_loss).start();
        Self { rooms, alarms }
    }

    async fn open(&self, room: RoomId) -> Result<Arc<RoomLink>, Failure> {
        within(self.rooms.send(Open(room))).await.unwrap()
    }

    async fn stop(mut self) {
        self.rooms.do_send(Stop);
        self.has_stopped().await;
    }

    /// Waits until all have stopped, without an alarm.
    async fn has_stopped(&mut self) {
        let rooms = self.rooms.clone();
        until(move || !rooms.connected()).await;
        assert_eq!(within(self.alarms.recv()).await, None, "no alarm");
    }
}

/// Waits until the lobby refuses what is so already, which it does once it has been
/// told to stop.
async fn is_draining(way: &Recipient<Act>) {
    let mut asks = Probe::answering(|_: &Heard| ());
    loop {
        way.do_send(act(&BOB, Deed::Join, Some(asks.recipient())));
        if let Heard::Refused { failure, .. } = asks.next().await.message
            && failure == Failure::ShuttingDown
        {
            return;
        }
    }
}

#[actix_rt::test]
async fn a_room_is_opened_for_whoever_asks_and_all_get_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let tea = make_room(&store, ALICE.user(), Access::Open).await;
    let house = House::over(&store, Lease::default());
    let (first, second) = futures_util::join!(house.open(tea), house.open(tea));
    let (first, second) = (first.ok().unwrap(), second.ok().unwrap());
    let later = house.open(tea).await.ok().unwrap();
    assert!(Arc::ptr_eq(&first, &second) && Arc::ptr_eq(&first, &later));
    assert_eq!((first.id, first.last.load(Ordering::Acquire)), (tea, 1));
    let lobby = house.open(RoomId::LOBBY).await.ok().unwrap();
    assert_eq!(lobby.last.load(Ordering::Acquire), 0);
    house.stop().await;
    assert!(!first.act.connected() && !lobby.act.connected());
}

#[actix_rt::test]
async fn a_room_that_does_not_exist_is_not_found_and_nobody_is_alarmed() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::over(&sled_store(folder.path()), Lease::default());
    for _ in 0..2 {
        let refused = house.open(RoomId(99)).await.err();
        assert_eq!(refused, Some(Failure::RoomNotFound));
    }
    assert!(house.alarms.try_recv().is_err());
    assert!(house.open(RoomId::LOBBY).await.is_ok());
    house.stop().await;
}

#[actix_rt::test]
async fn a_room_that_cannot_be_read_is_unavailable_until_it_can() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let house = House::over(&store, Lease::default());
    engine.faults().fail_reads(true);
    let refused = house.open(RoomId::LOBBY).await.err();
    assert_eq!(refused, Some(Failure::Unavailable));
    engine.faults().fail_reads(false);
    assert!(house.open(RoomId::LOBBY).await.is_ok());
    house.stop().await;
}

#[actix_rt::test]
async fn a_room_runs_as_long_as_anyone_has_a_link_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let tea = make_room(&store, ALICE.user(), Access::Open).await;
    let walk = make_room(&store, ALICE.user(), Access::Open).await;
    let house = House::over(&store, SHORT);
    let (kept, dropped) = (house.open(tea).await, house.open(walk).await);
    let (kept, dropped) = (kept.ok().unwrap(), dropped.ok().unwrap());
    let left = dropped.act.clone();
    drop(dropped);
    until(|| !left.connected()).await;
    assert!(kept.act.connected());
    let again = house.open(walk).await.ok().unwrap();
    assert!(again.act.connected());
    house.stop().await;
}

#[actix_rt::test]
async fn a_room_asked_for_while_it_drains_begins_where_the_old_one_ended() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let house = House::over(&store, SHORT);
    let old = house.open(RoomId::LOBBY).await.ok().unwrap();
    let mut answers = Probe::answering(|_: &Heard| ());
    engine.faults().hold_commits(true);
    old.act
        .do_send(say(&ALICE, "last words", Some(answers.recipient())));
    let way = old.act.clone();
    drop(old);
    is_draining(&way).await;
    let mut opening = house.rooms.send(Open(RoomId::LOBBY)).boxed_local();
    within(house.rooms.send(Ping)).await.unwrap();
    assert!((&mut opening).now_or_never().is_none(), "the old one lives");
    assert!(way.connected());

    engine.faults().hold_commits(false);
    let new = within(opening).await.unwrap().ok().unwrap();
    assert!(!way.connected() && new.act.connected());
    assert_eq!(new.last.load(Ordering::Acquire), 1);
    let settled = answers.next().await.message;
    assert!(matches!(settled, Heard::Settled { ticket: 0, .. }));
    drop(new);
    house.stop().await;
    assert_eq!(written(&store).await, ["last words"]);
}

#[actix_rt::test]
async fn rooms_that_are_to_stop_open_nothing_and_end_when_all_have_drained() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let mut house = House::over(&store, Lease::default());
    let lobby = house.open(RoomId::LOBBY).await.ok().unwrap();
    let mut answers = Probe::answering(|_: &Heard| ());
    engine.faults().hold_commits(true);
    lobby
        .act
        .do_send(say(&ALICE, "last words", Some(answers.recipient())));
    house.rooms.do_send(Stop);
    is_draining(&lobby.act).await;
    let refused = house.open(RoomId::LOBBY).await.err();
    assert_eq!(refused, Some(Failure::ShuttingDown));
    assert!(house.rooms.connected(), "the lobby drains");

    engine.faults().hold_commits(false);
    let settled = answers.next().await.message;
    assert!(matches!(settled, Heard::Settled { ticket: 0, .. }));
    house.has_stopped().await;
    assert_eq!(written(&store).await, ["last words"]);
}

#[actix_rt::test]
async fn a_room_that_is_being_opened_when_all_stop_is_never_begun() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let mut house = House::over(&store, Lease::default());
    let opening = house.rooms.send(Open(RoomId::LOBBY));
    house.rooms.do_send(Stop);
    let refused = within(opening).await.unwrap().err();
    assert_eq!(refused, Some(Failure::ShuttingDown));
    house.has_stopped().await;
}

#[actix_rt::test]
async fn a_room_that_panics_raises_the_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let mut house = House::over(&store, Lease::default());
    let lobby = house.open(RoomId::LOBBY).await.ok().unwrap();
    write_down(&store, 0, BOB.user(), &["behind its back".to_owned()]).await;
    lobby.act.do_send(say(&ALICE, "what is my id?", None));
    // Nobody listens: that is no post.
    let answers = Probe::answering(|_: &Heard| ());
    lobby
        .act
        .do_send(say(&ALICE, "what is my id?", Some(answers.recipient())));
    assert_eq!(within(house.alarms.recv()).await, Some("chat_room"));
}
