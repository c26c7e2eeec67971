//! The outbox's file: its mode, its keys, and that its lines stay whole.

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use qunliao_delivery::{Content, Language, Mailer, Message, Outbox, Purpose, SmsGateway};
use serde_json::Value;

fn message(to: &str, code: &str) -> Message {
    Message {
        to: String::from(to),
        content: Content::Code {
            code: String::from(code),
            purpose: Purpose::Register,
            lifetime_minutes: 5,
        },
        language: Language::Chinese,
        request_id: String::from("r-1"),
    }
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("the outbox");
    text.lines().map(str::to_owned).collect()
}

fn records(path: &Path) -> Vec<Value> {
    let parse = |line: String| serde_json::from_str(&line).expect("a line of JSON");
    lines(path).into_iter().map(parse).collect()
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("the outbox");
    metadata.permissions().mode() & 0o777
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let milliseconds = since.expect("it is after 1970").as_millis();
    u64::try_from(milliseconds).expect("the near future")
}

#[tokio::test]
async fn a_message_is_one_line_with_exactly_the_documented_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.jsonl");
    let outbox = Outbox::open(path.clone()).unwrap();
    let before = now();
    let sms = message("+8613800138000", "482913");
    let mail = message("alice@example.org", "064208");
    SmsGateway::send(&outbox, &sms).await.unwrap();
    Mailer::send(&outbox, &mail).await.unwrap();

    let mut records = records(&path);
    assert_eq!(records.len(), 2);
    for (record, (channel, message)) in records.iter_mut().zip([("sms", &sms), ("mail", &mail)]) {
        let time = record["time"].take().as_u64().unwrap();
        assert!((before..=now()).contains(&time), "{time}");
        assert_eq!(
            *record,
            serde_json::json!({
                "time": null,
                "channel": channel,
                "kind": "register",
                "to": message.to,
                "code": message.code(),
                "text": message.text(),
            })
        );
    }
}

#[tokio::test]
async fn only_its_owner_may_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.jsonl");
    drop(Outbox::open(path.clone()).unwrap());
    assert_eq!(mode(&path), 0o600);

    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    drop(Outbox::open(path.clone()).unwrap());
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn what_was_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.jsonl");
    for code in ["482913", "064208"] {
        let outbox = Outbox::open(path.clone()).unwrap();
        SmsGateway::send(&outbox, &message("+8613800138000", code))
            .await
            .unwrap();
    }
    let records = records(&path);
    assert_eq!(records.len(), 2);
    assert_eq!((&records[0]["code"]), "482913");
    assert_eq!((&records[1]["code"]), "064208");
}

#[tokio::test]
async fn a_line_that_a_crash_tore_does_not_spoil_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.jsonl");
    let torn = r#"{"channel":"sms","co"#;
    fs::write(&path, format!("{{}}\n{torn}")).unwrap();
    let outbox = Outbox::open(path.clone()).unwrap();
    for code in ["482913", "064208"] {
        SmsGateway::send(&outbox, &message("+8613800138000", code))
            .await
            .unwrap();
    }
    let lines = lines(&path);
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(lines[1], torn);
    for (line, code) in lines[2..].iter().zip(["482913", "064208"]) {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["code"], code);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_sent_at_once_do_not_run_into_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.jsonl");
    let outbox = Arc::new(Outbox::open(path.clone()).unwrap());
    let sendings: Vec<_> = (0..100)
        .map(|n| {
            let outbox = Arc::clone(&outbox);
            tokio::spawn(async move {
                let message = message("+8613800138000", &format!("{n:06}"));
                SmsGateway::send(&*outbox, &message).await
            })
        })
        .collect();
    for sending in sendings {
        assert_eq!(sending.await.unwrap(), Ok(()));
    }
    let codes: HashSet<String> = records(&path)
        .iter()
        .map(|record| record["code"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 100);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = Outbox::open(folder.path().join("missing/outbox.jsonl")).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (folder.path().join("outbox.jsonl"), folder.path().join("x"));
    for exists in [false, true] {
        if exists {
            fs::write(&elsewhere, "theirs\n").unwrap();
            fs::set_permissions(&elsewhere, Permissions::from_mode(0o644)).unwrap();
        }
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let why = Outbox::open(path.clone()).unwrap_err();
        assert!(why.to_string().contains("symbolic link"), "{why}");
        assert_eq!(elsewhere.exists(), exists);
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(mode(&elsewhere), 0o644, "nothing of it was changed");
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "theirs\n");
}
