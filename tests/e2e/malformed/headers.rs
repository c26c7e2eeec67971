//! Headers that are none, and headers that change.

use serde_json::json;

use super::{PORTS, a_fresh_conversation_works, address, good, server_with_people};
use crate::wire::{Header, Wire};

/// The first bytes of a connection that are no header of ours.
fn broken_headers() -> Vec<(Vec<u8>, u64, &'static str)> {
    let bad = |bytes: &[u8]| (bytes.to_vec(), 100, "bad_header");
    let large = |bytes: &[u8]| (bytes.to_vec(), 104, "frame_too_large");
    vec![
        bad(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        bad(b"POST /api/auth HTTP/1.1\r\n\r\n"),
        // TLS that does not begin with a handshake.
        bad(b"\x15\x03\x01\x00\x02\x02\x00"),
        bad(b"\x17\x03\x03\x00\x01\x00"),
        bad(b"SSH-2.0-OpenSSH_9.6\r\n"),
        bad(b"{\"op\":0}"),
        bad(b"\xff\xff\xff\xff"),
        bad(b"\x01\x00\x00\x02{}"),
        bad(b"\r\n\r\n"),
        bad(b"-2             {}"),
        bad(b"+2             {}"),
        bad(b"\t2             {}"),
        bad(b"\xef\xbb\xbf2           {}"),
        bad(b"0              "),
        bad(b"000000000000000"),
        bad(b"               "),
        bad(b" -2            {}"),
        bad(b"1 2            {}"),
        bad(b"2\t             {}"),
        bad(b"2\0             {}"),
        bad(b"2.0            {}"),
        bad(b"2e0            {}"),
        bad(b"0x2            {}"),
        bad(b"2{}            "),
        bad("２            {}".as_bytes()),
        bad(b"\0\0\0\0"),
        large(b"65537          "),
        large(b"999999999999999"),
        large(b"          65537"),
        large(b"\x00\x01\x00\x01"),
        large(b"\x00\xff\xff\xff"),
    ]
}

#[test]
fn every_broken_header_gets_one_error_and_the_end() {
    let server = server_with_people();
    for port in PORTS {
        for (bytes, test, error) in broken_headers() {
            // An error goes out with the text header where none was read.
            let header = if bytes[0] == 0 {
                Header::Binary
            } else {
                Header::Text
            };
            let mut wire = Wire::open(address(&server, port), header);
            wire.send_bytes(&bytes);
            expect_error_and_end(&mut wire, test, error, &bytes);
        }
    }
    a_fresh_conversation_works(&server);
    server.terminate();
}

fn expect_error_and_end(wire: &mut Wire, test: u64, error: &str, bytes: &[u8]) {
    let frame = wire.receive();
    let found = (&frame["op"], &frame["test"], &frame["error"]);
    let shown = String::from_utf8_lossy(bytes);
    assert_eq!(found, (&json!(0), &json!(test), &json!(error)), "{shown:?}");
    wire.expect_end();
}

#[test]
fn both_sides_keep_to_the_first_header() {
    let server = server_with_people();
    for port in PORTS {
        for (first, second) in [
            (Header::Text, Header::Binary),
            (Header::Binary, Header::Text),
        ] {
            let mut wire = Wire::open(address(&server, port), first);
            assert_eq!(wire.ask(&good(port))["test"], 0);
            let other = second.frame(b"{\"op\":9,\"and\":\"something\"}");
            wire.send_bytes(&other);
            let frame = wire.receive();
            // As a length, "26  " is far too large; as text, zeros are broken.
            let error = if first == Header::Text {
                "bad_header"
            } else {
                "frame_too_large"
            };
            assert_eq!(frame["error"], error);
            wire.expect_end();
        }
    }
}
