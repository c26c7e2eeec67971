//! Tests of `webhook.rs` that need no endpoint: settings and the signature.

use std::path::PathBuf;
use std::time::Duration;

use super::{Webhook, WebhookSettings, body, verdict};
use crate::DeliveryError::{BadRecipient, Refused, Unavailable};
use crate::http::Endpoint;
use crate::message::tests::of_kind;
use crate::signing::{hex, hmac_sha256};
use crate::{Kind, Language, Secret, SettingsError, SmsGateway};

fn settings(url: &str) -> WebhookSettings {
    WebhookSettings {
        endpoint: Endpoint {
            url: String::from(url),
            timeout: Duration::from_secs(5),
            ca_file: None,
        },
        secret: Secret::from(String::from("open sesame")),
    }
}

fn refusal(settings: WebhookSettings) -> SettingsError {
    Webhook::new(settings).expect_err("settings that are refused")
}

#[test]
fn the_signature_is_the_one_that_others_compute() {
    // printf '%s' '1700000000000.{"code":"482913"}' |
    //     openssl dgst -sha256 -hmac 'open sesame'
    let signed = br#"1700000000000.{"code":"482913"}"#;
    assert_eq!(
        hex(&hmac_sha256(b"open sesame", signed)),
        "a7569a68e368252372e2b41f90b9cc5de76f83849a8b3f431aedb426a329ba48"
    );
}

#[test]
fn the_body_has_exactly_the_documented_keys() {
    let message = of_kind(Kind::Register, Language::English);
    let body: serde_json::Value = serde_json::from_str(&body(&message, 1_700_000_000_000)).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "to": "+8613800138000",
            "kind": "register",
            "code": "482913",
            "text": message.text(),
            "request_id": "r-1",
            "time": 1_700_000_000_000_u64,
        })
    );
}

#[test]
fn a_notice_has_a_kind_and_no_code() {
    let message = of_kind(Kind::AccountClosed, Language::Chinese);
    let body: serde_json::Value = serde_json::from_str(&body(&message, 1)).unwrap();
    assert_eq!(body["kind"], "account_closed");
    assert!(body["code"].is_null());
}

#[test]
fn every_status_has_its_meaning() {
    for status in [200, 201, 202, 204, 299] {
        assert_eq!(verdict(status), Ok(()), "{status}");
    }
    for status in [400, 422] {
        assert_eq!(verdict(status), Err(BadRecipient), "{status}");
    }
    for status in [429, 500, 502, 503, 599] {
        let verdict = verdict(status);
        assert!(matches!(verdict, Err(Unavailable(_))), "{status}");
    }
    for status in [301, 302, 307, 308, 401, 403, 404, 410, 600] {
        let verdict = verdict(status);
        assert!(matches!(verdict, Err(Refused(_))), "{status}");
    }
}

#[test]
fn a_code_does_not_cross_a_network_in_the_clear() {
    for url in [
        "http://127.0.0.1:8080/sms",
        "http://localhost/sms",
        "http://[::1]:8080/",
        "https://sms.example.org/hook?token=1",
    ] {
        Webhook::new(settings(url)).unwrap_or_else(|error| panic!("{url}: {error}"));
    }
    for host in ["sms.example.org", "10.0.0.1", "127.0.0.1.example.org"] {
        let url = format!("http://{host}:8080/sms");
        let host = String::from(host);
        assert_eq!(refusal(settings(&url)), SettingsError::PlainText { host });
    }
}

#[test]
fn a_url_that_is_of_no_use_is_refused() {
    for url in [
        "",
        "sms.example.org",
        "/sms",
        "ftp://example.org/",
        "https://alice:secret@example.org/",
        "http://127.0.0.1@evil.example.org/",
        "https://",
        "https://a b/",
    ] {
        let error = refusal(settings(url));
        assert!(matches!(error, SettingsError::BadUrl(_)), "{url}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn an_empty_secret_or_a_zero_timeout_is_refused() {
    let mut bare = settings("https://example.org/");
    bare.secret = Secret::from(String::new());
    assert_eq!(refusal(bare), SettingsError::EmptySecret);

    let mut rushed = settings("https://example.org/");
    rushed.endpoint.timeout = Duration::ZERO;
    assert_eq!(refusal(rushed), SettingsError::ZeroTimeout);
}

#[test]
fn a_ca_file_without_good_certificates_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing here").unwrap();
    let damaged = folder.path().join("damaged.pem");
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&damaged, pem).unwrap();
    for path in [empty, damaged, PathBuf::from("/nonexistent/ca.pem")] {
        let mut settings = settings("https://example.org/");
        settings.endpoint.ca_file = Some(path.clone());
        let error = refusal(settings);
        assert!(
            matches!(&error, SettingsError::CaFile { path: named, .. } if *named == path),
            "{error}"
        );
    }
}

#[test]
fn what_is_printed_of_a_webhook_holds_no_secret() {
    let settings = settings("https://sms.example.org/hook/token-1");
    let printed = format!("{settings:?} {:?}", Webhook::new(settings.clone()).unwrap());
    assert!(!printed.contains("sesame"), "{printed}");
    assert!(!printed.contains("token-1"), "{printed}");
}

#[test]
fn a_dry_run_shows_what_is_signed_but_neither_signature_nor_path() {
    let webhook = Webhook::new(settings("https://sms.example.org/hook/token-1")).unwrap();
    let message = of_kind(Kind::Register, Language::Chinese);
    let dry_run = webhook.dry_run(&message).unwrap().expect("it has one");
    assert_eq!(dry_run.url, "https://sms.example.org/***");
    assert_eq!(dry_run.headers[2].1, "sha256=***");
    let time = &dry_run.headers[1].1;
    let body = dry_run.body.as_ref().unwrap();
    assert_eq!(dry_run.string_to_sign, Some(format!("{time}.{body}")));
}
