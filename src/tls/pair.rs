//! A certificate and its key, from two PEM files.

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// A file cannot be read, or is not what it should be.
    #[error("{0}: {1}")]
    File(PathBuf, String),
    /// They are not for each other.
    #[error("{cert} and {key} do not belong together: {why}", cert = .cert.display(), key = .key.display())]
    Unfit {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's.
        key: PathBuf,
        /// What does not fit.
        why: rustls::Error,
    },
}

/// Reads a certificate, with those that lead to its authority, and its key.
///
/// # Errors
/// [`PairError`], naming the file.
pub fn load_pair(cert: &Path, key: &Path) -> Result<CertifiedKey, PairError> {
    let file = |path: &Path, why| PairError::File(path.to_owned(), why);
    let chain = read_chain(cert).map_err(|why| file(cert, why))?;
    let secret = PrivateKeyDer::from_pem_file(key);
    let secret = secret.map_err(|why| file(key, reason("key", &why)))?;
    CertifiedKey::from_der(chain, secret, &ring::default_provider()).map_err(|why| {
        PairError::Unfit {
            cert: cert.to_owned(),
            key: key.to_owned(),
            why,
        }
    })
}

/// Reads certificates: at least one. An error tells what is wrong with the file.
pub(super) fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let error = |why: pem::Error| reason("certificate", &why);
    let chain = CertificateDer::pem_file_iter(path).map_err(error)?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(error)?;
    if chain.is_empty() {
        return Err(error(pem::Error::NoItemsFound));
    }
    Ok(chain)
}

/// Never repeats what is in the file: there may be a key in it.
fn reason(what: &str, why: &pem::Error) -> String {
    match why {
        pem::Error::Io(why) => why.to_string(),
        pem::Error::NoItemsFound => format!("there is no {what} in PEM form in it"),
        _ => "it is not in PEM form".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};
    use std::fs;

    fn write_pair(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let (cert_path, key_path) = (folder.join(format!("{name}.pem")), folder.join(name));
        fs::write(&cert_path, params.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(&key_path, key.serialize_pem()).unwrap();
        (cert_path, key_path)
    }

    #[test]
    fn a_pair_is_read_and_what_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = write_pair(folder.path(), "one");
        let (_, other_key) = write_pair(folder.path(), "two");
        assert!(load_pair(&cert, &key).is_ok());
        let why = |cert: &Path, key: &Path| load_pair(cert, key).unwrap_err().to_string();
        assert!(why(&cert, &other_key).contains("do not belong together"));
        assert!(why(&cert, &cert).contains("no key in PEM form"));
        assert!(why(&key, &key).contains("no certificate in PEM form"));
        assert!(why(&folder.path().join("none"), &key).contains("none: No such file"));
        let half = fs::read(&cert).unwrap();
        fs::write(&cert, &half[..half.len() / 2]).unwrap();
        assert!(why(&cert, &key).starts_with(&cert.display().to_string()));
    }

    #[test]
    fn an_error_does_not_show_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = write_pair(folder.path(), "one");
        let broken = fs::read_to_string(&key).unwrap().replace("END", "NED");
        fs::write(&key, &broken).unwrap();
        let why = load_pair(&cert, &key).unwrap_err();
        let secret = broken.lines().nth(1).unwrap();
        assert!(!format!("{why} {why:?}").contains(secret));
    }
}
