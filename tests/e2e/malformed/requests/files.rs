//! Uploads, lists and downloads that are refused.

use serde_json::{Value, json};

use super::Refused;
use crate::people::ALICE;

pub(super) fn looks() -> Vec<Refused> {
    let look = |key: &str, value: Value| {
        let mut body = json!({ "op": 1, "args": ALICE.args(), "look": 1, "file_name": "a file" });
        body[key] = value;
        body
    };
    let mut rows = vec![
        (json!({ "op": 1 }), 100, "missing_key"),
        (
            look("args", json!({ "name": ALICE.name, "password": "wrong" })),
            1,
            "wrong_credentials",
        ),
        (look("args", json!("小爱")), 100, "mistyped_key"),
        (look("look", Value::Null), 100, "missing_key"),
        (look("look", json!(2)), 100, "mistyped_key"),
        (look("look", json!(-1)), 100, "mistyped_key"),
        (look("look", json!("yes")), 100, "mistyped_key"),
        (look("file_name", Value::Null), 100, "missing_key"),
        (look("file_name", json!(400)), 100, "mistyped_key"),
        (look("file_id", json!("1")), 100, "mistyped_key"),
        (look("file_id", json!(-1)), 100, "mistyped_key"),
        (look("file_id", json!(999)), 107, "file_not_found"),
        (look("file_id", json!(u64::MAX)), 107, "file_not_found"),
        (look("offset", json!(1)), 105, "not_supported"),
        (look("room", json!("attic")), 107, "room_not_found"),
    ];
    let long = "x".repeat(60_000);
    for name in [
        "no such file",
        "",
        ".",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\x",
        "a\0",
        "a\n",
        "\u{202e}gpj.exe",
        "a part",
        "outbox.jsonl",
        "db",
        "%2e%2e",
        long.as_str(),
    ] {
        rows.push((look("file_name", json!(name)), 107, "file_not_found"));
    }
    for op in 2..6 {
        rows.push((json!({ "op": op, "args": ALICE.args() }), 101, "unknown_op"));
    }
    rows
}

/// An upload of no bytes, with one thing changed.
fn upload(changes: &[(&str, Value)]) -> Value {
    let mut body = json!({ "op": 0, "args": ALICE.args(), "file_name": "a.txt", "file_type": 0,
        "file_size": "0" });
    for (key, value) in changes {
        body[*key] = value.clone();
    }
    body
}

/// Refused while it is known how many bytes follow: the connection ends.
pub(super) fn uploads() -> Vec<Refused> {
    let one = |key: &str, value: Value| upload(&[(key, value)]);
    let part = |path: &str, folder: Value| {
        upload(&[
            ("file_type", json!(1)),
            ("file_name", json!(path)),
            ("file_dirname", folder),
        ])
    };
    let mut rows = vec![
        (one("args", Value::Null), 100, "missing_key"),
        (
            one("args", json!({ "name": ALICE.name, "password": "wrong" })),
            1,
            "wrong_credentials",
        ),
        (
            one("args", json!({ "name": "nobody", "password": "wrong" })),
            1,
            "wrong_credentials",
        ),
        (one("file_name", Value::Null), 100, "missing_key"),
        (one("file_name", json!(0)), 100, "mistyped_key"),
        (one("file_type", Value::Null), 100, "missing_key"),
        (one("file_type", json!(2)), 100, "mistyped_key"),
        (one("file_type", json!("folder")), 100, "mistyped_key"),
        (one("file_size", json!("1048577")), 104, "file_too_large"),
        (one("file_size", json!(u64::MAX)), 104, "file_too_large"),
        (one("sha256", json!("zz")), 100, "mistyped_key"),
        (one("sha256", json!("ff".repeat(32))), 108, "hash_mismatch"),
        (one("begin", json!(true)), 105, "not_supported"),
        (one("upload_id", json!("u")), 105, "not_supported"),
        (one("room", json!("attic")), 107, "room_not_found"),
        (one("file_name", json!("a folder")), 108, "name_conflict"),
        (part("a.txt", Value::Null), 100, "missing_key"),
        (part("a.txt", json!(7)), 100, "mistyped_key"),
        (part("a.txt", json!("a file")), 108, "name_conflict"),
    ];
    let long = "x".repeat(256);
    for name in [
        "",
        ".",
        "..",
        "/",
        "../x",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "C:",
        "c:x",
        "a\0",
        "a\n",
        "\u{7f}",
        "\u{85}",
        "\u{202e}gpj.exe",
        "a\u{2028}b",
        long.as_str(),
    ] {
        rows.push((one("file_name", json!(name)), 100, "invalid_file_name"));
        rows.push((part("a.txt", json!(name)), 100, "invalid_file_name"));
    }
    let (deep, longer) = (["d"; 33].join("/"), ["a long part"; 100].join("/"));
    for path in [
        "",
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/../../b",
        "a/./b",
        "\\\\server\\x",
        "a/c:/x",
        "a/\0",
        deep.as_str(),
        longer.as_str(),
    ] {
        rows.push((part(path, json!("docs")), 100, "invalid_file_name"));
    }
    rows
}

/// Nobody knows how many bytes follow: the next frame is expected at once.
pub(super) fn sizes() -> Vec<Refused> {
    let mut rows = vec![(upload(&[("file_size", Value::Null)]), 100, "missing_key")];
    for size in [
        json!(""),
        json!("abc"),
        json!("-1"),
        json!(-1),
        json!(1.5),
        json!("1e3"),
        json!("0x10"),
        json!(" 1"),
        json!("99999999999999999999"),
        json!([]),
        json!(true),
    ] {
        rows.push((upload(&[("file_size", size)]), 100, "mistyped_key"));
    }
    rows
}
