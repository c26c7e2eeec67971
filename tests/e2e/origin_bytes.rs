//! Every example of the origin, mended into valid JSON, sent byte for byte with
//! either header; and the exact frames that come back.
//!
//! What the origin shows stands first in each reply, as it shows it; what we add
//! is checked to be what `docs/protocol.md` says, and no more.

mod files;

use serde_json::{Value, json};

use crate::harness::{Home, Server};
use crate::people::{ALICE, BOB, CAROL, Person};
use crate::wire::{HEADERS, Header, Wire};

/// Sends a body to a port and answers with the one frame that comes back.
fn replay(address: std::net::SocketAddr, header: Header, body: &str) -> Value {
    let mut wire = Wire::open(address, header);
    wire.send_body(body.as_bytes());
    wire.receive()
}

/// The keys of a frame, sorted.
fn keys(frame: &Value) -> Vec<&str> {
    let object = frame.as_object().expect("an object");
    let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Takes a key out of a frame.
fn take(frame: &mut Value, key: &str) -> Value {
    let object = frame.as_object_mut().expect("an object");
    object.remove(key).unwrap_or_else(|| panic!("no {key}"))
}

fn expect_refusal(frame: &Value, op: u64, test: u64, error: &str) {
    assert_eq!(
        (&frame["op"], &frame["test"], &frame["error"]),
        (&json!(op), &json!(test), &json!(error))
    );
    assert!(!frame["message"].as_str().expect("a sentence").is_empty());
}

/// The origin's sign-up, with a code that was really sent.
fn sign_up_as_the_origin_does(server: &Server, header: Header, person: &Person) {
    let auth = server.addresses.auth;
    let code = r#"{
    "op":1,
    "args":{
        "user_phone":"PHONE"
    }
}"#;
    let reply = replay(auth, header, &code.replace("PHONE", person.phone));
    assert_eq!(reply, json!({ "op": 1, "test": 0 }));
    let sign_up = r#"{
  "op":2,

	"args":{

	"user_name":"NAME",

	"user_pwd":"PASSWORD",
	"user_phone":"PHONE",
	"user_vcode": "CODE",
	"user_email":"EMAIL"
}
}"#;
    let sign_up = sign_up
        .replace("NAME", person.name)
        .replace("PASSWORD", person.password)
        .replace("PHONE", person.phone)
        .replace("CODE", &server.code_to(&person.full_phone()))
        .replace("EMAIL", person.email);
    let mut reply = replay(auth, header, &sign_up);
    expect_session(&mut reply, person);
    assert_eq!(reply, json!({ "op": 2, "test": 0 }));
}

/// Takes our additions out of the reply to login and sign-up.
fn expect_session(reply: &mut Value, person: &Person) {
    let token = take(reply, "token");
    assert!(token.as_str().expect("a text").len() >= 32);
    let mut user = take(reply, "user");
    assert!(take(&mut user, "id").is_u64());
    let shown = json!({ "name": person.name, "phone": person.full_phone(), "email": person.email,
        "email_confirmed": false, "phone_verified": true });
    assert_eq!(user, shown);
}

#[test]
fn sign_up_and_login_answer_as_the_origin_shows() {
    for header in HEADERS {
        let server = Server::start();
        let auth = server.addresses.auth;
        // The very name of the example: a number, the registrant's own.
        let mut alice = ALICE;
        alice.name = ALICE.phone;
        sign_up_as_the_origin_does(&server, header, &alice);

        let login = r#"{
  "op":0,

	"args":{

	"user_name":"18671289536",

	"user_pwd":"........"

}}"#;
        let wrong = replay(auth, header, login);
        expect_refusal(&wrong, 0, 1, "wrong_credentials");
        assert_eq!(keys(&wrong), ["error", "message", "op", "test"]);
        let mut right = replay(auth, header, &login.replace("........", alice.password));
        expect_session(&mut right, &alice);
        assert_eq!(right, json!({ "op": 0, "test": 0 }));
    }
}

#[test]
fn codes_and_sign_ups_are_refused_with_the_origins_numbers() {
    for header in HEADERS {
        let server = Server::start();
        let auth = server.addresses.auth;
        sign_up_as_the_origin_does(&server, header, &ALICE);
        let code_to = |phone: &str| {
            replay(
                auth,
                header,
                &format!(r#"{{"op":1,"args":{{"user_phone":"{phone}"}}}}"#),
            )
        };
        // "186******", as the example has it, is no number.
        expect_refusal(&code_to("186******"), 1, 2, "bad_phone");
        expect_refusal(&code_to(ALICE.phone), 1, 3, "already_registered");

        assert_eq!(code_to(BOB.phone), json!({ "op": 1, "test": 0 }));
        let code = server.code_to(&BOB.full_phone());
        let wrong_code = if code == "000000" { "000001" } else { "000000" };
        let sign_up = |name: &str, phone: &str, code: &str| {
            let body = json!({ "op": 2, "args": { "user_name": name, "user_pwd": BOB.password,
                "user_phone": phone, "user_vcode": code, "user_email": BOB.email } });
            replay(auth, header, &body.to_string())
        };
        expect_refusal(&sign_up(ALICE.name, BOB.phone, &code), 2, 1, "name_taken");
        expect_refusal(&sign_up(BOB.name, "......", &code), 2, 2, "bad_phone");
        expect_refusal(
            &sign_up(BOB.name, BOB.phone, wrong_code),
            2,
            3,
            "wrong_code",
        );
        expect_refusal(&sign_up(BOB.name, BOB.phone, "....."), 2, 3, "wrong_code");
        assert_eq!(sign_up(BOB.name, BOB.phone, &code)["test"], 0);
    }
}

#[test]
fn a_code_that_cannot_be_sent_is_network_trouble() {
    // Nothing listens there.
    let server = Home::new()
        .set("delivery.sms", "webhook")
        .set("delivery.webhook.url", "http://127.0.0.1:9/")
        .set("delivery.webhook.secret", "a secret of the operator's")
        .start();
    for header in HEADERS {
        let body = format!(r#"{{"op":1,"args":{{"user_phone":"{}"}}}}"#, CAROL.phone);
        let reply = replay(server.addresses.auth, header, &body);
        expect_refusal(&reply, 1, 1, "gateway_failed");
    }
}

#[test]
fn the_reply_to_a_sign_up_can_have_the_literal_op_of_the_example() {
    let server = Home::new().set("protocol.register_reply_op", "1").start();
    assert_eq!(ALICE.sign_up(&server)["op"], 1);
}

#[test]
fn what_is_said_is_forwarded_to_the_others_in_the_origins_form() {
    let server = Server::start();
    for person in [&ALICE, &BOB, &CAROL] {
        person.sign_up(&server);
    }
    for header in HEADERS {
        let chat = server.addresses.chat;
        let mut alice = Wire::open(chat, header);
        let mut bob = Wire::open(chat, header);
        let mut carol = Wire::open(chat, header);
        let say = r#"{
	"op":0,
    "args":{"name":"NAME","password":"PASSWORD"},
    "news":"我是消息"
}"#;
        let say = |person: &Person| {
            say.replace("NAME", person.name)
                .replace("PASSWORD", person.password)
        };
        alice.send_body(say(&ALICE).as_bytes());
        // Whoever enters later is sent what was said since they connected.
        BOB.say(&mut bob, "");
        let mut ids = vec![expect_forward(&mut bob, &ALICE)];
        bob.send_body(say(&BOB).as_bytes());
        CAROL.say(&mut carol, "");
        assert_eq!(expect_forward(&mut carol, &ALICE), ids[0]);
        ids.push(expect_forward(&mut carol, &BOB));
        // No echo, no answer: Bob's message is the first that Alice gets, and
        // Carol's the next that Bob gets.
        assert_eq!(expect_forward(&mut alice, &BOB), ids[1]);
        carol.send_body(say(&CAROL).as_bytes());
        ids.push(expect_forward(&mut bob, &CAROL));
        assert_eq!(expect_forward(&mut alice, &CAROL), ids[2]);
        assert_eq!([ids[0] + 1, ids[1] + 1], [ids[1], ids[2]], "dense");
    }
}

/// A forward of the example's message: its id.
fn expect_forward(wire: &mut Wire, from: &Person) -> u64 {
    let mut frame = wire.receive();
    let id = take(&mut frame, "id").as_u64().expect("a number");
    let time = take(&mut frame, "time").as_u64().expect("milliseconds");
    assert!((1 << 40..1 << 53).contains(&time), "{time}");
    assert_eq!(take(&mut frame, "room"), "lobby");
    assert!(take(&mut frame, "user").is_u64());
    assert_eq!(
        frame,
        json!({ "op": 0, "args": { "name": from.name }, "news": "我是消息" })
    );
    id
}

#[test]
fn a_refused_message_is_one_that_a_client_of_the_origin_can_show() {
    let server = Server::start();
    ALICE.sign_up(&server);
    for header in HEADERS {
        let body = r#"{"op":0,"args":{"name":"小爱","password":"*******"},"news":"我是消息"}"#;
        let frame = replay(server.addresses.chat, header, body);
        expect_refusal(&frame, 0, 1, "wrong_credentials");
        assert_eq!(frame["args"], json!({ "name": "系统" }));
        assert_eq!(frame["news"], frame["message"]);
        assert_eq!(
            keys(&frame),
            ["args", "error", "message", "news", "op", "test"]
        );
    }
}

#[test]
fn headers_may_be_padded_on_the_left_or_with_zeros_and_cut_anywhere() {
    let server = Server::start();
    let body = br#"{"op":9}"#;
    for header in [
        &b"8              "[..],
        b"              8",
        b"000000000000008",
        b"   08          ",
        b"\0\0\0\x08",
    ] {
        let form = if header[0] == 0 {
            Header::Binary
        } else {
            Header::Text
        };
        let mut wire = Wire::open(server.addresses.auth, form);
        for byte in [header, body].concat() {
            wire.send_bytes(&[byte]);
        }
        // And two at once.
        wire.send_bytes(&[header, body, header, body].concat());
        for _ in 0..3 {
            assert_eq!(wire.receive()["test"], 0);
        }
    }
}
