//! What is so for the moment: typing, marks, and answers on their way. The rooms are
//! probes.

use super::*;
use crate::support::rooms::make_room;
use qunliao_actors::chat_room::Notice;
use qunliao_storage::Access;
use std::sync::Arc;

async fn signed_in(universe: &mut Universe, someone: &Someone) -> (Client, Recipient<Heard>) {
    let (mut client, ear) = in_the_lobby(universe, someone).await;
    let pong = reply_to(&mut client, &asking(someone, 8, json!({}))).await;
    assert_eq!(pong["test"], 0);
    (client, ear)
}

/// The client enters, which has it told what is so for the moment.
async fn has_entered(universe: &mut Universe, client: &mut Client, someone: &Someone) {
    client.send(&asking(someone, 1, json!({}))).await;
    let lobby = Arc::clone(&universe.house.lobby);
    universe.open.next().await.answer(Ok(lobby));
    assert_eq!(client.next().await["op"], 1);
}

fn typing(someone: &Someone) -> Value {
    asking(someone, 4, json!({"do": "typing", "room": "lobby"}))
}

fn notice(someone: &Someone, client: u64) -> Heard {
    let connection = qunliao_actors::admission::ConnectionId(client);
    let notice = Notice::typing(RoomId::LOBBY, &someone.person(), connection);
    Heard::Notice(Arc::new(notice))
}

#[actix_rt::test]
async fn typing_is_passed_on_now_and_then_and_always_answered() {
    let mut universe = Plan::default().build().await;
    let (mut alice, _ear) = signed_in(&mut universe, &ALICE).await;
    for _ in 0..3 {
        let reply = reply_to(&mut alice, &typing(&ALICE)).await;
        assert_eq!(reply, json!({"op": 4, "test": 0, "seq": 1}));
    }
    assert_eq!(universe.tell.count(), 1);
    let told = universe.tell.next().await.message.0;
    assert!(!told.is_for(alice.id, Some(ALICE.user())), "she knows");
    let elsewhere = asking(&ALICE, 4, json!({"do": "typing", "room": "7"}));
    let refused = reply_to(&mut alice, &elsewhere).await;
    assert_eq!(refused["error"], "not_a_member");
}

#[actix_rt::test]
async fn a_mark_is_answered_when_the_room_says_so() {
    let mut universe = Plan::default().build().await;
    let (mut alice, ear) = signed_in(&mut universe, &ALICE).await;
    let mark = |room: &str| asking(&ALICE, 5, json!({"room": room, "id": 3}));
    alice.send(&mark("lobby")).await;
    let asked = universe.mark_read.next().await.message;
    assert_eq!(
        (asked.connection, asked.user, asked.id.0),
        (alice.id, ALICE.user(), 3)
    );
    let ticket = asked.ticket;
    ear.do_send(Heard::Done { ticket });
    assert_eq!(alice.next().await, json!({"op": 5, "test": 0, "seq": 1}));
    alice.send(&mark("lobby")).await;
    let ticket = universe.mark_read.next().await.message.ticket;
    let failure = Failure::StorageFull;
    ear.do_send(Heard::Refused { ticket, failure });
    assert_eq!(alice.next().await["error"], "storage_full");
    let refused = reply_to(&mut alice, &mark("7")).await;
    assert_eq!(refused["error"], "not_a_member");
}

#[actix_rt::test]
async fn what_is_so_for_the_moment_is_for_those_who_have_entered() {
    let mut universe = Plan::default().build().await;
    let (mut old, old_ear) = in_the_lobby(&mut universe, &ALICE).await;
    let (mut alice, ear) = signed_in(&mut universe, &ALICE).await;
    ear.do_send(notice(&BOB, 99));
    has_entered(&mut universe, &mut alice, &ALICE).await;
    for ear in [&old_ear, &ear] {
        ear.do_send(notice(&ALICE, alice.id.0));
        ear.do_send(notice(&BOB, 99));
    }
    let told = alice.next().await;
    assert_eq!((&told["op"], &told["user"]), (&4.into(), &BOB.id.into()));
    assert!(alice.answers().await && old.answers().await);
}

#[actix_rt::test]
async fn a_slow_reader_misses_moments_and_no_entry() {
    const SAID: u64 = 400;
    let mut universe = Plan::default().build().await;
    let mut slow = universe.connect_narrowly(Port::Chat, 4_096);
    let ear = enter(&mut universe, &mut slow, &ALICE).await;
    has_entered(&mut universe, &mut slow, &ALICE).await;
    for id in 1..=SAID {
        let long = format!("{id} {}", "长".repeat(400));
        ear.do_send(told([line(id, &BOB, &long, None)]));
        ear.do_send(notice(&BOB, 99));
    }
    within(ear.send(told([]))).await.unwrap();
    let (mut next, mut moments) = (1, 0);
    while next <= SAID {
        let frame = slow.next().await;
        if frame["op"] == 4 {
            moments += 1;
        } else {
            assert_eq!(frame["id"].as_u64(), Some(next));
            next += 1;
        }
    }
    assert!(moments < SAID / 2, "{moments}");
    assert!(slow.answers().await);
    ear.do_send(notice(&BOB, 99));
    assert_eq!(slow.next().await["op"], 4, "it has caught up");
}

#[actix_rt::test]
async fn whose_connection_it_was_is_answered_still() {
    let mut universe = Plan::default().build().await;
    let room = universe.link(RoomId(7));
    let mut shared = universe.connect(Port::Chat);
    let say = asking(&ALICE, 0, json!({"room": "7", "news": "from alice"}));
    shared.send(&say).await;
    universe.open.next().await.answer(Ok(room));
    let ear = universe.join.next().await.message.ear;
    let ticket = universe.posted().await.ticket;
    shared.send(&asking(&BOB, 8, json!({}))).await;
    shared.send(&plain(&BOB, "")).await;
    let left = universe.leave.next().await.message;
    assert_eq!((left.connection, left.waits), (shared.id, true));
    let (id, time) = (EntryId(5), 9);
    ear.do_send(Heard::Settled { ticket, id, time });
    let acked = shared.next().await;
    assert_eq!((&acked["op"], &acked["id"]), (&0.into(), &5.into()));
    assert_eq!(shared.next().await["op"], 8);
}

#[actix_rt::test]
async fn who_is_brought_in_while_entering_hears_of_that_room_too() {
    let mut universe = Plan::default().build().await;
    let mut alice = universe.connect(Port::Chat);
    alice.send(&asking(&ALICE, 1, json!({}))).await;
    // Which rooms she is in has been read by now.
    let lobby = universe.open.next().await;
    assert_eq!(lobby.message.0, RoomId::LOBBY);
    let room = make_room(&universe.store, ALICE.user(), Access::Open).await;
    let presence = Arc::clone(&universe.house.presence);
    presence.brought_in(ALICE.user(), room, EntryId(1));
    lobby.answer(Ok(universe.link(RoomId::LOBBY)));
    let entered = alice.next().await;
    assert_eq!(entered["rooms"].as_array().unwrap().len(), 1);
    let asked = universe.open.next().await;
    assert_eq!(asked.message.0, room);
    asked.answer(Ok(universe.link(room)));
    let added = alice.next().await;
    assert_eq!(
        (&added["do"], &added["overview"]["title"]),
        (&"added".into(), &"茶".into())
    );
}
