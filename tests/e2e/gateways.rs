//! Codes through SMS providers, with the real binary: one that is accepted, one that
//! the next gateway takes over, and those that nobody may send again.

use serde_json::{Value, json};

use crate::delivery::endpoint::{Endpoint, Reply, Request};
use crate::harness::{Home, Server};
use crate::people::{ALICE, BOB, CAROL};
use crate::wire::ask;

const SECRET: &str = "the access key's secret";

/// A server that sends through Aliyun, and else through a webhook.
fn texting(aliyun: &Endpoint, webhook: &Endpoint) -> Home {
    let at = |port: u16| format!("http://127.0.0.1:{port}");
    Home::new()
        .set("delivery.sms", "[aliyun, webhook]")
        .set("delivery.aliyun.url", &at(aliyun.port))
        .set("delivery.aliyun.access_key_id", "LTAI-example")
        .set("delivery.aliyun.access_key_secret", SECRET)
        .set("delivery.aliyun.sign_name", "群聊")
        .set("delivery.aliyun.templates.register.zh", "SMS_101")
        .set("delivery.aliyun.timeout_seconds", "3")
        .set("delivery.webhook.url", &at(webhook.port))
        .set("delivery.webhook.secret", SECRET)
}

fn says(code: &str) -> Reply {
    let body = json!({ "Code": code, "Message": format!("about {}", ALICE.phone) });
    Reply::Body(200, body.to_string())
}

fn ask_for(server: &Server, phone: &str) -> Value {
    let request = json!({ "op": 1, "args": { "user_phone": phone } });
    ask(server.addresses.auth, &request)
}

fn sign_up(server: &Server, code: &str) -> Value {
    let args = json!({ "user_name": ALICE.name, "user_pwd": ALICE.password,
        "user_phone": ALICE.phone, "user_vcode": code });
    ask(server.addresses.auth, &json!({ "op": 2, "args": args }))
}

/// The code in the template's variables, which are in the query.
fn code_in(request: &Request) -> String {
    let (_, rest) = request
        .line
        .split_once("TemplateParam=%7B%22code%22%3A%22")
        .expect("a code");
    rest[..6].to_owned()
}

/// What must be in no log, whatever a provider says.
fn check_log(server: &Server, codes: &[String]) {
    let log = server.log().join("\n");
    for secret in [SECRET, ALICE.phone, BOB.phone, CAROL.phone] {
        assert!(!log.contains(secret), "{secret}");
    }
    for code in codes {
        assert!(!log.contains(code.as_str()), "{code}");
    }
}

#[test]
fn a_code_by_a_provider_is_all_that_a_sign_up_needs() {
    let aliyun = Endpoint::start(vec![says("OK")]);
    let webhook = Endpoint::start(Vec::new());
    let server = texting(&aliyun, &webhook).start();
    assert_eq!(ask_for(&server, ALICE.phone), json!({ "op": 1, "test": 0 }));
    let requests = aliyun.requests();
    assert_eq!(requests.len(), 1);
    let target = format!("&PhoneNumbers={}&", ALICE.phone);
    assert!(requests[0].line.contains(&target), "{}", requests[0].line);
    let code = code_in(&requests[0]);
    assert_eq!(sign_up(&server, &code)["test"], 0);
    server.wait_for_log("event=code_sent channel=Sms driver=aliyun kind=register");
    check_log(&server, &[code]);
}

#[test]
fn when_a_providers_balance_is_used_up_the_next_takes_over_and_the_log_says_what_to_do() {
    let aliyun = Endpoint::start(vec![says("isv.AMOUNT_NOT_ENOUGH")]);
    let webhook = Endpoint::start(vec![Reply::Status(204)]);
    let server = texting(&aliyun, &webhook).start();
    assert_eq!(ask_for(&server, ALICE.phone), json!({ "op": 1, "test": 0 }));
    let (refused, taken) = (aliyun.requests(), webhook.requests());
    assert_eq!((refused.len(), taken.len()), (1, 1));
    let code = taken[0].json()["code"].as_str().expect("a text").to_owned();
    assert_eq!(code, code_in(&refused[0]), "it is the same code");
    let line = server.wait_for_log("event=gateway_error gateway=aliyun");
    assert!(line.contains("code=isv.AMOUNT_NOT_ENOUGH"), "{line}");
    assert!(line.contains("top up the account"), "{line}");
    server.wait_for_log("event=code_sent channel=Sms driver=webhook");
    assert_eq!(sign_up(&server, &code)["test"], 0);
    check_log(&server, &[code]);
}

#[test]
fn a_code_whose_fate_is_unknown_is_sent_once_and_a_bad_number_is_said_to_be_one() {
    let aliyun = Endpoint::start(vec![
        Reply::Hang,
        says("isp.SYSTEM_ERROR"),
        says("isv.MOBILE_NUMBER_ILLEGAL"),
    ]);
    let webhook = Endpoint::start(vec![Reply::Status(204)]);
    let server = texting(&aliyun, &webhook).start();
    for (phone, test, error) in [
        (ALICE.phone, 1, "gateway_failed"),
        (BOB.phone, 1, "gateway_failed"),
        (CAROL.phone, 2, "bad_phone"),
    ] {
        let reply = ask_for(&server, phone);
        assert_eq!(
            (&reply["test"], &reply["error"]),
            (&json!(test), &json!(error)),
            "{reply}"
        );
    }
    let requests = aliyun.requests();
    assert_eq!((requests.len(), webhook.requests().len()), (3, 0));
    // It was sent all the same, and the code of the hung one is good.
    let code = code_in(&requests[0]);
    assert_eq!(sign_up(&server, &code)["test"], 0);
    check_log(&server, &[code]);
}
