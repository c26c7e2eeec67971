//! The auth port: what reaches the registry, and how its answers are told.

use super::*;
use qunliao_actors::admission::Network;
use qunliao_actors::auth_registry::WrittenContact;
use qunliao_protocol::auth::{Purpose, SignedIn, SignedUp, UserCard};

fn signed_in(someone: &Someone) -> SignedIn {
    SignedIn {
        token: someone.token.to_owned(),
        user: UserCard {
            id: someone.user(),
            name: someone.name.to_owned(),
            phone: Some(someone.phone.1.to_owned()),
            ..UserCard::default()
        },
    }
}

fn login(someone: &Someone) -> Value {
    let args = json!({"user_name": someone.name, "user_pwd": someone.password});
    json!({"op": 0, "args": args})
}

#[actix_rt::test]
async fn a_login_is_answered_with_what_the_registry_says() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    client.send(&login(&ALICE)).await;
    let asked = universe.sign_in.next().await;
    assert_eq!(asked.message.user_name, ALICE.name);
    assert_eq!(asked.message.user_pwd, ALICE.password);
    asked.answer(Ok(signed_in(&ALICE)));
    let reply = client.next().await;
    assert_eq!((&reply["op"], &reply["test"]), (&0.into(), &0.into()));
    assert_eq!(reply["token"], ALICE.token);
    assert_eq!(reply["user"]["name"], ALICE.name);
    assert!(reply.get("seq").is_none());
}

#[actix_rt::test]
async fn a_code_is_asked_for_as_it_was_written() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    for (args, purpose) in [
        (json!({"user_phone": ALICE.phone.0}), Purpose::Register),
        (json!({"user_email": ALICE.email}), Purpose::Register),
        (
            json!({"user_email": ALICE.email, "purpose": "confirm"}),
            Purpose::Confirm,
        ),
    ] {
        client.send(&json!({"op": 1, "args": args})).await;
        let asked = universe.send_code.next().await;
        let (key, written) = match &asked.message.contact {
            WrittenContact::Phone(number) => ("user_phone", number),
            WrittenContact::Email(address) => ("user_email", address),
        };
        assert_eq!(args[key], **written);
        assert_eq!(asked.message.purpose, purpose);
        let network = Network::of("127.0.0.1".parse().unwrap());
        assert_eq!(asked.message.asked_by, network);
        asked.answer(Ok(()));
        assert_eq!(client.next().await, json!({"op": 1, "test": 0}));
    }
}

#[actix_rt::test]
async fn a_sign_up_is_answered_with_the_op_that_is_configured() {
    for op in [1, 2] {
        let plan = Plan {
            register_reply_op: op,
            ..Plan::default()
        };
        let mut universe = plan.build().await;
        let mut client = universe.connect(Port::Auth);
        let args = json!({
            "user_name": ALICE.name,
            "user_pwd": ALICE.password,
            "user_phone": ALICE.phone.0,
            "user_vcode": "123456",
            "user_email": "",
        });
        client.send(&json!({"op": 2, "args": args})).await;
        let asked = universe.sign_up.next().await;
        assert_eq!(asked.message.user_name, ALICE.name);
        assert_eq!(asked.message.user_phone.as_deref(), Some(ALICE.phone.0));
        assert_eq!(asked.message.user_vcode.as_deref(), Some("123456"));
        assert_eq!(asked.message.user_email, None, "empty is absent");
        let SignedIn { token, user } = signed_in(&ALICE);
        let (token, pending) = (Some(token), false);
        asked.answer(Ok(SignedUp {
            token,
            user,
            pending,
        }));
        let reply = client.next().await;
        assert_eq!((&reply["op"], &reply["test"]), (&op.into(), &0.into()));
        assert_eq!(reply["token"], ALICE.token);
        assert_eq!(reply.get("pending"), None);

        client.send(&json!({"op": 2, "args": args})).await;
        let asked = universe.sign_up.next().await;
        asked.answer(Err(Failure::NameTaken));
        let reply = client.next().await;
        assert_eq!((&reply["op"], &reply["test"]), (&op.into(), &1.into()));
    }
}

#[actix_rt::test]
async fn a_sign_up_that_waits_for_approval_is_told_so_and_gets_no_token() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"user_name": ALICE.name, "user_pwd": ALICE.password, "invite": "of mine"});
    client.send(&json!({"op": 2, "args": args})).await;
    let asked = universe.sign_up.next().await;
    assert_eq!(asked.message.invite.as_deref(), Some("of mine"));
    assert!(asked.message.wants_session);
    asked.answer(Ok(SignedUp {
        token: None,
        user: signed_in(&ALICE).user,
        pending: true,
    }));
    let reply = client.next().await;
    assert_eq!(
        (&reply["test"], &reply["pending"]),
        (&0.into(), &true.into())
    );
    assert_eq!(reply.get("token"), None);
}

#[actix_rt::test]
async fn an_address_is_confirmed_by_the_registry() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"user_email": ALICE.email, "user_ecode": "123456"});
    client.send(&json!({"op": 3, "seq": 8, "args": args})).await;
    let asked = universe.confirm_email.next().await;
    assert_eq!(asked.message.user_email, ALICE.email);
    assert_eq!(asked.message.user_ecode, "123456");
    asked.answer(Ok(()));
    assert_eq!(client.next().await, json!({"op": 3, "test": 0, "seq": 8}));
}

#[actix_rt::test]
async fn a_refusal_has_its_code_its_slug_its_sentence_and_when_to_come_again() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"user_phone": ALICE.phone.0});
    client.send(&json!({"op": 1, "args": args})).await;
    let asked = universe.send_code.next().await;
    asked.answer(Err(Failure::TooManyRequests(42)));
    let expected = json!({
        "op": 1,
        "test": 103,
        "error": "too_many_requests",
        "message": "太频繁了，请 42 秒后再试。",
        "retry_after": 42,
    });
    assert_eq!(client.next().await, expected);
}

#[actix_rt::test]
async fn after_so_many_wrong_passwords_the_connection_ends() {
    let plan = Plan::with(|limits| limits.wrong_credentials_max = 2);
    let mut universe = plan.build().await;
    let mut client = universe.connect(Port::Auth);
    for _ in 0..2 {
        client.send(&login(&BOB)).await;
        let asked = universe.sign_in.next().await;
        asked.answer(Err(Failure::WrongCredentials));
        assert_eq!(client.next().await["test"], 1);
    }
    client.ends().await;
}

#[actix_rt::test]
async fn a_registry_that_is_gone_is_told_and_the_rest_goes_on() {
    let universe = Plan::default().build().await;
    universe.sign_in.end().await;
    universe.send_code.end().await;
    let mut client = universe.connect(Port::Auth);
    let args = json!({"user_phone": ALICE.phone.0});
    for request in [login(&ALICE), json!({"op": 1, "args": args})] {
        client.send(&request).await;
        let reply = client.next().await;
        assert_eq!(
            (&reply["test"], &reply["op"]),
            (&106.into(), &request["op"])
        );
        assert_eq!(reply["error"], "shutting_down");
    }
    assert!(client.answers().await);
}

#[actix_rt::test]
async fn who_signed_in_does_not_give_up_the_place_to_another() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Auth);
    client.send(&login(&ALICE)).await;
    universe.sign_in.next().await.answer(Ok(signed_in(&ALICE)));
    assert_eq!(client.next().await["test"], 0);
    let stranger = universe.connect(Port::Auth);
    let address = "127.0.0.1".parse().unwrap();
    let mut tickets = Vec::new();
    let dismissed = loop {
        let (ticket, dismissed) = universe.house.door.admit(address, 0).unwrap();
        tickets.push(ticket);
        if let Some(dismissed) = dismissed {
            break dismissed;
        }
    };
    assert_eq!(dismissed.connection, stranger.id);
}
