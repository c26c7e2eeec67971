//! The part of the configuration that says how codes and mails travel.

mod defaults;
mod drivers;

pub use drivers::{SmsDriver, SmsDrivers};

use super::SecretText;
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;

/// How codes and mails travel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// By which ways codes reach phones, the first one first.
    pub sms: SmsDrivers,
    /// By which way they reach addresses.
    pub mail: MailDriver,
    /// Whether `outbox` may serve a server that others can reach.
    pub outbox_on_network: bool,
    /// How long all attempts at one message may take.
    pub deadline_seconds: u64,
    /// Failures in a row after which a way is tried last.
    pub failures_until_rest: u32,
    /// For how long.
    pub rest_seconds: u64,
    /// For `sms: aliyun`.
    pub aliyun: Aliyun,
    /// For `sms: tencent`.
    pub tencent: Tencent,
    /// For `sms: yunxin`.
    pub yunxin: Yunxin,
    /// For `sms: twilio`.
    pub twilio: Twilio,
    /// For `sms: kannel`.
    pub kannel: Kannel,
    /// For `sms: webhook`.
    pub webhook: Webhook,
    /// For `mail: smtp`.
    pub smtp: Smtp,
}

/// A way to addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailDriver {
    /// A file in the data folder.
    #[default]
    Outbox,
    /// A mail server.
    Smtp,
    /// There is none.
    None,
}

/// Alibaba Cloud.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Aliyun {
    /// Where it is.
    pub url: String,
    /// The id of the access key.
    pub access_key_id: String,
    /// The access key's secret.
    pub access_key_secret: SecretText,
    /// A file with that secret.
    pub access_key_secret_file: Option<PathBuf>,
    /// The registered signature.
    pub sign_name: String,
    /// The registered templates.
    pub templates: Templates,
    /// The variables of templates with a code.
    pub variables: Vec<VariableName>,
    /// PEM certificates to trust in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub timeout_seconds: u64,
}

/// Tencent Cloud.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tencent {
    /// Where it is.
    pub url: String,
    /// The id of the API key.
    pub secret_id: String,
    /// The API key's secret.
    pub secret_key: SecretText,
    /// A file with that secret.
    pub secret_key_file: Option<PathBuf>,
    /// The region of the service.
    pub region: String,
    /// The SMS application.
    pub sdk_app_id: Id,
    /// The registered signature.
    pub sign_name: String,
    /// The registered templates.
    pub templates: Templates,
    /// The variables `{1}`, `{2}` of templates with a code.
    pub variables: Vec<VariableName>,
    /// PEM certificates to trust in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub timeout_seconds: u64,
}

/// NetEase Yunxin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Yunxin {
    /// Where it is.
    pub url: String,
    /// The application's key.
    pub app_key: Id,
    /// The application's secret.
    pub app_secret: SecretText,
    /// A file with that secret.
    pub app_secret_file: Option<PathBuf>,
    /// The registered templates.
    pub templates: Templates,
    /// PEM certificates to trust in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub timeout_seconds: u64,
}

/// Twilio.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Twilio {
    /// Where it is.
    pub url: String,
    /// The account.
    pub account_sid: String,
    /// The account's token.
    pub auth_token: SecretText,
    /// A file with that token.
    pub auth_token_file: Option<PathBuf>,
    /// The number that messages come from, or
    pub from: String,
    /// the messaging service that chooses one.
    pub messaging_service_sid: String,
    /// PEM certificates to trust in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub timeout_seconds: u64,
}

/// Kannel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kannel {
    /// Its `sendsms` URL.
    pub url: String,
    /// Whether `http://` may go to private addresses.
    pub plain: bool,
    /// The user.
    pub username: String,
    /// The password.
    pub password: SecretText,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// Whom messages come from.
    pub from: String,
    /// PEM certificates to trust in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub timeout_seconds: u64,
}

/// The SMS webhook.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// What signs the requests.
    pub secret: SecretText,
    /// A file with that secret.
    pub secret_file: Option<PathBuf>,
    /// PEM certificates to trust in place of the public ones.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take.
    pub timeout_seconds: u64,
}

/// The mail server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port: 465 for `implicit`, 587 for `starttls`.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// The user name.
    pub user: String,
    /// The password.
    pub password: SecretText,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// Whom mails come from.
    pub from: String,
    /// PEM certificates to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// How long one mail may take.
    pub timeout_seconds: u64,
}

/// How a connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// From the first byte.
    Implicit,
    /// After STARTTLS, which is demanded.
    Starttls,
    /// Not at all: to loopback alone.
    None,
}

/// The templates that are registered with a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Templates {
    /// For a code to open an account with.
    pub register: Translations,
    /// For a code to prove a number with.
    pub confirm: Translations,
    /// For a code to set a new password with.
    pub reset: Translations,
    /// For the news that the account has another number.
    pub phone_changed: Translations,
    /// For the news that it has another address.
    pub email_changed: Translations,
    /// For the news that it has another password.
    pub password_changed: Translations,
    /// For the news that it is closed.
    pub account_closed: Translations,
    /// For the news that it was approved.
    pub approved: Translations,
}

/// The ids of one template. Empty means that there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Translations {
    /// In Chinese.
    pub zh: Id,
    /// In English.
    pub en: Id,
}

/// What a template with a code has a place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VariableName {
    /// The code.
    Code,
    /// For how many minutes it is valid.
    Minutes,
}

/// A provider's id, which may be written as a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Id(pub String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id")
            }

            fn visit_str<E>(self, text: &str) -> Result<Id, E> {
                Ok(Id(text.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
