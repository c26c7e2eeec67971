//! Resets, changes, profiles and sessions that are refused.

use serde_json::{Value, json};

use super::Refused;
use crate::people::{ALICE, BOB};

const NEW: &str = "an owl looks at the moon";

/// With one key of `args` another.
fn with(op: u64, args: &Value, key: &str, value: Value) -> Value {
    let mut args = args.clone();
    args[key] = value;
    json!({ "op": op, "args": args })
}

pub(super) fn recoveries() -> Vec<Refused> {
    let forgot = |args: Value| json!({ "op": 1, "args": args });
    let reset = json!({ "user_phone": BOB.phone, "user_vcode": "123456", "user_pwd": NEW });
    let reset = |key: &str, value: Value| with(4, &reset, key, value);
    let long = "x".repeat(60_000);
    let mut rows = vec![
        (forgot(json!({ "purpose": "reset" })), 100, "missing_key"),
        (
            forgot(json!({ "purpose": "reset", "user_phone": 1 })),
            100,
            "mistyped_key",
        ),
        (
            forgot(json!({ "purpose": "reset", "user_phone": "12345" })),
            2,
            "bad_phone",
        ),
        (
            forgot(json!({ "purpose": "reset", "user_email": "a@b" })),
            2,
            "bad_email",
        ),
        (json!({ "op": 4 }), 100, "missing_key"),
        (json!({ "op": 4, "args": [] }), 100, "mistyped_key"),
        (reset("user_phone", Value::Null), 100, "missing_key"),
        (reset("user_vcode", Value::Null), 100, "missing_key"),
        (reset("user_vcode", json!(123_456)), 100, "mistyped_key"),
        (reset("user_pwd", Value::Null), 100, "missing_key"),
        (reset("user_pwd", json!({})), 100, "mistyped_key"),
        (reset("user_pwd", json!("short")), 109, "weak_password"),
        (reset("user_pwd", json!(long)), 109, "weak_password"),
        (reset("reset", json!(7)), 100, "mistyped_key"),
    ];
    for code in ["000000", "", "' OR ''='", long.as_str()] {
        rows.push((reset("user_vcode", json!(code)), 3, "wrong_code"));
    }
    for phone in ["12345", "+1 415 555 2671", "小波", long.as_str()] {
        rows.push((reset("user_phone", json!(phone)), 3, "wrong_code"));
    }
    for link in ["x", "../../etc/passwd", "0.0.0", long.as_str()] {
        rows.push((reset("reset", json!(link)), 3, "bad_link"));
    }
    rows
}

pub(super) fn changes() -> Vec<Refused> {
    let password = json!({ "user_name": BOB.name, "user_pwd": BOB.password, "new_pwd": NEW });
    let password = |key: &str, value: Value| with(5, &password, key, value);
    let contact = json!({ "token": "t", "user_phone": "13600136000", "user_vcode": "123456",
        "user_pwd": BOB.password });
    let contact = |key: &str, value: Value| with(3, &contact, key, value);
    let closing = json!({ "user_name": BOB.name, "user_pwd": BOB.password });
    let closing = |key: &str, value: Value| with(8, &closing, key, value);
    let long = "x".repeat(60_000);
    vec![
        (password("user_name", Value::Null), 100, "missing_key"),
        (password("new_pwd", Value::Null), 100, "missing_key"),
        (password("new_pwd", json!(7)), 100, "mistyped_key"),
        (password("token", json!(7)), 100, "mistyped_key"),
        (password("token", json!(long)), 100, "mistyped_key"),
        (password("new_pwd", json!("short")), 109, "weak_password"),
        (password("new_pwd", json!("password")), 109, "weak_password"),
        (password("user_pwd", json!("")), 1, "wrong_credentials"),
        (
            password("user_name", json!("nobody")),
            1,
            "wrong_credentials",
        ),
        (password("token", json!("t")), 102, "not_signed_in"),
        (contact("user_pwd", Value::Null), 100, "missing_key"),
        (contact("user_vcode", Value::Null), 100, "missing_key"),
        (contact("user_phone", Value::Null), 100, "missing_key"),
        (contact("token", json!([])), 100, "mistyped_key"),
        (contact("user_pwd", json!(NEW)), 102, "not_signed_in"),
        (
            json!({ "op": 1, "token": "t", "args": { "user_phone": "13600136000", "purpose": "confirm" } }),
            102,
            "not_signed_in",
        ),
        (closing("user_name", Value::Null), 100, "missing_key"),
        (closing("user_pwd", Value::Null), 100, "missing_key"),
        (
            closing("user_pwd", json!(ALICE.password)),
            1,
            "wrong_credentials",
        ),
        (closing("user_name", json!(long)), 1, "wrong_credentials"),
    ]
}

pub(super) fn profiles_and_sessions() -> Vec<Refused> {
    let profile = json!({ "token": "t" });
    let profile = |key: &str, value: Value| with(6, &profile, key, value);
    let sessions = json!({ "token": "t", "do": "list" });
    let sessions = |key: &str, value: Value| with(7, &sessions, key, value);
    let forged = "0".repeat(64);
    let login = |device: Value| json!({ "op": 0, "args": { "user_name": BOB.name, "user_pwd": BOB.password, "device": device } });
    vec![
        (json!({ "op": 6 }), 100, "missing_key"),
        (json!({ "op": 6, "args": {} }), 100, "missing_key"),
        (profile("token", json!(1)), 100, "mistyped_key"),
        (profile("nickname", json!(1)), 100, "mistyped_key"),
        (profile("avatar", json!("1")), 100, "mistyped_key"),
        (profile("avatar", json!(-1)), 100, "mistyped_key"),
        (profile("bio", json!([])), 100, "mistyped_key"),
        (profile("language", json!("fr")), 100, "mistyped_key"),
        (profile("bio", json!("x")), 102, "not_signed_in"),
        (profile("token", json!(forged)), 102, "not_signed_in"),
        (json!({ "op": 7 }), 100, "missing_key"),
        (sessions("token", Value::Null), 100, "missing_key"),
        (sessions("do", Value::Null), 100, "missing_key"),
        (sessions("do", json!("end")), 100, "mistyped_key"),
        (sessions("token", json!(forged)), 102, "not_signed_in"),
        (
            json!({ "op": 7, "token": "t", "args": { "do": "revoke", "session": "1" } }),
            100,
            "mistyped_key",
        ),
        (
            json!({ "op": 7, "token": "t", "args": { "do": "revoke_all", "current": "yes" } }),
            100,
            "mistyped_key",
        ),
        (login(json!("x".repeat(65))), 100, "mistyped_key"),
        (login(json!("a\u{1b}[31m")), 100, "mistyped_key"),
        (login(json!(1)), 100, "mistyped_key"),
    ]
}
