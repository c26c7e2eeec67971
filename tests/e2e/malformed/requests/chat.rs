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
        (json!({ "op": 0, "news": "x" }), 100, "missing_key"),
        (say("args", json!([])), 100, "mistyped_key"),
        (as_whom(json!({})), 100, "missing_key"),
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
    for op in 1..9 {
        rows.push((json!({ "op": op, "args": ALICE.args() }), 101, "unknown_op"));
    }
    rows
}
