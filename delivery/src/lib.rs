//! Codes and notices on their way to a phone or an address.
//!
//! What is sent is a [`Message`]; what carries it is an [`SmsGateway`] or a
//! [`Mailer`]. Over HTTP there are [`Aliyun`], [`Tencent`] and [`Yunxin`], which
//! send registered templates, and [`Twilio`], [`Kannel`] and [`Webhook`] (the
//! operator's own endpoint), which send our sentences; mail goes through [`Smtp`];
//! [`Outbox`] is a file that stands in for both. A driver tries once and says what
//! came of it as a [`DeliveryError`]. A [`Relay`] has several of them, tries again
//! and passes on where that is certainly safe, and knows which are alive.
//!
//! Nothing here prints a code, a number, an address or a secret: not in errors,
//! not in logs, not through `Debug`.

mod aliyun;
mod clock;
mod complaint;
mod date;
mod driver;
mod dry_run;
mod error;
mod http;
mod kannel;
mod message;
mod outbox;
mod provider;
mod relay;
mod retry;
mod secret;
mod settings;
mod signing;
mod smtp;
mod templates;
mod tencent;
mod texts;
mod twilio;
mod webhook;
mod yunxin;

pub use aliyun::{Aliyun, AliyunSettings};
pub use date::date_at;
pub use driver::{Mailer, SmsGateway};
pub use dry_run::DryRun;
pub use error::DeliveryError;
pub use http::Endpoint;
pub use kannel::{Kannel, KannelSettings};
pub use message::{Content, Kind, Language, Message, Notice, Purpose};
pub use outbox::Outbox;
pub use relay::{Patience, Relay, Rung};
pub use retry::Retry;
pub use secret::Secret;
pub use settings::SettingsError;
pub use smtp::{Smtp, SmtpSettings, SmtpTls};
pub use templates::{TemplateIds, Variable};
pub use tencent::{Tencent, TencentSettings};
pub use twilio::{Twilio, TwilioSender, TwilioSettings};
pub use webhook::{Webhook, WebhookSettings};
pub use yunxin::{Yunxin, YunxinSettings};
