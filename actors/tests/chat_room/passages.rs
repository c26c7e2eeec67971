//! Who comes and who goes, and what becomes of what they had asked for.

use super::*;
use crate::support::cast::settle;
use crate::support::rooms::make_room;
use crate::support::stores::{Disk, memory_store, sled_store_on};
use qunliao_actors::chat_room::Depart;
use qunliao_protocol::EntryId;
use qunliao_storage::{Access, MemoryEngine, MessageChange, RoomChange, RoomRole};

/// A room of Alice's that Bob has joined; Alice listens.
async fn with_bob(store: &Store) -> (Place, Ear) {
    let tea = make_room(store, ALICE.user(), Access::Open).await;
    let place = Place::among(neighbours(store), tea).await;
    let mut alice = place.join(&ALICE, 1, 1).await;
    let mut bob = Ear::of(&BOB, 99);
    place.act_from_outside(&bob, 0, Deed::Join, None);
    assert_eq!(bob.next().await, Told::Settled { ticket: 0, id: 2 });
    assert_eq!(
        alice.next().await,
        happened(2, &BOB, &EntryKind::Room(RoomChange::Joined), None)
    );
    (place, alice)
}

fn react(target: u64) -> Deed {
    Deed::Change {
        target: EntryId(target),
        change: MessageChange::Reacted("👍".to_owned()),
    }
}

fn reacted(target: u64) -> EntryKind {
    EntryKind::Change {
        target: EntryId(target),
        change: MessageChange::Reacted("👍".to_owned()),
    }
}

#[actix_rt::test]
async fn who_is_sent_away_is_told_and_hears_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let (place, mut alice) = with_bob(&store).await;
    let mut laptop = place.join(&BOB, 2, 2).await;
    let mut phone = place.join(&BOB, 3, 2).await;
    place.act(&alice, 0, Deed::Kick, Some(&BOB));
    let kicked = EntryKind::Room(RoomChange::Kicked(BOB.user()));
    assert_eq!(alice.next().await, happened(3, &ALICE, &kicked, Some(0)));
    for device in [&mut laptop, &mut phone] {
        // Why they have to go they hear still.
        assert_eq!(device.next().await, happened(3, &ALICE, &kicked, None));
        let out = Told::Out(ALICE.id, "Kicked".to_owned());
        assert_eq!(device.next().await, out);
    }
    place.say(&laptop, 1, "wait!", None);
    place.say(&alice, 1, "quiet at last", None);
    assert_eq!(
        alice.next().await,
        said(4, &ALICE, "quiet at last", Some(1))
    );
    assert!(laptop.is_quiet() && phone.is_quiet());
    let mut again = place.knock(&BOB, 2).await;
    assert_eq!(again.next().await, Told::NotJoined(Failure::NotAMember));
    place.stop().await;
}

#[actix_rt::test]
async fn a_closed_account_leaves_and_the_room_goes_to_its_heir() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    settle(&store).await;
    let (place, mut alice) = with_bob(&store).await;
    let mut bob = place.join(&BOB, 2, 2).await;
    place.address.do_send(Depart(ALICE.person()));
    let heard = bob.heard.next().await.message;
    let Heard::Batch(batch) = heard else {
        panic!("a batch comes first");
    };
    let (user, role) = (BOB.user(), RoomRole::Owner);
    let kinds = [RoomChange::RoleGiven { user, role }, RoomChange::Left];
    let lines: Vec<_> = batch.lines().iter().map(|line| line.kind.clone()).collect();
    assert_eq!(lines, kinds.map(EntryKind::Room));
    assert_eq!(batch.lines()[0].other.as_deref(), Some(BOB.name));
    assert!(matches!(alice.next().await, Told::Said(_)));
    let out = Told::Out(ALICE.id, "Left".to_owned());
    assert_eq!(alice.next().await, out);
    // The heir owns it.
    place.act(&bob, 0, Deed::Title("茶馆".to_owned()), None);
    let titled = EntryKind::Room(RoomChange::Titled("茶馆".to_owned()));
    assert_eq!(bob.next().await, happened(5, &BOB, &titled, Some(0)));
    // Who has left cannot leave again.
    place.address.do_send(Depart(ALICE.person()));
    place.say(&bob, 1, "farewell", None);
    assert_eq!(bob.next().await, said(6, &BOB, "farewell", Some(1)));
    place.stop().await;
}

#[actix_rt::test]
async fn answers_reach_those_who_do_not_listen() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let (place, mut alice) = with_bob(&store).await;
    place.say(&alice, 0, "tea?", None);
    assert_eq!(alice.next().await, said(3, &ALICE, "tea?", Some(0)));
    let mut bob = Ear::of(&BOB, 2);
    // The first one has to wait for the message to be read, the second one with it.
    place.act_from_outside(&bob, 1, react(3), None);
    place.act_from_outside(&bob, 2, react(3), None);
    let mut answers = [bob.next().await, bob.next().await];
    answers.sort_by_key(|told| matches!(told, Told::Done(_)));
    let settled = Told::Settled { ticket: 1, id: 4 };
    assert_eq!(answers, [settled, Told::Done(2)]);
    assert_eq!(alice.next().await, happened(4, &BOB, &reacted(3), None));
    let recall = Deed::Change {
        target: EntryId(3),
        change: MessageChange::Recalled,
    };
    place.act_from_outside(&bob, 3, recall, None);
    assert_eq!(bob.next().await, Told::Refused(3, Failure::NotAllowed));
    place.act_from_outside(&bob, 4, react(5), None);
    assert_eq!(bob.next().await, Told::Refused(4, Failure::EntryNotFound));
    place.act_from_outside(&bob, 5, react(2), None);
    assert_eq!(bob.next().await, Told::Refused(5, Failure::NotAMessage));
    let mut carol = Ear::of(&CAROL, 3);
    place.act_from_outside(&carol, 0, react(9), None);
    assert_eq!(carol.next().await, Told::Refused(0, Failure::NotAMember));
    assert!(bob.is_quiet() && carol.is_quiet());
    place.stop().await;
}

#[actix_rt::test]
async fn those_who_listen_are_answered_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let (place, alice) = with_bob(&store).await;
    let mut bob = place.join(&BOB, 2, 2).await;
    place.say(&alice, 0, "tea?", None);
    assert_eq!(bob.next().await, said(3, &ALICE, "tea?", None));
    place.act_from_outside(&bob, 1, react(3), None);
    assert_eq!(bob.next().await, happened(4, &BOB, &reacted(3), Some(1)));
    place.act_from_outside(&bob, 2, react(3), None);
    assert_eq!(bob.next().await, Told::Done(2));
    place.settle().await;
    assert!(bob.is_quiet());
    place.stop().await;
}

#[actix_rt::test]
async fn a_message_that_cannot_be_read_is_read_again_for_the_next() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let (place, mut alice) = with_bob(&store).await;
    place.say(&alice, 0, "tea?", None);
    assert_eq!(alice.next().await, said(3, &ALICE, "tea?", Some(0)));
    engine.faults().fail_reads(true);
    place.act(&alice, 1, react(3), None);
    assert_eq!(alice.next().await, Told::Refused(1, Failure::Unavailable));
    engine.faults().fail_reads(false);
    place.act(&alice, 2, react(3), None);
    assert_eq!(
        alice.next().await,
        happened(4, &ALICE, &reacted(3), Some(2))
    );
    place.stop().await;
}

#[actix_rt::test]
async fn who_leaves_is_still_told_what_became_of_what_they_had_said() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let (place, mut alice) = with_bob(&store).await;
    let mut bob = place.join(&BOB, 2, 2).await;
    engine.faults().hold_commits(true);
    place.say(&bob, 7, "back soon", None);
    let (connection, waits) = (bob.connection, true);
    place.address.do_send(Leave { connection, waits });
    place.say(&alice, 0, "hurry", None);
    engine.faults().hold_commits(false);
    assert_eq!(bob.next().await, Told::Settled { ticket: 7, id: 3 });
    assert_eq!(alice.next().await, said(3, &BOB, "back soon", None));
    assert_eq!(alice.next().await, said(4, &ALICE, "hurry", Some(0)));
    place.settle().await;
    assert!(bob.is_quiet());
    place.stop().await;
}

#[actix_rt::test]
async fn who_leaves_and_joins_in_one_breath_is_told_of_both() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let (place, _alice) = with_bob(&store).await;
    let mut bob = place.join(&BOB, 2, 2).await;
    engine.faults().hold_commits(true);
    place.act_from_outside(&bob, 1, Deed::Leave, None);
    place.act_from_outside(&bob, 2, Deed::Join, None);
    place.settle().await;
    engine.faults().hold_commits(false);
    let left = EntryKind::Room(RoomChange::Left);
    assert_eq!(bob.next().await, happened(3, &BOB, &left, Some(1)));
    let out = Told::Out(BOB.id, "Left".to_owned());
    assert_eq!(bob.next().await, out);
    assert_eq!(bob.next().await, Told::Settled { ticket: 2, id: 4 });
    place.stop().await;
}

#[actix_rt::test]
async fn what_a_full_disk_refused_has_not_happened() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::roomy();
    let store = sled_store_on(folder.path(), &disk);
    let (place, mut alice) = with_bob(&store).await;
    let mut bob = place.join(&BOB, 2, 2).await;
    disk.fill();
    place.act(&alice, 0, Deed::Kick, Some(&BOB));
    assert_eq!(alice.next().await, Told::Refused(0, Failure::StorageFull));
    disk.empty();
    place.say(&bob, 0, "still here", None);
    assert_eq!(bob.next().await, said(3, &BOB, "still here", Some(0)));
    assert_eq!(alice.next().await, said(3, &BOB, "still here", None));
    place.stop().await;
}
