//! The certificate that a server shows or would show, looked at from outside:
//! nothing is made, and nothing is renewed.

use super::trust::Truster;
use super::{Authority, FOLDER, fingerprint, load_pair, names};
use crate::config::{Config, TlsMode};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use std::path::PathBuf;
use std::time::Duration;

const DAY: u64 = 24 * 3600;

/// What there is.
pub(crate) enum Found {
    /// TLS is off.
    Off,
    /// The first start will make an authority.
    NotYet,
    /// A pair of files, of which this is the certificate's.
    Files(PathBuf, Leaf),
    /// An authority of our own.
    Own(Own),
}

/// An authority of our own, and what it has signed.
pub(crate) struct Own {
    /// The authority's fingerprint, as clients pin it.
    pub(crate) fingerprint: String,
    /// The certificate, if it has been made.
    pub(crate) leaf: Option<Leaf>,
    /// Names that the authority may not sign for, and that it should.
    pub(crate) refused: Vec<String>,
    /// Names that the certificate should have.
    pub(crate) wanted: Vec<String>,
}

/// A server's certificate.
pub(crate) struct Leaf(CertificateDer<'static>);

/// For how long a certificate is good, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasts {
    /// It is not valid yet.
    NotYet,
    /// For so many days.
    For(u64),
    /// It has ended.
    Ended,
}

/// Looks.
///
/// # Errors
/// What cannot be read or used, in a sentence.
pub(crate) fn inspect(config: &Config) -> anyhow::Result<Found> {
    if config.tls.mode == TlsMode::Off {
        return Ok(Found::Off);
    }
    if let (Some(cert), Some(key)) = (&config.tls.cert_file, &config.tls.key_file) {
        let mut pair = load_pair(cert, key)?;
        return Ok(Found::Files(cert.clone(), Leaf(pair.cert.swap_remove(0))));
    }
    let folder = config.data_dir.join(FOLDER);
    // Opening it would make one.
    if !folder.join("authority.pem").try_exists()? {
        return Ok(Found::NotYet);
    }
    let names = names(config);
    let authority = Authority::open(&folder, &names)?;
    let mut refused = Vec::new();
    for name in &names.wanted {
        if !authority.permits(name)? {
            refused.push(name.clone());
        }
    }
    let leaf = CertificateDer::from_pem_file(folder.join("server.pem"));
    Ok(Found::Own(Own {
        fingerprint: Authority::fingerprint_in(&folder)?,
        leaf: leaf.ok().map(Leaf),
        refused,
        wanted: names.wanted,
    }))
}

impl Leaf {
    /// For how long it is good, as a client's own judgement says.
    pub(crate) fn lasts(&self) -> Result<Lasts, rustls::Error> {
        let client = Truster::of(&self.0)?;
        if client.finds_ended(&self.0, Duration::ZERO) {
            return Ok(Lasts::Ended);
        }
        if client.finds_too_early(&self.0) {
            return Ok(Lasts::NotYet);
        }
        // None is issued for longer than this.
        let (mut good, mut ended) = (0, 100 * 366);
        while ended - good > 1 {
            let middle = good + (ended - good) / 2;
            if client.finds_ended(&self.0, Duration::from_secs(middle * DAY)) {
                ended = middle;
            } else {
                good = middle;
            }
        }
        Ok(Lasts::For(good))
    }

    /// Those of `names` that clients would not take it for.
    pub(crate) fn lacks(&self, names: &[String]) -> Vec<String> {
        let has = |name: &&String| {
            let parsed = ParsedCertificate::try_from(&self.0);
            let name = ServerName::try_from(name.as_str());
            let (Ok(parsed), Ok(name)) = (parsed, name) else {
                return false;
            };
            rustls::client::verify_server_name(&parsed, &name).is_ok()
        };
        let lacking = names.iter().filter(|name| !has(name));
        lacking.cloned().collect()
    }

    /// Its own fingerprint.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};
    use std::path::Path;
    use std::time::SystemTime;

    /// A pair for `name` in `folder`, that lasts from and to so many hours from now.
    pub(crate) fn write_pair(folder: &Path, name: &str, from: i64, to: i64) -> Config {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = i64::try_from(now.unwrap().as_secs()).unwrap();
        let at = |hours: i64| {
            let since = u64::try_from(now + hours * 3600).unwrap();
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(since)
        };
        (params.not_before, params.not_after) = (at(from), at(to));
        let (cert, secret) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&cert, params.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(&secret, key.serialize_pem()).unwrap();
        let mut config = Config::default();
        config.tls.cert_file = Some(cert);
        config.tls.key_file = Some(secret);
        config
    }

    fn leaf(from: i64, to: i64) -> Leaf {
        let folder = tempfile::tempdir().unwrap();
        let config = write_pair(folder.path(), "chat.example.org", from, to);
        match inspect(&config).unwrap() {
            Found::Files(_, leaf) => leaf,
            _ => panic!("these are files"),
        }
    }

    #[test]
    fn days_are_whole_ones() {
        for (from, to, lasts) in [
            (-48, -1, Lasts::Ended),
            (1, 48, Lasts::NotYet),
            (-1, 23, Lasts::For(0)),
            (-1, 25, Lasts::For(1)),
            (-1, 20 * 24 + 1, Lasts::For(20)),
            (-1, 365 * 24 + 1, Lasts::For(365)),
        ] {
            assert_eq!(leaf(from, to).lasts(), Ok(lasts), "{from} {to}");
        }
    }

    #[test]
    fn names_that_are_lacking_are_named() {
        let names = ["chat.example.org", "other.example.org", "192.0.2.7"];
        let names = names.map(str::to_owned);
        assert_eq!(leaf(-1, 25).lacks(&names), names[1..]);
    }

    #[test]
    fn looking_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            data_dir: folder.path().join("data"),
            ..Config::default()
        };
        assert!(matches!(inspect(&config).unwrap(), Found::NotYet));
        assert!(!config.data_dir.exists());
        let tls = config.data_dir.join(FOLDER);
        let made = Authority::open(&tls, &names(&config)).unwrap();
        let Found::Own(own) = inspect(&config).unwrap() else {
            panic!("there is one");
        };
        assert!(own.leaf.is_none() && own.refused.is_empty());
        assert_eq!(own.fingerprint, Authority::fingerprint_in(&tls).unwrap());
        made.certify(&names(&config)).unwrap();
        config.tls.names = vec!["chat.example.org".to_owned()];
        let Found::Own(own) = inspect(&config).unwrap() else {
            panic!("there is one");
        };
        assert_eq!(own.refused, config.tls.names);
        // Of the last day, some of it may be over.
        let lasts = own.leaf.unwrap().lasts();
        assert!(matches!(lasts, Ok(Lasts::For(364..=365))), "{lasts:?}");
    }
}
