//! What all SMS gateways over HTTP share: one endpoint, whom it is trusted as, how
//! long it may take, and what a request that failed means.
//!
//! Requests run on threads, so many at once and no more, each of which ends with
//! our interest in it. Nothing follows a redirect, since it would carry the code to
//! who knows where; nothing goes through a proxy of the environment, which would be
//! shown what goes to this machine in the clear; nothing is sent over a connection
//! kept from before, which may be closed just when the next code goes out.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};
use ureq::http::{self, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Error};

use crate::settings::{is_loopback, is_private, read_ca_file, without_brackets};
use crate::{DeliveryError, SettingsError};

mod failure;

/// Requests to one endpoint under way at once; each holds a thread while it lasts.
const REQUESTS_MAX: usize = 8;
/// More of an answer than this is not read: the ones that count are short.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Where a gateway is, and how long it may take.
#[derive(Clone)]
pub struct Endpoint {
    /// Its URL: `https://…`, or `http://…` on this very machine.
    pub url: String,
    /// How long one sending may take, the wait for a free place included. Half of
    /// it may be spent on connecting.
    pub timeout: Duration,
    /// A file of PEM certificates. If given, these alone are trusted, in place
    /// of the public ones: it is one endpoint, whose issuer is known.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            // It may hold a token in its path.
            .field("url", &"***")
            .field("timeout", &self.timeout)
            .field("ca_file", &self.ca_file)
            .finish()
    }
}

/// To which hosts `http://` may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlainTo {
    /// This very machine.
    Loopback,
    /// Also private addresses, written as such: names can come to mean others.
    PrivateAddresses,
}

/// One endpoint, ready to be asked.
pub(crate) struct Http {
    /// The gateway's name, for what is said of it.
    name: &'static str,
    url: Uri,
    timeout: Duration,
    agent: Agent,
    places: Arc<Semaphore>,
}

/// A request, and which parts of it are nobody's business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// `POST` with this body; without one, `GET`.
    pub(crate) body: Option<String>,
    /// What the signature is made of, for those who look for a mistake in it.
    pub(crate) signed: Option<String>,
    /// What must not be shown: passwords, tokens, signatures, as they stand in the
    /// parts above.
    pub(crate) secrets: Vec<String>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The body; `None` if it was not asked for, did not come whole, is too long
    /// or is no text.
    pub(crate) body: Option<String>,
}

impl Http {
    /// Checks the settings. Does not connect.
    pub(crate) fn new(
        name: &'static str,
        endpoint: &Endpoint,
        plain_to: PlainTo,
    ) -> Result<Self, SettingsError> {
        if endpoint.timeout.is_zero() {
            return Err(SettingsError::ZeroTimeout);
        }
        Ok(Self {
            name,
            url: checked_url(&endpoint.url, plain_to)?,
            timeout: endpoint.timeout,
            agent: agent(endpoint.ca_file.as_deref())?,
            places: Arc::new(Semaphore::new(REQUESTS_MAX)),
        })
    }

    /// The URL as it was given.
    pub(crate) fn url(&self) -> &Uri {
        &self.url
    }

    /// The URL without a slash at its end, for paths to be put after.
    pub(crate) fn base(&self) -> String {
        self.url.to_string().trim_end_matches('/').to_owned()
    }

    /// The host, and the port if it is not the usual one: what the header `Host`
    /// says (RFC 9110, 7.2).
    pub(crate) fn host(&self) -> &str {
        self.url
            .authority()
            .map_or("", |authority| authority.as_str())
    }

    /// For gateways that sign a path of `/` and no query.
    pub(crate) fn must_be_root(self) -> Result<Self, SettingsError> {
        match self
            .url
            .path_and_query()
            .map(http::uri::PathAndQuery::as_str)
        {
            None | Some("/") => Ok(self),
            Some(_) => Err(SettingsError::BadUrl("must end with its host")),
        }
    }

    /// For gateways whose own paths come after it.
    pub(crate) fn must_have_no_query(self) -> Result<Self, SettingsError> {
        match self.url.query() {
            None => Ok(self),
            Some(_) => Err(SettingsError::BadUrl("must not have a query")),
        }
    }

    /// Sends `request`, and reads status and body.
    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, DeliveryError> {
        self.exchange(request, true).await
    }

    /// Sends `request`, and reads the status alone.
    pub(crate) async fn tell(&self, request: Request) -> Result<u16, DeliveryError> {
        Ok(self.exchange(request, false).await?.status)
    }

    async fn exchange(&self, request: Request, wants_body: bool) -> Result<Answer, DeliveryError> {
        let deadline = Instant::now() + self.timeout;
        let place = timeout_at(deadline, Arc::clone(&self.places).acquire_owned())
            .await
            .map_err(|_| DeliveryError::Unavailable(String::from("too many requests under way")))?
            .expect("the semaphore is never closed");
        let agent = self.agent.clone();
        let patience = deadline.saturating_duration_since(Instant::now());
        let answer = spawn_blocking(move || {
            let _place = place;
            let mut response = run(&agent, request, patience)?;
            let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
            Ok(Answer {
                body: wants_body.then(|| body.read_to_string().ok()).flatten(),
                status: response.status().as_u16(),
            })
        });
        match timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => answer.map_err(|error| failure::judge(self.name, &error)),
            // Too late, or the thread panicked on its way.
            Ok(Err(_)) | Err(_) => Err(DeliveryError::TimedOut),
        }
    }
}

fn run(agent: &Agent, request: Request, patience: Duration) -> Result<http::Response<Body>, Error> {
    let mut builder = http::Request::builder().uri(request.url);
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    // The thread must not outlive our interest in it, and what did not even
    // connect was certainly not accepted: another gateway may have its turn.
    match request.body {
        Some(body) => {
            let request = builder.method("POST").body(body.into_bytes())?;
            let request = agent
                .configure_request(request)
                .timeout_global(Some(patience))
                .timeout_connect(Some(patience / 2))
                .build();
            agent.run(request)
        }
        None => {
            let request = agent
                .configure_request(builder.method("GET").body(())?)
                .timeout_global(Some(patience))
                .timeout_connect(Some(patience / 2))
                .build();
            agent.run(request)
        }
    }
}

fn checked_url(url: &str, plain_to: PlainTo) -> Result<Uri, SettingsError> {
    let uri: Uri = url
        .trim()
        .parse()
        .map_err(|_| SettingsError::BadUrl("is not a URL"))?;
    let authority = uri
        .authority()
        .ok_or(SettingsError::BadUrl("names no host"))?;
    if authority.as_str().contains('@') {
        return Err(SettingsError::BadUrl(
            "must not hold a user or a password; they have keys of their own",
        ));
    }
    let host = without_brackets(authority.host());
    let may_be_plain =
        is_loopback(host) || (plain_to == PlainTo::PrivateAddresses && is_private(host));
    match uri.scheme_str() {
        _ if host.is_empty() => Err(SettingsError::BadUrl("names no host")),
        Some("https") => Ok(uri),
        Some("http") if may_be_plain => Ok(uri),
        Some("http") => Err(SettingsError::PlainText {
            host: host.to_owned(),
        }),
        _ => Err(SettingsError::BadUrl("must begin with https://")),
    }
}

pub(crate) fn agent(ca_file: Option<&Path>) -> Result<Agent, SettingsError> {
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
        .proxy(None)
        .max_idle_connections(0)
        .build()
        .new_agent())
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("host", &self.url.host())
            .finish_non_exhaustive()
    }
}
