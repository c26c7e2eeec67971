//! Sessions and profiles, with the client library: what is listed, revoked, told.

use qunliao_client::{
    AuthClient, ChatClient, ClientError, Credential, Event, HeaderForm, ProfileChange,
};
use serde_json::json;

use crate::harness::Server;
use crate::people::{ALICE, BOB};
use crate::wire::{Header, Wire};

async fn open(server: &Server) -> AuthClient {
    let opened = AuthClient::open(server.addresses.auth, HeaderForm::Binary).await;
    opened.expect("the server listens")
}

fn refusal<T>(outcome: Result<T, ClientError>) -> u16 {
    let why = outcome.err().expect("must be refused");
    why.refused().expect("a refusal").code
}

#[tokio::test]
async fn devices_are_listed_revoked_and_signed_out() {
    let server = Server::start();
    ALICE.sign_up(&server);
    let mut auth = open(&server).await;
    let phone = auth.log_in_from("Alice's phone", ALICE.name, ALICE.password);
    let phone = phone.await.expect("a session").token;
    let desk = auth.log_in_from("小爱的电脑", ALICE.phone, ALICE.password);
    let desk = desk.await.expect("a session").token;
    // A connection belongs to the session that it has begun last.
    let mut auth = open(&server).await;
    let listed = auth.sessions(&phone).await.expect("a list");
    let devices: Vec<_> = listed
        .iter()
        .map(|session| session.device.as_deref())
        .collect();
    assert_eq!(devices, [None, Some("Alice's phone"), Some("小爱的电脑")]);
    let current: Vec<_> = listed.iter().map(|session| session.current).collect();
    assert_eq!(current, [false, true, false]);
    assert!(
        listed
            .iter()
            .all(|session| session.address.as_deref() == Some("127.0.0.1"))
    );

    let credential = Credential::Token(desk.clone());
    let mut chat = ChatClient::open(server.addresses.chat, HeaderForm::Binary, credential)
        .await
        .expect("the server listens");
    chat.enter().await.expect("let in");
    auth.revoke_session(&phone, listed[2].id)
        .await
        .expect("it is there");
    let told = chat.next_event().await.expect("a frame");
    assert!(matches!(told, Some(Event::Refusal(refused)) if refused.code == 102));
    assert_eq!(refusal(auth.sessions(&desk).await), 102);
    assert_eq!(
        refusal(auth.revoke_session(&phone, listed[2].id).await),
        107
    );

    assert_eq!(
        auth.revoke_all_sessions(&phone, false)
            .await
            .expect("it is"),
        1
    );
    let server = server.restart();
    let mut auth = open(&server).await;
    assert_eq!(auth.sessions(&phone).await.expect("a list").len(), 1);
    auth.sign_out(&phone).await.expect("it is");
    assert_eq!(refusal(auth.sessions(&phone).await), 102);
}

#[tokio::test]
async fn a_profile_is_kept_and_its_language_spoken() {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let mut auth = open(&server).await;
    let token = auth
        .log_in(ALICE.name, ALICE.password)
        .await
        .expect("a session")
        .token;
    let change = ProfileChange {
        nickname: Some(Some("Ally".into())),
        language: Some(Some("en".into())),
        ..ProfileChange::default()
    };
    auth.edit_profile(&token, &change)
        .await
        .expect("a good one");
    let bobs = ProfileChange {
        nickname: Some(Some(BOB.name.into())),
        ..ProfileChange::default()
    };
    assert_eq!(refusal(auth.edit_profile(&token, &bobs).await), 110);
    let server = server.restart();
    let mut auth = open(&server).await;
    let user = auth.profile(&token).await.expect("it is kept");
    assert_eq!(user.nickname.as_deref(), Some("Ally"));
    // A plain client of hers is spoken to in her language, and Bob's in the server's.
    for (person, name) in [(&ALICE, "system"), (&BOB, "系统")] {
        let mut wire = Wire::open(server.addresses.chat, Header::Text);
        person.say(&mut wire, "");
        wire.send(&json!({ "op": 0, "args": person.args(), "news": 7 }));
        assert_eq!(wire.receive()["args"]["name"], name);
    }
}
