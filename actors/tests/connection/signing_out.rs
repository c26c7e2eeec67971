//! What becomes of connections when whoever is signed in is signed out.

use super::*;
use qunliao_protocol::auth::{SessionsReply, SignedIn, UserCard};

/// A client of Alice who is in the lobby by her session.
async fn by_session(universe: &mut Universe) -> Client {
    let mut client = universe.connect(Port::Chat);
    client.send(&extended(&ALICE, "", 1)).await;
    universe.let_in(0).await;
    assert_eq!(client.next().await["seq"], 1);
    client
}

#[actix_rt::test]
async fn a_session_that_ends_takes_its_connections_along_and_no_others() {
    let mut universe = Plan::default().build().await;
    let mut phone = by_session(&mut universe).await;
    let (mut desk, _ear) = in_the_lobby(&mut universe, &ALICE).await;
    let (mut bob, _ear) = in_the_lobby(&mut universe, &BOB).await;
    let presence = &universe.house.presence;
    assert_eq!(presence.connections(ALICE.user()), 2);
    presence.end_session(ALICE.user(), ALICE.session());
    let told = phone.next().await;
    assert_eq!((&told["op"], &told["test"]), (&0.into(), &102.into()));
    assert_eq!(told["error"], "session_ended");
    assert!(told.get("news").is_none(), "an extended client knows codes");
    phone.ends().await;
    assert!(desk.answers().await && bob.answers().await);
    assert_eq!(presence.connections(ALICE.user()), 1);
}

#[actix_rt::test]
async fn a_plain_client_is_told_as_others_say_something() {
    let mut universe = Plan::default().build().await;
    let mut phone = by_session(&mut universe).await;
    let (mut desk, _ear) = in_the_lobby(&mut universe, &ALICE).await;
    universe
        .house
        .presence
        .end(ALICE.user(), Some(ALICE.session()));
    let told = desk.next().await;
    assert_eq!(told["test"], 102);
    assert_eq!(heard(&told), ("系统", "您已退出登录,请重新登录。"));
    desk.ends().await;
    assert!(phone.answers().await, "the session that is kept");
}

#[actix_rt::test]
async fn what_was_said_before_is_acknowledged_before_the_end() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Chat);
    client.send(&extended(&ALICE, "", 1)).await;
    let ear = universe.let_in(0).await;
    client.next().await;
    client.send(&extended(&ALICE, "last words", 2)).await;
    let post = universe.say.next().await.message;
    universe.house.presence.end(ALICE.user(), None);
    // It was accepted, and waits for the disk.
    tell_as(&ear, 1, &ALICE, &post);
    let reply = client.next().await;
    assert_eq!((&reply["seq"], &reply["id"]), (&2.into(), &1.into()));
    assert_eq!(client.next().await["error"], "session_ended");
    client.ends().await;
}

#[actix_rt::test]
async fn what_others_say_afterwards_is_not_heard() {
    let mut universe = Plan::default().build().await;
    let (mut client, ear) = in_the_lobby(&mut universe, &ALICE).await;
    universe.house.presence.end(ALICE.user(), None);
    ear.do_send(told([line(1, &BOB, "a secret", None)]));
    assert_eq!(client.next().await["test"], 102);
    client.ends().await;
}

#[actix_rt::test]
async fn who_comes_back_is_let_in_again() {
    let mut universe = Plan::default().build().await;
    let (mut client, _ear) = in_the_lobby(&mut universe, &ALICE).await;
    universe.house.presence.end(ALICE.user(), None);
    assert_eq!(client.next().await["test"], 102);
    let (mut again, _ear) = in_the_lobby(&mut universe, &ALICE).await;
    assert!(again.answers().await);
    assert_eq!(
        universe.identify.count(),
        2,
        "the password is asked for anew"
    );
}

#[actix_rt::test]
async fn a_transfer_under_way_is_cut_off() {
    let plan = Plan {
        gives_permits: true,
        ..Plan::default()
    };
    let universe = plan.build().await;
    let mut client = universe.connect(Port::Files);
    let args = json!({"token": ALICE.token});
    let upload = json!({"op": 0, "args": args, "file_name": "a.txt", "file_type": 0,
        "file_size": 1_000});
    client.send(&upload).await;
    client.send_bytes(b"some of it").await;
    let transfers = universe.house.transfers.clone();
    until(move || transfers.count() == 1).await;
    let presence = &universe.house.presence;
    assert_eq!(presence.connections(ALICE.user()), 1, "it is still hers");
    presence.end_session(ALICE.user(), ALICE.session());
    client.ended().await;
    let transfers = universe.house.transfers.clone();
    until(move || transfers.count() == 0).await;
    assert_eq!(presence.connections(ALICE.user()), 0);
    let items = universe.house.files.items(RoomId::LOBBY, 10).await;
    assert_eq!(items.unwrap().0, 0);
}

#[actix_rt::test]
async fn who_signs_out_is_answered_first() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"user_name": ALICE.name, "user_pwd": ALICE.password});
    client.send(&json!({"op": 0, "args": args})).await;
    let asked = universe.sign_in.next().await;
    // The registry remembers a session that begins.
    universe.remember_session(&ALICE);
    asked.answer(Ok(SignedIn {
        token: ALICE.token.to_owned(),
        user: UserCard::default(),
    }));
    assert_eq!(client.next().await["test"], 0);
    assert_eq!(universe.house.presence.connections(ALICE.user()), 1);

    let args = json!({"do": "revoke"});
    let revoke = json!({"op": 7, "seq": 2, "token": ALICE.token, "args": args});
    client.send(&revoke).await;
    let asked = universe.account.manage_sessions.next().await;
    universe
        .house
        .presence
        .end_session(ALICE.user(), ALICE.session());
    asked.answer(Ok(SessionsReply::default()));
    assert_eq!(client.next().await, json!({"op": 7, "test": 0, "seq": 2}));
    assert_eq!(client.next().await["error"], "session_ended");
    client.ends().await;
}

#[actix_rt::test]
async fn a_plain_client_of_the_auth_port_is_closed_without_a_word() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"user_name": ALICE.name, "user_pwd": ALICE.password});
    client.send(&json!({"op": 0, "args": args})).await;
    let asked = universe.sign_in.next().await;
    universe.remember_session(&ALICE);
    asked.answer(Ok(SignedIn {
        token: ALICE.token.to_owned(),
        user: UserCard::default(),
    }));
    assert_eq!(client.next().await["test"], 0);
    universe.house.presence.end(ALICE.user(), None);
    client.ends().await;
}
