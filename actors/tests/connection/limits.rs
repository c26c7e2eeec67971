//! What a connection may take: time, room, tries.

use super::*;

#[actix_rt::test]
async fn a_frame_that_is_not_finished_in_time_ends_its_connection_on_every_port() {
    let plan = Plan::with(|limits| limits.frame_timeout_seconds = 1);
    let universe = plan.build().await;
    let mut clients = PORTS.map(|port| universe.connect(port));
    for client in &mut clients {
        client.send_bytes(b"20             {\"op\"").await;
    }
    for client in &mut clients {
        let reply = client.next().await;
        assert_eq!(
            (&reply["test"], &reply["error"]),
            (&100.into(), &"frame_timeout".into())
        );
        client.ends().await;
    }
}

#[actix_rt::test]
async fn silence_ends_a_connection_except_on_the_chat_port() {
    let plan = Plan::with(|limits| limits.idle_timeout_seconds = 1);
    let universe = plan.build().await;
    let mut chat = universe.connect(Port::Chat);
    let mut auth = universe.connect(Port::Auth);
    let mut files = universe.connect(Port::Files);
    auth.ends().await;
    files.ends().await;
    assert!(chat.answers().await);
}

#[actix_rt::test]
async fn who_waits_for_a_slow_answer_is_not_silent() {
    let plan = Plan::with(|limits| limits.idle_timeout_seconds = 1);
    let mut universe = plan.build().await;
    let mut waiting = universe.connect(Port::Auth);
    let args = json!({"user_name": ALICE.name, "user_pwd": ALICE.password});
    waiting.send(&json!({"op": 0, "args": args})).await;
    let asked = universe.sign_in.next().await;
    // One that came later is sent away for its silence.
    universe.connect(Port::Auth).ends().await;
    asked.answer(Err(Failure::WrongCredentials));
    assert_eq!(waiting.next().await["test"], 1);
    assert!(waiting.answers().await);
}

#[actix_rt::test]
async fn a_reader_that_reads_nothing_is_given_up() {
    let plan = Plan::with(|limits| {
        limits.write_timeout_seconds = 1;
        limits.outbound_bytes_max = 1 << 20;
    });
    let mut universe = plan.build().await;
    let mut stuck = universe.connect_narrowly(Port::Chat, 4_096);
    let ear = enter(&mut universe, &mut stuck, &ALICE).await;
    for id in 1..=100 {
        ear.do_send(told([line(id, &BOB, &"长".repeat(1_000), None)]));
    }
    assert_eq!(universe.leave.next().await.message.connection, stuck.id);
    let door = universe.house.door.clone();
    until(move || door.count() == 0).await;
}

#[actix_rt::test]
async fn throwing_away_what_still_comes_has_an_end() {
    let plan = Plan::with(|limits| {
        limits.discard_seconds = 1;
        limits.frame_bytes_max = 1_000;
    });
    let universe = plan.build().await;
    let mut open = universe.connect(Port::Auth);
    let mut talkative = universe.connect(Port::Auth);
    for client in [&mut open, &mut talkative] {
        client.send_bytes(b"this is no header").await;
        assert_eq!(client.next().await["error"], "bad_header");
        client.ends().await;
    }
    // One keeps the connection open and sends nothing, one sends too much.
    talkative.send_bytes(&[b'x'; 2_000]).await;
    let door = universe.house.door.clone();
    until(move || door.count() == 0).await;
}

#[actix_rt::test]
async fn after_so_many_wrong_passwords_a_speaker_is_sent_away() {
    let plan = Plan::with(|limits| limits.wrong_credentials_max = 2);
    let universe = plan.build().await;
    let mut client = universe.connect(Port::Chat);
    let mut wrong = plain(&ALICE, "it is me");
    wrong["args"]["password"] = "it is not".into();
    client.send_all(&[&wrong, &wrong, &wrong]).await;
    for _ in 0..2 {
        assert_eq!(client.next().await["error"], "wrong_credentials");
    }
    client.ends().await;
}

#[actix_rt::test]
async fn so_many_requests_are_under_way_and_the_next_waits() {
    let plan = Plan::with(|limits| limits.open_requests_max = 2);
    let mut universe = plan.build().await;
    let (mut alice, ear) = in_the_lobby(&mut universe, &ALICE).await;
    let posts: Vec<Value> = (1..=3).map(|n| plain(&ALICE, &format!("{n}"))).collect();
    alice.send_all(&posts.iter().collect::<Vec<_>>()).await;
    let first = universe.posted().await;
    universe.posted().await;
    // A turn later there is still no third.
    within(ear.send(told([]))).await.unwrap();
    assert_eq!(universe.act.count(), 0);
    tell_as(&ear, 1, &ALICE, &first);
    assert_eq!(news(&universe.posted().await), "3");
}

#[actix_rt::test]
async fn who_is_told_farewell_gets_what_is_due_and_no_more() {
    let mut universe = Plan::default().build().await;
    let (mut alice, ear) = in_the_lobby(&mut universe, &ALICE).await;
    alice.send(&extended(&ALICE, "one", 1)).await;
    let post = universe.posted().await;
    universe.host.do_send(qunliao_actors::Stop);
    // Only now the second one comes: too late to be heard.
    within(universe.host.send(qunliao_actors::Ping))
        .await
        .unwrap();
    within(ear.send(told([]))).await.unwrap();
    alice.send(&extended(&ALICE, "two", 2)).await;
    tell_as(&ear, 1, &ALICE, &post);
    assert_eq!(alice.next().await["seq"], 1);
    alice.ended().await;
    assert_eq!(universe.act.count(), 0);
}
