//! Uploads and downloads within TLS, whole and cut off.

use std::io::Write as _;

use serde_json::{Value, json};

use super::{open, server_with};
use crate::harness::{Server, eventually};
use crate::people::{ALICE, BOB};
use crate::wire::{HEADERS, Header, Wire};

fn upload(name: &str, size: usize) -> Value {
    json!({ "op": 0, "args": ALICE.args(), "file_name": name, "file_type": 0, "file_size": size })
}

fn fetch(name: &str) -> Value {
    json!({ "op": 1, "args": BOB.args(), "look": 1, "file_name": name })
}

fn files(server: &Server) -> Wire {
    open(server, server.addresses.files, Header::Text)
}

fn files_listed(server: &Server) -> u64 {
    let list = files(server).ask(&json!({ "op": 1, "args": ALICE.args(), "look": 0 }));
    list["exist_file"].as_u64().expect("a number")
}

fn expect_nothing_left(server: &Server) {
    let incoming = server.home().data().join("vault/incoming");
    eventually("nothing is left of it", || {
        let count = std::fs::read_dir(&incoming).expect("a folder").count();
        (count == 0).then_some(())
    });
}

/// No buffer's size divides it.
fn content() -> Vec<u8> {
    (0..(1 << 20) + 17)
        .map(|i: u32| (i * 31 % 251) as u8)
        .collect()
}

#[test]
fn a_file_arrives_as_it_was_sent_and_the_end_is_told() {
    let server = server_with(&[]);
    let content = content();
    for header in HEADERS {
        let mut wire = open(&server, server.addresses.files, header);
        // The frame and the first bytes in one record, as a fast client has it.
        let frame = header.frame(upload("a", content.len()).to_string().as_bytes());
        wire.send_bytes(&[&frame[..], &content].concat());
        assert_eq!(wire.receive()["test"], 0);
        wire.expect_end();
        let mut wire = open(&server, server.addresses.files, header);
        assert_eq!(
            wire.ask(&fetch("a"))["file_size"],
            content.len().to_string()
        );
        assert!(wire.read_bytes(content.len()) == content);
        wire.expect_end();
    }
}

#[test]
fn an_upload_that_is_cut_off_is_never_listed_whichever_way_it_ends() {
    let server = server_with(&[]);
    let content = content();
    let cut: [fn(&mut Wire); 2] = [Wire::shut, Wire::shut_rudely];
    for cut in cut {
        for sent in [0, 1, 70_000, content.len() - 1] {
            let mut wire = files(&server);
            wire.send(&upload("half", content.len()));
            wire.send_bytes(&content[..sent]);
            cut(&mut wire);
            // No answer: half an upload has none.
            assert!(!matches!(wire.try_receive(), Ok(Some(_))));
        }
    }
    // Bytes that belong to no record count for nothing.
    let mut wire = files(&server);
    wire.send(&upload("forged", content.len()));
    wire.send_bytes(&content[..70_000]);
    let forged = wire.stream().write_all(&content[70_000..]);
    assert!(forged.is_err() || !matches!(wire.try_receive(), Ok(Some(_))));
    expect_nothing_left(&server);
    assert_eq!(files_listed(&server), 0);
}

#[test]
fn a_refused_upload_gets_its_answer_though_megabytes_are_still_pushed() {
    let server = server_with(&[("limits.file_bytes_max", "1000")]);
    let mut wire = files(&server);
    wire.send(&upload("large", 5 << 20));
    wire.send_bytes(&vec![7; 5 << 20]);
    assert_eq!(wire.receive()["error"], "file_too_large");
    wire.expect_end();
}

#[test]
fn transfers_that_stall_are_cut_off() {
    let server = server_with(&[("limits.transfer_stall_seconds", "1")]);
    let mut wire = files(&server);
    wire.send(&upload("never", 1_000_000));
    wire.send_bytes(&[7; 1_000]);
    assert!(!matches!(wire.try_receive(), Ok(Some(_))));
    expect_nothing_left(&server);
    // More than the buffers between server and client take.
    let size = 40 << 20;
    let mut wire = files(&server);
    wire.send(&upload("big", size));
    wire.send_bytes(&vec![7; size]);
    assert_eq!(wire.receive()["test"], 0);
    let mut wire = files(&server);
    wire.send(&fetch("big"));
    server.wait_for_log("event=download_broken");
}

#[test]
fn a_record_that_trickles_in_does_not_escape_the_least_rate() {
    let server = server_with(&[("limits.transfer_stall_seconds", "1")]);
    let mut wire = files(&server);
    wire.send(&upload("trickle", 16 << 10));
    // Each byte comes in time, and the record never ends.
    let record = wire.seal(&[7; 16 << 10]);
    let mut bytes = record.iter().take(15 << 10);
    eventually("it is cut off", || {
        let byte = bytes.next().expect("it has been cut off by now");
        wire.stream().write_all(&[*byte]).err().map(|_| ())
    });
    expect_nothing_left(&server);
}

#[test]
fn a_slow_reader_misses_nothing() {
    const SAID: usize = 600;
    let server = server_with(&[("limits.outbound_bytes_max", "65536")]);
    let chat = server.addresses.chat;
    let mut bob = open(&server, chat, Header::Text);
    BOB.enter(&mut bob);
    let mut alice = open(&server, chat, Header::Binary);
    // More than socket buffers hold, each different, and Bob reads none of it yet.
    let long = "长".repeat(4_000);
    for number in 0..SAID {
        let news = format!("{number} {long}");
        let said = json!({ "op": 0, "seq": number, "args": ALICE.args(), "news": news });
        assert_eq!(alice.ask(&said)["test"], 0);
    }
    for number in 0..SAID {
        let frame = bob.receive();
        let news = frame["news"].as_str().expect("a text");
        assert!(news.starts_with(&format!("{number} ")), "{number}");
    }
}
