//! Sign-ins, codes and sign-ups that are refused.

use serde_json::{Value, json};

use super::Refused;
use crate::people::{ALICE, BOB};

pub(super) fn logins() -> Vec<Refused> {
    let long = "x".repeat(60_000);
    let login = |name: Value, password: Value| json!({ "op": 0, "args": { "user_name": name, "user_pwd": password } });
    let mut rows = vec![
        (json!({ "op": 0 }), 100, "missing_key"),
        (json!({ "op": 0, "args": null }), 100, "missing_key"),
        (json!({ "op": 0, "args": {} }), 100, "missing_key"),
        (json!({ "op": 0, "args": [] }), 100, "mistyped_key"),
        (json!({ "op": 0, "args": "user_name" }), 100, "mistyped_key"),
        (
            json!({ "op": 0, "args": { "name": "a", "password": "b" } }),
            100,
            "missing_key",
        ),
        (login(Value::Null, json!("p")), 100, "missing_key"),
        (login(json!("a"), Value::Null), 100, "missing_key"),
        (login(json!(1), json!("p")), 100, "mistyped_key"),
        (login(json!("a"), json!(12_345_678)), 100, "mistyped_key"),
        (login(json!(["a"]), json!("p")), 100, "mistyped_key"),
        (login(json!({ "$ne": "" }), json!("p")), 100, "mistyped_key"),
        (login(json!("a"), json!(true)), 100, "mistyped_key"),
    ];
    for name in [
        "",
        " ",
        "\0",
        "nobody",
        "' OR 1=1 --",
        "../../etc/passwd",
        "\u{202e}",
        "a@b",
        "@",
        "+86",
        "系统",
        "％s%n",
        long.as_str(),
    ] {
        rows.push((
            login(json!(name), json!(ALICE.password)),
            1,
            "wrong_credentials",
        ));
    }
    for password in ["", "\0", long.as_str()] {
        rows.push((
            login(json!(ALICE.name), json!(password)),
            1,
            "wrong_credentials",
        ));
    }
    rows
}

pub(super) fn codes() -> Vec<Refused> {
    let long = "1".repeat(60_000);
    let code = |args: Value| json!({ "op": 1, "args": args });
    let mut rows = vec![
        (code(json!({})), 100, "missing_key"),
        (code(json!({ "user_phone": null })), 100, "missing_key"),
        (
            code(json!({ "user_phone": 18_671_289_536_u64 })),
            100,
            "mistyped_key",
        ),
        (
            code(json!({ "user_phone": ["18671289536"] })),
            100,
            "mistyped_key",
        ),
        (code(json!({ "user_email": 7 })), 100, "mistyped_key"),
        (
            code(json!({ "user_phone": BOB.phone, "purpose": 7 })),
            100,
            "mistyped_key",
        ),
        (
            code(json!({ "user_phone": BOB.phone, "purpose": "fun" })),
            100,
            "mistyped_key",
        ),
        (
            code(json!({ "user_phone": BOB.phone, "purpose": "confirm" })),
            100,
            "missing_key",
        ),
    ];
    for phone in [
        "",
        "0",
        "110",
        "小爱",
        "186******",
        "1867128953",
        "186712895366",
        "+1 415 555 2671",
        "18671289536 ext. 3",
        "18671289536\0",
        "call 18671289536",
        "+",
        "tel:18671289536;ext=1",
        long.as_str(),
    ] {
        rows.push((code(json!({ "user_phone": phone })), 2, "bad_phone"));
    }
    for email in [
        "a",
        "@",
        "a@",
        "@b.c",
        "a@b",
        "a b@c.de",
        "a@b..c",
        "a@c.de\r\nBcc: x@y.z",
        "\"a b\"@c.de",
        "a@b@c.de",
        long.as_str(),
    ] {
        rows.push((code(json!({ "user_email": email })), 2, "bad_email"));
    }
    rows
}

pub(super) fn sign_ups() -> Vec<Refused> {
    let with = |key: &str, value: Value| {
        let mut args = json!({ "user_name": "Eve", "user_pwd": "a long enough phrase",
            "user_phone": "13600136000", "user_vcode": "123456", "user_email": "eve@example.org" });
        args[key] = value;
        json!({ "op": 2, "args": args })
    };
    let mut rows = vec![
        (with("user_name", Value::Null), 100, "missing_key"),
        (with("user_pwd", Value::Null), 100, "missing_key"),
        (with("user_phone", Value::Null), 100, "missing_key"),
        (with("user_phone", json!("")), 100, "missing_key"),
        (with("user_vcode", Value::Null), 100, "missing_key"),
        (with("user_vcode", json!(123_456)), 100, "mistyped_key"),
        (with("user_name", json!(1)), 100, "mistyped_key"),
        (with("user_email", json!({})), 100, "mistyped_key"),
        (with("user_phone", json!("12345")), 2, "bad_phone"),
        (with("user_email", json!("eve")), 2, "bad_email"),
        (with("user_vcode", json!("000000")), 3, "wrong_code"),
        (with("user_vcode", json!("' OR ''='")), 3, "wrong_code"),
        (
            with("user_vcode", json!("9".repeat(60_000))),
            3,
            "wrong_code",
        ),
        (with("user_ecode", json!("000000")), 3, "wrong_code"),
        (with("invite", json!(7)), 100, "mistyped_key"),
        (with("invite", json!(["a"])), 100, "mistyped_key"),
        (with("invite", json!("")), 3, "wrong_code"),
        (with("invite", json!("\0")), 3, "bad_invite"),
        (with("invite", json!("../../邀请")), 3, "bad_invite"),
        (with("invite", json!("f".repeat(60_000))), 3, "bad_invite"),
        (
            json!({ "op": 3, "args": { "user_email": "eve@example.org" } }),
            100,
            "missing_key",
        ),
        (
            json!({ "op": 3, "args": { "user_email": ALICE.email, "user_ecode": 0 } }),
            100,
            "mistyped_key",
        ),
        (
            json!({ "op": 3, "args": { "user_email": ALICE.email, "user_ecode": "" } }),
            3,
            "wrong_code",
        ),
        (
            json!({ "op": 3, "args": { "user_email": "", "user_ecode": "1" } }),
            3,
            "wrong_code",
        ),
    ];
    let long = "长".repeat(33);
    let longer = "x".repeat(60_000);
    for name in [
        "",
        " ",
        " a",
        "a ",
        "a  b",
        "a@b",
        "a＠b",
        "a\u{200b}b",
        "\u{202e}ecila",
        "a\nb",
        "a\0b",
        "\u{feff}a",
        "\u{301}a",
        "\u{3164}",
        "a\u{3000}b",
        "\u{e000}",
        "系统",
        "System",
        "ＳＹＳＴＥＭ",
        "Аlice",
        "a\u{fe0f}",
        "🌈\u{200d}",
        BOB.phone,
        "+86 139 1234 5678",
        "1３912345678",
        long.as_str(),
        longer.as_str(),
    ] {
        rows.push((with("user_name", json!(name)), 110, "invalid_name"));
    }
    rows
}
