//! The configuration: `config.yaml`, then the environment, over built-in defaults.
//!
//! The shipped `config.yaml` documents every key with its default, unit and
//! reason; a test holds the two against each other. A key of the file can come
//! from the environment as `QUNLIAO_` and its path in capitals, the parts divided
//! by `__` (`QUNLIAO_LISTEN__AUTH`), its value written as in YAML.

mod check;
mod complaint;
pub mod delivery;
mod gateways;
mod overlay;
mod secret;
mod security;

pub use delivery::Delivery;
pub use secret::SecretText;
pub use security::{Proxies, Tls, TlsMode};

use qunliao_actors::Limits;
use qunliao_actors::auth_registry::{CodeSettings, RegistrationSettings};
use serde::Deserialize;
use serde_json::Value;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What every environment variable of ours begins with.
const ENV_PREFIX: &str = "QUNLIAO_";
/// The file that is read when none is named.
pub(crate) const DEFAULT_FILE: &str = "config.yaml";

/// Everything that can be configured.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What the server calls itself to clients.
    pub name: String,
    /// The folder of all data.
    pub data_dir: PathBuf,
    /// The language of sentences, messages and mails: `zh` or `en`.
    pub language: LanguageName,
    /// Where the server listens.
    pub listen: Listen,
    /// Encryption.
    pub tls: Tls,
    /// Proxies in front of the server.
    pub proxies: Proxies,
    /// What sign-up demands.
    pub registration: RegistrationSettings,
    /// Codes.
    pub codes: CodeSettings,
    /// Sessions.
    pub sessions: Sessions,
    /// The web port.
    pub web: Web,
    /// How codes and mails travel.
    pub delivery: Delivery,
    /// Storage.
    pub storage: Storage,
    /// Details of the wire.
    pub protocol: Protocol,
    /// Every limit.
    pub limits: Limits,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LanguageName {
    /// 简体中文
    Zh,
    /// English
    En,
}

/// Where the server listens. Port 0 takes a free one; the log says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// Sign-in and sign-up.
    pub auth: SocketAddr,
    /// Chat.
    pub chat: SocketAddr,
    /// Files.
    pub files: SocketAddr,
    /// HTTP.
    pub web: SocketAddr,
}

/// Sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sessions {
    /// Days after which a session ends that is not used.
    pub idle_days: u32,
    /// Days after which a session ends in any case.
    pub lifetime_days: u32,
    /// Sessions of one user; the oldest end when there are more.
    pub per_user_max: usize,
}

/// The web port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Its address as people have to write it; empty means what `listen.web` says.
    pub public_url: String,
}

/// Storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// Space that always stays free: below it writes are refused.
    pub reserve_mib: u64,
    /// Days for which the audit trail is kept.
    pub audit_days: u32,
}

impl Storage {
    /// The reserve in bytes.
    #[must_use]
    pub fn reserve_bytes(&self) -> u64 {
        self.reserve_mib.saturating_mul(1 << 20)
    }
}

/// Details of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Protocol {
    /// The `op` that answers a sign-up.
    pub register_reply_op: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "Qunliao 群聊".into(),
            data_dir: "data".into(),
            language: LanguageName::Zh,
            listen: Listen::default(),
            tls: Tls::default(),
            proxies: Proxies::default(),
            registration: RegistrationSettings::default(),
            codes: CodeSettings::default(),
            sessions: Sessions::default(),
            web: Web::default(),
            delivery: Delivery::default(),
            storage: Storage::default(),
            protocol: Protocol::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            auth: loopback(7001),
            chat: loopback(7002),
            files: loopback(7003),
            web: loopback(8080),
        }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            idle_days: 30,
            lifetime_days: 180,
            per_user_max: 32,
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            reserve_mib: 256,
            audit_days: 730,
        }
    }
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            register_reply_op: 2,
        }
    }
}

/// What is wrong with a configuration. Values are repeated only where they cannot be secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// The file is not a configuration; the text names the line.
    #[error("{0}: {1}")]
    Invalid(PathBuf, String),
    /// A variable of the environment is not part of one.
    #[error("the environment variable {0}: {1}")]
    Environment(String, String),
    /// The parts do not fit together.
    #[error("{0}: {1}")]
    Unfit(&'static str, String),
}

impl Config {
    /// Reads `file` (without one, `config.yaml` if it exists, else nothing) and
    /// lays the environment over it.
    ///
    /// # Errors
    /// [`ConfigError`], naming the key and its line, or the variable.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(why) if file.is_none() && why.kind() == std::io::ErrorKind::NotFound => {
                String::new()
            }
            Err(why) => return Err(ConfigError::Unreadable(path.to_owned(), why)),
        };
        Self::parse(&text, path, environment)
    }

    fn parse(
        text: &str,
        path: &Path,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let invalid = |why: String| ConfigError::Invalid(path.to_owned(), why);
        // A file of nothing but comments is a null to YAML, and all defaults to us.
        let is_empty = text
            .lines()
            .all(|line| matches!(line.trim_start().chars().next(), None | Some('#')));
        let text = if is_empty { "{}" } else { text };
        // Read once for its types: errors then have a line. Read once more as a tree,
        // which the environment can be laid over, and whose errors name the key.
        let typed = overlay::read_yaml::<Config>(text);
        let tree = overlay::read_yaml::<Value>(text);
        let (mut tree, mut config) = match (typed, tree) {
            (Ok(config), Ok(tree)) => (tree, config),
            (Err(why), Ok(tree)) => {
                return Err(invalid(match overlay::from_tree(&tree, true) {
                    Ok(_) => bare(&why),
                    Err(complaint) => match why.location() {
                        Some(at) => format!("line {}: {complaint}", at.line()),
                        None => complaint,
                    },
                }));
            }
            (_, Err(why)) => return Err(invalid(bare(&why))),
        };
        for (name, value) in environment {
            let Some(name) = name.to_str().filter(|name| name.starts_with(ENV_PREFIX)) else {
                continue;
            };
            let wrong = |why: &str| ConfigError::Environment(name.to_owned(), why.to_owned());
            let value = value.to_str().ok_or_else(|| wrong("is not UTF-8"))?;
            config = overlay::overlay(&mut tree, name, value).map_err(|why| wrong(&why))?;
        }
        if config.data_dir.as_os_str().is_empty() {
            let why = "must be a folder, such as data or /var/lib/qunliao, and is empty";
            return Err(ConfigError::Unfit("data_dir", why.to_owned()));
        }
        Ok(config)
    }
}

/// An error without the lines around it: there may be a password in one of them.
fn bare(why: &serde_saphyr::Error) -> String {
    why.without_snippet().to_string()
}

#[cfg(test)]
mod tests;
