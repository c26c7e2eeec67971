//! Messages that are refused.

use serde_json::{Value, json};

use super::Refused;
use crate::people::ALICE;

pub(super) fn sayings() -> Vec<Refused> {
    let say = |key: &str, value: Value| {
        let mut body = json!({ "op": 0, "args": ALICE.args(), "news": "x" });
        body[key] = value;
        body
    };
    let as_whom = |args: Value| json!({ "op": 0, "args": args, "news": "x" });
    let mut rows = vec![
        (json!({ "op": 0 }), 100, "missing_key"),
        (json!({ "op": 0, "news": "x" }), 102, "not_signed_in"),
        (say("args", json!([])), 100, "mistyped_key"),
        (as_whom(json!({})), 102, "not_signed_in"),
        (as_whom(json!({ "name": ALICE.name })), 100, "missing_key"),
        (
            as_whom(json!({ "name": 1, "password": "p" })),
            100,
            "mistyped_key",
        ),
        (
            as_whom(json!({ "name": ALICE.name, "password": 1 })),
            100,
            "mistyped_key",
        ),
        (
            as_whom(json!({ "name": ALICE.name, "password": "wrong" })),
            1,
            "wrong_credentials",
        ),
        (
            as_whom(json!({ "name": "nobody", "password": "wrong" })),
            1,
            "wrong_credentials",
        ),
        (
            as_whom(json!({ "name": "系统", "password": "" })),
            1,
            "wrong_credentials",
        ),
        (as_whom(json!({ "token": 7 })), 100, "mistyped_key"),
        (
            as_whom(json!({ "token": "t".repeat(129) })),
            100,
            "mistyped_key",
        ),
        (as_whom(json!({ "token": "" })), 1, "wrong_credentials"),
        (
            as_whom(json!({ "token": "0".repeat(64) })),
            1,
            "wrong_credentials",
        ),
        (say("news", Value::Null), 100, "missing_key"),
        (say("news", json!(7)), 100, "mistyped_key"),
        (say("news", json!(["x"])), 100, "mistyped_key"),
        (say("news", json!({ "text": "x" })), 100, "mistyped_key"),
        (
            say("news", json!("x".repeat((16 << 10) + 1))),
            104,
            "message_too_large",
        ),
        (
            say("news", json!("长".repeat(5_462))),
            104,
            "message_too_large",
        ),
        (
            say("news", json!("x".repeat(60_000))),
            104,
            "message_too_large",
        ),
        (say("room", json!("attic")), 107, "room_not_found"),
        (say("room", json!("")), 107, "room_not_found"),
        (say("room", json!(1)), 100, "mistyped_key"),
        (say("client_message_id", json!("")), 100, "mistyped_key"),
        (say("client_message_id", json!(7)), 100, "mistyped_key"),
        (
            say("client_message_id", json!("x".repeat(65))),
            100,
            "mistyped_key",
        ),
    ];
    for op in [9, 10, 1_u64 << 52] {
        rows.push((json!({ "op": op, "args": ALICE.args() }), 101, "unknown_op"));
    }
    rows.extend(others());
    rows
}

/// What is wrong with requests other than messages.
fn others() -> Vec<Refused> {
    let rows = [
        (json!({ "op": 1, "resume": [] }), 100, "mistyped_key"),
        (
            json!({ "op": 1, "resume": { "attic": 1 } }),
            100,
            "mistyped_key",
        ),
        (json!({ "op": 2 }), 100, "missing_key"),
        (json!({ "op": 2, "room": "attic" }), 107, "room_not_found"),
        (json!({ "op": 2, "room": "77" }), 107, "room_not_found"),
        (
            json!({ "op": 2, "room": "lobby", "limit": 201 }),
            100,
            "mistyped_key",
        ),
        (
            json!({ "op": 2, "room": "lobby", "before": 1, "after": 1 }),
            100,
            "mistyped_key",
        ),
        (json!({ "op": 3 }), 100, "missing_key"),
        (
            json!({ "op": 3, "do": "burn", "room": "lobby" }),
            100,
            "mistyped_key",
        ),
        (
            json!({ "op": 3, "do": "join", "room": "77" }),
            107,
            "room_not_found",
        ),
        (
            json!({ "op": 3, "do": "leave", "room": "lobby" }),
            105,
            "not_in_this_room",
        ),
        (
            json!({ "op": 3, "do": "create", "title": "", "access": "open" }),
            110,
            "invalid_title",
        ),
        (
            json!({ "op": 4, "do": "away", "room": "lobby" }),
            100,
            "mistyped_key",
        ),
        (json!({ "op": 5, "room": "lobby" }), 100, "missing_key"),
        (
            json!({ "op": 6, "room": "lobby", "id": 1 }),
            100,
            "missing_key",
        ),
        (
            json!({ "op": 6, "room": "lobby", "id": 1, "do": "react", "emoji": "a b" }),
            100,
            "mistyped_key",
        ),
        (json!({ "op": 7 }), 100, "missing_key"),
        (
            json!({ "op": 7, "query": "茶".repeat(86) }),
            104,
            "query_too_long",
        ),
    ];
    let rows = rows.map(|(mut body, test, error)| {
        body["args"] = ALICE.args();
        (body, test, error)
    });
    rows.into()
}
