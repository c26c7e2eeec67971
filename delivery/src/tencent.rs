//! SMS through Tencent Cloud, `SendSms` of 2021-01-11.
//!
//! Requests are signed by `TC3-HMAC-SHA256`. Texts are registered templates, with
//! variables that have numbers.

use serde_json::{Value, json};

use crate::complaint::Complaint;
use crate::http::{Answer, Endpoint, Http, PlainTo, Request};
use crate::provider::Provider;
use crate::signing::{Stamp, hex, hmac_sha256, sha256_hex};
use crate::templates::{must_have_code, template_for, values};
use crate::{DeliveryError, Message, Secret, SettingsError, TemplateIds, Variable};

mod errors;

/// What [`Tencent`] needs to know.
#[derive(Clone, Debug)]
pub struct TencentSettings {
    /// Where it is.
    pub endpoint: Endpoint,
    /// The id of the API key.
    pub secret_id: String,
    /// The API key's secret.
    pub secret_key: Secret,
    /// The region of the service, `ap-guangzhou` for example.
    pub region: String,
    /// The id of the SMS application.
    pub sdk_app_id: String,
    /// The registered signature: the name between `【` and `】`.
    pub sign_name: String,
    /// The registered templates.
    pub templates: TemplateIds,
    /// The variables `{1}`, `{2}` of templates with a code, in this order.
    pub variables: Vec<Variable>,
}

/// Sends through Tencent Cloud.
#[derive(Debug)]
pub struct Tencent {
    http: Http,
    settings: TencentSettings,
}

const NAME: &str = "tencent";
const CONTENT_TYPE: &str = "application/json; charset=utf-8";

impl Tencent {
    /// Checks the settings. Does not connect.
    ///
    /// # Errors
    /// What is wrong with the settings, for who wrote them.
    pub fn new(settings: TencentSettings) -> Result<Self, SettingsError> {
        for (key, value) in [
            ("secret_id", settings.secret_id.as_str()),
            ("secret_key", settings.secret_key.expose()),
            ("region", settings.region.as_str()),
            ("sdk_app_id", settings.sdk_app_id.as_str()),
            ("sign_name", settings.sign_name.as_str()),
        ] {
            if value.is_empty() {
                return Err(SettingsError::Missing(key));
            }
        }
        must_have_code(&settings.variables)?;
        let http = Http::new(NAME, &settings.endpoint, PlainTo::Loopback)?.must_be_root()?;
        Ok(Self { http, settings })
    }

    fn request(&self, message: &Message, stamp: &Stamp) -> Result<Request, DeliveryError> {
        let settings = &self.settings;
        let template = template_for(NAME, &settings.templates, message)?;
        let values = values(&settings.variables, message).into_iter();
        let body = json!({
            "PhoneNumberSet": [message.to],
            "SmsSdkAppId": settings.sdk_app_id,
            "SignName": settings.sign_name,
            "TemplateId": template,
            "TemplateParamSet": values.map(|(_, value)| value).collect::<Vec<_>>(),
            "SessionContext": message.request_id,
        })
        .to_string();
        let call = Call {
            service: "sms",
            host: self.http.host(),
            content_type: CONTENT_TYPE,
            body: &body,
        };
        let signed = string_to_sign(&call, stamp);
        let secret = settings.secret_key.expose();
        let signature = signature(secret, call.service, stamp, &signed);
        let authorization = format!(
            "TC3-HMAC-SHA256 Credential={}/{}/{}/tc3_request, SignedHeaders={SIGNED_HEADERS}, Signature={signature}",
            settings.secret_id,
            stamp.date(),
            call.service,
        );
        Ok(Request {
            url: format!("{}/", self.http.base()),
            headers: vec![
                ("Content-Type", CONTENT_TYPE.to_owned()),
                ("X-TC-Action", "SendSms".to_owned()),
                ("X-TC-Version", "2021-01-11".to_owned()),
                ("X-TC-Timestamp", stamp.seconds().to_string()),
                ("X-TC-Region", settings.region.clone()),
                ("Authorization", authorization),
            ],
            body: Some(body),
            signed: Some(signed),
            secrets: vec![signature],
        })
    }
}

impl Provider for Tencent {
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

const SIGNED_HEADERS: &str = "content-type;host";

/// One call of the API: a `POST` to `/` without a query.
struct Call<'a> {
    service: &'a str,
    host: &'a str,
    content_type: &'a str,
    body: &'a str,
}

/// TC3: the request in its canonical form, hashed, under scheme, time and scope.
fn string_to_sign(call: &Call<'_>, stamp: &Stamp) -> String {
    let canonical = format!(
        "POST\n/\n\ncontent-type:{}\nhost:{}\n\n{SIGNED_HEADERS}\n{}",
        call.content_type,
        call.host,
        sha256_hex(call.body.as_bytes())
    );
    format!(
        "TC3-HMAC-SHA256\n{}\n{}/{}/tc3_request\n{}",
        stamp.seconds(),
        stamp.date(),
        call.service,
        sha256_hex(canonical.as_bytes())
    )
}

/// The key is derived for the day and the service.
fn signature(secret: &str, service: &str, stamp: &Stamp, signed: &str) -> String {
    let key = hmac_sha256(format!("TC3{secret}").as_bytes(), stamp.date().as_bytes());
    let key = hmac_sha256(&key, service.as_bytes());
    let key = hmac_sha256(&key, b"tc3_request");
    hex(&hmac_sha256(&key, signed.as_bytes()))
}

/// What the answer means: an `Error` is about the request, a `Code` of the one
/// number's status about the message. All come with status 200.
fn verdict(answer: &Answer) -> Result<(), Complaint> {
    let body = answer.body.as_deref().unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let response = &body["Response"];
    let error = response["Error"]["Code"].as_str();
    let code = error.or_else(|| response["SendStatusSet"][0]["Code"].as_str());
    match (answer.status, code) {
        (200, Some("Ok")) if error.is_none() => Ok(()),
        (status, Some(code)) => Err(Complaint::read(NAME, errors::TABLE, code, status)),
        (status, None) => Err(Complaint::unreadable(NAME, status)),
    }
}

#[cfg(test)]
mod tests;
