//! Those who talk more than they may, and those who do not listen.

use serde_json::json;

use crate::harness::Home;
use crate::people::{ALICE, BOB};
use crate::wire::{Header, Wire};

#[test]
fn whoever_talks_too_fast_is_told_when_to_go_on() {
    const SAID: usize = 20;
    let server = Home::new()
        .set("limits.messages_per_second", "1")
        .set("limits.messages_burst", "3")
        .start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let chat = server.addresses.chat;
    let mut bob = Wire::open(chat, Header::Text);
    BOB.enter(&mut bob);
    let mut plain = Wire::open(chat, Header::Text);
    let say = json!({ "op": 0, "args": ALICE.args(), "news": "hear me" });
    let frame = Header::Text.frame(say.to_string().as_bytes());
    plain.send_bytes(&frame.repeat(SAID));
    // Shut, the connection lives until everything is answered.
    plain.shut();
    let mut refused = 0;
    while let Some(frame) = plain.try_receive().expect("a frame or the end") {
        assert_eq!(
            (&frame["test"], &frame["error"]),
            (&json!(103), &json!("too_many_requests"))
        );
        assert!(
            frame["retry_after"]
                .as_u64()
                .is_some_and(|seconds| seconds >= 1),
            "{frame}"
        );
        assert_eq!(frame["args"]["name"], "系统");
        assert_eq!(
            frame["news"], frame["message"],
            "a client of the origin can show it"
        );
        refused += 1;
    }
    assert!(
        refused > 0 && refused <= SAID - 3,
        "{refused} of {SAID} refused"
    );
    // Bob hears the rest, and then what he waits for.
    let mut other = Wire::open(chat, Header::Text);
    BOB.say(&mut other, "that was all");
    for _ in refused..SAID {
        assert_eq!(bob.receive()["news"], "hear me");
    }
    assert_eq!(bob.receive()["news"], "that was all");
}

#[test]
fn an_extended_client_learns_which_of_its_messages_was_too_many() {
    let server = Home::new()
        .set("limits.messages_per_second", "1")
        .set("limits.messages_burst", "1")
        .start();
    ALICE.sign_up(&server);
    let mut wire = Wire::open(server.addresses.chat, Header::Binary);
    let say = |number: u64| {
        let id = format!("m{number}");
        json!({ "op": 0, "seq": number, "client_message_id": id, "args": ALICE.args(), "news": "x" })
    };
    let frames =
        (0..10).flat_map(|number| Header::Binary.frame(say(number).to_string().as_bytes()));
    wire.send_bytes(&frames.collect::<Vec<u8>>());
    let answers: Vec<_> = (0..10).map(|_| wire.receive()).collect();
    for (number, answer) in (0..).zip(&answers) {
        assert_eq!(answer["seq"], number, "in the order of the requests");
        assert_eq!(answer["client_message_id"], format!("m{number}"));
        assert_eq!(answer.get("news"), None, "nothing for the origin's eyes");
    }
    let refused = answers.iter().filter(|answer| answer["test"] == 103);
    assert!(refused.clone().count() > 0);
    assert!(refused.clone().all(|answer| answer["retry_after"].is_u64()));
}

#[test]
fn a_slow_reader_misses_nothing() {
    const SAID: usize = 1_500;
    let server = Home::new()
        .set("limits.outbound_bytes_max", "65536")
        .start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let chat = server.addresses.chat;
    let mut bob = Wire::open(chat, Header::Text);
    BOB.enter(&mut bob);
    let mut alice = Wire::open(chat, Header::Binary);
    // More than socket buffers hold, each different, and Bob reads none of it yet.
    let long = "长".repeat(4_000);
    for number in 0..SAID {
        let news = format!("{number} {long}");
        let said =
            alice.ask(&json!({ "op": 0, "seq": number, "args": ALICE.args(), "news": news }));
        assert_eq!(said["test"], 0, "{said}");
    }
    let mut last = None;
    for number in 0..SAID {
        let frame = bob.receive();
        let news = frame["news"].as_str().expect("a text");
        assert!(news.starts_with(&format!("{number} ")), "{number} was due");
        let id = frame["id"].as_u64();
        assert!(last.is_none_or(|last: u64| id == Some(last + 1)), "dense");
        last = id;
    }
    ALICE.say(&mut alice, "the end");
    assert_eq!(bob.receive()["news"], "the end");
}
