//! Transfers that stall, break off, or were never allowed.

use std::io::Write;
use std::net::Shutdown;
use std::thread;

use serde_json::{Value, json};

use super::{expect_service, upload};
use crate::harness::{Home, Server, eventually};
use crate::people::{ALICE, BOB};
use crate::wire::{HEADERS, Header, Wire, ask};

/// What a client pushes although it was refused.
const PUSHED_BYTES: usize = 5 << 20;

fn files_listed(server: &Server) -> u64 {
    let look = json!({ "op": 1, "args": ALICE.args(), "look": 0 });
    ask(server.addresses.files, &look)["exist_file"]
        .as_u64()
        .expect("a number")
}

fn unfinished_uploads(server: &Server) -> usize {
    let incoming = server.home().data().join("vault/incoming");
    std::fs::read_dir(incoming).expect("a folder").count()
}

#[test]
fn an_upload_that_stalls_is_cut_off_and_never_listed() {
    let server = Home::new()
        .set("limits.transfer_stall_seconds", "1")
        .start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    for header in HEADERS {
        let mut wire = Wire::open(server.addresses.files, header);
        wire.send(&upload(&ALICE.args(), "never", 1_000_000));
        wire.send_bytes(&[7; 1_000]);
        // No answer: half an upload has none.
        wire.expect_end();
    }
    assert_eq!(files_listed(&server), 0);
    eventually("nothing is left of it", || {
        (unfinished_uploads(&server) == 0).then_some(())
    });
    expect_service(&server);
}

#[test]
fn an_upload_that_breaks_off_is_never_listed() {
    let server = Server::start();
    ALICE.sign_up(&server);
    for sent in [0, 1, 70_000, 299_999] {
        let mut wire = Wire::open(server.addresses.files, Header::Text);
        wire.send(&upload(&ALICE.args(), "half", 300_000));
        wire.send_bytes(&vec![7; sent]);
        wire.shut();
        wire.expect_end();
    }
    assert_eq!(files_listed(&server), 0);
    eventually("nothing is left of it", || {
        (unfinished_uploads(&server) == 0).then_some(())
    });
}

#[test]
fn an_upload_counts_even_if_its_answer_cannot_be_delivered() {
    let server = Server::start();
    ALICE.sign_up(&server);
    let mut wire = Wire::open(server.addresses.files, Header::Text);
    wire.send(&upload(&ALICE.args(), "whole", 5));
    wire.send_bytes(b"bytes");
    wire.stream().shutdown(Shutdown::Both).expect("it is open");
    drop(wire);
    eventually("it is listed", || {
        (files_listed(&server) == 1).then_some(())
    });
}

#[test]
fn a_refused_upload_gets_its_answer_though_megabytes_are_still_pushed() {
    let server = Home::new().set("limits.file_bytes_max", "6000000").start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let size = PUSHED_BYTES as u64;
    let wrong = json!({ "name": ALICE.name, "password": "a wrong guess" });
    let refusals: [(Value, u64, &str); 5] = [
        (upload(&wrong, "a", size), 1, "wrong_credentials"),
        (
            upload(&json!({ "token": "forged" }), "a", size),
            1,
            "wrong_credentials",
        ),
        (upload(&ALICE.args(), "a", 6_000_001), 104, "file_too_large"),
        (
            upload(&ALICE.args(), "../a", size),
            100,
            "invalid_file_name",
        ),
        (upload(&json!({}), "a", size), 100, "missing_key"),
    ];
    for (frame, test, error) in refusals {
        for header in HEADERS {
            let mut wire = Wire::open(server.addresses.files, header);
            wire.send(&frame);
            let mut pusher = wire.stream().try_clone().expect("a socket");
            // As clients do that read no answer before they have sent everything.
            let pushed = thread::spawn(move || pusher.write_all(&vec![7; PUSHED_BYTES]));
            pushed
                .join()
                .expect("a thread")
                .expect("all of it is taken");
            let answer = wire.receive();
            assert_eq!(
                (&answer["test"], &answer["error"]),
                (&json!(test), &json!(error))
            );
            wire.expect_end();
        }
    }
    assert_eq!(files_listed(&server), 0);
    expect_service(&server);
}

#[test]
fn one_user_cannot_hold_more_uploads_open_than_allowed() {
    let server = Home::new().set("limits.open_uploads_per_user", "2").start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let begin = |number: u32| {
        let mut wire = Wire::open(server.addresses.files, Header::Text);
        wire.send(&upload(&ALICE.args(), &format!("slow {number}"), 10));
        wire
    };
    let mut open: Vec<Wire> = (0..2).map(begin).collect();
    eventually("both have begun", || {
        (unfinished_uploads(&server) == 2).then_some(())
    });
    let mut third = begin(2);
    assert_eq!(third.receive()["error"], "too_many_transfers");
    third.expect_end();
    for wire in &mut open {
        wire.send_bytes(b"ten bytes!");
        assert_eq!(wire.receive()["test"], 0);
    }
    // Both are answered, so there is a place again, as soon as the vault knows.
    eventually("a place", || {
        let mut wire = begin(3);
        wire.send_bytes(b"ten bytes!");
        (wire.receive()["test"] == 0).then_some(())
    });
    expect_service(&server);
}

#[test]
fn a_download_that_nobody_reads_is_cut_off() {
    let server = Home::new()
        .set("limits.transfer_stall_seconds", "1")
        .start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    // More than the buffers between server and client take.
    let size = 40 << 20;
    let mut wire = Wire::open(server.addresses.files, Header::Text);
    wire.send(&upload(&ALICE.args(), "big", size));
    wire.send_bytes(&vec![7; usize::try_from(size).expect("it fits")]);
    assert_eq!(wire.receive()["test"], 0);
    let mut wire = Wire::open(server.addresses.files, Header::Text);
    wire.send(&json!({ "op": 1, "args": BOB.args(), "look": 1, "file_name": "big" }));
    server.wait_for_log("event=download_broken");
    expect_service(&server);
}
