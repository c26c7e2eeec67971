//! What a room gathers: how far people have read, who came and who left.

use super::*;
use crate::support::rooms::tempo;
use crate::support::stores::{Disk, sled_store_on};
use qunliao_actors::chat_room::{MarkRead, Notice, Tell};
use qunliao_protocol::EntryId;
use qunliao_storage::Rooms as _;
use std::time::Duration;

/// The lobby, which tells almost at once what it has gathered.
async fn hasty(store: &Store) -> Place {
    let mut neighbours = neighbours(store);
    neighbours.tempo = tempo(Duration::from_millis(1));
    Place::among(neighbours, RoomId::LOBBY).await
}

fn mark(place: &Place, ear: &Ear, ticket: u64, id: u64) {
    place.address.do_send(MarkRead {
        connection: ear.connection,
        ticket,
        user: ear.someone.user(),
        id: EntryId(id),
    });
}

async fn read_by(store: &Store, someone: &Someone) -> u64 {
    let membership = store.membership(RoomId::LOBBY, someone.user()).await;
    membership.unwrap().unwrap().read.0
}

/// The next notice of marks.
async fn marks(ear: &mut Ear) -> String {
    loop {
        let notice = ear.next_notice().await;
        if notice.contains(r#""op":5"#) {
            return notice;
        }
    }
}

#[actix_rt::test]
async fn marks_are_told_to_everyone_and_answered_once_they_are_durable() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let lobby = hasty(&store).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    let mut bob = lobby.join(&BOB, 2, 0).await;
    lobby.say(&alice, 0, "good morning", None);
    // Who speaks has read.
    let told = marks(&mut bob).await;
    assert_eq!(told, r#"{"op":5,"room":"lobby","read":[[1,1]]}"#);
    // Nobody reads further than there is to read.
    mark(&lobby, &bob, 5, 1_000);
    assert_eq!(bob.next().await, Told::Done(5));
    assert_eq!(marks(&mut alice).await, told);
    let told = marks(&mut alice).await;
    assert_eq!(told, r#"{"op":5,"room":"lobby","read":[[2,1]]}"#);
    assert_eq!(read_by(&store, &BOB).await, 1);
    // Nobody reads backwards, either.
    mark(&lobby, &bob, 6, 0);
    assert_eq!(bob.next().await, Told::Done(6));
    assert_eq!(read_by(&store, &BOB).await, 1);
    lobby.stop().await;
}

#[actix_rt::test]
async fn marks_that_wait_are_written_together_when_a_room_stops() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let lobby = Place::over(&store).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    let mut bob = lobby.join(&BOB, 2, 0).await;
    for id in 1..=3 {
        lobby.say(&alice, id, "hello", None);
        assert_eq!(alice.next().await, said(id, &ALICE, "hello", Some(id)));
        assert_eq!(bob.next().await, said(id, &ALICE, "hello", None));
    }
    mark(&lobby, &bob, 1, 1);
    mark(&lobby, &bob, 2, 2);
    lobby.settle().await;
    assert!(bob.is_quiet(), "marks are gathered");
    lobby.stop().await;
    assert_eq!(
        (read_by(&store, &ALICE).await, read_by(&store, &BOB).await),
        (3, 2)
    );
    let told = Told::Notice(r#"{"op":5,"room":"lobby","read":[[1,3],[2,2]]}"#.to_owned());
    assert_eq!(bob.next_of_all().await, told);
    assert_eq!(bob.next_of_all().await, Told::Done(1));
    assert_eq!(bob.next_of_all().await, Told::Done(2));
}

#[actix_rt::test]
async fn a_mark_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::roomy();
    let store = sled_store_on(folder.path(), &disk);
    let lobby = hasty(&store).await;
    let alice = lobby.join(&ALICE, 1, 0).await;
    let mut bob = lobby.join(&BOB, 2, 0).await;
    lobby.say(&alice, 0, "good morning", None);
    marks(&mut bob).await;
    disk.fill();
    mark(&lobby, &bob, 5, 1);
    assert_eq!(bob.next().await, Told::Refused(5, Failure::StorageFull));
    assert_eq!(read_by(&store, &BOB).await, 0);
    lobby.stop().await;
}

#[actix_rt::test]
async fn users_come_and_go_and_not_their_devices() {
    let folder = tempfile::tempdir().unwrap();
    let lobby = hasty(&sled_store(folder.path())).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    assert_eq!(alice.next_notice().await, r#"{"op":4,"online":[1]}"#);
    let laptop = lobby.join(&BOB, 2, 0).await;
    assert_eq!(alice.next_notice().await, r#"{"op":4,"online":[2]}"#);
    let phone = lobby.join(&BOB, 3, 0).await;
    lobby.leave(laptop.connection);
    let carol = lobby.join(&CAROL, 4, 0).await;
    assert_eq!(alice.next_notice().await, r#"{"op":4,"online":[3]}"#);
    lobby.leave(phone.connection);
    assert_eq!(alice.next_notice().await, r#"{"op":4,"offline":[2]}"#);
    lobby.leave(carol.connection);
    assert_eq!(alice.next_notice().await, r#"{"op":4,"offline":[3]}"#);
    lobby.stop().await;
}

#[actix_rt::test]
async fn who_comes_and_who_leaves_is_gathered() {
    let folder = tempfile::tempdir().unwrap();
    let neighbours = neighbours(&sled_store(folder.path()));
    let online = Arc::clone(&neighbours.online);
    let lobby = Place::among(neighbours, RoomId::LOBBY).await;
    let alice = lobby.join(&ALICE, 1, 0).await;
    let bob = lobby.join(&BOB, 2, 0).await;
    lobby.leave(bob.connection);
    lobby.settle().await;
    assert!(alice.is_quiet(), "that is told later");
    assert_eq!(online.here(None), [ALICE.user()]);
    let changes = online.take_changes();
    assert_eq!(
        (changes.online, changes.offline),
        (vec![ALICE.user()], vec![])
    );
    lobby.stop().await;
}

#[actix_rt::test]
async fn what_is_in_no_log_is_told_to_all_who_listen() {
    let folder = tempfile::tempdir().unwrap();
    let lobby = Place::over(&sled_store(folder.path())).await;
    let mut alice = lobby.join(&ALICE, 1, 0).await;
    let mut bob = lobby.join(&BOB, 2, 0).await;
    let typing = Notice::typing(RoomId::LOBBY, &ALICE.person(), alice.connection);
    lobby.address.do_send(Tell(Arc::new(typing)));
    let told = r#"{"op":4,"do":"typing","room":"lobby","user":1,"args":{"name":"小爱"}}"#;
    assert_eq!(bob.next_notice().await, told);
    // Whom it is for each connection decides itself.
    let Heard::Notice(notice) = alice.heard.next().await.message else {
        panic!("nothing else was told");
    };
    assert!(!notice.is_for(alice.connection, Some(ALICE.user())));
    assert!(notice.is_for(bob.connection, Some(BOB.user())));
    lobby.stop().await;
}
