//! What the drivers' settings have in common: which of them are refused, and
//! what is said about it.

use std::error::Error as StdError;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use thiserror::Error;

/// Why a driver cannot be built from its settings. The texts are for who wrote
/// the configuration; they never repeat a secret, nor a URL that may hold one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SettingsError {
    /// No host was given.
    #[error("the host is missing")]
    NoHost,
    /// Codes would cross a network unencrypted.
    #[error("`{host}` is not this machine, and without TLS codes would travel in the clear")]
    PlainText {
        /// The host as configured.
        host: String,
    },
    /// The sender is not an RFC 5322 mailbox.
    #[error("the sender is not a mailbox such as `Qunliao <chat@example.org>`")]
    BadSender,
    /// A user without a password, or the other way round.
    #[error("user and password belong together: give both, or neither")]
    HalfCredentials,
    /// The file of root certificates is of no use.
    #[error("no root certificates could be taken from {}: {reason}", path.display())]
    CaFile {
        /// The file as configured.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The URL is of no use.
    #[error("the URL {0}")]
    BadUrl(&'static str),
    /// A setting that cannot be done without.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A setting that cannot be what it is.
    #[error("{0} {1}")]
    Unfit(&'static str, &'static str),
    /// Signatures made with an empty secret prove nothing.
    #[error("the secret is empty")]
    EmptySecret,
    /// A timeout of zero would let nothing through.
    #[error("the timeout must be longer than zero")]
    ZeroTimeout,
}

/// Whether what is sent to `host` (no brackets, no port) stays on this machine:
/// `localhost` (RFC 6761, 6.3), 127.0.0.0/8 or ::1. A name that merely resolves
/// to them does not count: what it resolves to can change.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Whether `host` is an address that no router of the Internet passes on: RFC 1918,
/// link-local, or IPv6's unique local ones (RFC 4193). A name never is: what it
/// resolves to can change.
pub(crate) fn is_private(host: &str) -> bool {
    host.parse::<IpAddr>()
        .is_ok_and(|address| match address.to_canonical() {
            IpAddr::V4(address) => address.is_private() || address.is_link_local(),
            IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
        })
}

/// An IPv6 address may be written in brackets; what connects wants it bare.
pub(crate) fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// Reads a file of PEM certificates, and makes sure that each can be a root: the
/// TLS libraries would pass over some of what cannot, and trust nobody then.
pub(crate) fn read_ca_file(path: &Path) -> Result<Vec<u8>, SettingsError> {
    let refuse = |reason: &str| SettingsError::CaFile {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let pem = fs::read(path).map_err(|error| refuse(&error.kind().to_string()))?;
    if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Err(refuse("no certificate in it"));
    }
    let roots = Certificate::from_pem(&pem).map_err(|_| refuse("it is not PEM"))?;
    TlsParameters::builder(String::from("localhost"))
        .certificate_store(CertificateStore::None)
        .add_root_certificate(roots)
        .build_rustls()
        .map_err(|_| refuse("a certificate in it is damaged"))?;
    Ok(pem)
}

/// Whether `error` is, at its root, a certificate that we do not trust. The TLS
/// library's own error is wrapped beyond the reach of a downcast, hence by text;
/// a certificate is looked at before anything of ours is sent.
pub(crate) fn is_untrusted_certificate(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|error| error.to_string().contains("invalid peer certificate"))
}

/// What kind of I/O failure lies at the root of `error`, in words that hold
/// nothing of the conversation.
pub(crate) fn io_failure(error: &(dyn StdError + 'static)) -> String {
    chain(error)
        .find_map(|error| error.downcast_ref::<io::Error>())
        .map_or_else(
            || String::from("the conversation broke off"),
            |error| error.kind().to_string(),
        )
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::{is_loopback, is_private, without_brackets};

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.8.9.10", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "128.0.0.1",
            "0.0.0.0",
            "::",
            "10.0.0.1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn only_addresses_that_stay_in_the_house_are_private() {
        for host in [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.1",
            "192.168.1.1",
            "169.254.0.1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_private(host), "{host}");
        }
        for host in [
            "",
            "172.32.0.1",
            "192.169.0.1",
            "8.8.8.8",
            "2001:db8::1",
            "kannel.lan",
            "10.0.0.1.example.org",
        ] {
            assert!(!is_private(host), "{host}");
        }
    }

    #[test]
    fn brackets_come_off_only_in_pairs() {
        assert_eq!(without_brackets("[::1]"), "::1");
        assert_eq!(without_brackets("[::1"), "[::1");
        assert_eq!(without_brackets("example.org"), "example.org");
    }
}
