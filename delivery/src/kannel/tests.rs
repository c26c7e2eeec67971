//! Tests of `kannel.rs`: requests, whom they may go to, and what answers mean.

use std::time::Duration;

use super::{Kannel, KannelSettings, verdict};
use crate::http::{Answer, Endpoint};
use crate::message::tests::of_kind;
use crate::{DeliveryError, Kind, Language, Secret, SettingsError, SmsGateway};

fn settings(url: &str) -> KannelSettings {
    KannelSettings {
        endpoint: Endpoint {
            url: String::from(url),
            timeout: Duration::from_secs(5),
            ca_file: None,
        },
        plain: false,
        username: String::from("qunliao"),
        password: Secret::from(String::from("open sesame&x=1")),
        from: String::new(),
    }
}

const LOCAL: &str = "http://127.0.0.1:13013/cgi-bin/sendsms";

fn judged(status: u16, body: &str) -> Result<(), DeliveryError> {
    let body = Some(body.to_owned());
    verdict(&Answer { status, body }).map_err(DeliveryError::from)
}

#[test]
fn chinese_goes_as_ucs2_and_english_in_the_phones_own_alphabet() {
    let kannel = Kannel::new(settings(LOCAL)).unwrap();
    let url = |language| kannel.request(&of_kind(Kind::Register, language)).url;
    let chinese = url(Language::Chinese);
    assert!(chinese.starts_with(
        "http://127.0.0.1:13013/cgi-bin/sendsms?username=qunliao&\
         password=open%20sesame%26x%3D1&to=%2B8613800138000&coding=2&charset=UTF-8&\
         text=%E7%BE%A4%E8%81%8A"
    ));
    assert!(!chinese.contains("&from="), "{chinese}");
    assert!(url(Language::English).contains("&coding=0&charset=UTF-8&text=Your%20Qunliao"));

    let mut named = settings(LOCAL);
    named.from = String::from("群聊");
    let named = Kannel::new(named).unwrap();
    let message = of_kind(Kind::Register, Language::Chinese);
    assert!(
        named
            .request(&message)
            .url
            .ends_with("&from=%E7%BE%A4%E8%81%8A")
    );
}

#[test]
fn without_tls_it_is_on_this_machine_or_at_a_private_address_that_was_agreed_to() {
    let outcome = |host: &str, plain| {
        let mut settings = settings(&format!("http://{host}:13013/cgi-bin/sendsms"));
        settings.plain = plain;
        Kannel::new(settings).map(drop)
    };
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        assert_eq!(outcome(host, false), Ok(()), "{host}");
    }
    for host in ["192.168.1.10", "10.1.2.3", "[fd00::1]"] {
        assert!(matches!(
            outcome(host, false),
            Err(SettingsError::PlainText { .. })
        ));
        assert_eq!(outcome(host, true), Ok(()), "{host}");
    }
    for host in ["kannel.lan", "sms.example.org", "8.8.8.8", "[2001:db8::1]"] {
        for plain in [false, true] {
            let outcome = outcome(host, plain);
            assert!(
                matches!(outcome, Err(SettingsError::PlainText { .. })),
                "{host}"
            );
        }
    }
    assert!(Kannel::new(settings("https://sms.example.org/cgi-bin/sendsms")).is_ok());
}

#[test]
fn accepted_is_accepted_now_or_later() {
    for body in [
        "0: Accepted for delivery",
        "3: Queued for later delivery",
        "",
    ] {
        assert_eq!(judged(202, body), Ok(()), "{body}");
    }
    for status in [200, 204, 500, 502] {
        let verdict = judged(status, "0: Accepted for delivery");
        assert!(
            matches!(verdict, Err(DeliveryError::Unclear(_))),
            "{status}"
        );
    }
}

#[test]
fn every_kind_of_no_is_told_apart() {
    for body in [
        "Missing receiver number, rejected",
        "Empty receiver number not allowed, rejected",
    ] {
        assert_eq!(judged(400, body), Err(DeliveryError::BadRecipient));
    }
    let said = |status, body| judged(status, body).expect_err("a complaint");
    let wrong = said(403, "Authorization failed for sendsms");
    assert_eq!(
        wrong.to_string(),
        "refused: kannel answered 403: it does not accept username and password, \
         or this server's address (user-allow-ip)"
    );
    let homeless = said(403, "Not routable. Do not try again.");
    assert!(matches!(homeless, DeliveryError::Declined(_)), "{homeless}");
    let busy = said(503, "Temporal failure, try again later.");
    assert!(matches!(busy, DeliveryError::Unavailable(_)), "{busy}");
    let nobody = said(400, "Sender missing and no global set, rejected");
    assert!(nobody.to_string().contains("set from"), "{nobody}");
    let elsewhere = said(404, "<html>");
    assert!(
        matches!(elsewhere, DeliveryError::Refused(_)),
        "{elsewhere}"
    );
}

#[test]
fn a_dry_run_shows_all_but_the_password() {
    let kannel = Kannel::new(settings(LOCAL)).unwrap();
    let message = of_kind(Kind::Register, Language::English);
    let shown = kannel.dry_run(&message).unwrap().unwrap().to_string();
    assert!(shown.starts_with("GET http://127.0.0.1:13013/cgi-bin/sendsms?"));
    assert!(shown.contains("username=qunliao&***&to="), "{shown}");
    assert!(!format!("{shown}{kannel:?}").contains("sesame"));
}
