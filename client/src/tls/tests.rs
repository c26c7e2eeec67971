//! What a pin takes, and what it does not.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::slice::from_ref;
use std::time::Duration;

struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().into();
    let issuer = Issuer::new(params, key);
    Authority {
        certificate,
        issuer,
    }
}

fn signed_by(
    authority: &Authority,
    change: impl FnOnce(&mut CertificateParams),
) -> CertificateDer<'static> {
    let mut params = CertificateParams::new(vec!["chat.example.org".to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    params.signed_by(&key, &authority.issuer).unwrap().into()
}

fn takes(
    pin: &CertificateDer<'_>,
    shown: &CertificateDer<'_>,
    with: &[CertificateDer<'_>],
) -> bool {
    let pinned = Pinned {
        fingerprint: Fingerprint::of(pin),
        provider: Arc::new(ring::default_provider()),
    };
    let name = ServerName::try_from("elsewhere.example").unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
    pinned
        .verify_server_cert(shown, with, &name, &[], now)
        .is_ok()
}

#[test]
fn a_pinned_authority_vouches_for_what_it_has_signed_whatever_the_name() {
    let (ours, other) = (authority(), authority());
    let server = signed_by(&ours, |_| {});
    assert!(takes(
        &ours.certificate,
        &server,
        from_ref(&ours.certificate)
    ));
    assert!(takes(&server, &server, &[]), "a pin of its own");
    // Shown beside a certificate that it has not signed, it proves nothing.
    let forged = signed_by(&other, |_| {});
    assert!(!takes(
        &ours.certificate,
        &forged,
        from_ref(&ours.certificate)
    ));
    let both = [other.certificate.clone(), ours.certificate.clone()];
    assert!(!takes(&ours.certificate, &forged, &both));
    assert!(!takes(
        &other.certificate,
        &server,
        from_ref(&ours.certificate)
    ));
    assert!(
        !takes(&ours.certificate, &server, &[]),
        "it has to be shown"
    );
}

#[test]
fn a_certificate_that_has_ended_is_not_taken() {
    let ours = authority();
    let ended = signed_by(&ours, |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    assert!(!takes(
        &ours.certificate,
        &ended,
        from_ref(&ours.certificate)
    ));
}

#[test]
fn a_fingerprint_is_read_as_it_is_written() {
    let fingerprint = Fingerprint::of(&authority().certificate);
    let text = fingerprint.to_string();
    assert_eq!((text.len(), text.parse()), (95, Ok(fingerprint)));
    let bare = text.replace(':', "").to_lowercase();
    assert_eq!(bare.parse(), Ok(fingerprint));
    let long = format!("{bare}00");
    for wrong in ["", &bare[1..], &long, &bare.replace(&bare[..1], "g")] {
        assert_eq!(wrong.parse::<Fingerprint>(), Err(NoFingerprint), "{wrong}");
    }
}
