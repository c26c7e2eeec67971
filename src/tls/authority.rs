//! An authority of our own: a certificate made at the first start that signs the
//! server's, and nothing that is not in its constraints.
//!
//! People who install it, or whose client knows its fingerprint, trust whoever
//! has its key. So the key stays in a folder that is the server's user's alone,
//! and the certificate itself says for which names it may be believed: those
//! known when it was made, this machine, and private networks.
//!
//! | file | what |
//! | --- | --- |
//! | `authority.pem` | its certificate, to be handed to people |
//! | `authority-key.pem` | its key |
//! | `server.pem` | the server's key and certificate, made anew when need be |

use super::Names;
use super::pair::read_chain;
use super::trust::{Truster, fingerprint};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long the authority lasts: as long as anyone runs the same server.
const AUTHORITY_LASTS: Duration = Duration::from_secs(20 * 365 * 24 * 3600);
/// How long a server's certificate lasts. Clients of Apple's refuse more than 825 days.
const SERVER_LASTS: Duration = Duration::from_secs(365 * 24 * 3600);
/// How long before its end it is made anew.
const RENEWED_BEFORE: Duration = Duration::from_secs(120 * 24 * 3600);
/// Clocks of clients may be behind.
const VALID_SINCE: Duration = DAY;

/// Networks whose addresses are nobody's in particular, with their prefixes: of a
/// server's moving within them clients need not be told.
const PRIVATE: [(&str, u8); 8] = [
    ("127.0.0.0", 8),
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("169.254.0.0", 16),
    ("::1", 128),
    ("fc00::", 7),
    ("fe80::", 10),
];

/// Why there is no authority, or no certificate by it.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file or folder fails.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// What is in a file cannot be used.
    #[error(
        "{0}: {1}; move the folder away to have a new authority made, which clients will have to be told of"
    )]
    Damaged(PathBuf, String),
    /// The authority was made without this name.
    #[error("tls.names, listen: the authority in {folder} may not sign for {name}, since that was not among its names when it was made; move the folder away to have a new one made, which clients will have to be told of", folder = .0.display(), name = .1)]
    NotPermitted(PathBuf, String),
    /// Something could not be made.
    #[error("making a certificate: {0}")]
    Making(String),
}

impl From<rcgen::Error> for AuthorityError {
    fn from(why: rcgen::Error) -> Self {
        Self::Making(why.to_string())
    }
}

impl From<rustls::Error> for AuthorityError {
    fn from(why: rustls::Error) -> Self {
        Self::Making(why.to_string())
    }
}

/// An authority.
pub struct Authority {
    folder: PathBuf,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    truster: Truster,
}

impl Authority {
    /// The authority in `folder`, made for `names` if there is none.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn open(folder: &Path, names: &Names) -> Result<Self, AuthorityError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        let made = builder.create(folder);
        made.map_err(|why| AuthorityError::Io(folder.to_owned(), why))?;
        let (cert_path, key_path) = (certificate_path(folder), folder.join("authority-key.pem"));
        if !cert_path.exists() {
            let key = KeyPair::generate()?;
            let certificate = authority_params(names)?.self_signed(&key)?;
            // The certificate last: with it the authority is there.
            write_private(&key_path, &key.serialize_pem())?;
            write_private(&cert_path, &certificate.pem())?;
            log::info!("event=authority_made");
        }
        let damaged = |path: &Path, why: String| AuthorityError::Damaged(path.to_owned(), why);
        let certificate = read_certificate(folder)?;
        let pem = fs::read_to_string(&key_path);
        let pem = pem.map_err(|why| AuthorityError::Io(key_path.clone(), why))?;
        let not_a_key = |_| damaged(&key_path, "this is no key".to_owned());
        let key = KeyPair::from_pem(&pem).map_err(not_a_key)?;
        let truster = Truster::of(&certificate);
        let truster = truster.map_err(|why| damaged(&cert_path, why.to_string()))?;
        Ok(Self {
            folder: folder.to_owned(),
            certificate,
            // What a certificate names of its issuer: always the same for ours.
            issuer: Issuer::new(authority_params(&Names::default())?, key),
            truster,
        })
    }

    /// The fingerprint of the authority in `folder`, for people to compare.
    ///
    /// # Errors
    /// [`AuthorityError::Damaged`], also where there is none.
    pub fn fingerprint_in(folder: &Path) -> Result<String, AuthorityError> {
        Ok(fingerprint(&read_certificate(folder)?))
    }

    /// The server's certificate, for all of `names` that it may be for: the one that
    /// is there, or a new one if that ends soon or lacks a name.
    ///
    /// # Errors
    /// [`AuthorityError`]; among others for a wanted name that it may not be for.
    pub fn certify(&self, names: &Names) -> Result<CertifiedKey, AuthorityError> {
        let mut permitted = Vec::new();
        for name in &names.wanted {
            if !self.permits(name)? {
                let folder = self.folder.clone();
                return Err(AuthorityError::NotPermitted(folder, name.clone()));
            }
            permitted.push(name.clone());
        }
        for name in &names.found {
            if self.permits(name)? {
                permitted.push(name.clone());
            } else {
                log::info!("event=certificate_lacks_name name={name}");
            }
        }
        let path = self.folder.join("server.pem");
        if let Some(pem) = self.still_good(&path, &permitted) {
            return self.certified(&pem);
        }
        let (pem, _) = self.sign(&permitted)?;
        write_private(&path, &pem)?;
        log::info!("event=certificate_made names={}", permitted.len());
        self.certified(&pem)
    }

    /// The key and certificate in `path`, if clients will take them for some time.
    fn still_good(&self, path: &Path, names: &[String]) -> Option<String> {
        let pem = fs::read_to_string(path).ok()?;
        let leaf = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
        let is_good = |name: &String| self.truster.trusts(&leaf, name, RENEWED_BEFORE);
        (names.iter().all(is_good) && self.certified(&pem).is_ok()).then_some(pem)
    }

    fn certified(&self, pem: &str) -> Result<CertifiedKey, AuthorityError> {
        let unreadable =
            |why: rustls::pki_types::pem::Error| AuthorityError::Making(why.to_string());
        let leaf = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(unreadable)?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(unreadable)?;
        // The authority goes with it, so that whoever knows its fingerprint finds it.
        let chain = vec![leaf, self.certificate.clone()];
        Ok(CertifiedKey::from_der(
            chain,
            key,
            &ring::default_provider(),
        )?)
    }

    /// Whether clients would believe this authority for a name: tried out.
    pub(super) fn permits(&self, name: &str) -> Result<bool, AuthorityError> {
        let (_, leaf) = self.sign(&[name.to_owned()])?;
        Ok(self.truster.trusts(&leaf, name, Duration::ZERO))
    }

    /// A new key and its certificate.
    fn sign(&self, names: &[String]) -> Result<(String, CertificateDer<'static>), AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named("Qunliao");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        lasting(&mut params, SERVER_LASTS);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let pem = format!("{}{}", key.serialize_pem(), certificate.pem());
        Ok((pem, certificate.into()))
    }
}

fn certificate_path(folder: &Path) -> PathBuf {
    folder.join("authority.pem")
}

fn read_certificate(folder: &Path) -> Result<CertificateDer<'static>, AuthorityError> {
    let path = certificate_path(folder);
    match read_chain(&path) {
        Ok(mut chain) => Ok(chain.swap_remove(0)),
        Err(why) => Err(AuthorityError::Damaged(path, why)),
    }
}

fn authority_params(names: &Names) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = named("Qunliao private authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let private = PRIVATE.iter().map(|(address, prefix)| {
        let address: IpAddr = address.parse().expect("these are addresses");
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, *prefix))
    });
    let named = names.wanted.iter().chain(&names.found);
    let named = named.map(|name| match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => {
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(v4.octets(), 32))
        }
        Ok(IpAddr::V6(v6)) => {
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(v6.octets(), 128))
        }
        Err(_) => GeneralSubtree::DnsName(name.clone()),
    });
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: private.chain(named).collect(),
        excluded_subtrees: Vec::new(),
    });
    lasting(&mut params, AUTHORITY_LASTS);
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn lasting(params: &mut CertificateParams, lasts: Duration) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = rcgen::date_time_ymd(1970, 1, 1) + now.unwrap_or_default();
    params.not_before = now - VALID_SINCE;
    params.not_after = now + lasts;
}

/// Writes a file that its owner alone can read, whole or not at all.
fn write_private(path: &Path, text: &str) -> Result<(), AuthorityError> {
    let write = || -> io::Result<()> {
        let unfinished = path.with_extension("new");
        match fs::remove_file(&unfinished) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|why| AuthorityError::Io(path.to_owned(), why))
}

#[cfg(test)]
mod tests;
