//! Proxies in front of the server: whom they name counts, and nobody else is believed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::json;

use crate::harness::{Home, Server, eventually};
use crate::people::{ALICE, BOB};
use crate::wire::{Header, Wire, ask};

/// Where the proxy is.
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

fn home() -> Home {
    Home::new().set("proxies.trusted", "[127.0.0.2]")
}

/// The two forms of a header that names this source.
fn headers(source: &str) -> [Vec<u8>; 2] {
    let octets = source.parse::<Ipv4Addr>().expect("an address").octets();
    let text = format!("PROXY TCP4 {source} 127.0.0.1 4321 7002\r\n");
    let begin = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f";
    let binary = [
        begin,
        &octets[..],
        &[127, 0, 0, 1, 0x10, 0xe1, 0x1b, 0x5a],
        b"\x04\0\0",
    ];
    [text.into_bytes(), binary.concat()]
}

fn through(address: SocketAddr, header: &[u8]) -> Wire {
    let mut wire = Wire::open_from(PROXY, address, Header::Text);
    wire.send_bytes(header);
    wire
}

fn expect_no_frame(mut wire: Wire) {
    // A reset, if something was unread.
    assert!(!matches!(wire.try_receive(), Ok(Some(_))));
}

#[test]
fn limits_go_by_the_address_that_a_proxy_names() {
    let home = home()
        .set("limits.wrong_credentials_per_address_burst", "3")
        .set("tls.plain_from", "[0.0.0.0/0]");
    let server = home.start();
    ALICE.sign_up(&server);
    let wrong =
        json!({ "op": 0, "args": { "user_name": ALICE.name, "user_pwd": "a wrong guess" } });
    let auth = server.addresses.auth;
    for (number, header) in headers("192.0.2.7").into_iter().enumerate() {
        let mut wire = through(auth, &header);
        for _ in 0..3 - number {
            wire.ask(&wrong);
        }
    }
    // The guesser has to wait, through either form.
    for header in headers("192.0.2.7") {
        assert_eq!(
            through(auth, &header).ask(&wrong)["error"],
            "too_many_requests"
        );
    }
    // A neighbour, the proxy's own machine and everyone else do not.
    for header in headers("192.0.2.8") {
        assert_eq!(
            through(auth, &header).ask(&wrong)["error"],
            "wrong_credentials"
        );
    }
    let login = json!({ "op": 0, "args": ALICE.login_args() });
    assert_eq!(ask(auth, &login)["test"], 0);
}

#[test]
fn the_cap_of_one_address_is_of_the_one_that_a_proxy_names() {
    let server = home()
        .set("tls.plain_from", "[0.0.0.0/0]")
        .set("limits.connections_per_address_max", "2")
        .start();
    let chat = server.addresses.chat;
    let [header, other] = headers("192.0.2.7");
    let [elsewhere, _] = headers("192.0.2.8");
    let answers = |wire: &mut Wire| wire.ask(&json!([]))["error"] == "not_an_object";
    let mut first = through(chat, &header);
    let mut second = through(chat, &other);
    let mut neighbour = through(chat, &elsewhere);
    assert!(answers(&mut first) && answers(&mut second) && answers(&mut neighbour));
    let mut third = through(chat, &header);
    assert!(answers(&mut third));
    // The oldest of that address gave up its place.
    first.expect_end();
    assert!(answers(&mut second) && answers(&mut neighbour));
}

#[test]
fn from_anyone_else_such_a_header_is_a_broken_one() {
    let server = home().start();
    let to = server.addresses;
    for port in [to.auth, to.chat, to.files] {
        for header in headers("192.0.2.7") {
            let mut wire = Wire::open(port, Header::Text);
            wire.send_bytes(&header);
            assert_eq!(wire.receive()["error"], "bad_header");
        }
    }
}

#[test]
fn a_proxy_that_does_not_say_whose_connection_it_is_is_not_heard() {
    let server = home().set("limits.proxy_header_seconds", "1").start();
    let to = server.addresses;
    for port in [to.auth, to.chat, to.files] {
        let request = Header::Text.frame(br#"{"op":9}"#);
        for wrong in [
            &request[..],
            b"PROXY TCP4 192.0.2.7\r\n",
            &[0x16; 200],
            b"PROXY TCP4",
            b"",
        ] {
            expect_no_frame(through(port, wrong));
        }
    }
    server.wait_for_log("event=connection_refused");
    let refusals = server
        .log()
        .into_iter()
        .filter(|line| line.contains("connection_refused"));
    assert!(
        refusals.count() <= 6,
        "a flood is not to be a flood of lines"
    );
}

#[test]
fn a_proxy_that_speaks_for_itself_is_itself() {
    let server = home().start();
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    for header in [&local[..], b"PROXY UNKNOWN\r\n"] {
        // Plain, as this machine may be.
        let mut wire = through(server.addresses.auth, header);
        assert_eq!(wire.ask(&json!({ "op": 9 }))["test"], 0);
    }
}

#[test]
fn tls_goes_through_a_proxy_and_plain_does_not_unless_it_took_off_tls() {
    let server = home().start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let (chat, trust) = (server.addresses.chat, server.trust());
    for header in headers("192.0.2.7") {
        let mut plain = through(chat, &header);
        ALICE.say(&mut plain, "in the clear");
        assert_eq!(plain.receive()["error"], "tls_required");
        let mut alice = through(chat, &header).encrypt(&trust);
        ALICE.enter(&mut alice);
    }
    let server = server
        .terminate()
        .set("proxies.terminate_tls", "true")
        .start();
    let chat = server.addresses.chat;
    for header in headers("192.0.2.7") {
        let mut bob = through(chat, &header);
        BOB.enter(&mut bob);
        // The header and the first frame may come in one piece.
        let say = json!({ "op": 0, "args": ALICE.args(), "news": "through" }).to_string();
        let alice = through(chat, &[header, Header::Text.frame(say.as_bytes())].concat());
        assert_eq!(bob.receive()["news"], "through");
        drop(alice);
    }
}

#[test]
fn whoever_is_silent_behind_a_proxy_hears_what_was_said_since_they_connected() {
    let server = home().set("proxies.terminate_tls", "true").start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let [header, _] = headers("192.0.2.7");
    let mut bob = through(server.addresses.chat, &header);
    let mut alice = through(server.addresses.chat, &header);
    let say = json!({ "op": 0, "seq": 1, "args": ALICE.args(), "news": "early" });
    assert_eq!(alice.ask(&say)["test"], 0);
    BOB.say(&mut bob, "");
    assert_eq!(bob.receive()["news"], "early");
}

#[test]
fn the_web_port_takes_either_kind_of_proxy() {
    let server = home().set("tls.mode", "required").start();
    let web = server.addresses.web;
    let ask = |before: &[u8], header: &str| {
        let request =
            format!("GET /healthz HTTP/1.1\r\nHost: here\r\n{header}Connection: close\r\n\r\n");
        let (head, _) = through(web, before).ask_http(&request);
        head.split(' ').nth(1).map(str::to_owned).expect("a status")
    };
    // In plain text, health is told to this machine alone: whose request is it?
    assert_eq!(ask(b"", ""), "200");
    assert_eq!(ask(b"", "X-Forwarded-For: 192.0.2.7\r\n"), "307");
    for header in headers("192.0.2.7") {
        assert_eq!(ask(&header, ""), "307");
        // Behind a proxy of TCP, the visitor itself has written this.
        assert_eq!(ask(&header, "X-Forwarded-For: 127.0.0.1\r\n"), "307");
    }
    eventually("it is well", || {
        let (status, _) = crate::wire::get(web, "/healthz");
        (status == 200).then_some(())
    });
}

#[test]
fn many_connections_of_a_proxy_at_once_are_all_taken_in() {
    let server: Server = home().set("proxies.terminate_tls", "true").start();
    let [header, _] = headers("192.0.2.7");
    let mut wires: Vec<Wire> = (0..200)
        .map(|_| through(server.addresses.auth, &header))
        .collect();
    for wire in &mut wires {
        assert_eq!(wire.ask(&json!({ "op": 9 }))["test"], 0);
    }
}
