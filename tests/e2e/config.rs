//! The command line, the configuration, and the end of a server.

use std::fs;
use std::process::{Command, Output};

use serde_json::json;

use crate::harness::{Home, Server, eventually};
use crate::people::ALICE;
use crate::wire::{HEADERS, Header, Wire, get};

fn qunliao(arguments: &[&str]) -> Output {
    let program = Home::new().program().get_program().to_owned();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("QUNLIAO_") {
            command.env_remove(name);
        }
    }
    let output = command.args(arguments).current_dir(folder.path()).output();
    output.expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_command_line_explains_itself() {
    let help = qunliao(&["--help"]);
    assert!(help.status.success());
    let help = text(&help.stdout);
    assert!(
        help.contains("serve") && help.contains("check-config"),
        "{help}"
    );
    let version = qunliao(&["--version"]);
    assert_eq!(
        text(&version.stdout).trim(),
        concat!("qunliao ", env!("CARGO_PKG_VERSION"))
    );
    assert!(!qunliao(&["dance"]).status.success());
}

#[test]
fn the_shipped_configuration_is_in_order_and_so_is_none() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/config.yaml");
    for arguments in [
        &["check-config", "--config", shipped][..],
        &["check-config"],
    ] {
        let output = qunliao(arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let missing = qunliao(&["check-config", "--config", "nowhere.yaml"]);
    assert!(!missing.status.success());
    assert!(text(&missing.stderr).contains("nowhere.yaml"));
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.yaml");
    fs::write(&path, "name: x\nlimits:\n  mesages_burst: 3\n").expect("a temporary file");
    let output = qunliao(&["check-config", "--config", path.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(
        error.contains("mesages_burst") && error.contains("line 3"),
        "{error}"
    );
}

#[test]
fn a_variable_of_the_environment_is_a_key_or_an_error() {
    let server = Home::new()
        .set("limits.message_bytes_max", "5")
        .set("language", "en")
        .start();
    ALICE.sign_up(&server);
    let mut wire = Wire::open(server.addresses.chat, Header::Text);
    ALICE.say(&mut wire, "123456");
    let refusal = wire.receive();
    assert_eq!(refusal["error"], "message_too_large");
    assert_eq!(refusal["args"]["name"], "system");
    let output = Home::new().set("limits.mesages_burst", "3").fail_to_start();
    assert!(text(&output.stderr).contains("QUNLIAO_LIMITS__MESAGES_BURST"));
}

#[test]
fn a_port_in_use_is_told_at_once() {
    let server = Server::start();
    let taken = server.addresses.chat.to_string();
    let output = Home::new().set("listen.chat", &taken).fail_to_start();
    let error = text(&output.stderr);
    assert!(
        error.contains("listen.chat") && error.contains(&taken),
        "{error}"
    );
}

#[test]
fn health_is_told_and_nothing_else_is_there() {
    let server = Server::start();
    let (status, body) = get(server.addresses.web, "/healthz");
    assert_eq!(status, 200, "{body}");
    let report: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let checks = json!({ "storage": "ok", "chat_room": "ok", "auth_registry": "ok", "file_vault": "ok", "courier": "ok" });
    assert_eq!(report, json!({ "status": "ok", "checks": checks }));
    assert_eq!(get(server.addresses.web, "/").0, 404);
}

#[test]
fn both_signals_end_a_server_with_people_and_a_transfer_in_it() {
    for signal in ["TERM", "INT"] {
        let server = Server::start();
        ALICE.sign_up(&server);
        let mut silent: Vec<Wire> = HEADERS
            .iter()
            .flat_map(|header| {
                let addresses = server.addresses;
                [addresses.auth, addresses.chat, addresses.files]
                    .map(|address| Wire::open(address, *header))
            })
            .collect();
        let mut listener = Wire::open(server.addresses.chat, Header::Text);
        ALICE.enter(&mut listener);
        let mut upload = Wire::open(server.addresses.files, Header::Text);
        upload.send(&json!({ "op": 0, "args": ALICE.args(), "file_name": "half", "file_type": 0, "file_size": 2_000_000 }));
        upload.send_bytes(&[0; 1_000_000]);
        let incoming = server.home().data().join("vault/incoming");
        eventually("the upload is under way", || {
            let mut files = fs::read_dir(&incoming).ok()?;
            files.next()
        });
        let server = server.end_with(signal).start();
        for wire in silent.iter_mut().chain([&mut listener]) {
            assert!(
                matches!(wire.try_receive(), Ok(None) | Err(_)),
                "it is over"
            );
        }
        let mut files = Wire::open(server.addresses.files, Header::Text);
        let list = files.ask(&json!({ "op": 1, "args": ALICE.args(), "look": 0 }));
        assert_eq!(list["exist_file"], 0, "half a file is none");
    }
}
