//! The ladder of sign-up over sockets: from SMS to a real mail server, and what
//! op 9 tells of it.

use serde_json::{Value, json};

use crate::certificates::Certificates;
use crate::delivery::endpoint::{Endpoint, Reply};
use crate::delivery::{SIGNING_IN, code_in, log_in, mailing};
use crate::harness::{Home, Server, eventually};
use crate::people::{ALICE, BOB};
use crate::smtp_server::{Protection, SmtpServer};
use crate::wire::ask;

fn registration(server: &Server) -> Value {
    let info = ask(server.addresses.auth, &json!({ "op": 9 }));
    info["registration"].clone()
}

/// The ways that are told, and which of them work.
fn ways(told: &Value) -> Vec<(String, bool)> {
    let ways = told["ways"].as_array().expect("a list").iter();
    let ways = ways.map(|way| (way["way"].clone(), way["works"] == true));
    ways.map(|(way, works)| (way.as_str().expect("a text").to_owned(), works))
        .collect()
}

#[test]
fn while_sms_fails_the_ladder_falls_to_mail() {
    let certificates = Certificates::make();
    let protection = Protection::Implicit {
        certificate: &certificates.server,
        key: &certificates.key,
    };
    let mail = SmtpServer::start(&protection, &SIGNING_IN);
    let gateway = Endpoint::start(vec![Reply::Status(403)]);
    let server = mailing("implicit", &mail, &certificates)
        .set("registration.verify", "either")
        .set("delivery.sms", "webhook")
        .set(
            "delivery.webhook.url",
            &format!("http://127.0.0.1:{}/", gateway.port),
        )
        .set("delivery.webhook.secret", "what the endpoint knows")
        .set("delivery.failures_until_rest", "1")
        .start();
    let auth = server.addresses.auth;
    let told = registration(&server);
    let expect = |sms| {
        [("sms", sms), ("email", true), ("invite", true)]
            .map(|(way, works)| (way.to_owned(), works))
    };
    assert_eq!(ways(&told), expect(true));
    assert_eq!(told["needs"], told["ways"][0]["needs"]);

    let asked = ask(
        auth,
        &json!({ "op": 1, "args": { "user_phone": ALICE.phone } }),
    );
    assert_eq!(
        (&asked["test"], &asked["error"]),
        (&json!(1), &json!("gateway_failed"))
    );
    let told = registration(&server);
    assert_eq!(ways(&told), expect(false));
    let needs = json!(["user_name", "user_pwd", "user_email", "user_ecode"]);
    assert_eq!(told["needs"], needs);

    let asked = ask(
        auth,
        &json!({ "op": 1, "args": { "user_email": ALICE.email } }),
    );
    assert_eq!(asked, json!({ "op": 1, "test": 0 }));
    let code = code_in(&mail.next_mail().body);
    let args = json!({ "user_name": ALICE.name, "user_pwd": ALICE.password,
        "user_email": ALICE.email, "user_ecode": code });
    let reply = ask(auth, &json!({ "op": 2, "args": args }));
    assert_eq!(
        (&reply["test"], &reply["user"]["email_confirmed"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(log_in(&server, ALICE.email, ALICE.password)["test"], 0);
}

#[test]
fn while_sms_to_newcomers_pause_the_ladder_falls_to_mail() {
    let server = Home::new()
        .set("registration.verify", "either")
        .set("codes.lifetime_seconds", "1")
        .set("codes.breaker_sample", "1")
        .set("codes.breaker_ratio_percent", "100")
        .start();
    let auth = server.addresses.auth;
    let by_phone = || {
        ask(
            auth,
            &json!({ "op": 1, "args": { "user_phone": ALICE.phone } }),
        )
    };
    assert_eq!(by_phone()["test"], 0);
    // Nobody enters it.
    let told = eventually("that SMS pause", || {
        let told = registration(&server);
        (told["ways"][0]["works"] == false).then_some(told)
    });
    let expected = [("sms", false), ("email", true), ("invite", true)]
        .map(|(way, works)| (way.to_owned(), works));
    assert_eq!(ways(&told), expected);
    assert_eq!(told["needs"], told["ways"][1]["needs"]);
    assert_eq!(by_phone()["test"], 103);
}

#[test]
fn with_either_a_client_of_the_origin_signs_up_with_whichever_code_it_got() {
    let server = Home::new().set("registration.verify", "either").start();
    let auth = server.addresses.auth;
    // By SMS, as ever.
    ALICE.sign_up(&server);
    assert_eq!(log_in(&server, ALICE.phone, ALICE.password)["test"], 0);
    // By mail, in the one field for codes that the origin has.
    let asked = ask(
        auth,
        &json!({ "op": 1, "args": { "user_email": BOB.email } }),
    );
    assert_eq!(asked["test"], 0);
    let form = |code: &str| {
        let args = json!({ "user_name": BOB.name, "user_pwd": BOB.password,
            "user_phone": BOB.phone, "user_vcode": code, "user_email": BOB.email });
        ask(auth, &json!({ "op": 2, "args": args }))
    };
    assert_eq!(form("not it")["error"], "wrong_code");
    let reply = form(&server.code_to(BOB.email));
    assert_eq!(
        (&reply["test"], &reply["user"]["email_confirmed"]),
        (&json!(0), &json!(true))
    );
    assert_eq!(log_in(&server, BOB.email, BOB.password)["test"], 0);
    assert_eq!(log_in(&server, BOB.phone, BOB.password)["test"], 1);
}

#[test]
fn each_ladder_is_told() {
    for (verify, first, closed) in [
        ("email", Some("email"), false),
        ("both", Some("both"), false),
        ("none", Some("none"), false),
        ("invite", None, true),
    ] {
        let server = Home::new()
            .set("registration.verify", verify)
            .set("registration.approval", "true")
            .start();
        let told = registration(&server);
        let mut names: Vec<String> = ways(&told).into_iter().map(|(way, _)| way).collect();
        assert_eq!(names.pop().as_deref(), Some("invite"), "{verify}");
        assert_eq!(names.pop().as_deref(), first);
        assert_eq!(
            (&told["verify"], &told["approval"]),
            (&json!(verify), &json!(true))
        );
        assert_eq!(told["invite"], closed);
    }
}
