//! SMS through Alibaba Cloud (Aliyun), `SendSms` of 2017-05-25.
//!
//! Requests are signed by its third scheme, `ACS3-HMAC-SHA256`. Texts are
//! registered templates, with variables that have names.

use serde_json::{Map, Value};

use crate::complaint::Complaint;
use crate::http::{Answer, Endpoint, Http, PlainTo, Request};
use crate::provider::Provider;
use crate::signing::{Stamp, form, hex, hmac_sha256, sha256_hex};
use crate::templates::{must_have_code, template_for, values};
use crate::{DeliveryError, Message, Secret, SettingsError, TemplateIds, Variable};

mod errors;

/// What [`Aliyun`] needs to know.
#[derive(Clone, Debug)]
pub struct AliyunSettings {
    /// Where it is.
    pub endpoint: Endpoint,
    /// The id of the access key.
    pub access_key_id: String,
    /// The access key's secret.
    pub access_key_secret: Secret,
    /// The registered signature: the name between `【` and `】`.
    pub sign_name: String,
    /// The registered templates.
    pub templates: TemplateIds,
    /// The variables that templates with a code have.
    pub variables: Vec<Variable>,
}

/// Sends through Aliyun.
#[derive(Debug)]
pub struct Aliyun {
    http: Http,
    settings: AliyunSettings,
}

const NAME: &str = "aliyun";

impl Aliyun {
    /// Checks the settings. Does not connect.
    ///
    /// # Errors
    /// What is wrong with the settings, for who wrote them.
    pub fn new(settings: AliyunSettings) -> Result<Self, SettingsError> {
        for (key, value) in [
            ("access_key_id", settings.access_key_id.as_str()),
            ("access_key_secret", settings.access_key_secret.expose()),
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
        let variables: Map<String, Value> = values(&settings.variables, message)
            .into_iter()
            .map(|(variable, value)| (variable.word().to_owned(), Value::String(value)))
            .collect();
        let variables = Value::Object(variables).to_string();
        // In the order of the names, as the signature wants them.
        let query = form(&[
            ("OutId", &message.request_id),
            ("PhoneNumbers", local_number(&message.to)),
            ("SignName", &settings.sign_name),
            ("TemplateCode", template),
            ("TemplateParam", &variables),
        ]);
        let call = Call {
            host: self.http.host(),
            action: "SendSms",
            version: "2017-05-25",
            query: &query,
        };
        let headers = call.headers(stamp);
        let signed = string_to_sign(&call, &headers);
        let secret = settings.access_key_secret.expose();
        let signature = hex(&hmac_sha256(secret.as_bytes(), signed.text.as_bytes()));
        let mut request = Request {
            url: format!("{}/?{query}", self.http.base()),
            body: Some(String::new()),
            signed: Some(signed.text),
            ..Request::default()
        };
        let credential = &settings.access_key_id;
        let authorization = format!(
            "ACS3-HMAC-SHA256 Credential={credential},SignedHeaders={},Signature={signature}",
            signed.headers
        );
        // The host is written by who sends.
        request.headers = headers.into_iter().skip(1).collect();
        request.headers.push(("Authorization", authorization));
        request.secrets.push(signature);
        Ok(request)
    }
}

impl Provider for Aliyun {
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

/// Numbers of mainland China go without a prefix, others with their country's code
/// and no plus.
fn local_number(number: &str) -> &str {
    let digits = number.strip_prefix('+').unwrap_or(number);
    digits.strip_prefix("86").unwrap_or(digits)
}

/// One call of the API: a `POST` to `/` without a body.
struct Call<'a> {
    host: &'a str,
    action: &'a str,
    version: &'a str,
    /// Sorted by name.
    query: &'a str,
}

/// The signed headers, by name.
type Headers = Vec<(&'static str, String)>;

impl Call<'_> {
    fn headers(&self, stamp: &Stamp) -> Headers {
        vec![
            ("host", self.host.to_owned()),
            ("x-acs-action", self.action.to_owned()),
            ("x-acs-content-sha256", sha256_hex(b"")),
            ("x-acs-date", stamp.date_time()),
            ("x-acs-signature-nonce", stamp.nonce.clone()),
            ("x-acs-version", self.version.to_owned()),
        ]
    }
}

struct Signed {
    text: String,
    /// The names of the headers in it.
    headers: String,
}

/// Signature V3: the request in its canonical form, hashed, under its scheme's name.
fn string_to_sign(call: &Call<'_>, headers: &Headers) -> Signed {
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let canonical = format!(
        "POST\n/\n{}\n{lines}\n{names}\n{}",
        call.query,
        sha256_hex(b"")
    );
    Signed {
        text: format!("ACS3-HMAC-SHA256\n{}", sha256_hex(canonical.as_bytes())),
        headers: names,
    }
}

/// What the answer means: `Code` says it, whatever the status.
fn verdict(answer: &Answer) -> Result<(), Complaint> {
    let body = answer.body.as_deref().unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    match (answer.status, body["Code"].as_str()) {
        (200, Some("OK")) => Ok(()),
        (status, Some(code)) => Err(Complaint::read(NAME, errors::TABLE, code, status)),
        (status, None) => Err(Complaint::unreadable(NAME, status)),
    }
}

#[cfg(test)]
mod tests;
