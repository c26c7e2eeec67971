//! Whatever is wrong with a body, a header, a size or a name gets its error, the
//! server lives, its memory stays flat, and others notice nothing.

mod bodies;
mod headers;
mod requests;

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use crate::harness::{Home, Server, eventually};
use crate::people::{ALICE, BOB, CAROL, Person};
use crate::wire::{HEADERS, Header, Wire, ask};

/// What the table may cost the server in memory once it has run warm, in KiB. Most of
/// that is the search index, which takes in what the bystanders say meanwhile.
const GROWTH_KIB_MAX: u64 = 64 << 10;
/// The table has at least so many rows.
const ROWS_MIN: usize = 100;

/// The three ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Auth,
    Chat,
    Files,
}

const PORTS: [Port; 3] = [Port::Auth, Port::Chat, Port::Files];

/// A body, and the refusal it gets.
struct Row {
    port: Port,
    body: Vec<u8>,
    op: u64,
    test: u64,
    error: &'static str,
    /// Whether the connection ends with the refusal: an upload's does, since its
    /// bytes may be on their way.
    ends: bool,
}

impl Row {
    fn shown(&self) -> String {
        let body: String = String::from_utf8_lossy(&self.body)
            .chars()
            .take(200)
            .collect();
        format!("{:?} port, {body:?}", self.port)
    }
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for port in PORTS {
        rows.extend(bodies::rows(port));
    }
    rows.extend(requests::rows());
    rows
}

fn address(server: &Server, port: Port) -> SocketAddr {
    match port {
        Port::Auth => server.addresses.auth,
        Port::Chat => server.addresses.chat,
        Port::Files => server.addresses.files,
    }
}

/// A request that is in order, to see whether a connection lives on.
fn good(port: Port) -> Value {
    match port {
        Port::Auth => json!({ "op": 9 }),
        Port::Chat => json!({ "op": 0, "seq": 1, "args": ALICE.args(), "news": "" }),
        Port::Files => json!({ "op": 1, "args": ALICE.args(), "look": 0 }),
    }
}

fn replay(server: &Server, row: &Row, header: Header) {
    let mut wire = Wire::open(address(server, row.port), header);
    wire.send_body(&row.body);
    let frame = next_reply(&mut wire);
    let found = (&frame["op"], &frame["test"], &frame["error"]);
    assert_eq!(
        found,
        (&json!(row.op), &json!(row.test), &json!(row.error)),
        "{}",
        row.shown()
    );
    let sentence = frame["message"].as_str();
    assert!(
        sentence.is_some_and(|sentence| !sentence.is_empty()),
        "{frame}"
    );
    let is_extended = ["seq", "token", "client_message_id"]
        .iter()
        .any(|key| String::from_utf8_lossy(&row.body).contains(&format!("\"{key}\"")));
    if row.port == Port::Chat && row.op == 0 && !is_extended {
        assert_eq!(frame["args"]["name"], "系统", "{}", row.shown());
        assert_eq!(frame["news"], frame["message"]);
    }
    if row.ends {
        wire.expect_end();
    } else {
        wire.send(&good(row.port));
        assert_eq!(next_reply(&mut wire)["test"], 0, "{}", row.shown());
    }
}

/// The next frame that answers something: whoever is in the room also hears the
/// bystanders.
fn next_reply(wire: &mut Wire) -> Value {
    let mut frame = wire.receive();
    while frame.get("test").is_none() {
        frame = wire.receive();
    }
    frame
}

fn server_with_people() -> Server {
    let server = Home::new().set("limits.file_bytes_max", "1048576").start();
    for person in [&ALICE, &BOB, &CAROL] {
        person.sign_up(&server);
    }
    // For the rows that need something to be in the way.
    for (place, name) in [(0, "a file"), (1, "a part")] {
        let mut wire = Wire::open(server.addresses.files, Header::Text);
        let reply = wire.ask(&json!({ "op": 0, "args": ALICE.args(), "file_name": name,
            "file_type": place, "file_dirname": "a folder", "file_size": 0 }));
        assert_eq!(reply["test"], 0, "{reply}");
    }
    server
}

#[test]
fn every_malformed_body_gets_its_error_and_nobody_else_notices() {
    let rows = rows();
    assert!(rows.len() >= ROWS_MIN, "{} rows", rows.len());
    let server = server_with_people();
    let chat = server.addresses.chat;
    // A word of the bystanders for each row; they end when there are no more rows.
    let (row_is_due, due) = channel();
    let bystanders = thread::spawn(move || chat_while(chat, &due));
    let table = |header| {
        for row in &rows {
            row_is_due.send(()).expect("an undisturbed chat");
            replay(&server, row, header);
        }
    };
    // Warm: what is allocated once is there, for the search index as well.
    table(Header::Text);
    let mut searcher = Wire::open(server.addresses.chat, Header::Text);
    let args = ALICE.args();
    eventually("something is found", || {
        let search = json!({ "op": 7, "args": args, "query": "word" });
        let found = searcher.ask(&search);
        found["entries"]
            .as_array()
            .filter(|found| !found.is_empty())
            .map(drop)
    });
    let before = server.resident_kib();
    table(Header::Binary);
    table(Header::Text);
    let growth = server.resident_kib().saturating_sub(before);
    drop(row_is_due);
    let said = bystanders.join().expect("an undisturbed chat");
    println!(
        "{} rows, {said} messages beside them, {growth} KiB more memory",
        rows.len()
    );
    assert_eq!(said, 3 * rows.len());
    assert!(
        growth <= GROWTH_KIB_MAX,
        "{growth} KiB for {} rows",
        rows.len()
    );
    a_fresh_conversation_works(&server);
    server.terminate();
}

/// Two people in turn, each hearing every word of the other in order, as long as
/// words are due.
fn chat_while(address: SocketAddr, due: &Receiver<()>) -> usize {
    let mut ends = [BOB, CAROL].map(|person| {
        let mut wire = Wire::open(address, Header::Text);
        person.say(&mut wire, "");
        (person, wire)
    });
    let mut said = 0;
    for () in due {
        let news = format!("word {said}");
        let (person, wire) = &mut ends[said % 2];
        person.say(wire, &news);
        let name = person.name;
        let (_, hearer) = &mut ends[1 - said % 2];
        let frame = hearer.receive();
        assert_eq!(
            (&frame["args"]["name"], &frame["news"]),
            (&json!(name), &json!(news))
        );
        said += 1;
    }
    said
}

fn a_fresh_conversation_works(server: &Server) {
    let dave = Person {
        name: "Dave",
        password: "another good phrase",
        phone: "13700137000",
        email: "dave@example.org",
    };
    dave.sign_up(server);
    let mut alice = Wire::open(server.addresses.chat, Header::Binary);
    let mut dave_speaks = Wire::open(server.addresses.chat, Header::Text);
    ALICE.enter(&mut alice);
    dave.say(&mut dave_speaks, "all is well");
    assert_eq!(alice.receive()["news"], "all is well");
}

#[test]
fn a_weak_password_is_refused_and_costs_nothing() {
    let server = Server::start();
    let auth = server.addresses.auth;
    let asked = json!({ "op": 1, "args": { "user_phone": BOB.phone } });
    assert_eq!(ask(auth, &asked)["test"], 0);
    let code = server.code_to(&BOB.full_phone());
    let sign_up = |password: &str| {
        ask(
            auth,
            &json!({ "op": 2, "args": { "user_name": BOB.name, "user_pwd": password,
            "user_phone": BOB.phone, "user_vcode": code, "user_email": BOB.email } }),
        )
    };
    let long = "x".repeat(60_000);
    for weak in [
        "",
        "short",
        "password",
        "12345678",
        "aaaaaaaaaaaa",
        BOB.phone,
        &long,
    ] {
        let refused = sign_up(weak);
        let found = (&refused["test"], &refused["error"]);
        assert_eq!(found, (&json!(109), &json!("weak_password")), "{weak:.20}");
    }
    assert_eq!(sign_up(BOB.password)["test"], 0, "the code is still good");
}

#[test]
fn garbage_of_any_length_leaves_the_server_as_it_was() {
    let server = server_with_people();
    let before = server.resident_kib();
    // A simple generator: what counts is that it is the same every time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..300 {
        let length = usize::try_from(next() % 4096).expect("small");
        let garbage: Vec<u8> = (0..length).map(|_| next().to_le_bytes()[0]).collect();
        let port = PORTS[round % 3];
        let header = HEADERS[round % 2];
        let mut wire = Wire::open(address(&server, port), header);
        let mut bytes = header.bytes(4096);
        bytes.extend_from_slice(&garbage);
        let sent = wire.try_send_bytes(if round % 5 == 0 { &garbage } else { &bytes });
        // The server may have closed by then.
        let gone = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        assert!(sent.is_ok() || sent.is_err_and(|why| gone.contains(&why.kind())));
    }
    a_fresh_conversation_works(&server);
    let growth = server.resident_kib().saturating_sub(before);
    assert!(growth <= GROWTH_KIB_MAX, "{growth} KiB");
    server.terminate();
}

#[test]
fn many_malformed_requests_at_once_are_answered_in_their_order() {
    let server = server_with_people();
    let mut wire = Wire::open(server.addresses.auth, Header::Binary);
    let bodies = [
        &b"{"[..],
        b"[]",
        b"\xff",
        b"{\"op\":0,\"op\":0}",
        b"{\"op\":77}",
    ];
    let errors = [
        "malformed_json",
        "not_an_object",
        "invalid_utf8",
        "duplicate_key",
        "unknown_op",
    ];
    const ROUNDS: usize = 400;
    let all: Vec<u8> = bodies
        .iter()
        .flat_map(|body| Header::Binary.frame(body))
        .collect();
    let mut writer = wire.stream().try_clone().expect("a socket");
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..ROUNDS {
                writer.write_all(&all).expect("the server reads on");
            }
        });
        for round in 0..ROUNDS * bodies.len() {
            assert_eq!(wire.receive()["error"], errors[round % errors.len()]);
        }
    });
}
