//! People who mean harm, or whose program does: they are held off, and nobody
//! else has to wait for them.

mod limits;
mod transfers;

use std::io::Read;
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use crate::harness::{Home, PATIENCE, Server, eventually};
use crate::people::{ALICE, BOB};
use crate::wire::{HEADERS, Header, Wire, ask, get};

/// Silent connections on each port.
const SILENT: usize = 300;

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    stream
}

fn ports(server: &Server) -> [SocketAddr; 3] {
    let to = server.addresses;
    [to.auth, to.chat, to.files]
}

/// Whether the server has closed this one, which is otherwise silent.
fn has_ended(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let read = { stream }.read(&mut [0; 1]);
    stream.set_nonblocking(false).expect("a socket");
    matches!(read, Ok(0))
}

/// Alice and Bob talk and share: what has to work whatever others do.
fn expect_service(server: &Server) {
    let to = server.addresses;
    let mut bob = Wire::open(to.chat, Header::Text);
    BOB.enter(&mut bob);
    let mut alice = Wire::open(to.chat, Header::Binary);
    ALICE.say(&mut alice, "are you there?");
    assert_eq!(bob.receive()["news"], "are you there?");
    assert_eq!(
        ask(to.auth, &json!({ "op": 0, "args": ALICE.login_args() }))["test"],
        0
    );
    assert_eq!(
        ask(to.files, &json!({ "op": 1, "args": BOB.args(), "look": 0 }))["test"],
        0
    );
    let mut wire = Wire::open(to.files, Header::Text);
    wire.send(&upload(&ALICE.args(), "proof of service", 5));
    wire.send_bytes(b"bytes");
    assert_eq!(wire.receive()["test"], 0);
}

fn upload(args: &Value, name: &str, size: u64) -> Value {
    json!({ "op": 0, "args": args, "file_name": name, "file_type": 0, "file_size": size.to_string() })
}

#[test]
fn three_hundred_silent_connections_on_each_port_hold_up_nobody() {
    let server = Server::start();
    ALICE.sign_up(&server);
    let silent: Vec<TcpStream> = ports(&server)
        .into_iter()
        .flat_map(|port| (0..SILENT).map(move |_| connect(port)))
        .collect();
    BOB.sign_up(&server);
    expect_service(&server);
    assert!(
        !silent.iter().any(has_ended),
        "there is room for all of them"
    );
    server.terminate();
}

/// A server where Alice and Bob have signed up, and nobody is connected yet.
fn server_with_caps(key: &str, value: &str) -> Server {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    server.terminate().set(key, value).start()
}

#[test]
fn a_full_house_lets_the_oldest_go_that_never_said_who_they_are() {
    let server = server_with_caps("limits.connections_per_address_max", "20");
    let chat = server.addresses.chat;
    let mut alice = Wire::open(chat, Header::Text);
    ALICE.enter(&mut alice);
    let mut silent: Vec<TcpStream> = (0..19).map(|_| connect(chat)).collect();
    for _ in 0..5 {
        silent.push(connect(chat));
    }
    for oldest in silent.drain(..5) {
        assert_eq!({ &oldest }.read(&mut [0; 1]).expect("an end"), 0);
    }
    // Bob comes last, and is let in; Alice, the first of all, is still there.
    let mut bob = Wire::open(chat, Header::Text);
    BOB.say(&mut bob, "made it");
    assert_eq!(alice.receive()["news"], "made it");
    assert!(
        has_ended(&silent.remove(0)),
        "Bob took the place of the oldest"
    );
    assert!(!silent.iter().any(has_ended), "nobody else had to go");
}

#[test]
fn when_everyone_is_someone_the_next_is_told_that_there_is_no_room() {
    let server = server_with_caps("limits.connections_max", "3");
    let chat = server.addresses.chat;
    let mut inside = [(); 3].map(|()| Wire::open(chat, Header::Text));
    inside.iter_mut().for_each(|wire| ALICE.enter(wire));
    let mut outside = Wire::open(chat, Header::Text);
    let frame = outside.receive();
    assert_eq!((&frame["op"], &frame["test"]), (&json!(0), &json!(103)));
    assert_eq!(frame["error"], "too_many_connections");
    assert_eq!(frame["news"], frame["message"]);
    outside.expect_end();
    drop(inside);
    // Their places are free as soon as the server has noticed.
    eventually("a place", || {
        let mut wire = Wire::open(chat, Header::Text);
        let entered =
            wire.try_send(&json!({ "op": 0, "seq": 1, "args": ALICE.args(), "news": "" }));
        let answer = entered.and_then(|()| wire.try_receive()).ok()??;
        (answer["test"] == 0).then_some(())
    });
}

#[test]
fn whoever_only_guesses_passwords_is_shown_the_door() {
    let server = Server::start();
    ALICE.sign_up(&server);
    let wrong = json!({ "name": ALICE.name, "password": "a wrong guess" });
    let wrong_login = json!({ "user_name": ALICE.name, "user_pwd": "a wrong guess" });
    let to = server.addresses;
    let guesses = [
        (to.auth, json!({ "op": 0, "args": wrong_login })),
        (to.chat, json!({ "op": 0, "args": wrong, "news": "x" })),
        (to.files, json!({ "op": 1, "args": wrong, "look": 0 })),
    ];
    for (port, guess) in guesses {
        let mut wire = Wire::open(port, Header::Text);
        for _ in 0..5 {
            assert_eq!(wire.ask(&guess)["error"], "wrong_credentials");
        }
        wire.expect_end();
    }
    // It is the connection that is closed, not the account.
    assert_eq!(
        ask(to.auth, &json!({ "op": 0, "args": ALICE.login_args() }))["test"],
        0
    );
}

#[test]
fn a_frame_that_is_not_finished_in_time_ends_its_connection() {
    let server = Home::new().set("limits.frame_timeout_seconds", "1").start();
    ALICE.sign_up(&server);
    let mut quiet = Wire::open(server.addresses.chat, Header::Text);
    ALICE.enter(&mut quiet);
    let mut begun = Vec::new();
    for port in ports(&server) {
        for header in HEADERS {
            let whole = header.frame(br#"{"op":0}"#);
            for part in [1, 3, whole.len() - 1] {
                let mut wire = Wire::open(port, header);
                wire.send_bytes(&whole[..part]);
                begun.push(wire);
            }
        }
    }
    for mut wire in begun {
        assert_eq!(wire.receive()["error"], "frame_timeout");
        wire.expect_end();
    }
    // One who has finished what they began may be silent on the chat port.
    ALICE.enter(&mut quiet);
}

#[test]
fn a_frame_that_trickles_in_is_not_finished_in_time_either() {
    let server = Home::new().set("limits.frame_timeout_seconds", "1").start();
    let mut wire = Wire::open(server.addresses.auth, Header::Text);
    let pause = std::time::Duration::from_millis(100);
    wire.stream()
        .set_read_timeout(Some(pause))
        .expect("a socket");
    let mut letters = Header::Text
        .bytes(60_000)
        .into_iter()
        .chain(std::iter::repeat(b' '));
    let answer = eventually("the end of it", || {
        // Once it is refused, the server still reads for a while.
        wire.try_send_bytes(&[letters.next().expect("endless")])
            .ok();
        wire.try_receive().ok()
    });
    assert_eq!(answer.expect("an answer")["error"], "frame_timeout");
}

#[test]
fn silence_ends_a_connection_on_the_auth_and_files_ports_alone() {
    let server = Home::new().set("limits.idle_timeout_seconds", "1").start();
    ALICE.sign_up(&server);
    let mut chat = Wire::open(server.addresses.chat, Header::Text);
    ALICE.enter(&mut chat);
    for port in [server.addresses.auth, server.addresses.files] {
        Wire::open(port, Header::Text).expect_end();
    }
    ALICE.enter(&mut chat);
}

#[test]
fn a_second_server_does_not_touch_a_folder_in_use() {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let refusal = server.home().fail_to_start();
    let said = String::from_utf8_lossy(&refusal.stderr).into_owned();
    assert!(said.contains("in use by another server"), "{said}");
    assert!(
        said.contains(&server.home().data().display().to_string()),
        "{said}"
    );
    expect_service(&server);
}

#[test]
fn codes_do_not_go_to_a_file_where_others_could_ask_for_them() {
    let home = Home::new().set("listen.chat", "0.0.0.0:0");
    let refusal = home.fail_to_start();
    let said = String::from_utf8_lossy(&refusal.stderr).into_owned();
    assert!(said.contains("delivery.outbox_on_network"), "{said}");
    assert!(!home.data().exists(), "it refuses before it does anything");
    let server = home.set("delivery.outbox_on_network", "true").start();
    ALICE.sign_up(&server);
}

#[test]
fn a_full_disk_stops_writing_and_nothing_else() {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    expect_service(&server);
    assert_eq!(get(server.addresses.web, "/healthz").0, 200);

    // A reserve that no disk has: from now on it is full.
    let home = server
        .terminate()
        .set("storage.reserve_mib", "1099511627776");
    let server = home.start();
    let to = server.addresses;
    let (status, report) = get(to.web, "/healthz");
    assert_eq!(status, 503, "{report}");

    let mut alice = Wire::open(to.chat, Header::Text);
    ALICE.enter(&mut alice);
    ALICE.say(&mut alice, "lost");
    // The connection is an extended one since it entered with a `seq`.
    expect_full(&alice.receive());
    let mut plain = Wire::open(to.chat, Header::Binary);
    BOB.say(&mut plain, "lost, too");
    let frame = plain.receive();
    expect_full(&frame);
    assert_eq!(frame["news"], frame["message"], "Bob can read why");

    expect_full(&ask(to.files, &upload(&ALICE.args(), "more", 1)));
    expect_full(&ask(
        to.auth,
        &json!({ "op": 1, "args": { "user_phone": "13600136000" } }),
    ));
    let list = ask(to.files, &json!({ "op": 1, "args": BOB.args(), "look": 0 }));
    assert_eq!(list["exist_file"], 1);
    let mut wire = Wire::open(to.files, Header::Text);
    let fetch = json!({ "op": 1, "args": BOB.args(), "look": 1, "file_name": "proof of service" });
    assert_eq!(wire.ask(&fetch)["file_size"], "5");
    assert_eq!(wire.read_bytes(5), b"bytes");

    // And when there is room again, everything goes on.
    let server = server.terminate().set("storage.reserve_mib", "1").start();
    expect_service(&server);
    assert_eq!(get(server.addresses.web, "/healthz").0, 200);
}

#[test]
fn with_a_full_disk_people_still_log_in() {
    let server = Server::start();
    ALICE.sign_up(&server);
    let server = server
        .terminate()
        .set("storage.reserve_mib", "1099511627776")
        .start();
    let login = ask(
        server.addresses.auth,
        &json!({ "op": 0, "args": ALICE.login_args() }),
    );
    assert_eq!(login["test"], 0, "{login}");
}

fn expect_full(frame: &Value) {
    assert_eq!(
        (&frame["test"], &frame["error"]),
        (&json!(106), &json!("storage_full")),
        "{frame}"
    );
}
