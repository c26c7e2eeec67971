//! What it costs to be connected and to say nothing.

use serde_json::json;

use crate::encrypted::Trust;
use crate::harness::Server;
use crate::people::ALICE;
use crate::wire::{HEADERS, Header, Wire};

/// Connections at once.
const IDLE: usize = 1_000;
/// What they may cost together, in KiB.
const COST_KIB_MAX: u64 = 30 << 10;

/// What they may cost together within TLS, which keeps keys and buffers for each.
const TLS_COST_KIB_MAX: u64 = 60 << 10;

#[test]
fn a_thousand_who_are_here_and_silent_cost_under_thirty_megabytes() {
    let cost = cost_of_silence(|wire, _| wire);
    assert!(cost < COST_KIB_MAX, "{cost} KiB");
}

#[test]
fn a_thousand_who_are_silent_within_tls_cost_under_sixty_megabytes() {
    let cost = cost_of_silence(Wire::encrypt);
    assert!(cost < TLS_COST_KIB_MAX, "{cost} KiB");
}

/// What a thousand cost that speak in this way, in KiB.
fn cost_of_silence(way: impl Fn(Wire, &Trust) -> Wire) -> u64 {
    let server = Server::start();
    ALICE.sign_up(&server);
    let (token, trust) = (ALICE.token(&server), server.trust());
    let enter = |header: Header| {
        let mut wire = way(Wire::open(server.addresses.chat, header), &trust);
        let entered = wire.ask(&json!({ "op": 0, "seq": 1, "token": token, "news": "" }));
        assert_eq!(entered["test"], 0, "{entered}");
        wire
    };
    // Warm: what the first of each kind allocates for all is there.
    let mut first = HEADERS.map(enter);
    let idle = server.resident_kib();
    let mut others: Vec<Wire> = (0..IDLE).map(|number| enter(HEADERS[number % 2])).collect();
    let cost = server.resident_kib().saturating_sub(idle);
    println!("{IDLE} silent connections cost {cost} KiB beyond {idle} KiB");
    // They are not only there: they hear.
    ALICE.say(&mut first[0], "anyone?");
    for wire in &mut others {
        assert_eq!(wire.receive()["news"], "anyone?");
    }
    cost
}
