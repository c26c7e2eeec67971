//! SMS through the operator's own HTTP endpoint.
//!
//! Each sending is one `POST` of a JSON object: `to` (E.164), `kind` (a
//! [`Kind`](crate::Kind)'s word), `code` (null in a notice), `text` (the whole
//! sentence), `request_id` and `time` (milliseconds since 1970), all strings but
//! the last. Two headers let the endpoint know whom it is from:
//!
//! ```text
//! X-Qunliao-Time: 1700000000000
//! X-Qunliao-Signature: sha256=<64 lower-case hex digits>
//! ```
//!
//! The signature is HMAC-SHA256 (RFC 2104), keyed with the shared secret, over
//! the time as written in its header, a full stop, and the body as received,
//! byte for byte. The endpoint should refuse a time far from its own, compare
//! signatures in constant time, and send a `request_id` once, however often it
//! comes: a repeat has a new time and signature, but the same `request_id`.
//!
//! Its answer is its status: 2xx, it has accepted the message; 400 or 422, the
//! number is no good; 429 or 5xx, it may be tried again. Anything else is a
//! refusal, a redirect too.

use async_trait::async_trait;
use serde_json::json;

use crate::clock::milliseconds_now;
use crate::http::{Endpoint, Http, PlainTo, Request};
use crate::signing::{hex, hmac_sha256};
use crate::{DeliveryError, DryRun, Message, Secret, SettingsError, SmsGateway};

/// What [`Webhook`] needs to know.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where to post to.
    pub endpoint: Endpoint,
    /// The secret that the endpoint knows as well.
    pub secret: Secret,
}

/// Posts messages to one endpoint.
#[derive(Debug)]
pub struct Webhook {
    http: Http,
    secret: Secret,
}

const NAME: &str = "webhook";

impl Webhook {
    /// Checks the settings. Does not connect.
    ///
    /// # Errors
    /// What is wrong with the settings, for who wrote them.
    pub fn new(settings: WebhookSettings) -> Result<Self, SettingsError> {
        if settings.secret.expose().is_empty() {
            return Err(SettingsError::EmptySecret);
        }
        Ok(Self {
            http: Http::new(NAME, &settings.endpoint, PlainTo::Loopback)?,
            secret: settings.secret,
        })
    }

    fn request(&self, message: &Message, time: u64) -> Request {
        let body = body(message, time);
        let signed = format!("{time}.{body}");
        let signature = hex(&hmac_sha256(
            self.secret.expose().as_bytes(),
            signed.as_bytes(),
        ));
        let url = self.http.url();
        // The path may hold a token.
        let path = url.path_and_query().map(ToString::to_string);
        let path = path.filter(|path| path != "/").unwrap_or_default();
        Request {
            url: url.to_string(),
            headers: vec![
                ("Content-Type", "application/json".to_owned()),
                ("X-Qunliao-Time", time.to_string()),
                ("X-Qunliao-Signature", format!("sha256={signature}")),
            ],
            body: Some(body),
            signed: Some(signed),
            secrets: vec![signature, path.trim_start_matches('/').to_owned()],
        }
    }
}

#[async_trait]
impl SmsGateway for Webhook {
    async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let request = self.request(message, milliseconds_now());
        verdict(self.http.tell(request).await?)
    }

    fn name(&self) -> &'static str {
        NAME
    }

    /// It is: the endpoint tells repeats by their `request_id`.
    fn idempotent(&self) -> bool {
        true
    }

    fn dry_run(&self, message: &Message) -> Result<Option<DryRun>, DeliveryError> {
        let request = self.request(message, milliseconds_now());
        Ok(Some(DryRun::of(NAME, request)))
    }
}

fn body(message: &Message, time: u64) -> String {
    json!({
        "to": message.to,
        "kind": message.kind().word(),
        "code": message.code(),
        "text": message.text(),
        "request_id": message.request_id,
        "time": time,
    })
    .to_string()
}

/// What the endpoint's status means. Its body is never looked at.
fn verdict(status: u16) -> Result<(), DeliveryError> {
    let said = format!("{NAME} answered {status}");
    match status {
        200..=299 => Ok(()),
        400 | 422 => Err(DeliveryError::BadRecipient),
        429 | 500..=599 => Err(DeliveryError::Unavailable(said)),
        _ => Err(DeliveryError::Refused(said)),
    }
}

#[cfg(test)]
mod tests;
