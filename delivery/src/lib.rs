//! Codes on their way to a phone or an address.
//!
//! What is sent is a [`Message`]; what carries it is an [`SmsGateway`] or a
//! [`Mailer`]: [`Webhook`] (SMS through the operator's own HTTP endpoint),
//! [`Smtp`] (mail), or [`Outbox`] (a file that stands in for both). A driver
//! tries once and says what came of it as a [`DeliveryError`]; [`Retry`] alone
//! decides whether it is tried again.
//!
//! Nothing here prints a code, a number, an address or a secret: not in errors,
//! not in logs, not through `Debug`.

mod driver;
mod error;
mod message;
mod outbox;
mod retry;
mod secret;
mod settings;
mod smtp;
mod texts;
mod webhook;

pub use driver::{Mailer, SmsGateway};
pub use error::DeliveryError;
pub use message::{Language, Message, Purpose};
pub use outbox::Outbox;
pub use retry::{Retry, send_with_retries};
pub use secret::Secret;
pub use settings::SettingsError;
pub use smtp::{Smtp, SmtpSettings, SmtpTls};
pub use webhook::{Webhook, WebhookSettings};
