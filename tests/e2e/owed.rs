//! What a client is owed, it gets, however it asks and leaves.

use serde_json::json;

use crate::harness::{Home, Server};
use crate::people::{ALICE, BOB};
use crate::wire::{HEADERS, Header, Wire, ask};

#[test]
fn replies_before_an_upload_on_the_same_connection_are_not_lost() {
    const LISTS: usize = 60;
    let server = Server::start();
    ALICE.sign_up(&server);
    for number in 0..300 {
        let name = format!("{number} {}", "x".repeat(150));
        let mut wire = Wire::open(server.addresses.files, Header::Text);
        wire.send(&json!({ "op": 0, "args": ALICE.args(), "file_name": name, "file_type": 0, "file_size": 0 }));
        assert_eq!(wire.receive()["test"], 0);
    }
    for header in HEADERS {
        let mut wire = Wire::open(server.addresses.files, header);
        let list = json!({ "op": 1, "args": ALICE.args(), "look": 0 });
        for _ in 0..LISTS {
            wire.send(&list);
        }
        wire.send(&json!({ "op": 0, "args": ALICE.args(), "file_name": "last", "file_type": 0, "file_size": 5 }));
        wire.send_bytes(b"bytes");
        for _ in 0..LISTS {
            assert_eq!(wire.receive()["test"], 0);
        }
        assert_eq!(wire.receive()["file_name"], "last");
        wire.expect_end();
    }
}

#[test]
fn who_shuts_the_sending_side_still_hears_what_was_said_before() {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let mut late = Wire::open(server.addresses.chat, Header::Text);
    // Bob has connected; that he is taken in is shown by an answer to nonsense.
    assert_eq!(late.ask(&json!({}))["error"], "missing_key");
    let mut alice = Wire::open(server.addresses.chat, Header::Text);
    for news in ["one", "two", "three"] {
        let said = json!({ "op": 0, "args": ALICE.args(), "news": news, "seq": 1 });
        assert_eq!(alice.ask(&said)["test"], 0);
    }
    BOB.say(&mut late, "");
    late.shut();
    for news in ["one", "two", "three"] {
        assert_eq!(late.receive()["news"], news);
    }
    late.expect_end();
}

#[test]
fn an_address_that_guesses_has_to_wait_and_who_is_remembered_has_not() {
    let server = Home::new()
        .set("limits.wrong_credentials_per_address_burst", "3")
        .set("limits.wrong_credentials_per_address_minute", "1")
        .start();
    ALICE.sign_up(&server);
    let mut alice = Wire::open(server.addresses.chat, Header::Text);
    ALICE.enter(&mut alice);
    let login = |password: &str| {
        let args = json!({ "user_name": ALICE.name, "user_pwd": password });
        ask(server.addresses.auth, &json!({ "op": 0, "args": args }))
    };
    for guess in ["one guess", "two guesses", "three guesses"] {
        assert_eq!(login(guess)["test"], 1);
    }
    let refused = login("four guesses");
    assert_eq!(refused["test"], 103, "{refused}");
    assert!(
        refused["retry_after"]
            .as_u64()
            .is_some_and(|seconds| seconds <= 61)
    );
    assert_eq!(
        login(ALICE.password)["test"],
        103,
        "a right one is no oracle"
    );
    let said = json!({ "op": 0, "args": ALICE.args(), "news": "still here", "seq": 2 });
    assert_eq!(alice.ask(&said)["test"], 0);
    let mut files = Wire::open(server.addresses.files, Header::Text);
    let list = files.ask(&json!({ "op": 1, "args": ALICE.args(), "look": 0 }));
    assert_eq!(list["exist_file"], 0);
}

#[test]
fn ten_people_sign_up_at_one_address_with_their_mail() {
    let server = Home::new().set("codes.per_address_hour", "10").start();
    for number in 0..10 {
        let phone = format!("1391234567{number}");
        let to = server.addresses.auth;
        let asked = ask(to, &json!({ "op": 1, "args": { "user_phone": phone } }));
        assert_eq!(asked["test"], 0, "{asked}");
        let args = json!({
            "user_name": format!("person {number}"),
            "user_pwd": ALICE.password,
            "user_phone": phone,
            "user_vcode": server.code_to(&format!("+86{phone}")),
            "user_email": format!("person{number}@example.org"),
        });
        let signed_up = ask(to, &json!({ "op": 2, "args": args }));
        assert_eq!(signed_up["test"], 0, "{signed_up}");
    }
    let eleventh = json!({ "op": 1, "args": { "user_phone": "13800138000" } });
    assert_eq!(ask(server.addresses.auth, &eleventh)["test"], 103);
}
