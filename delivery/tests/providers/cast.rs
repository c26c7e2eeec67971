//! The five providers: how each is set up, what it checks, and how it answers.

use std::time::Duration;

use qunliao_delivery::{
    Aliyun, AliyunSettings, Content, DeliveryError, Endpoint as Where, Kannel, KannelSettings,
    Kind, Language, Message, Purpose, Secret, SmsGateway, TemplateIds, Tencent, TencentSettings,
    Twilio, TwilioSender, TwilioSettings, Variable, Yunxin, YunxinSettings,
};

use crate::checks;
use crate::endpoint::Request;

pub(crate) const ACCOUNT: &str = "ACexample";
pub(crate) const SECRET: &str = "open sesame";
pub(crate) const NUMBER: &str = "+8613800138000";
pub(crate) const CODE: &str = "482913";

/// What a driver makes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted,
    BadNumber,
    Declined,
    Refused,
    Unavailable,
    Doubt,
}

impl Outcome {
    pub(crate) fn of(result: &Result<(), DeliveryError>) -> Self {
        match result {
            Ok(()) => Self::Accepted,
            Err(DeliveryError::BadRecipient) => Self::BadNumber,
            Err(DeliveryError::Declined(_)) => Self::Declined,
            Err(DeliveryError::Refused(_)) => Self::Refused,
            Err(DeliveryError::Unavailable(_)) => Self::Unavailable,
            Err(DeliveryError::TimedOut | DeliveryError::Unclear(_)) => Self::Doubt,
        }
    }
}

/// A provider.
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    pub(crate) gateway: fn(Where, &str) -> Box<dyn SmsGateway>,
    pub(crate) path: &'static str,
    pub(crate) is_signed: fn(&Request) -> bool,
    pub(crate) accepted: (u16, &'static str),
    /// Whether the status alone is an acceptance.
    pub(crate) status_suffices: bool,
    pub(crate) answers: &'static [(u16, &'static str, Outcome)],
}

impl Provider {
    /// Its driver, for a listener on `port`.
    pub(crate) fn driver(&self, port: u16, secret: &str, timeout: Duration) -> Box<dyn SmsGateway> {
        let at = Where {
            url: format!("http://127.0.0.1:{port}{}", self.path),
            timeout,
            ca_file: None,
        };
        (self.gateway)(at, secret)
    }
}

pub(crate) fn message() -> Message {
    Message {
        to: String::from(NUMBER),
        content: Content::Code {
            code: String::from(CODE),
            purpose: Purpose::Register,
            lifetime_minutes: 5,
        },
        language: Language::Chinese,
        request_id: String::from("r-1"),
    }
}

fn secret(text: &str) -> Secret {
    Secret::from(String::from(text))
}

fn templates() -> TemplateIds {
    [((Kind::Register, Language::Chinese), String::from("101"))].into()
}

fn aliyun(endpoint: Where, key: &str) -> Box<dyn SmsGateway> {
    let settings = AliyunSettings {
        endpoint,
        access_key_id: String::from(ACCOUNT),
        access_key_secret: secret(key),
        sign_name: String::from("群聊"),
        templates: templates(),
        variables: vec![Variable::Code],
    };
    Box::new(Aliyun::new(settings).expect("good settings"))
}

fn tencent(endpoint: Where, key: &str) -> Box<dyn SmsGateway> {
    let settings = TencentSettings {
        endpoint,
        secret_id: String::from(ACCOUNT),
        secret_key: secret(key),
        region: String::from("ap-guangzhou"),
        sdk_app_id: String::from("1400006666"),
        sign_name: String::from("群聊"),
        templates: templates(),
        variables: vec![Variable::Code, Variable::Minutes],
    };
    Box::new(Tencent::new(settings).expect("good settings"))
}

fn yunxin(endpoint: Where, key: &str) -> Box<dyn SmsGateway> {
    let settings = YunxinSettings {
        endpoint,
        app_key: String::from(ACCOUNT),
        app_secret: secret(key),
        templates: templates(),
    };
    Box::new(Yunxin::new(settings).expect("good settings"))
}

fn twilio(endpoint: Where, key: &str) -> Box<dyn SmsGateway> {
    let settings = TwilioSettings {
        endpoint,
        account_sid: String::from(ACCOUNT),
        auth_token: secret(key),
        sender: TwilioSender::From(String::from("+15005550006")),
    };
    Box::new(Twilio::new(settings).expect("good settings"))
}

fn kannel(endpoint: Where, key: &str) -> Box<dyn SmsGateway> {
    let settings = KannelSettings {
        endpoint,
        plain: false,
        username: String::from(ACCOUNT),
        password: secret(key),
        from: String::from("10690000"),
    };
    Box::new(Kannel::new(settings).expect("good settings"))
}

use Outcome::{Accepted, BadNumber, Declined, Doubt, Refused, Unavailable};

/// All of them. Their sentences repeat the number and the code, as some do.
pub(crate) const PROVIDERS: [Provider; 5] = [
    Provider {
        name: "aliyun",
        gateway: aliyun,
        path: "",
        is_signed: checks::aliyun,
        accepted: (
            200,
            r#"{"Code":"OK","Message":"OK","BizId":"9006197469364984^0","RequestId":"F655A8D5"}"#,
        ),
        status_suffices: false,
        answers: &[
            (
                200,
                r#"{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"13800138000"}"#,
                BadNumber,
            ),
            (
                200,
                r#"{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"触发小时级流控Permits:5"}"#,
                Declined,
            ),
            (
                400,
                r#"{"Code":"Throttling.User","Message":"Request was denied due to user flow control."}"#,
                Unavailable,
            ),
            (
                200,
                r#"{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"482913"}"#,
                Refused,
            ),
            (
                200,
                r#"{"Code":"isv.SMS_TEMPLATE_ILLEGAL","Message":"x"}"#,
                Refused,
            ),
            (
                404,
                r#"{"Code":"InvalidAccessKeyId.NotFound","Message":"x"}"#,
                Refused,
            ),
            (
                400,
                r#"{"Code":"SignatureDoesNotMatch","Message":"x"}"#,
                Refused,
            ),
            (200, r#"{"Code":"isp.SYSTEM_ERROR","Message":"x"}"#, Doubt),
            (
                503,
                r#"{"Code":"ServiceUnavailable","Message":"x"}"#,
                Unavailable,
            ),
        ],
    },
    Provider {
        name: "tencent",
        gateway: tencent,
        path: "/",
        is_signed: checks::tencent,
        accepted: (
            200,
            r#"{"Response":{"SendStatusSet":[{"SerialNo":"5000:1045","PhoneNumber":"+8613800138000","Fee":1,"SessionContext":"r-1","Code":"Ok","Message":"send success","IsoCode":"CN"}],"RequestId":"a0aabda6"}}"#,
        ),
        status_suffices: false,
        answers: &[
            (
                200,
                r#"{"Response":{"SendStatusSet":[{"PhoneNumber":"+8613800138000","Code":"InvalidParameterValue.IncorrectPhoneNumber"}]}}"#,
                BadNumber,
            ),
            (
                200,
                r#"{"Response":{"SendStatusSet":[{"PhoneNumber":"+8613800138000","Code":"LimitExceeded.PhoneNumberDailyLimit"}]}}"#,
                Declined,
            ),
            (
                200,
                r#"{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"x"}}}"#,
                Unavailable,
            ),
            (
                200,
                r#"{"Response":{"SendStatusSet":[{"Code":"FailedOperation.InsufficientBalanceInSmsPackage"}]}}"#,
                Refused,
            ),
            (
                200,
                r#"{"Response":{"SendStatusSet":[{"Code":"FailedOperation.TemplateIncorrectOrUnapproved","Message":"482913"}]}}"#,
                Refused,
            ),
            (
                200,
                r#"{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure","Message":"x"}}}"#,
                Refused,
            ),
            (
                200,
                r#"{"Response":{"Error":{"Code":"InternalError","Message":"x"}}}"#,
                Doubt,
            ),
        ],
    },
    Provider {
        name: "yunxin",
        gateway: yunxin,
        path: "/sms",
        is_signed: checks::yunxin,
        accepted: (200, r#"{"code":200,"msg":"88","obj":"482913"}"#),
        status_suffices: false,
        answers: &[
            (
                200,
                r#"{"code":414,"desc":"mobile 13800138000 format error"}"#,
                BadNumber,
            ),
            (
                200,
                r#"{"code":416,"msg":"13800138000","obj":"482913"}"#,
                Declined,
            ),
            (200, r#"{"code":403,"msg":"x"}"#, Refused),
            (200, r#"{"code":404,"msg":"template"}"#, Refused),
            (
                200,
                r#"{"code":414,"desc":"bad http request header: CheckSum"}"#,
                Refused,
            ),
            (200, r#"{"code":500,"obj":"482913"}"#, Doubt),
            (429, "", Unavailable),
        ],
    },
    Provider {
        name: "twilio",
        gateway: twilio,
        path: "",
        is_signed: checks::twilio,
        accepted: (
            201,
            r#"{"sid":"SM87105da94bff44b999e4e6eb90d8eb6a","status":"queued","error_code":null}"#,
        ),
        status_suffices: true,
        answers: &[
            (
                400,
                r#"{"code":21211,"message":"'+8613800138000' is not valid","status":400}"#,
                BadNumber,
            ),
            (
                400,
                r#"{"code":21408,"message":"x","status":400}"#,
                Declined,
            ),
            (
                429,
                r#"{"code":20429,"message":"x","status":429}"#,
                Unavailable,
            ),
            (
                401,
                r#"{"code":20003,"message":"482913","status":401}"#,
                Refused,
            ),
            (400, r#"{"code":21606,"message":"x","status":400}"#, Refused),
            (500, r#"{"code":20500,"message":"x","status":500}"#, Doubt),
        ],
    },
    Provider {
        name: "kannel",
        gateway: kannel,
        path: "/cgi-bin/sendsms",
        is_signed: checks::kannel,
        accepted: (202, "0: Accepted for delivery"),
        status_suffices: true,
        answers: &[
            (202, "3: Queued for later delivery", Accepted),
            (
                400,
                "Empty receiver number not allowed, rejected",
                BadNumber,
            ),
            (403, "Not routable. Do not try again.", Declined),
            (403, "Authorization failed for sendsms", Refused),
            (503, "Temporal failure, try again later.", Unavailable),
            (500, "482913", Doubt),
        ],
    },
];
