//! Tests of `yunxin.rs`: the published check sum, and what answers mean.

use std::time::Duration;

use super::{Yunxin, YunxinSettings, check_sum, local_number, verdict};
use crate::http::{Answer, Endpoint};
use crate::message::tests::of_kind;
use crate::{DeliveryError, Kind, Language, Secret, SettingsError, SmsGateway};

fn settings() -> YunxinSettings {
    YunxinSettings {
        endpoint: Endpoint {
            url: String::from("https://sms.yunxinapi.com/sms"),
            timeout: Duration::from_secs(5),
            ca_file: None,
        },
        app_key: String::from("app-example"),
        app_secret: Secret::from(String::from("open sesame")),
        templates: [
            ((Kind::Register, Language::Chinese), String::from("3057527")),
            (
                (Kind::PhoneChanged, Language::Chinese),
                String::from("3057528"),
            ),
        ]
        .into(),
    }
}

fn judged(status: u16, body: &str) -> Result<(), DeliveryError> {
    let body = Some(body.to_owned());
    verdict(&Answer { status, body }).map_err(DeliveryError::from)
}

fn said(code: u32) -> DeliveryError {
    judged(
        200,
        &format!(r#"{{"code":{code},"msg":"x","obj":"482913"}}"#),
    )
    .unwrap_err()
}

#[test]
fn the_check_sum_is_the_published_one() {
    assert_eq!(
        check_sum("test-secret", "123456", "1443592222"),
        "6c434c1f7bf4e52fc94d098dceabad8395f22d6d"
    );
}

#[test]
fn numbers_are_written_as_the_provider_wants_them() {
    for (number, local) in [
        ("+8613800138000", "13800138000"),
        ("+14155550100", "+1-4155550100"),
        ("+79161234567", "+7-9161234567"),
        ("+85261234567", "+852-61234567"),
        ("+886912345678", "+886-912345678"),
        ("+819012345678", "+81-9012345678"),
        ("+447700900123", "+44-7700900123"),
        ("+4207001234", "+420-7001234"),
        ("+358401234567", "+358-401234567"),
        ("+989121234567", "+98-9121234567"),
        ("+9961234567", "+996-1234567"),
    ] {
        // Taiwan's +886 begins like mainland China's +86 only at a glance.
        assert_eq!(local_number(number), local);
    }
}

#[test]
fn two_hundred_is_an_acceptance_and_nothing_else_is() {
    let ok = r#"{"code":200,"msg":"88","obj":"482913"}"#;
    assert_eq!(judged(200, ok), Ok(()));
    for (status, body) in [
        (502, ok),
        (200, r#"{"code":"200"}"#),
        (200, r#"{"msg":"88"}"#),
        (200, ""),
    ] {
        let verdict = judged(status, body);
        assert!(
            matches!(verdict, Err(DeliveryError::Unclear(_))),
            "{verdict:?}"
        );
    }
}

#[test]
fn every_kind_of_no_is_told_apart_and_none_repeats_the_code() {
    assert_eq!(said(10432), DeliveryError::BadRecipient);
    let about_number = r#"{"code":414,"desc":"bad mobile: 13800138000"}"#;
    assert_eq!(judged(200, about_number), Err(DeliveryError::BadRecipient));
    for (code, words) in [
        (302, "app_secret"),
        (315, "allow-list"),
        (403, "balance"),
        (404, "templates"),
        (414, "clock"),
        (422, "disabled"),
        (499, "documentation"),
    ] {
        let error = said(code);
        assert!(matches!(error, DeliveryError::Refused(_)), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains("482913"), "{error}");
    }
    assert!(matches!(said(416), DeliveryError::Declined(_)));
    for code in [500, 503, 777] {
        let error = said(code);
        assert!(matches!(error, DeliveryError::Unclear(_)), "{error}");
    }
    // A code that is the code we sent is not repeated either.
    assert!(!said(482_913).to_string().contains("482913"));
}

type Change = fn(&mut YunxinSettings);

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let changes: [(SettingsError, Change); 3] = [
        (SettingsError::Missing("app_key"), |s| {
            s.app_key = String::new();
        }),
        (SettingsError::Missing("app_secret"), |s| {
            s.app_secret = Secret::from(String::new());
        }),
        (SettingsError::Unfit("templates", "must be numbers"), |s| {
            let key = (Kind::Reset, Language::English);
            s.templates.insert(key, String::from("SMS_1"));
        }),
    ];
    for (refusal, change) in changes {
        let mut settings = settings();
        change(&mut settings);
        assert_eq!(Yunxin::new(settings).unwrap_err(), refusal);
    }
}

#[test]
fn codes_and_notices_have_actions_of_their_own() {
    let yunxin = Yunxin::new(settings()).unwrap();
    let shown = |kind| {
        let dry_run = yunxin.dry_run(&of_kind(kind, Language::Chinese));
        let dry_run = dry_run.unwrap().expect("it has one");
        assert!(!dry_run.to_string().contains("sesame"));
        assert!(dry_run.to_string().contains("CheckSum: ***\n"));
        (dry_run.url, dry_run.body.unwrap())
    };
    assert_eq!(
        shown(Kind::Register),
        (
            String::from("https://sms.yunxinapi.com/sms/sendcode.action"),
            String::from("mobile=13800138000&templateid=3057527&authCode=482913")
        )
    );
    assert_eq!(
        shown(Kind::PhoneChanged),
        (
            String::from("https://sms.yunxinapi.com/sms/sendtemplate.action"),
            String::from("mobiles=%5B%2213800138000%22%5D&templateid=3057528&params=%5B%5D")
        )
    );
}
