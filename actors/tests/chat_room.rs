//! The `ChatRoom`, over a real store; those who listen are probes.

mod endings;
mod gathering;
mod passages;
mod saying;

use crate::support::rooms::neighbours;
use crate::support::stores::sled_store;
use crate::support::{ALICE, Asks, BOB, CAROL, Probe, Someone, bell, until, within};
use actix::prelude::*;
use qunliao_actors::admission::ConnectionId;
use qunliao_actors::chat_room::{
    Act, Batch, ChatRoom, Deed, Heard, Join, Leave, Neighbours, Party, Post, Subject,
};
use qunliao_actors::vital::Vital;
use qunliao_actors::{Ping, Stop};
use qunliao_protocol::chat::RoomPush;
use qunliao_protocol::{Failure, HeaderForm, RoomId};
use qunliao_storage::accounts::Role;
use qunliao_storage::{EntryKind, Message, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc::UnboundedReceiver;

/// A room that runs, and what rings when it is lost.
struct Place {
    address: Addr<ChatRoom>,
    last: Arc<AtomicU64>,
    alarms: UnboundedReceiver<&'static str>,
}

impl Place {
    /// The lobby.
    async fn over(store: &Store) -> Self {
        Self::among(neighbours(store), RoomId::LOBBY).await
    }

    /// The lobby, for so many at once.
    async fn for_at_most(store: &Store, members_max: usize) -> Self {
        let mut neighbours = neighbours(store);
        neighbours.rules.members_max = members_max;
        Self::among(neighbours, RoomId::LOBBY).await
    }

    /// A room among these neighbours.
    async fn among(neighbours: Neighbours, room: RoomId) -> Self {
        let (on_loss, alarms) = bell();
        let last = Arc::new(AtomicU64::new(0));
        let state = neighbours.rooms.room(room).await.unwrap().unwrap();
        let vital = Vital::new("chat_room", on_loss);
        let room = ChatRoom::new(&state, neighbours, Arc::clone(&last), None, vital);
        Self {
            address: room.start(),
            last,
            alarms,
        }
    }

    /// Has a connection of `someone` ask to be let in.
    async fn knock(&self, someone: &'static Someone, connection: u64) -> Ear {
        let ear = Ear::of(someone, connection);
        let join = Join {
            connection: ear.connection,
            user: someone.user(),
            ear: ear.heard.recipient(),
        };
        within(self.address.send(join)).await.unwrap();
        ear
    }

    /// The same, for one who is let in after the entry `last`.
    async fn join(&self, someone: &'static Someone, connection: u64, last: u64) -> Ear {
        let mut ear = self.knock(someone, connection).await;
        assert_eq!(ear.next().await, Told::Joined(last));
        ear
    }

    fn say(&self, ear: &Ear, ticket: u64, news: &str, own_id: Option<&str>) {
        let message = Message {
            text: news.to_owned(),
            ..Message::default()
        };
        let mut post = ear.post(ticket, Deed::Say(message), None);
        post.client_message_id = own_id.map(str::to_owned);
        self.address.do_send(Act { post, answer: None });
    }

    /// Has someone do something, through a connection that listens.
    fn act(&self, ear: &Ear, ticket: u64, deed: Deed, subject: Option<&Someone>) {
        let post = ear.post(ticket, deed, subject);
        self.address.do_send(Act { post, answer: None });
    }

    /// The same, through one that need not listen.
    fn act_from_outside(&self, ear: &Ear, ticket: u64, deed: Deed, subject: Option<&Someone>) {
        let post = ear.post(ticket, deed, subject);
        let answer = Some(ear.heard.recipient());
        self.address.do_send(Act { post, answer });
    }

    fn leave(&self, connection: ConnectionId) {
        let waits = false;
        self.address.do_send(Leave { connection, waits });
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

/// A connection, which may listen.
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
    /// By whom, and how.
    Out(u64, String),
    /// Id, name, what, and the ticket if it is the connection's own.
    Said(Vec<(u64, String, String, Option<u64>)>),
    Settled {
        ticket: u64,
        id: u64,
    },
    Done(u64),
    Refused(u64, Failure),
    /// What is in no log, as it travels.
    Notice(String),
}

impl Ear {
    fn of(someone: &'static Someone, connection: u64) -> Self {
        Self {
            someone,
            connection: ConnectionId(connection),
            heard: Probe::answering(|_: &Heard| ()),
        }
    }

    fn post(&self, ticket: u64, deed: Deed, subject: Option<&Someone>) -> Post {
        let subject = subject.map(|someone| Subject {
            party: Party {
                id: someone.user(),
                role: Role::Member,
            },
            name: someone.name.to_owned(),
        });
        Post {
            connection: self.connection,
            ticket,
            by: self.someone.person(),
            deed,
            subject,
            client_message_id: None,
        }
    }

    /// What it is told next; notices are passed over.
    #[track_caller]
    fn next(&mut self) -> impl Future<Output = Told> {
        within(async {
            loop {
                match self.next_of_all().await {
                    Told::Notice(_) => {}
                    told => return told,
                }
            }
        })
    }

    /// The next notice; all else is passed over.
    #[track_caller]
    fn next_notice(&mut self) -> impl Future<Output = String> {
        within(async {
            loop {
                if let Told::Notice(notice) = self.next_of_all().await {
                    return notice;
                }
            }
        })
    }

    async fn next_of_all(&mut self) -> Told {
        let connection = self.connection;
        match self.heard.next().await.message {
            Heard::Joined { last, .. } => Told::Joined(last.0),
            Heard::NotJoined { failure, .. } => Told::NotJoined(failure),
            Heard::Out { removed, .. } => match removed {
                RoomPush::Removed { kind, user, .. } => Told::Out(user.0, format!("{kind:?}")),
                other => panic!("{other:?} sends nobody out"),
            },
            Heard::Batch(batch) => Told::Said(lines(&batch, connection)),
            Heard::Settled { ticket, id, .. } => Told::Settled { ticket, id: id.0 },
            Heard::Done { ticket } => Told::Done(ticket),
            Heard::Refused { ticket, failure } => Told::Refused(ticket, failure),
            Heard::Notice(notice) => {
                let frame = notice.frame(HeaderForm::Binary);
                Told::Notice(String::from_utf8(frame[4..].to_vec()).unwrap())
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
        let what = match &line.kind {
            EntryKind::Message(message) => message.text.clone(),
            other => format!("{other:?}"),
        };
        (line.id.0, line.name.clone(), what, ticket)
    });
    lines.collect()
}

/// A batch of one line.
fn said(id: u64, someone: &Someone, news: &str, ticket: Option<u64>) -> Told {
    Told::Said(vec![(id, someone.name.to_owned(), news.to_owned(), ticket)])
}

/// A batch of one line that is no message.
fn happened(id: u64, someone: &Someone, kind: &EntryKind, ticket: Option<u64>) -> Told {
    said(id, someone, &format!("{kind:?}"), ticket)
}

#[actix_rt::test]
async fn who_joins_learns_where_the_room_is_and_hears_what_follows() {
    let folder = tempfile::tempdir().unwrap();
    let lobby = Place::over(&sled_store(folder.path())).await;
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
    let lobby = Place::over(&sled_store(folder.path())).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    let bob = lobby.join(&BOB, 2, 0).await;
    lobby.leave(bob.connection);
    lobby.say(&alice, 0, "is anybody here?", None);
    assert_eq!(
        alice.next().await,
        said(1, &ALICE, "is anybody here?", Some(0))
    );
    assert!(bob.is_quiet());
    // Leaving twice, or never having been here, is no matter.
    lobby.leave(bob.connection);
    lobby.leave(ConnectionId(99));
    lobby.settle().await;
    lobby.stop().await;
}

#[actix_rt::test]
async fn a_full_room_counts_users_and_not_their_devices() {
    let folder = tempfile::tempdir().unwrap();
    let lobby = Place::for_at_most(&sled_store(folder.path()), 2).await;
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
    lobby.leave(bob.connection);
    let mut carol = lobby.knock(&CAROL, 4).await;
    assert_eq!(carol.next().await, Told::NotJoined(Failure::RoomFull));
    lobby.leave(ConnectionId(3));
    lobby.join(&CAROL, 4, 1).await;
    lobby.stop().await;
}

#[actix_rt::test]
async fn a_listener_that_is_gone_keeps_nobody_from_hearing() {
    let folder = tempfile::tempdir().unwrap();
    let lobby = Place::over(&sled_store(folder.path())).await;
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
    let lobby = Place::for_at_most(&sled_store(folder.path()), 1).await;
    let first = lobby.join(&ALICE, 1, 0).await;
    let mut again = lobby.join(&BOB, 1, 0).await;
    lobby.say(&again, 0, "now it is me", None);
    assert_eq!(again.next().await, said(1, &BOB, "now it is me", Some(0)));
    assert!(first.is_quiet());
    lobby.stop().await;
}
