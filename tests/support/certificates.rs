//! A certificate authority for one test, and a certificate that it has signed.

// Each of the test programs that include this file uses a part of it.
#![allow(dead_code)]

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// PEM files in a temporary folder that goes with this value.
pub(crate) struct Certificates {
    /// The authority's certificate, which a client is to trust.
    pub(crate) authority: PathBuf,
    /// The server's certificate.
    pub(crate) server: PathBuf,
    /// The server's key.
    pub(crate) key: PathBuf,
    _folder: TempDir,
}

impl Certificates {
    /// Makes new ones, for a server at `localhost` or 127.0.0.1.
    pub(crate) fn make() -> Self {
        Self::make_for(&["localhost", "127.0.0.1"])
    }

    /// Makes new ones, for a server at any of `names`.
    pub(crate) fn make_for(names: &[&str]) -> Self {
        let authority_key = KeyPair::generate().expect("a key");
        let mut authority = CertificateParams::new(Vec::new()).expect("no names");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority
            .distinguished_name
            .push(DnType::CommonName, "an authority for tests");
        let authority_pem = authority
            .self_signed(&authority_key)
            .expect("a certificate")
            .pem();
        let issuer = Issuer::new(authority, authority_key);

        let names: Vec<String> = names.iter().copied().map(String::from).collect();
        let server_key = KeyPair::generate().expect("a key");
        let server_pem = CertificateParams::new(names)
            .expect("these are names")
            .signed_by(&server_key, &issuer)
            .expect("a certificate")
            .pem();

        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str, pem: String| {
            let path = folder.path().join(name);
            fs::write(&path, pem).expect("a temporary file");
            path
        };
        Self {
            authority: file("authority.pem", authority_pem),
            server: file("server.pem", server_pem),
            key: file("key.pem", server_key.serialize_pem()),
            _folder: folder,
        }
    }
}
