//! Mail through a submission server (RFC 6409).
//!
//! One connection a mail: codes are few, and an idle connection that the server
//! has closed meanwhile would cost more than it saves. The conversation is led
//! command by command, because only then is it known how far it came: whatever
//! fails before the mail itself is handed over was certainly not accepted,
//! whatever fails after that may have been.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use crate::settings::{is_loopback, read_ca_file, without_brackets};
use crate::{DeliveryError, Mailer, Message, Secret, SettingsError};
use letter::Letter;
use verdict::{Stage, verdict};

mod checkup;
mod letter;
mod verdict;

/// Mail servers cut off who opens many connections at once (Postfix: 50, smaller
/// providers fewer).
const CONNECTIONS_MAX: usize = 4;

/// How long to wait for the server's goodbye. The mail is through by then.
const GOODBYE: Duration = Duration::from_secs(1);

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// TLS from the first byte, usually on port 465. To be preferred (RFC 8314).
    Implicit,
    /// Plain at first, then STARTTLS, usually on port 587. A server that does
    /// not offer it is refused, and is told neither password nor recipient.
    StartTls,
    /// No protection; only to this very machine.
    None,
}

/// What [`Smtp`] needs to know.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// The server's name, against which its certificate is checked.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// The user to sign in as (`AUTH PLAIN` or `LOGIN`), with `password`.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// Whom mail is from: an RFC 5322 mailbox, `Qunliao <chat@example.org>`.
    pub from: String,
    /// A file of PEM certificates to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// How long one sending may take, from the wait for a free connection to
    /// the server's last answer.
    pub timeout: Duration,
}

/// Sends mail through one server.
pub struct Smtp {
    host: String,
    port: u16,
    protection: Protection,
    credentials: Option<Credentials>,
    from: Mailbox,
    timeout: Duration,
    connections: Semaphore,
}

enum Protection {
    Implicit(TlsParameters),
    StartTls(TlsParameters),
    None,
}

impl Smtp {
    /// Checks the settings. Does not connect.
    ///
    /// # Errors
    /// What is wrong with the settings, for who wrote them.
    pub fn new(settings: SmtpSettings) -> Result<Self, SettingsError> {
        let host = without_brackets(settings.host.trim()).to_owned();
        if host.is_empty() {
            return Err(SettingsError::NoHost);
        }
        if settings.timeout.is_zero() {
            return Err(SettingsError::ZeroTimeout);
        }
        let trust = || trusted(&host, settings.ca_file.as_deref());
        let protection = match settings.tls {
            SmtpTls::Implicit => Protection::Implicit(trust()?),
            SmtpTls::StartTls => Protection::StartTls(trust()?),
            SmtpTls::None if is_loopback(&host) => Protection::None,
            SmtpTls::None => return Err(SettingsError::PlainText { host }),
        };
        let credentials = match (settings.user, settings.password) {
            (Some(user), Some(password)) => {
                Some(Credentials::new(user, password.expose().to_owned()))
            }
            (None, None) => None,
            _ => return Err(SettingsError::HalfCredentials),
        };
        Ok(Self {
            host,
            port: settings.port,
            protection,
            credentials,
            from: settings
                .from
                .parse()
                .map_err(|_| SettingsError::BadSender)?,
            timeout: settings.timeout,
            connections: Semaphore::new(CONNECTIONS_MAX),
        })
    }

    /// Connects, protected as the settings demand, signs in, and takes its leave,
    /// without a mail. For an operator: the error says what may be done about it.
    ///
    /// # Errors
    /// [`DeliveryError`], as a mail would have met it.
    pub async fn check(&self) -> Result<(), DeliveryError> {
        let mut connection = timeout(self.timeout, self.connect())
            .await
            .map_err(|_| DeliveryError::Unavailable(String::from(checkup::SILENT)))?
            .map_err(|(stage, error)| checkup::explain(stage, &error))?;
        let _ = timeout(GOODBYE, connection.quit()).await;
        Ok(())
    }

    /// Greets the server, protected as the settings demand.
    async fn connect(&self) -> Result<AsyncSmtpConnection, (Stage, Error)> {
        let at = |stage| move |error| (stage, error);
        let (implicit, start_tls) = match &self.protection {
            Protection::Implicit(tls) => (Some(tls.clone()), None),
            Protection::StartTls(tls) => (None, Some(tls.clone())),
            Protection::None => (None, None),
        };
        let server = (self.host.as_str(), self.port);
        let name = ClientId::default();
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, None, &name, implicit, None)
                .await
                .map_err(at(Stage::Greeting))?;
        if let Some(tls) = start_tls {
            connection
                .starttls(tls, &name)
                .await
                .map_err(at(Stage::StartTls))?;
        }
        if let Some(credentials) = &self.credentials {
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], credentials)
                .await
                .map_err(at(Stage::SignIn))?;
        }
        Ok(connection)
    }

    /// The whole conversation, up to the server's word that it has the letter.
    async fn hand_over(&self, letter: Letter) -> Result<AsyncSmtpConnection, DeliveryError> {
        let mut connection = self
            .connect()
            .await
            .map_err(|(stage, error)| verdict(stage, &error))?;
        let mut parameters = Vec::new();
        if letter.needs_smtputf8() {
            // RFC 6531, 3.2: such an address is not for a server without it.
            let offered = connection.server_info();
            if !offered.supports_feature(Extension::SmtpUtfEight) {
                return Err(DeliveryError::BadRecipient);
            }
            parameters.push(MailParameter::SmtpUtfEight);
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        connection
            .command(Mail::new(Some(letter.from), parameters))
            .await
            .map_err(|error| verdict(Stage::Sender, &error))?;
        connection
            .command(Rcpt::new(letter.to, Vec::new()))
            .await
            .map_err(|error| verdict(Stage::Recipient, &error))?;
        connection
            .command(Data)
            .await
            .map_err(|error| verdict(Stage::Data, &error))?;
        connection
            .message(&letter.bytes)
            .await
            .map_err(|error| verdict(Stage::Letter, &error))?;
        Ok(connection)
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let deadline = Instant::now() + self.timeout;
        let letter = Letter::write(&self.from, message)?;
        let _place = timeout_at(deadline, self.connections.acquire())
            .await
            .map_err(|_| DeliveryError::Unavailable(String::from("too many mails under way")))?
            .expect("the semaphore is never closed");
        let mut connection = timeout_at(deadline, self.hand_over(letter))
            .await
            .map_err(|_| DeliveryError::TimedOut)??;
        // Good manners only: nothing that goes wrong now takes the mail back.
        let _ = timeout(GOODBYE, connection.quit()).await;
        Ok(())
    }

    fn name(&self) -> &'static str {
        "smtp"
    }

    /// Not so: mail servers deliver the same Message-ID twice.
    fn idempotent(&self) -> bool {
        false
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

fn trusted(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, SettingsError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca_file {
        let roots = Certificate::from_pem(&read_ca_file(path)?);
        builder = builder.add_root_certificate(roots.expect("the file was read as PEM just now"));
    }
    let parameters = builder.build_rustls();
    Ok(parameters.expect("the built-in roots parse, and so did those in the file"))
}
