//! The sections `tls` and `proxies` of the configuration.

use crate::networks::Networks;
use serde::Deserialize;
use std::path::PathBuf;

/// Encryption of the four ports.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Who has to encrypt.
    pub mode: TlsMode,
    /// From where connections may be plain, with `optional`.
    pub plain_from: Networks,
    /// PEM: the server's certificate and those that lead to its authority. Without
    /// one, the server makes its own, and an authority to sign it.
    pub cert_file: Option<PathBuf>,
    /// PEM: the key that belongs to it.
    pub key_file: Option<PathBuf>,
    /// Names and addresses that a certificate of our own is for, besides those
    /// that the server finds out.
    pub names: Vec<String>,
}

/// Who has to encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Everyone.
    Required,
    /// Everyone but the networks of `plain_from`, who may.
    Optional,
    /// Nobody can.
    Off,
}

/// Proxies in front of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxies {
    /// Where they are: what comes from there says for whom it comes.
    pub trusted: Networks,
    /// Whether they take off TLS, so that what they forward counts as encrypted.
    pub terminate_tls: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            mode: TlsMode::Optional,
            plain_from: Networks::loopback(),
            cert_file: None,
            key_file: None,
            names: Vec::new(),
        }
    }
}
