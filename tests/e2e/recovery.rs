//! A lost password, a changed one, a changed contact, a closed account: over
//! sockets, with a real mail server, and with people in the middle of something.

use serde_json::{Value, json};

use crate::harness::{Home, Server, eventually};
use crate::people::{ALICE, BOB, CAROL, Person};
use crate::smtp_server::{Mail, Protection, SmtpServer};
use crate::wire::{Header, Wire, ask};

const NEW: &str = "an owl looks at the moon";
/// A number that nobody has yet.
const NUMBER: &str = "13700137000";

fn mailing(mail: &SmtpServer) -> Home {
    Home::new()
        .set("language", "en")
        .set("delivery.mail", "smtp")
        .set("delivery.smtp.host", "127.0.0.1")
        .set("delivery.smtp.port", &mail.port.to_string())
        .set("delivery.smtp.tls", "none")
        .set("delivery.smtp.from", "noreply@example.org")
}

/// The six digits of a mail.
fn code_in(mail: &Mail) -> String {
    let numbers = mail.body.split(|c: char| !c.is_ascii_digit());
    let mut codes = numbers.filter(|number| number.len() == 6);
    codes.next().expect("a code in the mail").to_owned()
}

fn auth(server: &Server, op: u64, args: &Value) -> Value {
    ask(server.addresses.auth, &json!({ "op": op, "args": args }))
}

fn log_in(server: &Server, person: &Person, password: &str) -> Value {
    let args = json!({ "user_name": person.name, "user_pwd": password });
    auth(server, 0, &args)
}

/// Someone signed up, with both contacts proved.
fn sign_up_with_both(server: &Server, mail: &SmtpServer, person: &Person) {
    person.sign_up(server);
    let args = json!({ "user_email": person.email, "user_ecode": code_in(&mail.next_mail()) });
    assert_eq!(auth(server, 3, &args)["test"], 0);
}

/// A connection to the chat that is there by a token, and what it has to be told.
fn chat_by(server: &Server, token: &str) -> Wire {
    let mut wire = Wire::open(server.addresses.chat, Header::Binary);
    let entered = wire.ask(&json!({ "op": 0, "seq": 1, "token": token, "news": "" }));
    assert_eq!(entered["test"], 0, "{entered}");
    wire
}

fn expect_signed_out(wire: &mut Wire) {
    let told = wire.receive();
    let found = (&told["op"], &told["test"], &told["error"]);
    assert_eq!(found, (&json!(0), &json!(102), &json!("session_ended")));
    wire.expect_end();
}

fn goes_on(wire: &mut Wire, token: &str) {
    let said = wire.ask(&json!({ "op": 0, "seq": 9, "token": token, "news": "" }));
    assert_eq!(said, json!({ "op": 0, "test": 0, "seq": 9 }));
}

/// Neither the password nor the token opens anything on any port.
fn expect_shut_out(server: &Server, person: &Person, token: &str) {
    let to = server.addresses;
    assert_eq!(log_in(server, person, person.password)["test"], 1);
    let by_token = json!({ "token": token });
    for args in [&person.args(), &by_token] {
        let say = json!({ "op": 0, "args": args, "news": "" });
        assert_eq!(ask(to.chat, &say)["test"], 1);
        let look = json!({ "op": 1, "args": args, "look": 0 });
        assert_eq!(ask(to.files, &look)["test"], 1);
    }
}

#[test]
fn a_mailed_code_lets_back_in_and_shuts_everybody_else_out() {
    let mail = SmtpServer::start(&Protection::None, &[]);
    let server = mailing(&mail).start();
    sign_up_with_both(&server, &mail, &ALICE);
    let token = ALICE.token(&server);
    let mut by_token = chat_by(&server, &token);
    let mut by_password = Wire::open(server.addresses.chat, Header::Text);
    ALICE.say(&mut by_password, "");
    let mut listed = Wire::open(server.addresses.files, Header::Text);
    listed.ask(&json!({ "op": 1, "args": ALICE.args(), "look": 0 }));

    let forgot = json!({ "user_email": "Alice@Example.org", "purpose": "reset" });
    assert_eq!(auth(&server, 1, &forgot), json!({ "op": 1, "test": 0 }));
    let letter = mail.next_mail();
    assert_eq!(letter.to, ALICE.email);
    assert_eq!(letter.subject, "Set a new Qunliao password");
    let args = |code: &str, password: &str| json!({ "user_email": ALICE.email, "user_vcode": code, "user_pwd": password });
    assert_eq!(auth(&server, 4, &args("not it", NEW))["test"], 3);
    let code = code_in(&letter);
    assert_eq!(auth(&server, 4, &args(&code, "12345678"))["test"], 109);
    goes_on(&mut by_token, &token);
    assert_eq!(
        auth(&server, 4, &args(&code, NEW)),
        json!({ "op": 4, "test": 0 })
    );

    expect_signed_out(&mut by_token);
    let told = by_password.receive();
    assert_eq!(
        (&told["test"], &told["args"]["name"]),
        (&json!(102), &json!("system"))
    );
    assert_eq!(told["news"], told["message"]);
    by_password.expect_end();
    listed.expect_end();
    expect_shut_out(&server, &ALICE, &token);
    assert_eq!(log_in(&server, &ALICE, NEW)["test"], 0);
    assert_eq!(
        auth(&server, 4, &args(&code, "yet another phrase"))["test"],
        3
    );
    // The number hears of it, and the address, which took part, does not.
    let told = eventually("a notice", || {
        let sendings = server.sendings_to(&ALICE.full_phone());
        sendings
            .into_iter()
            .find(|sent| sent["kind"] == "password_changed")
    });
    assert_eq!(told["code"], Value::Null);
    server.wait_for_log("event=password_reset user=1");
    server.terminate();
    let heard = mail.stop();
    assert!(
        !heard.iter().any(|event| event.starts_with("mail ")),
        "{heard:?}"
    );
}

#[test]
fn a_code_by_sms_lets_back_in_and_the_address_hears_of_it() {
    let mail = SmtpServer::start(&Protection::None, &[]);
    let server = mailing(&mail).start();
    sign_up_with_both(&server, &mail, &ALICE);
    let forgot = json!({ "user_phone": ALICE.phone, "purpose": "reset" });
    assert_eq!(auth(&server, 1, &forgot)["test"], 0);
    let code = eventually("a code", || {
        server.codes_for("reset", &ALICE.full_phone()).pop()
    });
    let args = json!({ "user_phone": ALICE.phone, "user_vcode": code, "user_pwd": NEW });
    assert_eq!(auth(&server, 4, &args)["test"], 0);
    let letter = mail.next_mail();
    assert_eq!(
        (&*letter.to, &*letter.subject),
        (ALICE.email, "Your Qunliao password was changed")
    );
    assert!(!letter.body.contains(NEW));
    assert_eq!(log_in(&server, &ALICE, NEW)["test"], 0);
}

#[test]
fn nobody_learns_from_a_reset_who_has_an_account() {
    let server = Home::new().set("codes.gap_seconds", "600").start();
    ALICE.sign_up(&server);
    server.wait_for_log("channel=Mail");
    let forgot = |phone: &str| {
        auth(
            &server,
            1,
            &json!({ "user_phone": phone, "purpose": "reset" }),
        )
    };
    // Alice has just been sent a code, and so was somebody who then did not sign up.
    let args = json!({ "user_phone": BOB.phone });
    assert_eq!(auth(&server, 1, &args)["test"], 0);
    let mut refused = [forgot(ALICE.phone), forgot(BOB.phone)];
    for refused in &mut refused {
        assert_eq!(refused["test"], 103, "{refused}");
        // A second may have passed between them.
        let wait = refused["retry_after"].take();
        assert!(
            wait.as_u64()
                .is_some_and(|wait| (590..=600).contains(&wait)),
            "{wait}"
        );
        refused["message"].take();
    }
    assert_eq!(refused[0], refused[1]);
    for stranger in [CAROL.phone, NUMBER] {
        assert_eq!(forgot(stranger), json!({ "op": 1, "test": 0 }));
        assert_eq!(forgot(stranger)["test"], 103);
        let args = json!({ "user_phone": stranger, "user_vcode": "123456", "user_pwd": NEW });
        assert_eq!(auth(&server, 4, &args)["test"], 3);
    }
    let home = server.terminate().set("codes.gap_seconds", "0");
    let server = home.start();
    let args = json!({ "user_phone": ALICE.phone, "purpose": "reset" });
    assert_eq!(auth(&server, 1, &args), json!({ "op": 1, "test": 0 }));
    eventually("a code", || {
        server.codes_for("reset", &ALICE.full_phone()).pop()
    });
    assert!(server.sendings_to(&format!("+86{NUMBER}")).is_empty());
}

#[test]
fn a_new_password_closes_the_other_device_and_the_one_at_hand_goes_on() {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let (phone, desk) = (ALICE.token(&server), ALICE.token(&server));
    let (mut at_hand, mut other) = (chat_by(&server, &phone), chat_by(&server, &desk));
    let mut bob = Wire::open(server.addresses.chat, Header::Text);
    BOB.say(&mut bob, "");
    let args = |old: &str| json!({ "user_name": ALICE.name, "user_pwd": old, "new_pwd": NEW, "token": phone });
    assert_eq!(auth(&server, 5, &args(NEW))["test"], 1);
    assert_eq!(
        auth(&server, 5, &args(ALICE.password)),
        json!({ "op": 5, "test": 0 })
    );
    expect_signed_out(&mut other);
    goes_on(&mut at_hand, &phone);
    let said = at_hand.ask(&json!({ "op": 0, "seq": 3, "token": phone, "news": "still here" }));
    assert_eq!(said["test"], 0, "{said}");
    assert_eq!(bob.receive()["news"], "still here");
    expect_shut_out(&server, &ALICE, &desk);
    // It holds after a restart, too.
    let server = server.restart();
    expect_shut_out(&server, &ALICE, &desk);
    goes_on(&mut chat_by(&server, &phone), &phone);
}

#[test]
fn an_upload_in_the_name_of_who_is_signed_out_is_cut_off() {
    let server = Server::start();
    ALICE.sign_up(&server);
    let mut upload = Wire::open(server.addresses.files, Header::Text);
    upload.send(
        &json!({ "op": 0, "args": ALICE.args(), "file_name": "x", "file_type": 0,
        "file_size": 1_000_000 }),
    );
    upload.send_bytes(&[7; 1_000]);
    // It has begun when a second one sees the bytes of the first on the disk.
    let incoming = server.home().data().join("vault/incoming");
    eventually("the upload begins", || {
        let mut entries = std::fs::read_dir(&incoming).ok()?;
        entries.next()?.ok()
    });
    let args = json!({ "user_name": ALICE.name, "user_pwd": ALICE.password, "new_pwd": NEW });
    assert_eq!(auth(&server, 5, &args)["test"], 0);
    let told = upload.receive();
    assert_eq!(
        (&told["test"], &told["error"]),
        (&json!(102), &json!("session_ended"))
    );
    server.wait_for_log("event=upload_ended reason=session_ended user=1");
    let args = json!({ "name": ALICE.name, "password": NEW });
    let list = ask(
        server.addresses.files,
        &json!({ "op": 1, "args": args, "look": 0 }),
    );
    assert_eq!(list["exist_file"], 0);
}

#[test]
fn a_new_address_takes_the_place_of_the_old_one_which_hears_of_it() {
    let mail = SmtpServer::start(&Protection::None, &[]);
    let server = mailing(&mail).start();
    sign_up_with_both(&server, &mail, &ALICE);
    let token = ALICE.token(&server);
    let new = "alice@example.com";
    let ask_for = json!({ "token": token, "user_email": new, "purpose": "confirm" });
    assert_eq!(auth(&server, 1, &ask_for)["test"], 0);
    let letter = mail.next_mail();
    assert_eq!(letter.to, new);
    let args = |code: &str, password: &str| json!({ "token": token, "user_email": new, "user_ecode": code, "user_pwd": password });
    let code = code_in(&letter);
    assert_eq!(auth(&server, 3, &args("not it", ALICE.password))["test"], 3);
    assert_eq!(auth(&server, 3, &args(&code, NEW))["test"], 1);
    let changed = auth(&server, 3, &args(&code, ALICE.password));
    assert_eq!(changed, json!({ "op": 3, "test": 0 }));
    let notice = mail.next_mail();
    assert_eq!(notice.to, ALICE.email);
    assert_eq!(notice.subject, "Your Qunliao e-mail address was changed");
    let by_mail = |address: &str| {
        let args = json!({ "user_name": address, "user_pwd": ALICE.password });
        auth(&server, 0, &args)["test"].clone()
    };
    assert_eq!((by_mail(new), by_mail(ALICE.email)), (json!(0), json!(1)));
    // A reset for the old address goes nowhere.
    let forgot = json!({ "user_email": ALICE.email, "purpose": "reset" });
    assert_eq!(auth(&server, 1, &forgot)["test"], 0);
    server.terminate();
    let heard = mail.stop();
    assert!(
        !heard.iter().any(|event| event.starts_with("mail ")),
        "{heard:?}"
    );
}

#[test]
fn a_closed_account_is_gone_at_once_and_what_it_said_stays() {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let token = ALICE.token(&server);
    let mut alice = chat_by(&server, &token);
    alice.ask(&json!({ "op": 0, "seq": 2, "token": token, "news": "goodbye" }));
    let guess = json!({ "user_name": ALICE.name, "user_pwd": BOB.password });
    assert_eq!(auth(&server, 8, &guess)["test"], 1);
    let closed = auth(&server, 8, &ALICE.login_args());
    assert_eq!(closed, json!({ "op": 8, "test": 0 }));
    expect_signed_out(&mut alice);
    expect_shut_out(&server, &ALICE, &token);
    let told = eventually("a notice", || {
        let sendings = server.sendings_to(&ALICE.full_phone());
        sendings
            .into_iter()
            .find(|sent| sent["kind"] == "account_closed")
    });
    assert_eq!(told["channel"], "sms");
    // The number may sign up again, under another name.
    let again = Person {
        name: "Alice again",
        ..ALICE
    };
    again.sign_up(&server);
}
