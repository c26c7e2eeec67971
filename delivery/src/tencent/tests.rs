//! Tests of `tencent.rs`: the published vector, and what answers mean.

use std::time::Duration;

use super::{Call, Tencent, TencentSettings, signature, string_to_sign, verdict};
use crate::http::{Answer, Endpoint};
use crate::message::tests::of_kind;
use crate::signing::Stamp;
use crate::{DeliveryError, Kind, Language, Secret, SettingsError, SmsGateway, Variable};

fn settings() -> TencentSettings {
    TencentSettings {
        endpoint: Endpoint {
            url: String::from("https://sms.tencentcloudapi.com/"),
            timeout: Duration::from_secs(5),
            ca_file: None,
        },
        secret_id: String::from("AKID-example"),
        secret_key: Secret::from(String::from("open sesame")),
        region: String::from("ap-guangzhou"),
        sdk_app_id: String::from("1400006666"),
        sign_name: String::from("群聊"),
        templates: [
            ((Kind::Register, Language::Chinese), String::from("1110")),
            (
                (Kind::AccountClosed, Language::Chinese),
                String::from("1111"),
            ),
        ]
        .into(),
        variables: vec![Variable::Code, Variable::Minutes],
    }
}

fn judged(status: u16, body: &str) -> Result<(), DeliveryError> {
    let body = Some(body.to_owned());
    verdict(&Answer { status, body }).map_err(DeliveryError::from)
}

/// An error of the request, and one of the number.
fn said(code: &str) -> [DeliveryError; 2] {
    [
        format!(r#"{{"Response":{{"Error":{{"Code":"{code}","Message":"x"}}}}}}"#),
        format!(r#"{{"Response":{{"SendStatusSet":[{{"Code":"{code}"}}]}}}}"#),
    ]
    .map(|body| judged(200, &body).expect_err("a complaint"))
}

#[test]
fn the_signature_is_the_published_one() {
    let stamp = Stamp {
        time: 1_551_113_065_000,
        nonce: String::new(),
    };
    assert_eq!(stamp.date(), "2019-02-25");
    let call = Call {
        service: "cvm",
        host: "cvm.tencentcloudapi.com",
        content_type: "application/json; charset=utf-8",
        body: r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#,
    };
    let signed = string_to_sign(&call, &stamp);
    assert_eq!(
        signature("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "cvm", &stamp, &signed),
        "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    );
}

#[test]
fn ok_of_the_one_number_is_an_acceptance_and_nothing_else_is() {
    let ok = r#"{"Response":{"SendStatusSet":[{"Code":"Ok","SerialNo":"1"}],"RequestId":"a"}}"#;
    assert_eq!(judged(200, ok), Ok(()));
    let both = r#"{"Response":{"Error":{"Code":"Ok"},"SendStatusSet":[{"Code":"Ok"}]}}"#;
    for (status, body) in [
        (500, ok),
        (200, both),
        (200, r#"{"Response":{"SendStatusSet":[]}}"#),
        (200, ""),
        (200, "[1"),
    ] {
        let verdict = judged(status, body);
        assert!(
            matches!(verdict, Err(DeliveryError::Unclear(_))),
            "{verdict:?}"
        );
    }
}

#[test]
fn every_kind_of_no_is_told_apart() {
    for error in said("InvalidParameterValue.IncorrectPhoneNumber") {
        assert_eq!(error, DeliveryError::BadRecipient);
    }
    for (code, words) in [
        (
            "FailedOperation.SignatureIncorrectOrUnapproved",
            "not approved",
        ),
        (
            "FailedOperation.InsufficientBalanceInSmsPackage",
            "balance is used up",
        ),
        (
            "UnauthorizedOperation.RequestIpNotInWhitelist",
            "allow-list",
        ),
        ("AuthFailure.SignatureExpire", "clock"),
        ("AuthFailure.SignatureFailure", "secret_key"),
        ("LimitExceeded.AppDailyLimit", "daily limit"),
        ("InvalidParameterValue.SomethingNew", "documentation"),
    ] {
        for error in said(code) {
            assert!(matches!(error, DeliveryError::Refused(_)), "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
    for error in said("LimitExceeded.PhoneNumberDailyLimit") {
        assert!(matches!(error, DeliveryError::Declined(_)), "{error}");
    }
    for error in said("RequestLimitExceeded.UinLimitExceeded") {
        assert!(matches!(error, DeliveryError::Unavailable(_)), "{error}");
    }
    for code in ["InternalError.Timeout", "InternalError", "Something.New"] {
        for error in said(code) {
            assert!(matches!(error, DeliveryError::Unclear(_)), "{error}");
        }
    }
}

#[test]
fn templates_have_their_variables_by_number_and_notices_have_none() {
    let tencent = Tencent::new(settings()).unwrap();
    let variables = |kind| {
        let dry_run = tencent.dry_run(&of_kind(kind, Language::Chinese));
        let body = dry_run.unwrap().expect("it has one").body.unwrap();
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        (body["TemplateId"].clone(), body["TemplateParamSet"].clone())
    };
    let text = serde_json::Value::from;
    let none: [&str; 0] = [];
    assert_eq!(
        variables(Kind::Register),
        (text("1110"), serde_json::json!(["482913", "5"]))
    );
    assert_eq!(
        variables(Kind::AccountClosed),
        (text("1111"), serde_json::json!(none))
    );
}

type Change = fn(&mut TencentSettings);

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let changes: [(&str, Change); 5] = [
        ("secret_id", |s| s.secret_id = String::new()),
        ("secret_key", |s| s.secret_key = Secret::from(String::new())),
        ("region", |s| s.region = String::new()),
        ("sdk_app_id", |s| s.sdk_app_id = String::new()),
        ("sign_name", |s| s.sign_name = String::new()),
    ];
    for (key, change) in changes {
        let mut settings = settings();
        change(&mut settings);
        let error = Tencent::new(settings).expect_err("settings that are refused");
        assert_eq!(error, SettingsError::Missing(key));
    }
}

#[test]
fn a_dry_run_shows_all_but_secret_and_signature() {
    let tencent = Tencent::new(settings()).unwrap();
    let message = of_kind(Kind::Register, Language::Chinese);
    let shown = tencent.dry_run(&message).unwrap().unwrap().to_string();
    assert!(shown.starts_with("POST https://sms.tencentcloudapi.com/\n"));
    assert!(shown.contains("X-TC-Region: ap-guangzhou\n"), "{shown}");
    assert!(shown.contains(", Signature=***\n"), "{shown}");
    assert!(shown.contains("| TC3-HMAC-SHA256\n"), "{shown}");
    assert!(!shown.contains("sesame") && !format!("{tencent:?}").contains("sesame"));
}
