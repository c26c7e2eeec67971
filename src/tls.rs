//! TLS of the server: the certificate it shows, where that comes from, and how a
//! new one takes its place while connections go on.
//!
//! The certificate is either one that somebody put there, as two files, or one of
//! our own ([`authority`]). Everything else of TLS is decided here, once.

mod authority;
pub(crate) mod inspect;
mod pair;
mod trust;
mod watch;

pub use authority::{Authority, AuthorityError};
pub use pair::{PairError, load_pair};
pub use trust::fingerprint;
pub(crate) use watch::watch;

use crate::config::{Config, TlsMode};
use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// The folder of what we make ourselves, within the data folder.
const FOLDER: &str = "tls";
/// What we speak on the web port, within TLS.
const ALPN_WEB: &[u8] = b"http/1.1";

/// The server's side of TLS.
pub(crate) struct Tls {
    /// For the three ports.
    pub(crate) ports: Arc<ServerConfig>,
    /// For the web port.
    pub(crate) web: Arc<ServerConfig>,
    shown: Arc<Shown>,
    source: Source,
}

/// Where the certificate comes from.
#[derive(Clone)]
enum Source {
    /// Files that somebody else takes care of.
    Files { cert: PathBuf, key: PathBuf },
    /// We make it.
    Authority { folder: PathBuf, names: Names },
}

/// What a certificate of our own is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Names and addresses that it has to have.
    pub wanted: Vec<String>,
    /// Those that we found out, and that it has where it may.
    pub found: Vec<String>,
}

/// The certificate that is shown now.
struct Shown(RwLock<Arc<CertifiedKey>>);

impl Shown {
    fn set(&self, key: CertifiedKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
    }

    fn get(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.get())
    }
}

impl Tls {
    /// What the configuration asks for: `None` without TLS.
    ///
    /// # Errors
    /// A certificate that cannot be used or made, in a sentence.
    pub(crate) fn open(config: &Config, data: &Path) -> anyhow::Result<Option<Self>> {
        if config.tls.mode == TlsMode::Off {
            return Ok(None);
        }
        let source = match (&config.tls.cert_file, &config.tls.key_file) {
            (Some(cert), Some(key)) => Source::Files {
                cert: cert.clone(),
                key: key.clone(),
            },
            _ => Source::Authority {
                folder: data.join(FOLDER),
                names: names(config),
            },
        };
        let shown = Arc::new(Shown(RwLock::new(Arc::new(source.load()?))));
        let ports = server_config(Arc::clone(&shown)).context("tls")?;
        let mut web = ports.clone();
        web.alpn_protocols = vec![ALPN_WEB.to_vec()];
        Ok(Some(Self {
            ports: Arc::new(ports),
            web: Arc::new(web),
            shown,
            source,
        }))
    }

    /// Says what is shown, so that people can compare.
    pub(crate) fn tell(&self, mode: TlsMode) {
        let mode = format!("{mode:?}").to_lowercase();
        match &self.source {
            Source::Files { .. } => {
                let certificate = fingerprint(&self.shown.get().cert[0]);
                log::info!(
                    "event=tls mode={mode} certificate=files certificate_sha256={certificate}"
                );
            }
            Source::Authority { folder, .. } => match Authority::fingerprint_in(folder) {
                Ok(authority) => {
                    log::info!("event=tls mode={mode} certificate=auto ca_sha256={authority}");
                }
                Err(why) => log::error!("event=certificate_refused error=\"{why}\""),
            },
        }
    }
}

impl Source {
    fn load(&self) -> anyhow::Result<CertifiedKey> {
        match self {
            Self::Files { cert, key } => Ok(load_pair(cert, key)?),
            Self::Authority { folder, names } => {
                Ok(Authority::open(folder, names)?.certify(names)?)
            }
        }
    }
}

fn server_config(shown: Arc<Shown>) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(shown);
    // A phone that comes back shakes hands more cheaply, and we remember nothing.
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}

/// What people may reach this server by, as far as we know.
fn names(config: &Config) -> Names {
    let mut names = Names {
        wanted: config.tls.names.clone(),
        found: vec!["localhost".into(), "127.0.0.1".into(), "::1".into()],
    };
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .to_lowercase();
    let is_name = |name: &str| rustls::pki_types::DnsName::try_from(name).is_ok();
    if !name.contains('.') {
        // As the machines of a small network call each other.
        names.found.push(format!("{name}.local"));
    }
    names.found.push(name);
    let listen = &config.listen;
    for address in [listen.auth, listen.chat, listen.files, listen.web] {
        let ip = address.ip().to_canonical();
        if ip.is_unspecified() {
            names
                .found
                .extend(outward_address(ip).map(|ip| ip.to_string()));
        } else {
            names.wanted.push(ip.to_string());
        }
    }
    let is_address = |name: &str| name.parse::<IpAddr>().is_ok();
    names.found.retain(|name| is_address(name) || is_name(name));
    for list in [&mut names.wanted, &mut names.found] {
        list.sort_unstable();
        list.dedup();
    }
    let wanted = &names.wanted;
    names.found.retain(|name| !wanted.contains(name));
    names
}

/// The address that this machine reaches others from. Nothing is sent for that.
fn outward_address(unspecified: IpAddr) -> Option<IpAddr> {
    // Addresses of documentation (RFC 5737, RFC 3849): the way there is the default way.
    let elsewhere: IpAddr = match unspecified {
        IpAddr::V4(_) => [192, 0, 2, 1].into(),
        IpAddr::V6(_) => [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(),
    };
    let socket = std::net::UdpSocket::bind(SocketAddr::new(unspecified, 0)).ok()?;
    socket.connect((elsewhere, 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified()).then_some(ip)
}
