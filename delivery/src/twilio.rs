//! SMS through Twilio, the `Messages` of its API of 2010-04-01.
//!
//! Requests carry the account's id and token by basic authentication. Texts are our
//! own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::complaint::Complaint;
use crate::http::{Answer, Endpoint, Http, PlainTo, Request};
use crate::provider::Provider;
use crate::signing::form;
use crate::{DeliveryError, Message, Secret, SettingsError};

mod errors;

/// Whom messages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TwilioSender {
    /// A number or name of the account.
    From(String),
    /// The id of a messaging service, which chooses.
    MessagingService(String),
}

/// What [`Twilio`] needs to know.
#[derive(Clone, Debug)]
pub struct TwilioSettings {
    /// Where it is; the API's path comes after it.
    pub endpoint: Endpoint,
    /// The account's id, `AC…`.
    pub account_sid: String,
    /// The account's token.
    pub auth_token: Secret,
    /// Whom messages come from.
    pub sender: TwilioSender,
}

/// Sends through Twilio.
#[derive(Debug)]
pub struct Twilio {
    http: Http,
    settings: TwilioSettings,
}

const NAME: &str = "twilio";

impl Twilio {
    /// Checks the settings. Does not connect.
    ///
    /// # Errors
    /// What is wrong with the settings, for who wrote them.
    pub fn new(settings: TwilioSettings) -> Result<Self, SettingsError> {
        let (sender_key, sender) = match &settings.sender {
            TwilioSender::From(sender) => ("from", sender),
            TwilioSender::MessagingService(sender) => ("messaging_service_sid", sender),
        };
        for (key, value) in [
            ("account_sid", settings.account_sid.as_str()),
            ("auth_token", settings.auth_token.expose()),
            (sender_key, sender.as_str()),
        ] {
            if value.is_empty() {
                return Err(SettingsError::Missing(key));
            }
        }
        let is_sid = |sid: &str| sid.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_sid(&settings.account_sid) {
            return Err(SettingsError::Unfit(
                "account_sid",
                "must be of letters and digits",
            ));
        }
        let http = Http::new(NAME, &settings.endpoint, PlainTo::Loopback)?.must_have_no_query()?;
        Ok(Self { http, settings })
    }

    fn request(&self, message: &Message) -> Request {
        let settings = &self.settings;
        let sender = match &settings.sender {
            TwilioSender::From(sender) => ("From", sender.as_str()),
            TwilioSender::MessagingService(sid) => ("MessagingServiceSid", sid.as_str()),
        };
        let credentials = BASE64.encode(format!(
            "{}:{}",
            settings.account_sid,
            settings.auth_token.expose()
        ));
        Request {
            url: format!(
                "{}/2010-04-01/Accounts/{}/Messages.json",
                self.http.base(),
                settings.account_sid
            ),
            headers: vec![
                (
                    "Content-Type",
                    "application/x-www-form-urlencoded".to_owned(),
                ),
                ("Authorization", format!("Basic {credentials}")),
            ],
            body: Some(form(&[
                ("To", &message.to),
                sender,
                ("Body", &message.text()),
            ])),
            signed: None,
            secrets: vec![credentials],
        }
    }
}

impl Provider for Twilio {
    const NAME: &'static str = NAME;

    fn http(&self) -> &Http {
        &self.http
    }

    fn ask(&self, message: &Message) -> Result<Request, DeliveryError> {
        Ok(self.request(message))
    }

    fn verdict(answer: &Answer) -> Result<(), Complaint> {
        verdict(answer)
    }
}

/// What the answer means: 201 is an acceptance, whatever follows; else `code` says.
fn verdict(answer: &Answer) -> Result<(), Complaint> {
    let body = answer.body.as_deref().unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    match (answer.status, body["code"].as_u64()) {
        (201, _) => Ok(()),
        (status, Some(code)) if status >= 300 => {
            let code = code.to_string();
            Err(Complaint::read(NAME, errors::TABLE, &code, status))
        }
        (status, _) => Err(Complaint::unreadable(NAME, status)),
    }
}

#[cfg(test)]
mod tests;
