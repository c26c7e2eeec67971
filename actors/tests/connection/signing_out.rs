//! What becomes of connections when whoever is signed in is signed out.

use super::*;
use qunliao_protocol::auth::{SessionsReply, SignedIn, UserCard};
use std::sync::Arc;
use tokio::io::AsyncReadExt;

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
    assert_eq!(heard(&told), ("系统", "您已退出登录，请重新登录。"));
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
    let post = universe.posted().await;
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

async fn with_a_vault() -> Universe {
    let plan = Plan {
        gives_permits: true,
        ..Plan::default()
    };
    plan.build().await
}

/// The frame of an upload by Alice's session.
fn upload(size: usize) -> Value {
    let args = json!({"token": ALICE.token});
    json!({"op": 0, "seq": 3, "args": args, "file_name": "a.txt", "file_type": 0,
        "file_size": size})
}

#[actix_rt::test]
async fn an_upload_under_way_ends_and_is_told_why() {
    let universe = with_a_vault().await;
    let mut client = universe.connect(Port::Files);
    client.send(&upload(1_000)).await;
    client.send_bytes(b"some of it").await;
    let transfers = universe.house.transfers.clone();
    until(move || transfers.count() == 1).await;
    let presence = &universe.house.presence;
    assert_eq!(presence.connections(ALICE.user()), 1, "it is still hers");
    presence.end_session(ALICE.user(), ALICE.session());
    let told = client.next().await;
    assert_eq!((&told["op"], &told["test"]), (&0.into(), &102.into()));
    assert_eq!(
        (&told["error"], &told["seq"]),
        (&"session_ended".into(), &3.into())
    );
    client.ends().await;
    let transfers = universe.house.transfers.clone();
    until(move || transfers.count() == 0).await;
    assert_eq!(presence.connections(ALICE.user()), 0);
    let items = universe.house.files.items(RoomId::LOBBY, 10).await;
    assert_eq!(items.unwrap().0, 0);
    assert!(universe.house.vault.contents().unwrap().is_empty());
}

#[actix_rt::test]
async fn who_sends_on_without_pause_is_told_all_the_same() {
    let universe = with_a_vault().await;
    let mut client = universe.connect(Port::Files);
    let some = vec![b'x'; 64 << 10];
    client.send(&upload(256 << 20)).await;
    client.send_bytes(&some).await;
    let transfers = universe.house.transfers.clone();
    until(move || transfers.count() == 1).await;
    let presence = &universe.house.presence;
    presence.end_session(ALICE.user(), ALICE.session());
    for _ in 0..64 {
        client.send_bytes(&some).await;
    }
    assert_eq!(client.next().await["error"], "session_ended");
    client.ends().await;
}

#[actix_rt::test]
async fn a_download_under_way_is_cut_off() {
    let universe = with_a_vault().await;
    let content = vec![b'x'; 8 << 20];
    let mut client = universe.connect(Port::Files);
    client.send(&upload(content.len())).await;
    client.send_bytes(&content).await;
    assert_eq!(client.next().await["test"], 0);
    client.ends().await;

    let mut client = universe.connect_narrowly(Port::Files, 4 << 10);
    let args = json!({"token": ALICE.token});
    let fetch = json!({"op": 1, "args": args, "look": 1, "file_name": "a.txt"});
    client.send(&fetch).await;
    assert_eq!(client.next().await["file_name"], "a.txt");
    let presence = &universe.house.presence;
    presence.end_session(ALICE.user(), ALICE.session());
    let transfers = universe.house.transfers.clone();
    until(move || transfers.count() == 0).await;
    let mut rest = Vec::new();
    // It may end with a reset.
    let _ = within(client.socket.read_to_end(&mut rest)).await;
    assert!(rest.len() < content.len());
    assert!(rest.iter().all(|byte| *byte == b'x'), "nothing amid a file");
}

/// Alice shows her token on the auth port, without having logged in there.
async fn shows_her_token(universe: &mut Universe) -> Client {
    let mut client = universe.connect(Port::Auth);
    let read = json!({"op": 6, "token": ALICE.token, "args": {}});
    client.send(&read).await;
    let asked = universe.account.edit_profile.next().await;
    // The registry remembers whose token it verifies.
    universe.remember_session(&ALICE);
    asked.answer(Ok(UserCard::default()));
    assert_eq!(client.next().await["op"], 6);
    client
}

#[actix_rt::test]
async fn who_only_showed_a_token_on_the_auth_port_goes_with_its_session() {
    let mut universe = Plan::default().build().await;
    let mut client = shows_her_token(&mut universe).await;
    let presence = Arc::clone(&universe.house.presence);
    assert_eq!(presence.connections(ALICE.user()), 1);
    presence.end_session(ALICE.user(), ALICE.session());
    assert_eq!(client.next().await["error"], "session_ended");
    client.ends().await;
}

#[actix_rt::test]
async fn a_token_that_was_refused_is_nobodys() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    universe.remember_session(&ALICE);
    let read = json!({"op": 6, "token": ALICE.token, "args": {}});
    client.send(&read).await;
    let asked = universe.account.edit_profile.next().await;
    asked.answer(Err(Failure::NotSignedIn));
    assert_eq!(client.next().await["test"], 102);
    let presence = &universe.house.presence;
    assert_eq!(presence.connections(ALICE.user()), 0);
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
