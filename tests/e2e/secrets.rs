//! No password, code, token, whole phone number or address appears in a log, or
//! in the data folder outside `outbox.jsonl`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Home, Server};
use crate::people::{ALICE, BOB, CAROL, Person};
use crate::wire::{Header, Wire, ask};

const WRONG_PASSWORD: &str = "Tr0ub4dor and three";
const WRONG_CODE: &str = "918273";
const NEW_PASSWORD: &str = "an owl looks at the moon";
const NICKNAME: &str = "Moonlit Owl";
const DEVICE: &str = "a phone in a pocket";
/// Takes the place of the first one's number.
const NEW_PHONE: &str = "13700137000";

/// Something that must not be found.
struct Secret {
    what: &'static str,
    text: String,
    /// Codes are so short that one can stand within another number by accident:
    /// they are looked for between what is no letter and no digit.
    alone: bool,
}

impl Secret {
    fn is_in(&self, bytes: &[u8]) -> bool {
        let needle = self.text.as_bytes();
        let mut windows = bytes.windows(needle.len()).enumerate();
        windows.any(|(at, window)| {
            window.eq_ignore_ascii_case(needle)
                && (!self.alone || stands_alone(bytes, at, needle.len()))
        })
    }
}

fn stands_alone(bytes: &[u8], at: usize, length: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    let around = [before, bytes.get(at + length)];
    !around.into_iter().flatten().any(u8::is_ascii_alphanumeric)
}

/// Everything that the people of a conversation keep to themselves.
fn secrets_of(server: &Server, people: &[Person], tokens: &[String]) -> Vec<Secret> {
    let mut secrets = Vec::new();
    let mut keep = |what, text: &str, alone| {
        secrets.push(Secret {
            what,
            text: text.to_owned(),
            alone,
        });
    };
    keep("a wrong password", WRONG_PASSWORD, false);
    keep("a wrong code", WRONG_CODE, true);
    keep("a new password", NEW_PASSWORD, false);
    keep("a nickname", NICKNAME, false);
    keep("a device", DEVICE, false);
    keep("a new phone number", NEW_PHONE, false);
    for code in server.codes_to(&format!("+86{NEW_PHONE}")) {
        keep("a code", &code, true);
    }
    for person in people {
        keep("a password", person.password, false);
        keep("a phone number", person.phone, false);
        keep("an address", person.email, false);
        let (local, _) = person.email.split_once('@').expect("an address");
        keep("an address", &format!("{local}@"), false);
        for contact in [person.full_phone(), person.email.to_owned()] {
            for code in server.codes_to(&contact) {
                keep("a code", &code, true);
            }
        }
    }
    for token in tokens {
        keep("a token", token, false);
    }
    secrets
}

/// A conversation in which every secret is used, rightly and wrongly, on every port.
fn converse(server: &Server, people: &[Person]) -> Vec<String> {
    let to = server.addresses;
    let mut tokens = Vec::new();
    for person in people {
        let reply = person.sign_up(server);
        tokens.push(reply["token"].as_str().expect("a token").to_owned());
        for name in [person.name, person.phone] {
            let args = json!({ "user_name": name, "user_pwd": person.password });
            let reply = ask(to.auth, &json!({ "op": 0, "args": args }));
            tokens.push(reply["token"].as_str().expect("a token").to_owned());
            let args = json!({ "user_name": name, "user_pwd": WRONG_PASSWORD });
            assert_eq!(ask(to.auth, &json!({ "op": 0, "args": args }))["test"], 1);
        }
        confirm(server, person);
        let again = ask(
            to.auth,
            &json!({ "op": 1, "args": { "user_phone": person.phone } }),
        );
        assert_eq!(again["test"], 3);
    }
    for (person, token) in people.iter().zip(&tokens) {
        talk_and_share(server, person, token);
    }
    tokens.push(change_everything(server, &people[0]));
    let forged = json!({ "op": 0, "args": { "token": tokens[0].to_uppercase() }, "news": "x" });
    assert_eq!(ask(to.chat, &forged)["test"], 1);
    tokens
}

/// Confirms the address: with a wrong code, then with the right one, then logs in with it.
fn confirm(server: &Server, person: &Person) {
    let auth = server.addresses.auth;
    let confirm =
        |code: &str| json!({ "op": 3, "args": { "user_email": person.email, "user_ecode": code } });
    // The mail goes out after the sign-up has been answered.
    let code = crate::harness::eventually("the mail", || server.codes_to(person.email).pop());
    assert_eq!(ask(auth, &confirm(WRONG_CODE))["test"], 3);
    assert_eq!(ask(auth, &confirm(&code))["test"], 0);
    let args = json!({ "user_name": person.email, "user_pwd": person.password });
    assert_eq!(ask(auth, &json!({ "op": 0, "args": args }))["test"], 0);
}

/// Every change of an account, and back to the password it had: with wrong secrets,
/// then with the right ones.
fn change_everything(server: &Server, person: &Person) -> String {
    let auth = |op: u64, args: &Value| {
        let reply = ask(server.addresses.auth, &json!({ "op": op, "args": args }));
        (reply["test"].as_u64().expect("a number"), reply)
    };
    let mut login = person.login_args();
    login["device"] = DEVICE.into();
    let token = auth(0, &login).1["token"].clone();
    let profile = json!({ "token": token, "nickname": NICKNAME, "bio": NICKNAME });
    assert_eq!(auth(6, &profile).0, 0);
    let contact = json!({ "token": token, "user_phone": NEW_PHONE, "purpose": "confirm" });
    assert_eq!(auth(1, &contact).0, 0);
    let mut change = json!({ "token": token, "user_phone": NEW_PHONE,
        "user_pwd": WRONG_PASSWORD, "user_vcode": WRONG_CODE });
    assert_eq!(auth(3, &change).0, 3);
    change["user_vcode"] = server.code_to(&format!("+86{NEW_PHONE}")).into();
    assert_eq!(auth(3, &change).0, 1);
    change["user_pwd"] = person.password.into();
    assert_eq!(auth(3, &change).0, 0);

    let forgot = json!({ "user_email": person.email, "purpose": "reset" });
    assert_eq!(auth(1, &forgot).0, 0);
    let code =
        crate::harness::eventually("a code", || server.codes_for("reset", person.email).pop());
    let mut reset = json!({ "user_email": person.email, "user_vcode": WRONG_CODE,
        "user_pwd": NEW_PASSWORD });
    assert_eq!(auth(4, &reset).0, 3);
    reset["user_vcode"] = code.into();
    assert_eq!(auth(4, &reset).0, 0);
    let mut back = json!({ "user_name": person.name, "user_pwd": WRONG_PASSWORD,
        "new_pwd": person.password });
    assert_eq!(auth(5, &back).0, 1);
    back["user_pwd"] = NEW_PASSWORD.into();
    assert_eq!(auth(5, &back).0, 0);
    let sessions = json!({ "token": token, "do": "list" });
    assert_eq!(auth(7, &sessions).0, 102, "it has ended");
    let leave = json!({ "user_name": person.name, "user_pwd": WRONG_PASSWORD });
    assert_eq!(auth(8, &leave).0, 1);
    token.as_str().expect("a token").to_owned()
}

fn talk_and_share(server: &Server, person: &Person, token: &str) {
    let to = server.addresses;
    let wrong = json!({ "name": person.name, "password": WRONG_PASSWORD });
    let mut chat = Wire::open(to.chat, Header::Text);
    person.enter(&mut chat);
    let said = chat.ask(&json!({ "op": 0, "seq": 2, "token": token, "news": "hello" }));
    assert_eq!(said["test"], 0, "{said}");
    assert_eq!(
        chat.ask(&json!({ "op": 0, "seq": 3, "args": wrong, "news": "hello" }))["test"],
        1
    );
    for args in [person.args(), json!({ "token": token })] {
        let upload = json!({ "op": 0, "args": args, "file_name": "note.txt", "file_type": 0, "file_size": 0 });
        assert_eq!(ask(to.files, &upload)["test"], 0);
        let fetch = json!({ "op": 1, "args": args, "look": 1, "file_name": "note.txt" });
        assert_eq!(ask(to.files, &fetch)["test"], 0);
    }
    let upload =
        json!({ "op": 0, "args": wrong, "file_name": "x", "file_type": 0, "file_size": 0 });
    assert_eq!(ask(to.files, &upload)["test"], 1);
    // Cut off in the middle of a frame, and broken JSON: nothing of it is quoted.
    for body in [
        format!("{{\"op\":0,\"args\":{}", person.args()),
        person.args().to_string(),
    ] {
        let mut wire = Wire::open(to.chat, Header::Text);
        wire.send_body(body.as_bytes());
        assert_eq!(wire.receive()["test"], 100);
    }
}

fn expect_none(secrets: &[Secret], place: &str, bytes: &[u8]) {
    for secret in secrets {
        assert!(
            !secret.is_in(bytes),
            "{} ({}) is in {place}",
            secret.what,
            secret.text
        );
    }
}

fn expect_none_in_folder(secrets: &[Secret], folder: &Path) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files += expect_none_in_folder(secrets, &path);
        } else if path.is_file() && !path.ends_with("outbox.jsonl") {
            let name = path.to_string_lossy().into_owned();
            expect_none(secrets, "the name of a file", name.as_bytes());
            expect_none(secrets, &name, &fs::read(&path).expect("a file"));
            files += 1;
        }
    }
    files
}

fn people() -> Vec<Person> {
    // Bob is known by his number: the name is as secret as the number then.
    let bob = Person {
        name: BOB.phone,
        ..BOB
    };
    vec![ALICE, bob, CAROL]
}

fn expect_discretion(home: Home) {
    let people = people();
    let server = home.start();
    let tokens = converse(&server, &people);
    let secrets = secrets_of(&server, &people, &tokens);
    assert!(secrets.len() > 20, "{} secrets", secrets.len());
    let outbox = fs::read(server.home().data().join("outbox.jsonl")).expect("the outbox");
    let sent = secrets
        .iter()
        .filter(|secret| secret.is_in(&outbox))
        .count();
    assert!(sent >= 3 * 3, "what is looked for can be found: {sent}");
    // While it runs, and after it has ended in good order.
    expect_none_in_folder(&secrets, &server.home().data());
    let server = server.restart();
    let mut log = server.log().join("\n");
    let restarted = ask(
        server.addresses.auth,
        &json!({ "op": 0, "args": people[0].login_args() }),
    );
    assert_eq!(restarted["test"], 0);
    log.push_str(&server.log().join("\n"));
    expect_none(&secrets, "the log after a restart", log.as_bytes());
    let files = expect_none_in_folder(&secrets, &server.home().data());
    assert!(files >= 3, "{files} files");
    server.terminate();
}

/// The log of a whole conversation, from the start of the server to its end.
fn log_of_a_conversation(home: Home) -> (Vec<Secret>, String) {
    let people = people();
    let server = home.start();
    let tokens = converse(&server, &people);
    let secrets = secrets_of(&server, &people, &tokens);
    server.signal("TERM");
    server.wait_for_log("event=stopped");
    (secrets, server.log().join("\n"))
}

#[test]
fn the_data_folder_holds_no_secret_outside_the_outbox() {
    expect_discretion(Home::new());
}

#[test]
fn the_log_holds_no_secret() {
    let (secrets, log) = log_of_a_conversation(Home::new());
    assert!(log.contains("event=signed_up"), "it says what happens");
    expect_none(&secrets, "the log", log.as_bytes());
}

#[test]
fn the_log_holds_no_secret_even_when_it_tells_everything() {
    let home = Home::new().with_variable("RUST_LOG", "trace");
    let (secrets, log) = log_of_a_conversation(home);
    assert!(log.contains("TRACE"), "it tells everything");
    for line in log.lines() {
        expect_none(&secrets, line, line.as_bytes());
    }
}

#[test]
fn the_data_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start();
    ALICE.sign_up(&server);
    let data = server.home().data();
    let mode = |path: &Path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&data), 0o700);
    for file in ["secret.key", "outbox.jsonl", "lock"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
}
