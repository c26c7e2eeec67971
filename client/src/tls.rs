//! Whether a connection is encrypted, and how the server proves who it is.

use crate::error::ClientError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How the server has to prove who it is, before anything is said.
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// A certificate's SHA-256: of the authority that the server made for itself, as
/// its log shows it, or of the server's own certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// What is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 64 hexadecimal digits, with colons between them or without")]
pub struct NoFingerprint;

impl Tls {
    /// Trusts the server whose authority (or own certificate) has this fingerprint.
    /// By which name it was reached does not matter: nobody else has its key, and
    /// the authority signs for nobody else.
    #[must_use]
    pub fn pinned(fingerprint: Fingerprint) -> Self {
        let provider = Arc::new(ring::default_provider());
        let verifier = Pinned {
            fingerprint,
            provider: Arc::clone(&provider),
        };
        let config = builder(&provider)
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        // Which name that is, the verifier does not ask; and none is sent.
        let nowhere = std::net::IpAddr::from([0, 0, 0, 0]);
        Self::new(config.with_no_client_auth(), nowhere.into())
    }

    /// Trusts a server of this name (or address) whose certificate leads to one of
    /// the authorities in a file of PEM certificates.
    ///
    /// # Errors
    /// [`ClientError::Tls`] for a file or a name that cannot be used.
    pub fn with_ca_file(path: &Path, name: &str) -> Result<Self, ClientError> {
        let unusable =
            |why: &dyn fmt::Display| ClientError::Tls(format!("{}: {why}", path.display()));
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(path).map_err(|why| unusable(&why))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|why| unusable(&why))?;
            roots.add(certificate).map_err(|why| unusable(&why))?;
        }
        if roots.is_empty() {
            return Err(unusable(&"there is no certificate in it"));
        }
        Self::with_roots(roots, name)
    }

    /// Trusts a server of this name whose certificate leads to one of the public
    /// authorities.
    ///
    /// # Errors
    /// [`ClientError::Tls`] for a name that is none.
    pub fn public(name: &str) -> Result<Self, ClientError> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
        Self::with_roots(roots.collect(), name)
    }

    fn with_roots(roots: RootCertStore, name: &str) -> Result<Self, ClientError> {
        let name = ServerName::try_from(name.to_owned());
        let name = name.map_err(|_| ClientError::Tls("this is no server's name".into()))?;
        let config = builder(&Arc::new(ring::default_provider()));
        let config = config.with_root_certificates(roots);
        Ok(Self::new(config.with_no_client_auth(), name))
    }

    fn new(config: ClientConfig, name: ServerName<'static>) -> Self {
        Self {
            connector: Arc::new(config).into(),
            name,
        }
    }

    /// Shakes hands.
    pub(crate) async fn connect(
        &self,
        socket: TcpStream,
    ) -> Result<TlsStream<TcpStream>, ClientError> {
        let connecting = self.connector.connect(self.name.clone(), socket);
        connecting.await.map_err(|why| {
            let tls = why
                .get_ref()
                .and_then(|why| why.downcast_ref::<rustls::Error>());
            match tls {
                Some(tls) => ClientError::Tls(tls.to_string()),
                None => why.into(),
            }
        })
    }
}

fn builder(
    provider: &Arc<CryptoProvider>,
) -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has what these versions need")
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Fingerprint {
    /// The fingerprint of a certificate.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
        if digits.len() != 64 {
            return Err(NoFingerprint);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
                return Err(NoFingerprint);
            };
            *byte = u8::try_from(high << 4 | low).expect("two digits are a byte");
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Takes the one certificate that it knows, or what that has signed.
#[derive(Debug)]
struct Pinned {
    fingerprint: Fingerprint,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    /// Whether `authority` leads to the server's certificate, whatever its name.
    fn verify_path(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        authority: &CertificateDer<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        let provider = Arc::clone(&self.provider);
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|why| rustls::Error::General(why.to_string()))?;
        let nowhere = std::net::IpAddr::from([0, 0, 0, 0]).into();
        match verifier.verify_server_cert(end_entity, intermediates, &nowhere, &[], now) {
            // The name is looked at when all else is in order.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(()),
            verified => verified.map(drop),
        }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let is_pinned =
            |certificate: &CertificateDer<'_>| Fingerprint::of(certificate) == self.fingerprint;
        if !is_pinned(end_entity) {
            let authority = intermediates.iter().find(|issuer| is_pinned(issuer));
            let authority = authority.ok_or(CertificateError::UnknownIssuer)?;
            self.verify_path(end_entity, intermediates, authority, now)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests;
