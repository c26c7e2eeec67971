//! Starting, stopping, and being told what is wrong with a configuration.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use serde_json::json;

use crate::harness::{Home, Server, eventually};
use crate::people::{ALICE, BOB};
use crate::wire::{HEADERS, Header, Wire, ask, get};

fn check(home: &Home, config: &str) -> Output {
    let file = home.path().join("other.yaml");
    fs::write(&file, config).expect("a temporary file");
    let mut program = home.program();
    program.args(["check-config", "--config", "other.yaml"]);
    program.output().expect("the program starts")
}

fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let home = Home::new();
    for (config, key, line) in [
        ("# a comment\nnmae: x\n", "nmae", 2),
        (
            "listen:\n  auth: 127.0.0.1:1\n  caht: 127.0.0.1:2\n",
            "caht",
            3,
        ),
        (
            "limits: { frame_bytes_max: 2000 }\n\n\nlimit: 7\n",
            "limit",
            4,
        ),
        ("delivery:\n  smtp:\n    pasword: x\n", "pasword", 3),
    ] {
        let said = complaint(&check(&home, config));
        assert!(said.contains(key), "{said}");
        let names_line = [
            format!("line {line}"),
            format!(":{line}:"),
            format!("{line} |"),
        ];
        assert!(
            names_line.iter().any(|way| said.contains(way.as_str())),
            "line {line}: {said}"
        );
        assert!(said.contains("other.yaml"), "{said}");
    }
}

#[test]
fn what_cannot_be_is_said_and_what_is_secret_is_not() {
    let home = Home::new();
    for (config, about) in [
        ("listen: { auth: nowhere }", "line 1"),
        ("language: fr", "line 1"),
        ("limits: { connections_max: 0 }", "limits.connections_max"),
        ("limits: { frame_bytes_max: 12 }", "limits.frame_bytes_max"),
        (
            "limits: { message_bytes_max: 70000 }",
            "limits.message_bytes_max",
        ),
        (
            "registration: { phone_region: XX }",
            "registration.phone_region",
        ),
        (
            "protocol: { register_reply_op: 3 }",
            "protocol.register_reply_op",
        ),
        ("delivery: { sms: webhook }", "delivery.webhook"),
        ("delivery: { mail: smtp }", "delivery.smtp"),
        ("name: a\nname: b", "name"),
        ("name: [", "other.yaml"),
    ] {
        let said = complaint(&check(&home, config));
        assert!(said.contains(about), "{config}: {said}");
    }
    let secret =
        "delivery: { mail: smtp, smtp: { host: mail.example.org, password: [hunter2, hunter2] } }";
    assert!(!complaint(&check(&home, secret)).contains("hunter2"));
    let beside = "delivery:\n  smtp:\n    password: hunter2\n    prot: 465\n";
    let said = complaint(&check(&home, beside));
    assert!(said.contains("prot") && !said.contains("hunter2"), "{said}");
    let home = home.set("delivery.smtp.port", "hunter2");
    let said = complaint(&check(&home, ""));
    assert!(
        said.contains("QUNLIAO_DELIVERY__SMTP__PORT") && !said.contains("hunter2"),
        "{said}"
    );
}

#[test]
fn no_configuration_at_all_is_in_order() {
    let home = Home::new();
    for config in ["", "# nothing but a comment\n", "\n\n", "{}"] {
        let output = check(&home, config);
        assert!(output.status.success(), "{config:?}");
        assert!(output.stdout.starts_with(b"The configuration is in order"));
    }
    let missing = home
        .program()
        .args(["check-config", "--config", "missing.yaml"])
        .output();
    let said = complaint(&missing.expect("the program starts"));
    assert!(said.contains("missing.yaml"), "{said}");
}

#[test]
fn the_shipped_configuration_is_in_order() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.yaml");
    let home = Home::new();
    let output = home
        .program()
        .arg("check-config")
        .arg("--config")
        .arg(shipped)
        .output();
    let output = output.expect("the program starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_environment_has_the_last_word() {
    let server = Home::new()
        .set("name", "'set from outside'")
        .set("language", "en")
        .set("limits.message_bytes_max", "100")
        .start();
    let info = ask(server.addresses.auth, &json!({ "op": 9 }));
    assert_eq!(
        (&info["name"], &info["limits"]["message_bytes_max"]),
        (&json!("set from outside"), &json!(100))
    );
    let refused = ask(server.addresses.chat, &json!({ "op": 0 }));
    assert_eq!(refused["args"]["name"], "system");
    assert!(refused["message"].as_str().expect("a sentence").is_ascii());

    let said = complaint(&check(&Home::new().set("listen.caht", "127.0.0.1:0"), ""));
    assert!(
        said.contains("QUNLIAO_LISTEN__CAHT") && said.contains("caht"),
        "{said}"
    );
    // A password of digits is a text all the same.
    let digits = Home::new()
        .set("delivery.smtp.password", "12345678")
        .set("delivery.webhook.secret", "yes");
    assert!(check(&digits, "").status.success());
}

#[test]
fn the_program_tells_what_it_can_do() {
    let home = Home::new();
    let run = |argument: &str| {
        home.program()
            .arg(argument)
            .output()
            .expect("the program starts")
    };
    let help = run("--help");
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.status.success());
    assert!(
        text.contains("serve") && text.contains("check-config"),
        "{text}"
    );
    let version = run("--version");
    assert!(version.status.success());
    assert_eq!(
        String::from_utf8_lossy(&version.stdout),
        format!("qunliao {}\n", env!("CARGO_PKG_VERSION"))
    );
    let unknown = run("sevre");
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn a_port_that_is_taken_is_said_and_nothing_is_left_running() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let refusal = Home::new().set("listen.files", &address).fail_to_start();
    let said = String::from_utf8_lossy(&refusal.stderr).into_owned();
    assert!(
        said.contains("listen.files") && said.contains(&address),
        "{said}"
    );
}

#[test]
fn the_log_says_which_ports_it_got_and_healthz_that_all_is_well() {
    let server = Server::start();
    let to = server.addresses;
    assert!(
        [to.auth, to.chat, to.files, to.web]
            .iter()
            .all(|address| address.port() != 0)
    );
    let (status, report) = get(to.web, "/healthz");
    assert_eq!(status, 200, "{report}");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["status"], "ok");
    for part in ["storage", "rooms", "auth_registry", "file_vault", "courier"] {
        assert_eq!(report["checks"][part], "ok", "{part}");
    }
    assert_eq!(get(to.web, "/nothing").0, 404);
}

#[test]
fn either_signal_ends_it_in_good_order_whoever_is_connected() {
    for signal in ["TERM", "INT"] {
        let server = Server::start();
        ALICE.sign_up(&server);
        let to = server.addresses;
        let silent: Vec<Wire> = [to.auth, to.chat, to.files, to.web]
            .into_iter()
            .flat_map(|port| HEADERS.map(|header| Wire::open(port, header)))
            .collect();
        let mut begun = Wire::open(to.chat, Header::Text);
        begun.send_bytes(b"100    ");
        let mut inside = Wire::open(to.chat, Header::Text);
        ALICE.enter(&mut inside);
        let mut upload = Wire::open(to.files, Header::Text);
        let frame = json!({ "op": 0, "args": ALICE.args(), "file_name": "half", "file_type": 0, "file_size": 1000 });
        upload.send(&frame);
        upload.send_bytes(&[7; 500]);
        let incoming = server.home().data().join("vault/incoming");
        eventually("the upload has begun", || {
            fs::read_dir(&incoming).ok()?.next()?.ok()
        });

        let home = server.end_with(signal);
        inside.expect_end();
        assert!(
            matches!(upload.try_receive(), Ok(None) | Err(_)),
            "half an upload has no answer"
        );
        drop((silent, begun));
        // And it starts again, without the half file.
        let server = home.start();
        let list = ask(
            server.addresses.files,
            &json!({ "op": 1, "args": ALICE.args(), "look": 0 }),
        );
        assert_eq!(list["exist_file"], 0);
    }
}

#[test]
fn a_download_under_way_is_finished_before_the_end() {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let to = server.addresses;
    let size = 32 << 20;
    let mut wire = Wire::open(to.files, Header::Text);
    wire.send(&json!({ "op": 0, "args": ALICE.args(), "file_name": "big", "file_type": 0, "file_size": size }));
    wire.send_bytes(&vec![7; size]);
    assert_eq!(wire.receive()["test"], 0);
    let mut wire = Wire::open(to.files, Header::Text);
    let fetch = json!({ "op": 1, "args": BOB.args(), "look": 1, "file_name": "big" });
    assert_eq!(wire.ask(&fetch)["file_size"], size.to_string());
    server.signal("TERM");
    server.wait_for_log("event=stopping");
    assert_eq!(wire.read_bytes(size).len(), size);
    wire.expect_end();
    server.wait_for_log("event=stopped");
}
