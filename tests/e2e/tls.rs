//! TLS on all ports: who has to, who may do without, and what it changes, which is
//! nothing for those who speak it.

mod certificates;
mod handshakes;
mod transfers;

use std::net::{IpAddr, SocketAddr};

use serde_json::json;

use crate::harness::{Home, Server};
use crate::people::{ALICE, BOB};
use crate::wire::{HEADERS, Header, Wire, get};

/// Another network, as far as the server can tell.
const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

fn ports(server: &Server) -> [SocketAddr; 3] {
    let to = server.addresses;
    [to.auth, to.chat, to.files]
}

fn open(server: &Server, address: SocketAddr, header: Header) -> Wire {
    Wire::open(address, header).encrypt(&server.trust())
}

/// A server where Alice and Bob have signed up, with these settings since.
fn server_with(settings: &[(&str, &str)]) -> Server {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let home = server.terminate();
    let set = |home: Home, (key, value): &(&str, &str)| home.set(key, value);
    settings.iter().fold(home, set).start()
}

/// Alice and Bob talk, within TLS.
fn expect_talk(server: &Server) {
    let chat = server.addresses.chat;
    let mut bob = open(server, chat, Header::Text);
    BOB.enter(&mut bob);
    let mut alice = open(server, chat, Header::Binary);
    ALICE.say(&mut alice, "are you there?");
    assert_eq!(bob.receive()["news"], "are you there?");
}

fn expect_refusal(wire: &mut Wire, is_chat: bool) {
    let frame = wire.receive();
    let expected = (&json!(105), &json!("tls_required"));
    assert_eq!((&frame["test"], &frame["error"]), expected);
    // A client of the origin can show it.
    assert_eq!(frame["news"] == frame["message"], is_chat, "{frame}");
    wire.expect_end();
}

#[test]
fn where_it_is_optional_the_first_byte_tells() {
    let server = server_with(&[]);
    for port in ports(&server) {
        for header in HEADERS {
            let broken = |mut wire: Wire| wire.ask(&json!([]));
            let plain = broken(Wire::open(port, header));
            let encrypted = broken(open(&server, port, header));
            assert_eq!(plain["error"], "not_an_object");
            assert_eq!(plain, encrypted);
        }
    }
    expect_talk(&server);
}

#[test]
fn where_it_is_required_plain_clients_are_told_so_and_nothing_else() {
    let server = server_with(&[("tls.mode", "required")]);
    for port in ports(&server) {
        for header in HEADERS {
            let mut wire = Wire::open(port, header);
            wire.send(&json!({ "op": 9 }));
            expect_refusal(&mut wire, port == server.addresses.chat);
        }
    }
    expect_talk(&server);
}

#[test]
fn where_it_is_off_tls_is_a_broken_header() {
    let server = server_with(&[]);
    let trust = server.trust();
    let server = server.terminate().set("tls.mode", "off").start();
    for port in ports(&server) {
        let mut wire = Wire::open(port, Header::Text);
        wire.send_bytes(&trust.client_hello());
        assert_eq!(wire.receive()["error"], "bad_header");
        wire.expect_end();
    }
    server.signal("HUP");
    server.wait_for_log("event=certificate_kept reason=no_tls");
}

#[test]
fn plain_clients_from_elsewhere_are_told_and_encrypted_ones_are_not() {
    let settings = [
        ("tls.plain_from", "[127.0.0.1]"),
        ("limits.tls_handshake_seconds", "1"),
    ];
    let server = server_with(&settings);
    let trust = server.trust();
    for port in ports(&server) {
        let is_chat = port == server.addresses.chat;
        let mut talking = Wire::open_from(ELSEWHERE, port, Header::Binary);
        talking.send(&json!({ "op": 9 }));
        expect_refusal(&mut talking, is_chat);
        // One that waits for the server to begin does not speak TLS either.
        let mut silent = Wire::open_from(ELSEWHERE, port, Header::Text);
        expect_refusal(&mut silent, is_chat);
        let mut encrypted = Wire::open_from(ELSEWHERE, port, Header::Text).encrypt(&trust);
        assert_eq!(encrypted.ask(&json!([]))["error"], "not_an_object");
        let mut near = Wire::open(port, Header::Text);
        assert_eq!(near.ask(&json!([]))["error"], "not_an_object");
    }
}

#[test]
fn whoever_is_plain_and_silent_still_hears_what_was_said_since_they_connected() {
    let server = server_with(&[("limits.tls_handshake_seconds", "1")]);
    let chat = server.addresses.chat;
    let mut early = Wire::open(chat, Header::Text);
    let mut alice = open(&server, chat, Header::Text);
    let said = json!({ "op": 0, "seq": 1, "args": ALICE.args(), "news": "early" });
    assert_eq!(alice.ask(&said)["test"], 0);
    // As long as one that has to speak TLS may wait, and longer.
    let mut shaking = Wire::open(chat, Header::Text);
    shaking.send_bytes(&[0x16]);
    shaking.expect_end();
    BOB.say(&mut early, "");
    assert_eq!(early.receive()["news"], "early");
}

#[test]
fn whoever_shuts_their_side_still_gets_what_they_are_owed() {
    let server = server_with(&[]);
    let shut: [fn(&mut Wire); 2] = [Wire::shut, Wire::shut_rudely];
    for shut in shut {
        let mut wire = open(&server, server.addresses.chat, Header::Text);
        for seq in 0..20 {
            let say = json!({ "op": 0, "seq": seq, "args": ALICE.args(), "news": "x" });
            wire.send(&say);
        }
        shut(&mut wire);
        for seq in 0..20 {
            let answer = wire.receive();
            assert_eq!((&answer["seq"], &answer["test"]), (&json!(seq), &json!(0)));
        }
        // And the end is told as one.
        wire.expect_end();
    }
}

#[test]
fn a_server_that_stops_says_goodbye() {
    let server = server_with(&[]);
    let mut alice = open(&server, server.addresses.chat, Header::Text);
    ALICE.enter(&mut alice);
    server.terminate();
    alice.expect_end();
}

#[test]
fn the_web_port_speaks_https_and_sends_others_there() {
    let server = Server::start();
    let (web, trust) = (server.addresses.web, server.trust());
    assert_eq!(get(web, "/healthz").0, 200);
    let health = "GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    let page = "GET /page?a=b HTTP/1.1\r\nHost: here:8080\r\nConnection: close\r\n\r\n";
    let encrypted = || Wire::open(web, Header::Text).encrypt(&trust);
    let (head, body) = encrypted().ask_http(health);
    assert!(
        head.starts_with("HTTP/1.1 200") && body.contains("ok"),
        "{head}"
    );

    let server = server.terminate().set("tls.mode", "required").start();
    let web = server.addresses.web;
    let open = || Wire::open(web, Header::Text);
    let (head, _) = open().ask_http(page);
    assert!(head.starts_with("HTTP/1.1 307"), "{head}");
    assert!(
        head.to_lowercase()
            .contains("location: https://here:8080/page?a=b"),
        "{head}"
    );
    let server = server
        .terminate()
        .set("web.public_url", "https://chat.example.org")
        .start();
    let (web, trust) = (server.addresses.web, server.trust());
    let open = || Wire::open(web, Header::Text);
    // A name that is none of ours, and a whole address in the place of a path.
    let whole = "GET http://evil/page?a=b HTTP/1.1\r\nHost: here:8080\r\nConnection: close\r\n\r\n";
    for asked in [page, whole] {
        let (head, _) = open().ask_http(asked);
        let location = "location: https://chat.example.org/page?a=b\r\n";
        assert!(head.to_lowercase().contains(location), "{head}");
    }
    let post =
        "POST /page HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (head, body) = open().ask_http(post);
    assert!(
        head.starts_with("HTTP/1.1 400") && body.contains("HTTPS"),
        "{head}"
    );
    let (head, _) = open().encrypt(&trust).ask_http(page);
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    // A probe on this machine needs no certificate.
    assert_eq!(get(web, "/healthz").0, 200);
}
