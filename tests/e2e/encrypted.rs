//! TLS by hand, beneath the wire: a client's side that waits.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use qunliao_client::Fingerprint;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::harness::Server;

/// Whom a client trusts.
#[derive(Clone)]
pub(crate) struct Trust(Arc<ClientConfig>);

impl Trust {
    /// The authorities in this file.
    pub(crate) fn of(authorities: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(authorities).expect("a file") {
            let certificate = certificate.expect("a certificate");
            roots.add(certificate).expect("an authority");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self(Arc::new(config))
    }

    /// What a client says first.
    pub(crate) fn client_hello(&self) -> Vec<u8> {
        let mut session = self.session();
        let mut hello = Vec::new();
        session.write_tls(&mut hello).expect("a Vec takes all");
        hello
    }

    fn session(&self) -> ClientConnection {
        let name = "localhost".try_into().expect("a name");
        ClientConnection::new(Arc::clone(&self.0), name).expect("a session")
    }
}

impl Server {
    /// The fingerprint of its own authority, as the log shows it.
    pub(crate) fn authority(&self) -> Fingerprint {
        let line = self.wait_for_log("ca_sha256=");
        let (_, text) = line.rsplit_once('=').expect("a value");
        text.parse().expect("a fingerprint")
    }

    /// What a client trusts that knows its own authority.
    pub(crate) fn trust(&self) -> Trust {
        Trust::of(&self.home().data().join("tls/authority.pem"))
    }
}

/// A connection within TLS.
pub(crate) struct Encrypted(StreamOwned<ClientConnection, TcpStream>);

impl Encrypted {
    /// Shakes hands.
    pub(crate) fn begin(stream: TcpStream, trust: &Trust) -> io::Result<Self> {
        let mut stream = StreamOwned::new(trust.session(), stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self(stream))
    }

    /// These bytes as records, which the caller sends.
    pub(crate) fn seal(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        self.0.conn.writer().write_all(bytes).expect("it is taken");
        while self.0.conn.wants_write() {
            self.0.conn.write_tls(&mut sealed).expect("a Vec takes all");
        }
        sealed
    }

    /// The certificate that the server showed.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        let chain = self.0.conn.peer_certificates().expect("a handshake");
        chain[0].to_vec()
    }

    /// Tells the server that no more will come.
    pub(crate) fn say_goodbye(&mut self) {
        self.0.conn.send_close_notify();
        self.0.flush().expect("the server reads");
    }
}

impl Read for Encrypted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Encrypted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
