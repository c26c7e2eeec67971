//! SMS through Kannel, the free gateway, by its `sendsms` interface.
//!
//! One `GET` a message, with name and password in the query, as Kannel has it. It
//! usually runs on the same machine or in the same house and knows no TLS, so plain
//! HTTP may go to this machine, and, if the operator says so, to a private address.
//! Texts are our own: Chinese ones as UCS-2, others in the phone's own alphabet.

use crate::complaint::Complaint;
use crate::complaint::Fate::{BadNumber, Declined, Later, Refused};
use crate::http::{Answer, Endpoint, Http, PlainTo, Request};
use crate::provider::Provider;
use crate::signing::{form, percent};
use crate::{DeliveryError, Message, Secret, SettingsError};

/// What [`Kannel`] needs to know.
#[derive(Clone, Debug)]
pub struct KannelSettings {
    /// Its `sendsms` URL.
    pub endpoint: Endpoint,
    /// Whether `http://` may go to private addresses, too.
    pub plain: bool,
    /// The name of one of its `sendsms-user`s.
    pub username: String,
    /// That user's password.
    pub password: Secret,
    /// Whom messages come from. Empty leaves it to Kannel's `default-sender`.
    pub from: String,
}

/// Sends through one Kannel.
#[derive(Debug)]
pub struct Kannel {
    http: Http,
    settings: KannelSettings,
}

const NAME: &str = "kannel";

impl Kannel {
    /// Checks the settings. Does not connect.
    ///
    /// # Errors
    /// What is wrong with the settings, for who wrote them.
    pub fn new(settings: KannelSettings) -> Result<Self, SettingsError> {
        for (key, value) in [
            ("username", settings.username.as_str()),
            ("password", settings.password.expose()),
        ] {
            if value.is_empty() {
                return Err(SettingsError::Missing(key));
            }
        }
        let plain_to = if settings.plain {
            PlainTo::PrivateAddresses
        } else {
            PlainTo::Loopback
        };
        let http = Http::new(NAME, &settings.endpoint, plain_to)?.must_have_no_query()?;
        Ok(Self { http, settings })
    }

    fn request(&self, message: &Message) -> Request {
        let settings = &self.settings;
        let text = message.text();
        let coding = if text.is_ascii() { "0" } else { "2" };
        let password = settings.password.expose();
        let mut pairs = vec![
            ("username", settings.username.as_str()),
            ("password", password),
            ("to", &message.to),
            ("coding", coding),
            ("charset", "UTF-8"),
            ("text", &text),
        ];
        if !settings.from.is_empty() {
            pairs.push(("from", &settings.from));
        }
        Request {
            url: format!("{}?{}", self.http.url(), form(&pairs)),
            secrets: vec![format!("password={}", percent(password))],
            ..Request::default()
        }
    }
}

impl Provider for Kannel {
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

/// What the answer means: 202 is an acceptance, to be sent now (`0:`) or when its
/// own way is open again (`3:`). Its sentences are fixed, so they tell apart what
/// has the same status.
fn verdict(answer: &Answer) -> Result<(), Complaint> {
    let body = answer.body.as_deref().unwrap_or_default();
    let says = |words: &str| body.contains(words);
    let (fate, advice) = match answer.status {
        202 => return Ok(()),
        403 if says("Authorization failed") => (
            Refused,
            "it does not accept username and password, or this server's address (user-allow-ip)",
        ),
        403 if says("Not routable") => (Declined, "none of its SMS centres takes that number"),
        503 if says("Temporal failure") => (Later, "it cannot take messages for now: see its log"),
        400 if says("receiver") => (BadNumber, "it cannot send to that number"),
        400 if says("Sender missing") => (
            Refused,
            "it wants a sender: set from, or its default-sender or global-sender",
        ),
        status => return Err(Complaint::unreadable(NAME, status)),
    };
    Err(Complaint {
        gateway: NAME,
        code: answer.status.to_string(),
        fate,
        advice,
    })
}

#[cfg(test)]
mod tests;
