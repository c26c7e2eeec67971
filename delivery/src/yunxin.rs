//! SMS through NetEase Yunxin: `sendcode.action` for codes, `sendtemplate.action`
//! for notices.
//!
//! Requests name their sender with a `CheckSum`, a SHA-1 over the secret, a nonce
//! and the time; it does not cover what is sent, so all depends on TLS. Texts are
//! registered templates. Answers repeat the code.

use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::complaint::Fate::{BadNumber, Declined, Refused, Unclear};
use crate::complaint::{Complaint, Row, row};
use crate::http::{Answer, Endpoint, Http, PlainTo, Request};
use crate::provider::Provider;
use crate::signing::{Stamp, form, hex};
use crate::templates::template_for;
use crate::{DeliveryError, Message, Secret, SettingsError, TemplateIds};

/// What [`Yunxin`] needs to know.
#[derive(Clone, Debug)]
pub struct YunxinSettings {
    /// Where it is; the actions' names come after it.
    pub endpoint: Endpoint,
    /// The application's key.
    pub app_key: String,
    /// The application's secret.
    pub app_secret: Secret,
    /// The registered templates.
    pub templates: TemplateIds,
}

/// Sends through Yunxin.
#[derive(Debug)]
pub struct Yunxin {
    http: Http,
    settings: YunxinSettings,
}

const NAME: &str = "yunxin";

impl Yunxin {
    /// Checks the settings. Does not connect.
    ///
    /// # Errors
    /// What is wrong with the settings, for who wrote them.
    pub fn new(settings: YunxinSettings) -> Result<Self, SettingsError> {
        for (key, value) in [
            ("app_key", settings.app_key.as_str()),
            ("app_secret", settings.app_secret.expose()),
        ] {
            if value.is_empty() {
                return Err(SettingsError::Missing(key));
            }
        }
        let is_number = |id: &String| id.bytes().all(|byte| byte.is_ascii_digit());
        if !settings.templates.values().all(is_number) {
            return Err(SettingsError::Unfit("templates", "must be numbers"));
        }
        let http = Http::new(NAME, &settings.endpoint, PlainTo::Loopback)?.must_have_no_query()?;
        Ok(Self { http, settings })
    }

    fn request(&self, message: &Message, stamp: &Stamp) -> Result<Request, DeliveryError> {
        let settings = &self.settings;
        let template = template_for(NAME, &settings.templates, message)?;
        let number = local_number(&message.to);
        let (action, body) = match message.code() {
            Some(code) => (
                "sendcode.action",
                form(&[
                    ("mobile", &number),
                    ("templateid", template),
                    ("authCode", code),
                ]),
            ),
            None => (
                "sendtemplate.action",
                form(&[
                    ("mobiles", &json!([number]).to_string()),
                    ("templateid", template),
                    ("params", "[]"),
                ]),
            ),
        };
        let time = stamp.seconds().to_string();
        let sum = check_sum(settings.app_secret.expose(), &stamp.nonce, &time);
        Ok(Request {
            url: format!("{}/{action}", self.http.base()),
            headers: vec![
                (
                    "Content-Type",
                    "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
                ),
                ("AppKey", settings.app_key.clone()),
                ("Nonce", stamp.nonce.clone()),
                ("CurTime", time.clone()),
                ("CheckSum", sum.clone()),
            ],
            body: Some(body),
            signed: Some(format!("***{}{time}", stamp.nonce)),
            secrets: vec![sum],
        })
    }
}

impl Provider for Yunxin {
    const NAME: &'static str = NAME;

    fn http(&self) -> &Http {
        &self.http
    }

    fn ask(&self, message: &Message) -> Result<Request, DeliveryError> {
        self.request(message, &Stamp::now())
    }

    fn verdict(answer: &Answer) -> Result<(), Complaint> {
        verdict(answer)
    }
}

fn check_sum(secret: &str, nonce: &str, time: &str) -> String {
    hex(&Sha1::digest(format!("{secret}{nonce}{time}")))
}

/// Numbers of mainland China go without a prefix, others as `+1-4155550100`.
fn local_number(number: &str) -> String {
    let digits = number.strip_prefix('+').unwrap_or(number);
    if let Some(local) = digits.strip_prefix("86") {
        return local.to_owned();
    }
    match digits.split_at_checked(country_code_digits(digits)) {
        Some((country, local)) => format!("+{country}-{local}"),
        None => number.to_owned(),
    }
}

/// How many of a number's first digits are its country's code (ITU-T E.164, the
/// list of assigned codes): it can be told from the first two.
fn country_code_digits(digits: &str) -> usize {
    let mut first = digits.bytes();
    match (first.next(), first.next()) {
        (Some(b'1' | b'7'), _) => 1,
        (Some(b'2'), Some(b'0' | b'7'))
        | (Some(b'3'), Some(b'0'..=b'4' | b'6' | b'9'))
        | (Some(b'4'), Some(b'0' | b'1' | b'3'..=b'9'))
        | (Some(b'5'), Some(b'1'..=b'8'))
        | (Some(b'6'), Some(b'0'..=b'6'))
        | (Some(b'8'), Some(b'1' | b'2' | b'4' | b'6'))
        | (Some(b'9'), Some(b'0'..=b'5' | b'8')) => 2,
        _ => 3,
    }
}

/// Yunxin's codes, which its services share.
const TABLE: &[Row] = &[
    row("301", Refused, "the account is disabled: see the console"),
    row("302", Refused, CREDENTIALS),
    row(
        "315",
        Refused,
        "this server's address is not on the provider's allow-list",
    ),
    row(
        "403",
        Refused,
        "not allowed: the SMS service is not activated, or the balance is used up",
    ),
    row(
        "404",
        Refused,
        "the template does not exist: check templates",
    ),
    row(
        "405",
        Refused,
        "a setting is too long: check app_key and templates",
    ),
    row(
        "413",
        Refused,
        "the template is not for this kind of message: check templates",
    ),
    row(
        "414",
        Refused,
        "a setting is not accepted: check app_key, app_secret and templates, and that this machine's clock is not more than 5 minutes off",
    ),
    row(
        "416",
        Declined,
        "that number, or the account, has sent as many messages as it may for now",
    ),
    row("417", Declined, "the same message was sent just now"),
    row("418", Refused, "the SMS service is not activated"),
    row(
        "419",
        Refused,
        "the account's limit is reached: see the console",
    ),
    row("422", Refused, "the account is disabled: see the console"),
    row("431", Unclear, "the request came twice on its way"),
    row("500", Unclear, "the provider is out of order"),
    row("503", Unclear, "the provider is busy"),
    row("514", Unclear, "the provider is out of order"),
    row("10432", BadNumber, "it cannot send to that number"),
];

const CREDENTIALS: &str = "check app_key and app_secret";

/// What the answer means: `code` says it, the status is 200. Its `desc` is read for
/// one thing alone: 414 is said of bad numbers and of bad settings.
fn verdict(answer: &Answer) -> Result<(), Complaint> {
    let body = answer.body.as_deref().unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    match (answer.status, body["code"].as_u64()) {
        (200, Some(200)) => Ok(()),
        (_, Some(414)) if is_about_number(&body["desc"]) => Err(Complaint {
            gateway: NAME,
            code: "414".to_owned(),
            fate: BadNumber,
            advice: "it cannot send to that number",
        }),
        (status, Some(code)) => {
            // Its codes are the status that it does not give.
            let status = match (status, code) {
                (200, 400..=499) => 400,
                (status, _) => status,
            };
            Err(Complaint::read(NAME, TABLE, &code.to_string(), status))
        }
        (status, None) => Err(Complaint::unreadable(NAME, status)),
    }
}

fn is_about_number(description: &Value) -> bool {
    let text = description.as_str().unwrap_or_default().to_lowercase();
    ["mobile", "phone", "手机"]
        .iter()
        .any(|word| text.contains(word))
}

#[cfg(test)]
mod tests;
