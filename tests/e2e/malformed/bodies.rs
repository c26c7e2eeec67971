//! Bodies that are no requests: refused alike on all three ports.

use super::{Port, Row};

/// The longest body that a request may have.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Bodies that are refused before their op is known.
fn not_even_an_op() -> Vec<(Vec<u8>, &'static str)> {
    let text = |body: &str, error| (body.as_bytes().to_vec(), error);
    let bytes = |body: &[u8], error| (body.to_vec(), error);
    let mut rows = Vec::new();
    for body in [
        " ",
        "\n",
        "{",
        "}",
        "\"",
        "nul",
        "tru",
        "{\"op\":0",
        "{\"op\":0}}",
        "{\"op\":0}{}",
        "{\"op\":0} x",
        "{\"op\":0,}",
        "{,}",
        "{\"op\"}",
        "{\"op\":}",
        "{\"op\" 0}",
        "{'op':0}",
        "{op:0}",
        "{\"op\":00}",
        "{\"op\":01}",
        "{\"op\":+1}",
        "{\"op\":.5}",
        "{\"op\":1.}",
        "{\"op\":0x1}",
        "{\"op\":NaN}",
        "{\"op\":Infinity}",
        "{\"op\":-}",
        "{\"op\":1e999}",
        "{/* */\"op\":0}",
        "{\"op\":0} // why",
        "{\"op\":0,\"news\":\"a\nb\"}",
        "{\"op\":0,\"news\":\"a\tb\"}",
        "{\"op\":0,\"news\":\"\\x41\"}",
        "{\"op\":0,\"news\":\"\\u12\"}",
        "{\"op\":0,\"news\":\"\\ud800\"}",
        "{\"op\":0,\"news\":\"\\udc00\"}",
        "{\"op\":0,\"news\":\"\\ud800\\ud800\"}",
        "{\"op\":0,\"news\":\"\\ud800x\"}",
        "{\"\\udfff\":0}",
        "{\"op\":0,\"a\":[1,}",
        "{\"op\":0,\"a\":[1 2]}",
        "\u{feff}{\"op\":0}",
        "\0\0\0\0",
        "{\x00\"\x00o\x00p\x00\"\x00:\x000\x00}\x00",
        "op=0&args=1",
        "<op>0</op>",
    ] {
        rows.push(text(body, "malformed_json"));
    }
    for body in [
        "[]",
        "[{\"op\":0}]",
        "\"op\"",
        "7",
        "-1",
        "1.5",
        "true",
        "null",
    ] {
        rows.push(text(body, "not_an_object"));
    }
    for body in [
        &b"\xff"[..],
        b"{\"op\":0,\"news\":\"\xff\"}",
        b"{\"op\":0,\"news\":\"\xc0\x80\"}",
        b"{\"op\":0,\"news\":\"\xed\xa0\x80\"}",
        b"{\"op\":0,\"news\":\"\xe4\xbd\"}",
        b"{\"op\":0,\"news\":\"\xf5\x80\x80\x80\"}",
        b"{\"\x80\":0}",
        b"\xfe\xff\0{\0}",
        // GBK, as a Windows client of the time would send it.
        b"{\"op\":0,\"news\":\"\xc4\xe3\xba\xc3\"}",
    ] {
        rows.push(bytes(body, "invalid_utf8"));
    }
    for body in [
        "{\"op\":0,\"op\":0}",
        "{\"op\":0,\"op\":1}",
        "{\"op\":0,\"\\u006fp\":1}",
        "{\"op\":0,\"args\":{\"name\":\"a\",\"name\":\"b\"}}",
        "{\"op\":0,\"a\":[{\"b\":1,\"b\":1}]}",
        "{\"op\":0,\"x\":null,\"x\":null}",
        "{\"\":0,\"\":0}",
    ] {
        rows.push(text(body, "duplicate_key"));
    }
    let bomb = |open: &str, close: &str, depth: usize| {
        format!(
            "{{\"op\":0,\"a\":{}1{}}}",
            open.repeat(depth),
            close.repeat(depth)
        )
    };
    rows.push(text(&bomb("[", "]", 16), "too_deep"));
    rows.push(text(&bomb("{\"a\":", "}", 16), "too_deep"));
    rows.push(text(&bomb("[", "]", 5_000), "too_deep"));
    rows.push(text(&bomb("{\"a\":", "}", 5_000), "too_deep"));
    rows.push(text(&"[".repeat(BODY_BYTES_MAX), "too_deep"));
    rows.push(text(&"{\"a\":".repeat(BODY_BYTES_MAX / 5), "too_deep"));
    rows.extend(as_large_as_can_be());
    rows
}

fn as_large_as_can_be() -> Vec<(Vec<u8>, &'static str)> {
    let max = BODY_BYTES_MAX;
    let keys = |count: usize| {
        (0..count)
            .map(|i| format!("\"{i}\":0"))
            .collect::<Vec<_>>()
            .join(",")
    };
    vec![
        (vec![b'x'; max], "malformed_json"),
        (vec![b' '; max], "malformed_json"),
        (vec![0; max], "malformed_json"),
        (vec![0xff; max], "invalid_utf8"),
        (vec![b'"'; max], "malformed_json"),
        (
            format!("\"{}\"", "x".repeat(max - 2)).into_bytes(),
            "not_an_object",
        ),
        (
            format!("{{\"a\":\"{}\"}}", "x".repeat(max - 8)).into_bytes(),
            "missing_key",
        ),
        (
            format!("{{\"a\":\"{}", "\\u4f60".repeat(max / 6 - 2)).into_bytes(),
            "malformed_json",
        ),
        (
            format!("[{}0]", "0,".repeat(max / 2 - 2)).into_bytes(),
            "not_an_object",
        ),
        (format!("{{{}}}", keys(6_000)).into_bytes(), "missing_key"),
        (
            format!("{{{},\"5999\":0}}", keys(6_000)).into_bytes(),
            "duplicate_key",
        ),
        (
            format!("{{{}\"a\":0}}", "\"a\":0,".repeat(max / 6 - 2)).into_bytes(),
            "duplicate_key",
        ),
        (
            format!("{{\"op\":{}}}", "9".repeat(max - 7)).into_bytes(),
            "malformed_json",
        ),
    ]
}

/// Objects whose `op` or `seq` is not one, with the op that the refusal repeats.
const ENVELOPES: [(&str, u64, u64, &str); 27] = [
    ("{}", 0, 100, "missing_key"),
    ("{\"OP\":0}", 0, 100, "missing_key"),
    ("{\"args\":{\"op\":0}}", 0, 100, "missing_key"),
    ("{\"op\":null}", 0, 100, "missing_key"),
    ("{\"op\":\"0\"}", 0, 100, "mistyped_key"),
    ("{\"op\":\"\"}", 0, 100, "mistyped_key"),
    ("{\"op\":-1}", 0, 100, "mistyped_key"),
    ("{\"op\":-0}", 0, 100, "mistyped_key"),
    ("{\"op\":0.0}", 0, 100, "mistyped_key"),
    ("{\"op\":1e0}", 0, 100, "mistyped_key"),
    ("{\"op\":true}", 0, 100, "mistyped_key"),
    ("{\"op\":[]}", 0, 100, "mistyped_key"),
    ("{\"op\":{}}", 0, 100, "mistyped_key"),
    ("{\"op\":18446744073709551616}", 0, 100, "mistyped_key"),
    (
        "{\"op\":99999999999999999999999999999999999999999}",
        0,
        100,
        "mistyped_key",
    ),
    ("{\"op\":18446744073709551615}", 0, 101, "unknown_op"),
    ("{\"op\":9007199254740992}", 0, 101, "unknown_op"),
    (
        "{\"op\":9007199254740991}",
        9_007_199_254_740_991,
        101,
        "unknown_op",
    ),
    ("{\"op\":4294967296}", 4_294_967_296, 101, "unknown_op"),
    ("{\"op\":256}", 256, 101, "unknown_op"),
    ("{\"op\":77,\"seq\":1}", 77, 101, "unknown_op"),
    ("{\"op\":77,\"args\":7}", 77, 101, "unknown_op"),
    ("{\"op\":0,\"seq\":\"1\"}", 0, 100, "mistyped_key"),
    ("{\"op\":0,\"seq\":-1}", 0, 100, "mistyped_key"),
    ("{\"op\":0,\"seq\":1.5}", 0, 100, "mistyped_key"),
    ("{\"op\":0,\"seq\":[1]}", 0, 100, "mistyped_key"),
    (
        "{\"op\":0,\"seq\":9007199254740992}",
        0,
        100,
        "mistyped_key",
    ),
];

pub(super) fn rows(port: Port) -> Vec<Row> {
    let row = |body: Vec<u8>, op, test, error| Row {
        port,
        body,
        op,
        test,
        error,
        ends: false,
    };
    let mut rows = Vec::new();
    for (body, error) in not_even_an_op() {
        rows.push(row(body, 0, 100, error));
    }
    for (body, op, test, error) in ENVELOPES {
        rows.push(row(body.as_bytes().to_vec(), op, test, error));
    }
    rows
}
