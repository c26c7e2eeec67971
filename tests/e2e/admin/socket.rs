//! The socket itself: whose it is, what it takes, and what becomes of it.

use super::*;
use crate::harness::{PATIENCE, Server};
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

const STATISTICS: &[u8] = b"{\"version\":1,\"request\":{\"do\":\"statistics\"}}\n";

fn connect(server: &Server) -> UnixStream {
    let socket = UnixStream::connect(server.home().data().join("admin.sock"));
    let socket = socket.expect("the server listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    socket
}

/// What comes for these bytes, until the end.
fn send(server: &Server, bytes: &[u8]) -> String {
    let mut socket = connect(server);
    // Whoever sends too much is not read to the end.
    let _ = socket.write_all(bytes);
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer);
    answer
}

#[test]
fn it_is_its_owners_alone_and_gone_when_the_server_is() {
    let server = Server::start();
    let path = server.home().data().join("admin.sock");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&server.home().data()), 0o700);
    let home = server.terminate();
    assert!(!path.exists());
    // Killed, a server leaves it behind: nobody answers there, and the next replaces it.
    let home = home.start().kill9();
    assert!(path.exists());
    add(&home, "小爱", "owner");
    let server = home.start();
    assert_eq!(done(server.home(), &["stats"])["owners"], 1);
    assert_eq!(
        done(server.home(), &["stats"])["server"]["pid"],
        server.process()
    );
}

#[test]
fn garbage_is_answered_and_hurts_nobody() {
    let server = Server::start();
    for (bytes, word) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "bad_request"),
        (b"{}\n", "bad_request"),
        (b"\xff\xfe\n", "bad_request"),
        (
            b"{\"version\":9,\"request\":{\"do\":\"statistics\"}}\n",
            "other_version",
        ),
        (
            b"{\"version\":1,\"request\":{\"do\":\"explode\"}}\n",
            "bad_request",
        ),
        (
            b"{\"version\":1,\"request\":{\"do\":\"user\",\"user\":\"x\",\"y\":1}}\n",
            "bad_request",
        ),
    ] {
        let answer = send(&server, bytes);
        assert!(
            answer.contains(&format!("\"code\":\"{word}\"")),
            "{answer:?}"
        );
        assert_eq!(answer.lines().count(), 1);
    }
    send(&server, &vec![b'x'; 1 << 20]);
    assert!(send(&server, STATISTICS).contains("\"kind\":\"statistics\""));
}

#[test]
fn who_says_nothing_is_hung_up_on_and_holds_up_nobody() {
    let server = Server::start();
    let mut silent: Vec<UnixStream> = (0..40).map(|_| connect(&server)).collect();
    silent[0].write_all(b"{\"version\"").expect("it is open");
    assert!(send(&server, STATISTICS).contains("\"kind\":\"statistics\""));
    // It did not have to wait until these had used up the patience with them.
    silent[0].set_nonblocking(true).expect("a socket");
    let unheard = silent[0].read(&mut [0]).map_err(|why| why.kind());
    assert_eq!(unheard, Err(std::io::ErrorKind::WouldBlock));
    silent[0].set_nonblocking(false).expect("a socket");
    for socket in &mut silent {
        let mut rest = Vec::new();
        socket
            .read_to_end(&mut rest)
            .expect("an end, within the patience");
        assert!(rest.is_empty());
    }
}

#[test]
fn another_user_of_the_machine_is_refused() {
    let server = Server::start();
    let data = server.home().data();
    if fs::metadata(&data).expect("there").uid() != 0 {
        // Only root can become another user; the rule itself has a test of its own.
        return;
    }
    // Had someone opened every door but the last one.
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
    };
    open(server.home().path(), 0o755);
    open(&data, 0o755);
    open(&data.join("admin.sock"), 0o666);
    let program = env!("CARGO_BIN_EXE_qunliao");
    let mut nobody = std::process::Command::new("setpriv");
    nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
    nobody
        .args(["stats", "--json"])
        .env_clear()
        .current_dir(server.home().path());
    let output = nobody.output().expect("setpriv is there");
    let (code, document) = read(&[], &output);
    assert_eq!(
        (code, &document["error"]["code"]),
        (3, &"not_permitted".into())
    );
    server.wait_for_log("event=admin_refused uid=65534");
}

#[test]
fn a_data_folder_with_a_long_name_has_one_too() {
    let home = Home::new();
    let long = home.path().join("长".repeat(50)).join("data");
    let home = home.set("data_dir", &long.display().to_string());
    let server = home.start();
    assert!(long.join("admin.sock").exists());
    assert_eq!(
        done(server.home(), &["stats"])["server"]["pid"],
        server.process()
    );
    server.terminate();
}

#[test]
fn a_folder_that_is_in_use_by_someone_who_does_not_answer_is_told() {
    let home = Home::new();
    add(&home, "小爱", "owner");
    let lock = File::open(home.data().join("lock")).expect("there");
    lock.lock().expect("free");
    assert_eq!(refused(&home, &["stats"]), (3, "server_silent".into()));
    drop(lock);
    done(&home, &["stats"]);
}

#[test]
fn a_configuration_that_does_not_fit_locks_nobody_out() {
    let home = Home::new();
    add(&home, "小爱", "owner");
    // The server would not start with it.
    let home = home.set("delivery.mail", "smtp");
    home.fail_to_start();
    assert_eq!(done(&home, &["user", "list"])["users"][0]["name"], "小爱");
}
