//! An authority that is kept, its constraints, and certificates that are renewed.

use super::*;
use std::os::unix::fs::PermissionsExt as _;

fn names(wanted: &[&str], found: &[&str]) -> Names {
    let own = |names: &[&str]| names.iter().copied().map(String::from).collect();
    Names {
        wanted: own(wanted),
        found: own(found),
    }
}

fn trusts(authority: &Authority, certified: &CertifiedKey, name: &str) -> bool {
    authority
        .truster
        .trusts(&certified.cert[0], name, Duration::ZERO)
}

#[test]
fn it_is_made_once_and_kept_where_its_owner_alone_can_read() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("tls");
    let names = names(&["chat.example.org"], &["localhost", "127.0.0.1"]);
    let authority = Authority::open(&folder, &names).unwrap();
    let certified = authority.certify(&names).unwrap();
    for name in ["chat.example.org", "localhost", "127.0.0.1"] {
        assert!(trusts(&authority, &certified, name), "{name}");
    }
    assert!(!trusts(&authority, &certified, "example.org"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let files: Vec<PathBuf> = files.collect();
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600));

    let fingerprint = Authority::fingerprint_in(&folder).unwrap();
    let again = Authority::open(&folder, &names).unwrap();
    assert_eq!(again.certify(&names).unwrap().cert, certified.cert);
    assert_eq!(Authority::fingerprint_in(&folder).unwrap(), fingerprint);
}

#[test]
fn it_signs_for_what_it_was_made_for_and_for_private_networks_alone() {
    let data = tempfile::tempdir().unwrap();
    let first = names(&["chat.example.org"], &["localhost", "203.0.113.9"]);
    let authority = Authority::open(data.path(), &first).unwrap();
    for name in [
        "10.1.2.3",
        "192.168.7.1",
        "fd00::7",
        "::1",
        "203.0.113.9",
        "a.chat.example.org",
    ] {
        assert!(authority.permits(name).unwrap(), "{name}");
    }
    for name in ["example.org", "bank.example", "203.0.113.10", "2001:db8::1"] {
        assert!(!authority.permits(name).unwrap(), "{name}");
    }
    let refused = authority
        .certify(&names(&["bank.example"], &[]))
        .unwrap_err();
    assert!(refused.to_string().contains("bank.example"), "{refused}");
    // What we only found out is left out.
    let renamed = names(&["chat.example.org"], &["new-name", "10.0.0.9"]);
    let certified = authority.certify(&renamed).unwrap();
    assert!(trusts(&authority, &certified, "10.0.0.9"));
    assert!(!trusts(&authority, &certified, "new-name"));
}

#[test]
fn a_certificate_is_made_anew_when_it_lacks_a_name_or_is_damaged() {
    let data = tempfile::tempdir().unwrap();
    let few = names(&[], &["localhost"]);
    let authority = Authority::open(data.path(), &few).unwrap();
    let first = authority.certify(&few).unwrap();
    let more = names(&["10.0.0.7"], &["localhost"]);
    let second = authority.certify(&more).unwrap();
    assert_ne!(first.cert[0], second.cert[0]);
    assert_eq!(first.cert[1], second.cert[1], "by the same authority");
    let path = data.path().join("server.pem");
    let half = fs::read_to_string(&path).unwrap();
    fs::write(&path, &half[..half.len() / 2]).unwrap();
    let third = authority.certify(&more).unwrap();
    assert_ne!(second.cert[0], third.cert[0]);
}

#[test]
fn a_certificate_is_made_anew_long_before_it_ends() {
    let data = tempfile::tempdir().unwrap();
    let names = names(&[], &["localhost"]);
    let authority = Authority::open(data.path(), &names).unwrap();
    let certified = authority.certify(&names).unwrap();
    let trusts = |from_now| {
        authority
            .truster
            .trusts(&certified.cert[0], "localhost", from_now)
    };
    assert!(trusts(RENEWED_BEFORE) && !trusts(SERVER_LASTS + DAY));
    // One that has a month left is not good enough.
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    lasting(&mut params, 30 * DAY);
    let old = params.signed_by(&key, &authority.issuer).unwrap();
    let pem = format!("{}{}", key.serialize_pem(), old.pem());
    write_private(&data.path().join("server.pem"), &pem).unwrap();
    let renewed = authority.certify(&names).unwrap();
    assert_ne!(renewed.cert[0], *old.der());
    assert_ne!(renewed.cert[0], certified.cert[0]);
}

#[test]
fn a_damaged_authority_is_not_replaced_behind_peoples_backs() {
    let data = tempfile::tempdir().unwrap();
    let names = names(&[], &["localhost"]);
    Authority::open(data.path(), &names).unwrap();
    fs::write(data.path().join("authority.pem"), "no longer").unwrap();
    let why = Authority::open(data.path(), &names)
        .err()
        .expect("an error");
    assert!(matches!(why, AuthorityError::Damaged(..)), "{why}");
    assert!(why.to_string().contains("authority.pem"), "{why}");
}
