//! The auth port, for those who have an account: what reaches the registry, and
//! how its answers are told.

use super::*;
use qunliao_actors::admission::Network;
use qunliao_actors::auth_registry::{ResetBy, WrittenContact};
use qunliao_protocol::auth::{SessionCard, SessionsAsk, SessionsReply, UserCard};
use qunliao_protocol::{FileId, Language, SessionId};

fn from_here(network: Network) -> bool {
    network == Network::of("127.0.0.1".parse().unwrap())
}

fn is_phone(contact: &WrittenContact, someone: &Someone) -> bool {
    matches!(contact, WrittenContact::Phone(number) if number == someone.phone.0)
}

fn is_email(contact: &WrittenContact, someone: &Someone) -> bool {
    matches!(contact, WrittenContact::Email(address) if address == someone.email)
}

#[actix_rt::test]
async fn a_forgotten_password_is_asked_for_and_set() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"user_phone": ALICE.phone.0, "purpose": "reset"});
    client.send(&json!({"op": 1, "args": args})).await;
    let asked = universe.account.send_reset_code.next().await;
    assert!(is_phone(&asked.message.contact, &ALICE));
    assert!(from_here(asked.message.asked_by));
    asked.answer(Ok(()));
    assert_eq!(client.next().await, json!({"op": 1, "test": 0}));

    let args = json!({"user_email": ALICE.email, "user_vcode": "123456", "user_pwd": "new"});
    client.send(&json!({"op": 4, "args": args})).await;
    let asked = universe.account.reset_password.next().await;
    assert_eq!(asked.message.user_pwd, "new");
    let ResetBy::Code { contact, code } = &asked.message.proof else {
        panic!("it is a code");
    };
    assert!(is_email(contact, &ALICE) && code == "123456");
    asked.answer(Err(Failure::WrongCode));
    let reply = client.next().await;
    assert_eq!((&reply["op"], &reply["test"]), (&4.into(), &3.into()));

    let args = json!({"reset": "a link's token", "user_pwd": "new"});
    client.send(&json!({"op": 4, "seq": 5, "args": args})).await;
    let asked = universe.account.reset_password.next().await;
    assert!(matches!(&asked.message.proof, ResetBy::Link(token) if token == "a link's token"));
    asked.answer(Ok(()));
    assert_eq!(client.next().await, json!({"op": 4, "test": 0, "seq": 5}));
}

#[actix_rt::test]
async fn changes_reach_the_registry_as_they_were_written() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"user_name": ALICE.name, "user_pwd": "old", "new_pwd": "new"});
    client
        .send(&json!({"op": 5, "token": "t", "args": args}))
        .await;
    let asked = universe.account.change_password.next().await;
    let ask = &asked.message;
    assert_eq!((&*ask.user_name, &*ask.user_pwd), (ALICE.name, "old"));
    assert_eq!((&*ask.new_pwd, ask.token.as_deref()), ("new", Some("t")));
    asked.answer(Ok(()));
    assert_eq!(client.next().await, json!({"op": 5, "test": 0}));

    let args = json!({"token": "t", "user_phone": ALICE.phone.0, "purpose": "confirm"});
    client.send(&json!({"op": 1, "args": args})).await;
    let asked = universe.account.send_code_to_new_contact.next().await;
    assert_eq!(asked.message.token, "t");
    assert!(is_phone(&asked.message.contact, &ALICE));
    asked.answer(Ok(()));
    assert_eq!(client.next().await, json!({"op": 1, "test": 0}));

    let args = json!({"user_email": ALICE.email, "user_ecode": "123456", "user_pwd": "p"});
    client
        .send(&json!({"op": 3, "token": "t", "args": args}))
        .await;
    let asked = universe.account.change_contact.next().await;
    let ask = &asked.message;
    assert!(is_email(&ask.contact, &ALICE));
    assert_eq!((&*ask.code, &*ask.user_pwd), ("123456", "p"));
    asked.answer(Err(Failure::EmailTaken));
    let reply = client.next().await;
    assert_eq!((&reply["op"], &reply["test"]), (&3.into(), &2.into()));

    let args = json!({"user_name": ALICE.name, "user_pwd": "p"});
    client.send(&json!({"op": 8, "args": args})).await;
    let asked = universe.account.close_account.next().await;
    assert_eq!(asked.message.user_pwd, "p");
    asked.answer(Err(Failure::LastOwner));
    let reply = client.next().await;
    assert_eq!(
        (&reply["test"], &reply["error"]),
        (&108.into(), &"last_owner".into())
    );
}

#[actix_rt::test]
async fn a_profile_is_set_and_answers_speak_its_language() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"nickname": "Ally", "avatar": 7, "bio": null, "language": "en"});
    client
        .send(&json!({"op": 6, "token": "t", "args": args}))
        .await;
    let asked = universe.account.edit_profile.next().await;
    let edit = &asked.message.edit;
    assert_eq!(edit.nickname, Some(Some("Ally".to_owned())));
    assert_eq!(edit.avatar, Some(Some(FileId(7))));
    assert_eq!(edit.bio, Some(None));
    assert_eq!(edit.language, Some(Some(Language::English)));
    asked.answer(Ok(UserCard {
        id: ALICE.user(),
        name: ALICE.name.to_owned(),
        language: Some("en".to_owned()),
        ..UserCard::default()
    }));
    let user = json!({"id": 1, "name": ALICE.name, "email_confirmed": false, "language": "en"});
    assert_eq!(
        client.next().await,
        json!({"op": 6, "test": 0, "user": user})
    );
    client.send(&json!({"op": 77})).await;
    let reply = client.next().await;
    assert_eq!(reply["message"], "There is no such op on this port.");
}

#[actix_rt::test]
async fn sessions_are_listed_and_revoked() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = |what: Value| json!({"op": 7, "token": "t", "args": what});
    client.send(&args(json!({"do": "list"}))).await;
    let asked = universe.account.manage_sessions.next().await;
    assert_eq!(asked.message.ask, SessionsAsk::List);
    asked.answer(Ok(SessionsReply {
        sessions: Some(vec![SessionCard {
            id: SessionId(4),
            device: Some("phone".to_owned()),
            address: None,
            created: 1,
            last_used: 2,
            expires: 3,
            current: true,
        }]),
        ended: None,
    }));
    let session = json!({"id": 4, "device": "phone", "created": 1, "last_used": 2,
        "expires": 3, "current": true});
    let reply = json!({"op": 7, "test": 0, "sessions": [session]});
    assert_eq!(client.next().await, reply);
    for (what, ask) in [
        (json!({"do": "revoke"}), SessionsAsk::Revoke(None)),
        (
            json!({"do": "revoke", "session": 4}),
            SessionsAsk::Revoke(Some(SessionId(4))),
        ),
        (
            json!({"do": "revoke_all"}),
            SessionsAsk::RevokeAll { current: false },
        ),
        (
            json!({"do": "revoke_all", "current": true}),
            SessionsAsk::RevokeAll { current: true },
        ),
    ] {
        client.send(&args(what)).await;
        let asked = universe.account.manage_sessions.next().await;
        assert_eq!(asked.message.ask, ask);
        asked.answer(Ok(SessionsReply::default()));
        assert_eq!(client.next().await, json!({"op": 7, "test": 0}));
    }
}

#[actix_rt::test]
async fn wrong_tokens_end_the_connection_like_wrong_passwords() {
    let plan = Plan::with(|limits| limits.wrong_credentials_max = 2);
    let mut universe = plan.build().await;
    let mut client = universe.connect(Port::Auth);
    for _ in 0..2 {
        client
            .send(&json!({"op": 6, "token": "t", "args": {}}))
            .await;
        let asked = universe.account.edit_profile.next().await;
        asked.answer(Err(Failure::NotSignedIn));
        assert_eq!(client.next().await["test"], 102);
    }
    client.ends().await;
}

#[actix_rt::test]
async fn a_login_tells_the_device_and_where_it_comes_from() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let mut args = json!({"user_name": ALICE.name, "user_pwd": "p", "device": "Alice's phone"});
    client.send(&json!({"op": 0, "args": args})).await;
    let asked = universe.sign_in.next().await;
    assert_eq!(asked.message.device.as_deref(), Some("Alice's phone"));
    assert!(from_here(asked.message.asked_by));
    asked.answer(Err(Failure::WrongCredentials));
    assert_eq!(client.next().await["test"], 1);
    for odd in [json!("x".repeat(65)), json!("a\nb"), json!(7)] {
        args["device"] = odd;
        client.send(&json!({"op": 0, "args": args})).await;
        assert_eq!(client.next().await["error"], "mistyped_key");
    }
}
