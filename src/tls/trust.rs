//! What a client would think of a certificate, asked of the same code that our
//! clients ask.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, RootCertStore};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A certificate's SHA-256, as `openssl x509 -fingerprint -sha256` prints it.
#[must_use]
pub fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(certificate) {
        let colon = if text.is_empty() { "" } else { ":" };
        let _ = write!(text, "{colon}{byte:02X}");
    }
    text
}

/// A client that trusts one authority and no other.
pub(super) struct Truster(Arc<WebPkiServerVerifier>);

impl Truster {
    pub(super) fn of(authority: &CertificateDer<'static>) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone())?;
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = verifier
            .build()
            .map_err(|why| rustls::Error::General(why.to_string()))?;
        Ok(Self(verifier))
    }

    /// Whether it would find `certificate` expired, so long from now.
    pub(super) fn finds_ended(&self, certificate: &CertificateDer<'_>, from_now: Duration) -> bool {
        use CertificateError::{Expired, ExpiredContext};
        let found = self.complaint(certificate, from_now);
        matches!(found, Some(Expired | ExpiredContext { .. }))
    }

    /// Whether it would find that `certificate` is not valid yet.
    pub(super) fn finds_too_early(&self, certificate: &CertificateDer<'_>) -> bool {
        use CertificateError::{NotValidYet, NotValidYetContext};
        let found = self.complaint(certificate, Duration::ZERO);
        matches!(found, Some(NotValidYet | NotValidYetContext { .. }))
    }

    /// What it has against `certificate`: its time first, whoever signed it.
    fn complaint(
        &self,
        certificate: &CertificateDer<'_>,
        from_now: Duration,
    ) -> Option<CertificateError> {
        let anyone = ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into());
        let verified = self
            .0
            .verify_server_cert(certificate, &[], &anyone, &[], at(from_now));
        match verified {
            Err(rustls::Error::InvalidCertificate(why)) => Some(why),
            _ => None,
        }
    }

    /// Whether it would take `certificate` for `name`'s, so long from now.
    pub(super) fn trusts(
        &self,
        certificate: &CertificateDer<'_>,
        name: &str,
        from_now: Duration,
    ) -> bool {
        let Ok(name) = ServerName::try_from(name) else {
            return false;
        };
        self.0
            .verify_server_cert(certificate, &[], &name, &[], at(from_now))
            .is_ok()
    }
}

fn at(from_now: Duration) -> UnixTime {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    UnixTime::since_unix_epoch(since_epoch.unwrap_or_default() + from_now)
}
