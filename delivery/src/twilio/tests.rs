//! Tests of `twilio.rs`: requests, and what answers mean.

use std::time::Duration;

use super::{Twilio, TwilioSender, TwilioSettings, verdict};
use crate::http::{Answer, Endpoint};
use crate::message::tests::of_kind;
use crate::{DeliveryError, Kind, Language, Secret, SettingsError, SmsGateway};

fn settings(sender: TwilioSender) -> TwilioSettings {
    TwilioSettings {
        endpoint: Endpoint {
            url: String::from("https://api.twilio.com"),
            timeout: Duration::from_secs(5),
            ca_file: None,
        },
        account_sid: String::from("AC0123456789"),
        auth_token: Secret::from(String::from("open sesame")),
        sender,
    }
}

fn from_number() -> TwilioSettings {
    settings(TwilioSender::From(String::from("+15005550006")))
}

fn judged(status: u16, body: &str) -> Result<(), DeliveryError> {
    let body = Some(body.to_owned());
    verdict(&Answer { status, body }).map_err(DeliveryError::from)
}

fn said(status: u16, code: u32) -> DeliveryError {
    let body = format!(r#"{{"code":{code},"message":"x","status":{status}}}"#);
    judged(status, &body).expect_err("a complaint")
}

#[test]
fn the_credentials_are_basic_authentication() {
    // printf 'AC0123456789:open sesame' | base64
    let twilio = Twilio::new(from_number()).unwrap();
    let request = twilio.request(&of_kind(Kind::Register, Language::English));
    assert_eq!(
        request.headers[1].1,
        "Basic QUMwMTIzNDU2Nzg5Om9wZW4gc2VzYW1l"
    );
}

#[test]
fn the_sender_is_a_number_or_a_service() {
    let body = |sender| {
        let twilio = Twilio::new(settings(sender)).unwrap();
        let message = of_kind(Kind::AccountClosed, Language::English);
        twilio.request(&message).body.expect("a body")
    };
    let from = body(TwilioSender::From(String::from("+15005550006")));
    assert!(from.starts_with("To=%2B8613800138000&From=%2B15005550006&Body=Your%20Qunliao"));
    let service = body(TwilioSender::MessagingService(String::from("MG1")));
    assert!(service.contains("&MessagingServiceSid=MG1&"), "{service}");
}

#[test]
fn created_is_an_acceptance_and_nothing_else_is() {
    assert_eq!(judged(201, r#"{"sid":"SM1","status":"queued"}"#), Ok(()));
    assert_eq!(judged(201, "cut o"), Ok(()));
    for status in [200, 202, 500, 503] {
        let verdict = judged(status, r#"{"sid":"SM1"}"#);
        assert!(
            matches!(verdict, Err(DeliveryError::Unclear(_))),
            "{status}"
        );
    }
}

#[test]
fn every_kind_of_no_is_told_apart() {
    for code in [21211, 21610, 21614] {
        assert_eq!(said(400, code), DeliveryError::BadRecipient);
    }
    for (status, code, words) in [
        (401, 20003, "auth_token"),
        (404, 20404, "account_sid"),
        (400, 21606, "check from"),
        (400, 21705, "messaging_service_sid"),
        (400, 29999, "documentation"),
    ] {
        let error = said(status, code);
        assert!(matches!(error, DeliveryError::Refused(_)), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    for code in [21408, 21608] {
        assert!(matches!(said(400, code), DeliveryError::Declined(_)));
    }
    assert!(matches!(said(429, 20429), DeliveryError::Unavailable(_)));
    assert!(matches!(said(500, 20500), DeliveryError::Unclear(_)));
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let refusal = |settings| Twilio::new(settings).expect_err("settings that are refused");
    let mut nobody = from_number();
    nobody.account_sid = String::new();
    assert_eq!(refusal(nobody), SettingsError::Missing("account_sid"));
    let mut nobody = from_number();
    nobody.account_sid = String::from("AC/../x");
    assert!(matches!(
        refusal(nobody),
        SettingsError::Unfit("account_sid", _)
    ));
    let mut silent = from_number();
    silent.auth_token = Secret::from(String::new());
    assert_eq!(refusal(silent), SettingsError::Missing("auth_token"));
    let senders = [
        (TwilioSender::From(String::new()), "from"),
        (
            TwilioSender::MessagingService(String::new()),
            "messaging_service_sid",
        ),
    ];
    for (sender, key) in senders {
        assert_eq!(refusal(settings(sender)), SettingsError::Missing(key));
    }
}

#[test]
fn a_dry_run_shows_all_but_the_credentials() {
    let twilio = Twilio::new(from_number()).unwrap();
    let message = of_kind(Kind::Register, Language::English);
    let shown = twilio.dry_run(&message).unwrap().unwrap().to_string();
    assert!(shown.starts_with(
        "POST https://api.twilio.com/2010-04-01/Accounts/AC0123456789/Messages.json\n"
    ));
    assert!(shown.contains("Authorization: Basic ***\n"), "{shown}");
    assert!(!format!("{shown}{twilio:?}").contains("sesame"));
}
