//! What people cost who are there and silent.

use serde_json::json;

use crate::harness::Server;
use crate::people::ALICE;
use crate::wire::{Header, Wire};

const CONNECTIONS: u64 = 1_000;
const MIB: u64 = 1_024;

#[test]
fn a_thousand_silent_people_cost_less_than_thirty_mebibytes() {
    let server = Server::start();
    ALICE.sign_up(&server);
    let token = ALICE.token(&server);
    // Once the server has done everything once, what comes on top is theirs.
    let enter = |seq: u64| {
        let mut wire = Wire::open(server.addresses.chat, Header::Binary);
        wire.send(&json!({ "op": 0, "seq": seq, "token": token, "news": "" }));
        wire
    };
    assert_eq!(enter(0).receive()["test"], 0);
    let before = server.resident_kib();
    let mut wires: Vec<Wire> = (1..=CONNECTIONS).map(enter).collect();
    for wire in &mut wires {
        assert_eq!(wire.receive()["test"], 0);
    }
    let cost = server.resident_kib().saturating_sub(before);
    println!(
        "idle with everything warm: {} KiB; {CONNECTIONS} authenticated connections: {cost} KiB more",
        before
    );
    assert!(cost < 30 * MIB, "{cost} KiB");
    // They are there, and not merely accepted: each hears what is said.
    let mut speaker = enter(0);
    assert_eq!(speaker.receive()["test"], 0);
    speaker.send(&json!({ "op": 0, "token": token, "news": "hello" }));
    for wire in &mut wires {
        assert_eq!(wire.receive()["news"], "hello");
    }
}
