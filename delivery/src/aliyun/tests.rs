//! Tests of `aliyun.rs`: the published vector, and what answers mean.

use std::time::Duration;

use super::{Aliyun, AliyunSettings, Call, local_number, string_to_sign, verdict};
use crate::http::{Answer, Endpoint};
use crate::message::tests::of_kind;
use crate::signing::{Stamp, hex, hmac_sha256};
use crate::{DeliveryError, Kind, Language, Secret, SettingsError, SmsGateway, Variable};

fn settings() -> AliyunSettings {
    AliyunSettings {
        endpoint: Endpoint {
            url: String::from("https://dysmsapi.aliyuncs.com/"),
            timeout: Duration::from_secs(5),
            ca_file: None,
        },
        access_key_id: String::from("LTAI-example"),
        access_key_secret: Secret::from(String::from("open sesame")),
        sign_name: String::from("群聊"),
        templates: [((Kind::Register, Language::Chinese), String::from("SMS_1"))].into(),
        variables: vec![Variable::Code],
    }
}

fn judged(status: u16, body: &str) -> DeliveryError {
    let body = Some(body.to_owned());
    let complaint = verdict(&Answer { status, body }).expect_err("a complaint");
    complaint.into()
}

#[test]
fn the_signature_is_the_published_one() {
    let stamp = Stamp {
        time: 1_698_315_752_000,
        nonce: String::from("3156853299f313e23d1673dc12e1703d"),
    };
    let call = Call {
        host: "ecs.cn-shanghai.aliyuncs.com",
        action: "RunInstances",
        version: "2014-05-26",
        query: "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai",
    };
    let signed = string_to_sign(&call, &call.headers(&stamp));
    assert_eq!(
        signed.headers,
        "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
    );
    assert_eq!(
        hex(&hmac_sha256(b"YourAccessKeySecret", signed.text.as_bytes())),
        "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    );
}

#[test]
fn numbers_of_mainland_china_go_without_a_prefix() {
    assert_eq!(local_number("+8613800138000"), "13800138000");
    assert_eq!(local_number("+85261234567"), "85261234567");
    assert_eq!(local_number("+14155550100"), "14155550100");
}

#[test]
fn ok_is_an_acceptance_and_nothing_else_is() {
    let ok = |status| {
        let body = Some(String::from(r#"{"Code":"OK","BizId":"1^2"}"#));
        verdict(&Answer { status, body })
    };
    assert_eq!(ok(200), Ok(()));
    assert!(ok(503).is_err());
}

#[test]
fn every_kind_of_no_is_told_apart() {
    let said = |code: &str| judged(200, &format!(r#"{{"Code":"{code}","Message":"x"}}"#));
    assert_eq!(
        said("isv.MOBILE_NUMBER_ILLEGAL"),
        DeliveryError::BadRecipient
    );
    for (code, words) in [
        ("isv.SMS_SIGNATURE_ILLEGAL", "not approved"),
        ("isv.SIGN_STATE_ILLEGAL", "sign_name"),
        ("isv.AMOUNT_NOT_ENOUGH", "balance is used up"),
        ("isv.DENY_IP_RANGE", "allow-list"),
        ("isp.RAM_PERMISSION_DENY", "may not send"),
        ("SignatureDoesNotMatch", "access_key_secret"),
        ("InvalidTimeStamp.Expired", "clock"),
    ] {
        let error = said(code);
        assert!(matches!(error, DeliveryError::Refused(_)), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let limited = said("isv.BUSINESS_LIMIT_CONTROL");
    assert!(matches!(limited, DeliveryError::Declined(_)), "{limited}");
    let throttled = said("Throttling.User");
    assert!(matches!(throttled, DeliveryError::Unavailable(_)));
    for code in ["isp.SYSTEM_ERROR", "isv.SOMETHING_NEW"] {
        let error = said(code);
        assert!(matches!(error, DeliveryError::Unclear(_)), "{error}");
    }
    let malformed = judged(200, "<html>");
    assert!(matches!(malformed, DeliveryError::Unclear(_)));
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let refusal = |change: fn(&mut AliyunSettings)| {
        let mut settings = settings();
        change(&mut settings);
        Aliyun::new(settings).expect_err("settings that are refused")
    };
    assert_eq!(
        refusal(|s| s.access_key_id = String::new()),
        SettingsError::Missing("access_key_id")
    );
    assert_eq!(
        refusal(|s| s.access_key_secret = Secret::from(String::new())),
        SettingsError::Missing("access_key_secret")
    );
    assert_eq!(
        refusal(|s| s.sign_name = String::new()),
        SettingsError::Missing("sign_name")
    );
    for path in ["sms", "?a=1"] {
        let mut settings = settings();
        settings.endpoint.url += path;
        let error = Aliyun::new(settings).unwrap_err();
        assert!(matches!(error, SettingsError::BadUrl(_)), "{error}");
    }
}

#[test]
fn a_dry_run_shows_all_but_secret_and_signature() {
    let aliyun = Aliyun::new(settings()).unwrap();
    let message = of_kind(Kind::Register, Language::Chinese);
    let dry_run = aliyun.dry_run(&message).unwrap().expect("it has one");
    let shown = dry_run.to_string();
    assert!(shown.starts_with(
        "POST https://dysmsapi.aliyuncs.com/?OutId=r-1&PhoneNumbers=13800138000&\
         SignName=%E7%BE%A4%E8%81%8A&TemplateCode=SMS_1&\
         TemplateParam=%7B%22code%22%3A%22482913%22%7D\n"
    ));
    assert!(shown.contains("Credential=LTAI-example,"), "{shown}");
    assert!(shown.contains(",Signature=***\n"), "{shown}");
    assert!(shown.contains("| ACS3-HMAC-SHA256\n"), "{shown}");
    assert!(!shown.contains("sesame") && !format!("{aliyun:?}").contains("sesame"));
}
