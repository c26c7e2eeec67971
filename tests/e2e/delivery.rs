//! Codes on their way: a real mail server, a real HTTP endpoint, and ones that
//! are out of order.

#[allow(dead_code, reason = "its own tests use more of it")]
#[path = "../../delivery/tests/endpoint/mod.rs"]
pub(crate) mod endpoint;

use serde_json::{Value, json};

use crate::certificates::Certificates;
use crate::harness::{Home, Server, eventually};
use crate::people::{ALICE, BOB, CAROL, Person};
use crate::smtp_server::{Mail, Protection, SmtpServer};
use crate::wire::{Header, Wire, ask};
use endpoint::{Endpoint, Reply};

const MAIL_USER: &str = "qunliao";
const MAIL_PASSWORD: &str = "the mail server's password";
const WEBHOOK_SECRET: &str = "what the endpoint knows as well";

pub(crate) fn mailing(tls: &str, mail: &SmtpServer, certificates: &Certificates) -> Home {
    Home::new()
        .set("delivery.mail", "smtp")
        .set("delivery.smtp.host", "localhost")
        .set("delivery.smtp.port", &mail.port.to_string())
        .set("delivery.smtp.tls", tls)
        .set("delivery.smtp.user", MAIL_USER)
        .set("delivery.smtp.password", MAIL_PASSWORD)
        .set("delivery.smtp.from", "群聊 <noreply@example.org>")
        .set(
            "delivery.smtp.ca_file",
            &certificates.authority.display().to_string(),
        )
}

fn texting(endpoint: &Endpoint) -> Home {
    Home::new()
        .set("delivery.sms", "webhook")
        .set(
            "delivery.webhook.url",
            &format!("http://127.0.0.1:{}/sms", endpoint.port),
        )
        .set("delivery.webhook.secret", WEBHOOK_SECRET)
}

pub(crate) const SIGNING_IN: [&str; 4] = ["--user", MAIL_USER, "--password", MAIL_PASSWORD];

/// The six digits of a text.
pub(crate) fn code_in(text: &str) -> String {
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    let mut codes = numbers.filter(|number| number.len() == 6);
    let code = codes
        .next()
        .unwrap_or_else(|| panic!("no code in {text:?}"));
    code.to_owned()
}

fn check_mail(mail: &Mail, person: &Person) {
    assert_eq!(mail.to, person.email);
    assert_eq!(mail.from, "noreply@example.org");
    assert!(mail.signed_in && mail.encrypted);
}

pub(crate) fn log_in(server: &Server, name: &str, password: &str) -> Value {
    let args = json!({ "user_name": name, "user_pwd": password });
    ask(server.addresses.auth, &json!({ "op": 0, "args": args }))
}

fn confirm(server: &Server, address: &str, code: &str) -> Value {
    let args = json!({ "user_email": address, "user_ecode": code });
    ask(server.addresses.auth, &json!({ "op": 3, "args": args }))
}

#[test]
fn with_implicit_tls_the_mailed_code_is_all_that_a_sign_up_needs() {
    let certificates = Certificates::make();
    let protection = Protection::Implicit {
        certificate: &certificates.server,
        key: &certificates.key,
    };
    let mail = SmtpServer::start(&protection, &SIGNING_IN);
    let server = mailing("implicit", &mail, &certificates)
        .set("registration.verify", "email")
        .start();
    let auth = server.addresses.auth;
    let asked = ask(
        auth,
        &json!({ "op": 1, "args": { "user_email": ALICE.email } }),
    );
    assert_eq!(asked, json!({ "op": 1, "test": 0 }));
    let letter = mail.next_mail();
    check_mail(&letter, &ALICE);
    // A client of the origin has one field for a code.
    let reply = ask(
        auth,
        &json!({ "op": 2, "args": { "user_name": ALICE.name, "user_pwd": ALICE.password,
        "user_phone": "", "user_vcode": code_in(&letter.body), "user_email": ALICE.email } }),
    );
    assert_eq!(reply["test"], 0, "{reply}");
    assert_eq!(reply["user"]["email_confirmed"], true);
    assert_eq!(log_in(&server, ALICE.email, ALICE.password)["test"], 0);
    let again = ask(
        auth,
        &json!({ "op": 1, "args": { "user_email": "ALICE@example.org" } }),
    );
    assert_eq!(again["error"], "already_registered");
}

#[test]
fn with_starttls_the_address_of_a_sign_up_is_confirmed_by_mail() {
    let certificates = Certificates::make();
    let protection = Protection::StartTls {
        certificate: &certificates.server,
        key: &certificates.key,
    };
    let mail = SmtpServer::start(&protection, &SIGNING_IN);
    let server = mailing("starttls", &mail, &certificates).start();
    let reply = BOB.sign_up(&server);
    assert_eq!(reply["user"]["email_confirmed"], false);
    let letter = mail.next_mail();
    check_mail(&letter, &BOB);
    assert_eq!(
        log_in(&server, BOB.email, BOB.password)["test"],
        1,
        "not before it is confirmed"
    );
    assert_eq!(confirm(&server, BOB.email, "not it")["test"], 3);
    assert_eq!(
        confirm(&server, BOB.email, &code_in(&letter.body)),
        json!({ "op": 3, "test": 0 })
    );
    let reply = log_in(&server, BOB.email, BOB.password);
    assert_eq!(reply["user"]["email_confirmed"], true);
    // Nobody can ask for a mail to an address that awaits none.
    let purpose = json!({ "op": 1, "args": { "user_email": BOB.email, "purpose": "confirm" } });
    assert_eq!(
        ask(server.addresses.auth, &purpose)["test"],
        0,
        "whether one does is not told"
    );
    let heard = mail.stop();
    assert!(
        !heard.iter().any(|event| event.starts_with("mail ")),
        "{heard:?}"
    );
}

#[test]
fn a_confirmation_can_be_asked_for_again() {
    let server = Server::start();
    CAROL.sign_up(&server);
    server.wait_for_log("channel=Mail");
    let first = server.code_to(CAROL.email);
    let again = json!({ "op": 1, "args": { "user_email": CAROL.email, "purpose": "confirm" } });
    assert_eq!(ask(server.addresses.auth, &again)["test"], 0);
    let second = eventually("a second mail", || {
        server.codes_to(CAROL.email).get(1).cloned()
    });
    if first != second {
        assert_eq!(
            confirm(&server, CAROL.email, &first)["test"],
            3,
            "the older one is void"
        );
    }
    assert_eq!(confirm(&server, CAROL.email, &second)["test"], 0);
}

#[test]
fn an_address_that_the_mail_server_does_not_know_is_a_bad_one() {
    let mail = SmtpServer::start(&Protection::None, &["--refuse", ALICE.email]);
    let server = Home::new()
        .set("delivery.mail", "smtp")
        .set("delivery.smtp.host", "127.0.0.1")
        .set("delivery.smtp.port", &mail.port.to_string())
        .set("delivery.smtp.tls", "none")
        .set("delivery.smtp.from", "noreply@example.org")
        .start();
    let ask_for = |address: &str| {
        ask(
            server.addresses.auth,
            &json!({ "op": 1, "args": { "user_email": address } }),
        )
    };
    let refused = ask_for(ALICE.email);
    assert_eq!(
        (&refused["test"], &refused["error"]),
        (&json!(2), &json!("bad_email"))
    );
    assert_eq!(ask_for(BOB.email)["test"], 0);
    assert_eq!(mail.next_mail().to, BOB.email);
}

#[test]
fn a_webhook_is_told_the_code_and_from_whom_it_is() {
    let endpoint = Endpoint::start(vec![
        Reply::Status(503),
        Reply::Status(204),
        Reply::Status(422),
    ]);
    let server = texting(&endpoint).start();
    let auth = server.addresses.auth;
    let ask_for = |phone: &str| ask(auth, &json!({ "op": 1, "args": { "user_phone": phone } }));
    // Out of order for a moment: it is tried again, and the client notices nothing.
    assert_eq!(ask_for(ALICE.phone), json!({ "op": 1, "test": 0 }));
    let bad = ask_for(BOB.phone);
    assert_eq!(
        (&bad["test"], &bad["error"]),
        (&json!(2), &json!("bad_phone"))
    );

    let requests = endpoint.requests();
    assert_eq!(requests.len(), 3);
    let mut codes = Vec::new();
    for request in &requests {
        assert_eq!(request.line, "POST /sms HTTP/1.1");
        request.check_signature(WEBHOOK_SECRET);
        assert!(!request.is_signed_with("something else"));
        let body = request.json();
        let code = body["code"].as_str().expect("a text").to_owned();
        assert!(body["text"].as_str().expect("a text").contains(&code));
        codes.push((body["to"].clone(), body["request_id"].clone(), code));
    }
    assert_eq!(codes[0], codes[1], "a repeat is known by its id");
    assert_eq!(
        (&codes[0].0, &codes[2].0),
        (&json!(ALICE.full_phone()), &json!(BOB.full_phone()))
    );

    let reply = ask(
        auth,
        &json!({ "op": 2, "args": { "user_name": ALICE.name, "user_pwd": ALICE.password,
        "user_phone": ALICE.phone, "user_vcode": codes[0].2, "user_email": ALICE.email } }),
    );
    assert_eq!(reply["test"], 0, "{reply}");
    assert!(!server.log().join("\n").contains(WEBHOOK_SECRET));
}

#[test]
fn a_gateway_that_hangs_holds_up_nobody_and_is_given_up() {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let home = server.terminate();
    let endpoint = Endpoint::start(vec![Reply::Hang, Reply::Hang, Reply::Hang]);
    let server = home
        .set("delivery.sms", "webhook")
        .set(
            "delivery.webhook.url",
            &format!("http://127.0.0.1:{}/", endpoint.port),
        )
        .set("delivery.webhook.secret", WEBHOOK_SECRET)
        .set("delivery.webhook.timeout_seconds", "3")
        .start();
    let to = server.addresses;
    let mut waiting = Wire::open(to.auth, Header::Text);
    waiting.send(&json!({ "op": 1, "args": { "user_phone": CAROL.phone } }));

    for person in [&ALICE, &BOB] {
        assert_eq!(log_in(&server, person.name, person.password)["test"], 0);
    }
    let mut bob = Wire::open(to.chat, Header::Text);
    BOB.enter(&mut bob);
    let mut alice = Wire::open(to.chat, Header::Text);
    ALICE.say(&mut alice, "meanwhile");
    assert_eq!(bob.receive()["news"], "meanwhile");
    waiting.stream().set_nonblocking(true).expect("a socket");
    assert!(
        waiting.try_receive().is_err(),
        "the code is still on its way"
    );
    waiting.stream().set_nonblocking(false).expect("a socket");

    let answer = waiting.receive();
    assert_eq!(
        (&answer["test"], &answer["error"]),
        (&json!(1), &json!("gateway_failed"))
    );
}

#[test]
fn a_mail_server_that_hangs_does_not_hold_up_a_sign_up() {
    let mail = SmtpServer::start(&Protection::None, &["--mute"]);
    let server = Home::new()
        .set("delivery.mail", "smtp")
        .set("delivery.smtp.host", "127.0.0.1")
        .set("delivery.smtp.port", &mail.port.to_string())
        .set("delivery.smtp.tls", "none")
        .set("delivery.smtp.from", "noreply@example.org")
        .set("delivery.smtp.timeout_seconds", "1")
        .start();
    ALICE.sign_up(&server);
    assert_eq!(log_in(&server, ALICE.name, ALICE.password)["test"], 0);
    server.wait_for_log("event=confirmation_not_sent");
    // A mail on its way does not hold up the end, either.
    BOB.sign_up(&server);
    server.terminate();
}
