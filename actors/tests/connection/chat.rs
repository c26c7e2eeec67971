//! The chat port: who hears what, and what is acknowledged to whom.

use super::*;

#[actix_rt::test]
async fn nobody_hears_anything_before_a_password_was_right() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Chat);
    let mut wrong = plain(&ALICE, "let me in");
    wrong["args"]["password"] = "not hers".into();
    client.send(&wrong).await;
    assert_eq!(client.next().await["test"], 1);
    assert_eq!((universe.join.count(), universe.act.count()), (0, 0));
    client.send(&plain(&ALICE, "")).await;
    let join = universe.join.next().await.message;
    assert_eq!((join.connection, join.user), (client.id, ALICE.user()));
    join.ear.do_send(joined(0));
    assert_eq!(universe.act.count(), 0, "an empty message says nothing");
    drop(client);
    assert_eq!(
        universe.leave.next().await.message.connection,
        join.connection
    );
}

#[actix_rt::test]
async fn a_plain_client_hears_others_and_neither_itself_nor_acks() {
    let mut universe = Plan::default().build().await;
    let mut alice = universe.connect(Port::Chat);
    alice.send(&plain(&ALICE, "你好")).await;
    let ear = universe.let_in(0).await;
    let post = universe.posted().await;
    assert_eq!((news(&post), post.by.id), ("你好", ALICE.user()));
    tell_as(&ear, 1, &ALICE, &post);
    ear.do_send(told([line(2, &BOB, "你也好", None)]));
    let expected = json!({
        "op": 0,
        "args": {"name": "小波"},
        "news": "你也好",
        "room": "lobby",
        "id": 2,
        "user": 2,
        "time": 1_700_000_000_002_u64,
    });
    assert_eq!(alice.next().await, expected);
    assert!(alice.answers().await);
}

#[actix_rt::test]
async fn an_ack_is_for_those_who_asked_for_one() {
    let mut universe = Plan::default().build().await;
    let (mut alice, ear) = in_the_lobby(&mut universe, &ALICE).await;
    let mut by_token = extended(&ALICE, "no ack, please", 0);
    by_token.as_object_mut().unwrap().remove("seq");
    alice.send(&by_token).await;
    let post = universe.posted().await;
    tell_as(&ear, 1, &ALICE, &post);
    assert!(alice.answers().await);

    alice.send(&extended(&ALICE, "by seq", 7)).await;
    let post = universe.posted().await;
    tell_as(&ear, 2, &ALICE, &post);
    let ack = alice.next().await;
    let time = 1_700_000_000_002_u64;
    let expected = json!({"op": 0, "test": 0, "seq": 7, "room": "lobby", "id": 2, "time": time});
    assert_eq!(ack, expected);

    let mut by_id = plain(&ALICE, "by id");
    by_id["client_message_id"] = "a1".into();
    alice.send(&by_id).await;
    let post = universe.posted().await;
    assert_eq!(post.client_message_id.as_deref(), Some("a1"));
    tell_as(&ear, 3, &ALICE, &post);
    let ack = alice.next().await;
    assert_eq!(
        (&ack["client_message_id"], &ack["id"]),
        (&"a1".into(), &3.into())
    );
    assert!(ack.get("seq").is_none());
}

#[actix_rt::test]
async fn an_empty_message_that_asks_for_an_ack_gets_one_without_an_id() {
    let mut universe = Plan::default().build().await;
    let mut alice = universe.connect(Port::Chat);
    alice.send(&extended(&ALICE, "", 3)).await;
    universe.let_in(0).await;
    let expected = json!({"op": 0, "test": 0, "seq": 3});
    assert_eq!(alice.next().await, expected);
    assert_eq!(universe.act.count(), 0);
}

#[actix_rt::test]
async fn a_repeat_is_acknowledged_with_the_first_one() {
    let mut universe = Plan::default().build().await;
    let (mut alice, ear) = in_the_lobby(&mut universe, &ALICE).await;
    let mut again = plain(&ALICE, "once");
    again["client_message_id"] = "a1".into();
    alice.send(&again).await;
    let ticket = universe.posted().await.ticket;
    ear.do_send(Heard::Settled {
        ticket,
        id: EntryId(5),
        time: 99,
    });
    let ack = alice.next().await;
    assert_eq!((&ack["id"], &ack["time"]), (&5.into(), &99.into()));
    assert_eq!(ack["client_message_id"], "a1");
}

#[actix_rt::test]
async fn the_authors_own_id_is_told_to_the_authors_other_devices_alone() {
    let mut universe = Plan::default().build().await;
    let mut phone = universe.connect(Port::Chat);
    phone.send(&extended(&ALICE, "", 1)).await;
    let phones_ear = universe.let_in(0).await;
    let mut bob = universe.connect(Port::Chat);
    bob.send(&extended(&BOB, "", 1)).await;
    let bobs_ear = universe.let_in(0).await;
    let (mut old_phone, old_phones_ear) = in_the_lobby(&mut universe, &ALICE).await;
    phone.next().await;
    bob.next().await;

    let mut said = line(1, &ALICE, "from my laptop", None);
    said.client_message_id = Some("a1".to_owned());
    for ear in [&phones_ear, &bobs_ear, &old_phones_ear] {
        ear.do_send(told([said.clone()]));
    }
    assert_eq!(phone.next().await["client_message_id"], "a1");
    for client in [&mut bob, &mut old_phone] {
        let frame = client.next().await;
        assert_eq!(heard(&frame), (ALICE.name, "from my laptop"));
        assert!(frame.get("client_message_id").is_none());
    }
}

#[actix_rt::test]
async fn a_failure_is_readable_to_those_who_know_only_messages() {
    let mut universe = Plan::default().build().await;
    let (mut alice, ear) = in_the_lobby(&mut universe, &ALICE).await;
    alice.send(&plain(&ALICE, "anybody?")).await;
    let ticket = universe.posted().await.ticket;
    let failure = Failure::StorageFull;
    ear.do_send(Heard::Refused { ticket, failure });
    let refused = alice.next().await;
    assert_eq!(
        (&refused["test"], &refused["error"]),
        (&106.into(), &"storage_full".into())
    );
    let (name, news) = heard(&refused);
    assert_eq!((name, news), ("系统", refused["message"].as_str().unwrap()));

    let mut asking = extended(&ALICE, "anybody?", 4);
    asking["client_message_id"] = "a1".into();
    alice.send(&asking).await;
    let ticket = universe.posted().await.ticket;
    let failure = Failure::StorageFull;
    ear.do_send(Heard::Refused { ticket, failure });
    let refused = alice.next().await;
    assert_eq!(
        (&refused["seq"], &refused["client_message_id"]),
        (&4.into(), &"a1".into())
    );
    assert!(refused.get("news").is_none() && refused.get("args").is_none());
}

#[actix_rt::test]
async fn a_message_that_is_too_long_or_too_soon_is_refused_and_not_said() {
    let plan = Plan::with(|limits| {
        limits.message_bytes_max = 10;
        limits.messages_burst = 1;
        limits.messages_per_second = 1;
    });
    let mut universe = plan.build().await;
    let (mut alice, ear) = in_the_lobby(&mut universe, &ALICE).await;
    let mut long = extended(&ALICE, "eleven byte", 1);
    long["client_message_id"] = "a1".into();
    let fits = extended(&ALICE, "ten bytes!", 2);
    let soon = extended(&ALICE, "again", 3);
    alice.send_all(&[&long, &fits, &soon]).await;
    let refused = alice.next().await;
    assert_eq!(
        (&refused["test"], &refused["client_message_id"]),
        (&104.into(), &"a1".into())
    );
    let post = universe.posted().await;
    assert_eq!(news(&post), "ten bytes!");
    assert_eq!(universe.act.count(), 0);
    ear.do_send(Heard::Settled {
        ticket: post.ticket,
        id: EntryId(1),
        time: 1,
    });
    assert_eq!(alice.next().await["seq"], 2);
    let refused = alice.next().await;
    assert_eq!(
        (&refused["test"], &refused["retry_after"]),
        (&103.into(), &1.into())
    );
}

#[actix_rt::test]
async fn who_is_known_is_not_asked_for_again_until_that_is_withdrawn() {
    let mut universe = Plan::default().build().await;
    let (mut alice, _ear) = in_the_lobby(&mut universe, &ALICE).await;
    for news in ["one", "two"] {
        alice.send(&plain(&ALICE, news)).await;
        universe.posted().await;
    }
    assert_eq!(universe.identify.count(), 1);
    universe.house.presence.end(BOB.user(), None);
    alice.send(&plain(&ALICE, "three")).await;
    universe.posted().await;
    assert_eq!(universe.identify.count(), 1);
    universe
        .house
        .credentials
        .withdraw(ALICE.user(), Ending::AllBut(None));
    alice.send(&plain(&ALICE, "four")).await;
    universe.posted().await;
    assert_eq!(universe.identify.count(), 2);
}

#[actix_rt::test]
async fn a_connection_speaks_for_whoever_proves_to_be_someone() {
    let mut universe = Plan::default().build().await;
    let (mut client, ear) = in_the_lobby(&mut universe, &ALICE).await;
    client.send(&plain(&BOB, "may I borrow this?")).await;
    let join = universe.join.next().await.message;
    assert_eq!((join.connection, join.user), (client.id, BOB.user()));
    ear.do_send(joined(0));
    let post = universe.posted().await;
    assert_eq!(post.by.id, BOB.user());
    ear.do_send(told([line(1, &CAROL, "hello", None)]));
    assert_eq!(heard(&client.next().await), (CAROL.name, "hello"));
}
