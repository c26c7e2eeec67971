//! The `ChatRoom`, over a real log; those who listen are probes.

mod endings;
mod saying;

use crate::support::stores::sled_store;
use crate::support::{ALICE, Asks, BOB, CAROL, Probe, Someone, bell, until, within};
use actix::prelude::*;
use qunliao_actors::admission::ConnectionId;
use qunliao_actors::chat_room::{Batch, ChatRoom, Heard, Join, Leave, Say};
use qunliao_actors::vital::Vital;
use qunliao_actors::{Ping, Stop};
use qunliao_protocol::{Failure, RoomId};
use qunliao_storage::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::UnboundedReceiver;

/// A lobby, and what rings when it is lost.
struct Lobby {
    address: Addr<ChatRoom>,
    last: Arc<AtomicU64>,
    alarms: UnboundedReceiver<&'static str>,
}

impl Lobby {
    async fn over(store: &Store) -> Self {
        Self::for_at_most(store, 100).await
    }

    async fn for_at_most(store: &Store, members_max: usize) -> Self {
        let (on_loss, alarms) = bell();
        let last = Arc::new(AtomicU64::new(0));
        let room = ChatRoom::open(
            RoomId::LOBBY,
            Arc::new(store.clone()),
            members_max,
            Arc::clone(&last),
            Vital::new("chat_room", on_loss),
        );
        Self {
            address: room.await.unwrap().start(),
            last,
            alarms,
        }
    }

    /// Has a connection of `someone` ask to be let in.
    async fn knock(&self, someone: &'static Someone, connection: u64) -> Ear {
        let heard = Probe::answering(|_: &Heard| ());
        let join = Join {
            connection: ConnectionId(connection),
            user: someone.user(),
            ear: heard.recipient(),
        };
        within(self.address.send(join)).await.unwrap();
        Ear {
            someone,
            connection: ConnectionId(connection),
            heard,
        }
    }

    /// The same, for one who is let in after the entry `last`.
    async fn join(&self, someone: &'static Someone, connection: u64, last: u64) -> Ear {
        let mut ear = self.knock(someone, connection).await;
        assert_eq!(ear.next().await, Told::Joined(last));
        ear
    }

    fn say(&self, ear: &Ear, ticket: u64, news: &str, own_id: Option<&str>) {
        self.address.do_send(Say {
            connection: ear.connection,
            ticket,
            person: ear.someone.person(),
            news: news.to_owned(),
            client_message_id: own_id.map(str::to_owned),
        });
    }

    /// Returns when the room has dealt with everything it was sent.
    async fn settle(&self) {
        within(self.address.send(Ping)).await.unwrap();
    }

    async fn stop(mut self) {
        self.address.do_send(Stop);
        let address = self.address.clone();
        until(move || !address.connected()).await;
        assert_eq!(within(self.alarms.recv()).await, None, "no alarm");
    }
}

/// A connection that listens.
struct Ear {
    someone: &'static Someone,
    connection: ConnectionId,
    heard: Asks<Heard>,
}

/// What a connection was told, in a form that can be compared.
#[derive(Debug, PartialEq)]
enum Told {
    Joined(u64),
    NotJoined(Failure),
    /// Id, name, what, and the ticket if it is the connection's own.
    Said(Vec<(u64, String, String, Option<u64>)>),
    Repeated {
        ticket: u64,
        id: u64,
    },
    Refused(u64, Failure),
}

impl Ear {
    #[track_caller]
    fn next(&mut self) -> impl Future<Output = Told> {
        let connection = self.connection;
        let heard = self.heard.next();
        async move {
            match heard.await.message {
                Heard::Joined(last) => Told::Joined(last.0),
                Heard::NotJoined(failure) => Told::NotJoined(failure),
                Heard::Batch(batch) => Told::Said(lines(&batch, connection)),
                Heard::Repeated { ticket, id, .. } => Told::Repeated { ticket, id: id.0 },
                Heard::Refused { ticket, failure } => Told::Refused(ticket, failure),
            }
        }
    }

    /// Whether there is nothing to hear.
    fn is_quiet(&self) -> bool {
        self.heard.count() == 0
    }
}

fn lines(batch: &Batch, listener: ConnectionId) -> Vec<(u64, String, String, Option<u64>)> {
    let lines = batch.lines().iter().map(|line| {
        let own = line.from.filter(|(connection, _)| *connection == listener);
        let ticket = own.map(|(_, ticket)| ticket);
        (line.id.0, line.name.clone(), line.news.clone(), ticket)
    });
    lines.collect()
}

/// A batch of one line.
fn said(id: u64, someone: &Someone, news: &str, ticket: Option<u64>) -> Told {
    Told::Said(vec![(id, someone.name.to_owned(), news.to_owned(), ticket)])
}

#[actix_rt::test]
async fn who_joins_learns_where_the_room_is_and_hears_what_follows() {
    let folder = tempfile::tempdir().unwrap();
    let lobby = Lobby::over(&sled_store(folder.path())).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    lobby.say(&alice, 7, "早上好", None);
    assert_eq!(alice.next().await, said(1, &ALICE, "早上好", Some(7)));
    let mut bob = lobby.join(&BOB, 2, 1).await;
    lobby.say(&bob, 0, "good morning", None);
    assert_eq!(alice.next().await, said(2, &BOB, "good morning", None));
    assert_eq!(bob.next().await, said(2, &BOB, "good morning", Some(0)));
    assert_eq!(lobby.last.load(Ordering::Acquire), 2);
    lobby.stop().await;
}

#[actix_rt::test]
async fn who_left_hears_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let lobby = Lobby::over(&sled_store(folder.path())).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    let bob = lobby.join(&BOB, 2, 0).await;
    lobby.address.do_send(Leave(bob.connection));
    lobby.say(&alice, 0, "is anybody here?", None);
    assert_eq!(
        alice.next().await,
        said(1, &ALICE, "is anybody here?", Some(0))
    );
    assert!(bob.is_quiet());
    // Leaving twice, or never having been here, is no matter.
    lobby.address.do_send(Leave(bob.connection));
    lobby.address.do_send(Leave(ConnectionId(99)));
    lobby.settle().await;
    lobby.stop().await;
}

#[actix_rt::test]
async fn a_full_room_counts_users_and_not_their_devices() {
    let folder = tempfile::tempdir().unwrap();
    let lobby = Lobby::for_at_most(&sled_store(folder.path()), 2).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    let bob = lobby.join(&BOB, 2, 0).await;
    let _phone_of_bob = lobby.join(&BOB, 3, 0).await;
    let mut carol = lobby.knock(&CAROL, 4).await;
    assert_eq!(carol.next().await, Told::NotJoined(Failure::RoomFull));
    // Who was not let in is not heard either.
    lobby.say(&carol, 0, "let me in!", None);
    lobby.say(&alice, 0, "it is full here", None);
    assert_eq!(
        alice.next().await,
        said(1, &ALICE, "it is full here", Some(0))
    );
    lobby.address.do_send(Leave(bob.connection));
    let mut carol = lobby.knock(&CAROL, 4).await;
    assert_eq!(carol.next().await, Told::NotJoined(Failure::RoomFull));
    lobby.address.do_send(Leave(ConnectionId(3)));
    lobby.join(&CAROL, 4, 1).await;
    lobby.stop().await;
}

#[actix_rt::test]
async fn a_listener_that_is_gone_keeps_nobody_from_hearing() {
    let folder = tempfile::tempdir().unwrap();
    let lobby = Lobby::over(&sled_store(folder.path())).await;
    let bob = lobby.join(&BOB, 1, 0).await;
    bob.heard.end().await;
    let mut alice = lobby.join(&ALICE, 2, 0).await;
    lobby.say(&alice, 0, "hello?", None);
    assert_eq!(alice.next().await, said(1, &ALICE, "hello?", Some(0)));
    lobby.stop().await;
}

#[actix_rt::test]
async fn a_connection_that_joins_again_is_another_user_and_still_one_listener() {
    let folder = tempfile::tempdir().unwrap();
    let lobby = Lobby::for_at_most(&sled_store(folder.path()), 1).await;
    let first = lobby.join(&ALICE, 1, 0).await;
    let mut again = lobby.join(&BOB, 1, 0).await;
    lobby.say(&again, 0, "now it is me", None);
    assert_eq!(again.next().await, said(1, &BOB, "now it is me", Some(0)));
    assert!(first.is_quiet());
    lobby.stop().await;
}
