//! SMS through the operator's own HTTP endpoint.
//!
//! Each sending is one `POST` of a JSON object: `to` (E.164), `code`, `text`
//! (the whole sentence), `request_id` and `time` (milliseconds since 1970), all
//! strings but the last. Two headers let the endpoint know whom it is from:
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
//! refusal, a redirect too: it would carry the code to who knows where.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::outbox::milliseconds_now;
use crate::settings::{is_loopback, read_ca_file, without_brackets};
use crate::{DeliveryError, Message, Secret, SettingsError, SmsGateway};

mod verdict;

/// Requests under way at once; each holds a thread while it lasts.
const REQUESTS_MAX: usize = 8;

/// What [`Webhook`] needs to know.
#[derive(Clone)]
pub struct WebhookSettings {
    /// Where to post to: `https://…`, or `http://…` on this very machine.
    pub url: String,
    /// The secret that the endpoint knows as well.
    pub secret: Secret,
    /// How long one sending may take, the wait for a free place included.
    pub timeout: Duration,
    /// A file of PEM certificates. If given, these alone are trusted, in place
    /// of the public ones: it is one endpoint, whose issuer is known.
    pub ca_file: Option<PathBuf>,
}

/// Posts messages to one endpoint. Takes no proxy from the environment.
pub struct Webhook {
    url: Uri,
    secret: Secret,
    timeout: Duration,
    agent: Agent,
    requests: Arc<Semaphore>,
}

impl Webhook {
    /// Checks the settings. Does not connect.
    ///
    /// # Errors
    /// What is wrong with the settings, for who wrote them.
    pub fn new(settings: WebhookSettings) -> Result<Self, SettingsError> {
        if settings.secret.expose().is_empty() {
            return Err(SettingsError::EmptySecret);
        }
        if settings.timeout.is_zero() {
            return Err(SettingsError::ZeroTimeout);
        }
        Ok(Self {
            url: checked_url(&settings.url)?,
            secret: settings.secret,
            timeout: settings.timeout,
            agent: agent(settings.ca_file.as_deref())?,
            requests: Arc::new(Semaphore::new(REQUESTS_MAX)),
        })
    }
}

#[async_trait]
impl SmsGateway for Webhook {
    async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let deadline = Instant::now() + self.timeout;
        let place = timeout_at(deadline, Arc::clone(&self.requests).acquire_owned())
            .await
            .map_err(|_| DeliveryError::Unavailable(String::from("too many requests under way")))?
            .expect("the semaphore is never closed");
        let time = milliseconds_now();
        let body = body(message, time);
        let request = self
            .agent
            .post(&self.url)
            .header("Content-Type", "application/json")
            .header("X-Qunliao-Time", time.to_string())
            .header("X-Qunliao-Signature", signature(&self.secret, time, &body))
            .config()
            // The thread must not outlive our interest in it.
            .timeout_global(Some(deadline.saturating_duration_since(Instant::now())))
            .build();
        let answer = spawn_blocking(move || {
            let _place = place;
            verdict::verdict(request.send(body.as_bytes()))
        });
        match timeout_at(deadline, answer).await {
            Ok(Ok(verdict)) => verdict,
            // Too late, or the thread panicked on its way.
            Ok(Err(_)) | Err(_) => Err(DeliveryError::TimedOut),
        }
    }

    fn name(&self) -> &'static str {
        "webhook"
    }

    /// It is: the endpoint tells repeats by their `request_id`.
    fn idempotent(&self) -> bool {
        true
    }
}

fn body(message: &Message, time: u64) -> String {
    json!({
        "to": message.to,
        "code": message.code,
        "text": message.text(),
        "request_id": message.request_id,
        "time": time,
    })
    .to_string()
}

/// The value of `X-Qunliao-Signature`.
fn signature(secret: &Secret, time: u64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(time.to_string().as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256={hex}")
}

fn checked_url(url: &str) -> Result<Uri, SettingsError> {
    let uri: Uri = url
        .trim()
        .parse()
        .map_err(|_| SettingsError::BadUrl("is not a URL"))?;
    let authority = uri
        .authority()
        .ok_or(SettingsError::BadUrl("names no host"))?;
    if authority.as_str().contains('@') {
        return Err(SettingsError::BadUrl(
            "must not hold a user or a password; the signature says whom it is from",
        ));
    }
    let host = without_brackets(authority.host());
    match uri.scheme_str() {
        _ if host.is_empty() => Err(SettingsError::BadUrl("names no host")),
        Some("https") => Ok(uri),
        Some("http") if is_loopback(host) => Ok(uri),
        Some("http") => Err(SettingsError::PlainText {
            host: host.to_owned(),
        }),
        _ => Err(SettingsError::BadUrl("must begin with https://")),
    }
}

fn agent(ca_file: Option<&Path>) -> Result<Agent, SettingsError> {
    let mut tls = TlsConfig::builder();
    if let Some(path) = ca_file {
        let pem = read_ca_file(path)?;
        let roots = parse_pem(&pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        tls = tls.root_certs(RootCerts::from(roots));
    }
    Ok(Agent::config_builder()
        .tls_config(tls.build())
        .user_agent("qunliao")
        .http_status_as_error(false)
        .max_redirects(0)
        // A proxy would be shown what goes to this machine in the clear.
        .proxy(None)
        // A connection kept idle may be closed just when the next code goes out.
        .max_idle_connections(0)
        .build()
        .new_agent())
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings")
            // It may hold a token in its path.
            .field("url", &"***")
            .field("secret", &self.secret)
            .field("timeout", &self.timeout)
            .field("ca_file", &self.ca_file)
            .finish()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("host", &self.url.host())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
