//! Handshakes that are slow, broken, or many.

use std::io::{ErrorKind, Read};
use std::net::Shutdown;
use std::thread;

use serde_json::json;

use super::{expect_talk, open, ports, server_with};
use crate::people::{ALICE, BOB};
use crate::wire::{Header, Wire};

/// Connections that begin a handshake at once.
const FLOOD: usize = 400;
/// Messages said meanwhile.
const SAID: usize = 50;

/// The server ends it, with an alert of TLS or without a word: nothing else.
fn expect_cut(wire: &Wire) {
    let mut rest = Vec::new();
    match wire.stream().read_to_end(&mut rest) {
        Ok(_) => assert!(rest.first().is_none_or(|first| *first == 0x15), "{rest:?}"),
        Err(why) => assert_eq!(why.kind(), ErrorKind::ConnectionReset),
    }
}

#[test]
fn a_handshake_that_takes_too_long_ends_and_delays_nobody() {
    let server = server_with(&[("limits.tls_handshake_seconds", "1")]);
    let hello = server.trust().client_hello();
    let mut slow = Vec::new();
    for port in ports(&server) {
        for part in [1, 5, hello.len() / 2, hello.len()] {
            let mut wire = Wire::open(port, Header::Text);
            wire.send_bytes(&hello[..part]);
            slow.push(wire);
        }
    }
    expect_talk(&server);
    for wire in &slow {
        // An answer to a whole hello, then the end.
        let mut rest = Vec::new();
        wire.stream().read_to_end(&mut rest).expect("an end");
    }
    expect_talk(&server);
}

#[test]
fn what_only_begins_like_a_handshake_ends_its_connection_and_nothing_else() {
    let server = server_with(&[]);
    let mut hello = server.trust().client_hello();
    let last = hello.len() - 1;
    hello[last / 2..].fill(0xff);
    for garbage in [
        &[0x16; 600][..],
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\x00\x05hello",
        &hello,
    ] {
        for port in ports(&server) {
            let mut wire = Wire::open(port, Header::Text);
            wire.send_bytes(garbage);
            // The server may have ended it by now.
            wire.stream().shutdown(Shutdown::Write).ok();
            expect_cut(&wire);
        }
    }
    expect_talk(&server);
}

#[test]
fn a_handshake_without_end_is_not_kept_in_memory() {
    let server = server_with(&[("limits.tls_handshake_seconds", "3600")]);
    let mut wire = Wire::open(server.addresses.chat, Header::Text);
    // Records of a hello of 60 000 bytes, for all of which TLS itself would wait.
    let record = |content: &[u8]| [&[0x16, 3, 1, 0x10, 0], content].concat();
    let begin = [&[1, 0, 0xea, 0x60, 3, 3][..], &[0; 4090]].concat();
    wire.send_bytes(&record(&begin));
    for _ in 0..5 {
        // The server may have ended it by now.
        wire.try_send_bytes(&record(&[0; 4096])).ok();
    }
    expect_cut(&wire);
    expect_talk(&server);
}

#[test]
fn messages_keep_their_order_beside_a_flood_of_handshakes() {
    let server = server_with(&[]);
    let chat = server.addresses.chat;
    let mut bob = open(&server, chat, Header::Text);
    BOB.enter(&mut bob);
    let mut alice = open(&server, chat, Header::Text);
    ALICE.enter(&mut alice);
    let hello = server.trust().client_hello();
    let flood = thread::spawn(move || {
        let begin = |_| {
            let mut wire = Wire::open(chat, Header::Text);
            wire.send_bytes(&hello);
            wire
        };
        let begun: Vec<Wire> = (0..FLOOD).map(begin).collect();
        for wire in &begun {
            // Each is answered, all the same.
            let mut first = [0; 1];
            wire.stream().read_exact(&mut first).expect("an answer");
            assert_eq!(first, [0x16]);
        }
    });
    for seq in 0..SAID {
        let news = format!("through {seq}");
        let say = json!({ "op": 0, "seq": seq, "args": ALICE.args(), "news": news });
        assert_eq!(alice.ask(&say)["test"], 0);
        assert_eq!(bob.receive()["news"], news);
    }
    flood.join().expect("the flood ends");
}
