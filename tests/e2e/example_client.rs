//! The example client, which was written from the origin alone, against a server.

use std::process::Command;

use crate::harness::Server;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/origin_client.py");

fn run(server: &Server, header: &str, more: &[&str]) {
    let home = server.home();
    let port = |address: std::net::SocketAddr| address.port().to_string();
    let output = Command::new("python3")
        .arg(SCRIPT)
        .args(["--header", header, "--outbox"])
        .arg(home.data().join("outbox.jsonl"))
        .args(["--auth-port", &port(server.addresses.auth)])
        .args(["--chat-port", &port(server.addresses.chat)])
        .args(["--files-port", &port(server.addresses.files)])
        .arg("--state")
        .arg(home.path().join("state"))
        .args(more)
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .expect("there is a python3");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.stdout.starts_with(b"ok"), "it says what it did");
}

fn whole_play(header: &str) {
    let server = Server::start();
    run(&server, header, &[]);
    let server = server.restart();
    run(&server, header, &["--again"]);
}

#[test]
fn the_example_client_plays_the_whole_conversation_with_text_headers() {
    whole_play("text");
}

#[test]
fn the_example_client_plays_the_whole_conversation_with_binary_headers() {
    whole_play("binary");
}
