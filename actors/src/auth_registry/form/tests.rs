//! Which forms are in order, and what each has to prove.

use super::*;
use crate::auth_registry::CodeSettings;
use std::time::Duration;

fn settings(verify: Verify) -> Settings {
    Settings {
        verify,
        approval: false,
        phones: PhoneBook::new("CN", vec!["+86".into()]).unwrap(),
        codes: CodeSettings::default(),
        session_idle: Duration::from_secs(60),
        session_lifetime: Duration::from_secs(60),
        sessions_max: 8,
        audit_kept: Duration::ZERO,
        bio_bytes_max: 100,
        language: qunliao_protocol::Language::English,
    }
}

fn ask() -> SignUp {
    SignUp {
        user_name: "小明".into(),
        user_pwd: "correct horse battery".into(),
        user_phone: Some("186 7128 9536".into()),
        user_vcode: Some("123456".into()),
        user_email: Some("Ming@Example.org".into()),
        user_ecode: None,
        invite: None,
        wants_session: true,
        device: None,
        language: None,
        asked_by: Network::of([192, 0, 2, 1].into()),
    }
}

fn refusal(ask: &SignUp, verify: Verify) -> Failure {
    match examine(ask, &settings(verify)) {
        Err(failure) => failure,
        Ok(_) => panic!("must be refused"),
    }
}

#[test]
fn with_sms_the_number_is_proved_and_the_address_only_noted() {
    let candidate = examine(&ask(), &settings(Verify::Sms)).unwrap();
    assert_eq!(candidate.phone.as_deref(), Some("+8618671289536"));
    assert_eq!(candidate.email.as_deref(), Some("ming@example.org"));
    assert_eq!(candidate.claims.len(), 1);
}

#[test]
fn with_email_the_one_code_of_the_origin_proves_the_address() {
    let candidate = examine(&ask(), &settings(Verify::Email)).unwrap();
    assert_eq!(proved(&candidate), [vec!["mail 123456"]]);
    let both = refusal(&ask(), Verify::Both);
    assert_eq!(both, Failure::MissingKey("user_ecode"));
}

/// What each claim can be proved with.
fn proved(candidate: &Candidate) -> Vec<Vec<String>> {
    let told = |proof: &Proof| match &proof.contact {
        Contact::Phone(_) => format!("phone {}", proof.code),
        Contact::Email(_) => format!("mail {}", proof.code),
    };
    let claims = candidate.claims.iter();
    let told = claims.map(|claim| std::iter::once(&claim.proof).chain(&claim.or).map(told));
    told.map(Iterator::collect).collect()
}

fn filled(phone: &str, vcode: &str, email: &str, ecode: &str) -> SignUp {
    let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    SignUp {
        user_phone: filled(phone),
        user_vcode: filled(vcode),
        user_email: filled(email),
        user_ecode: filled(ecode),
        ..ask()
    }
}

#[test]
fn with_either_one_of_the_two_is_proved_and_the_one_code_may_be_of_both() {
    let phone = "18671289536";
    let mail = "ming@example.org";
    for (form, claims) in [
        (filled(phone, "1", "", ""), vec![vec!["phone 1"]]),
        (filled("", "1", mail, ""), vec![vec!["mail 1"]]),
        (filled("", "", mail, "2"), vec![vec!["mail 2"]]),
        (filled(phone, "", mail, "2"), vec![vec!["mail 2"]]),
        (
            filled(phone, "1", mail, ""),
            vec![vec!["phone 1", "mail 1"]],
        ),
        (
            filled(phone, "1", mail, "2"),
            vec![vec!["phone 1"], vec!["mail 2"]],
        ),
    ] {
        let candidate = examine(&form, &settings(Verify::Either)).unwrap();
        assert_eq!(proved(&candidate), claims);
    }
    for (form, missing) in [
        (filled("", "1", "", "2"), "user_phone"),
        (filled(phone, "", mail, ""), "user_vcode"),
        (filled(phone, "", "", "2"), "user_vcode"),
        (filled("", "", mail, ""), "user_ecode"),
    ] {
        assert_eq!(refusal(&form, Verify::Either), Failure::MissingKey(missing));
    }
}

#[test]
fn an_invitation_takes_the_place_of_codes_and_lets_them_be_given() {
    let invited = |form: SignUp| SignUp {
        invite: Some("token".into()),
        ..form
    };
    for verify in [
        Verify::Sms,
        Verify::Email,
        Verify::Both,
        Verify::Either,
        Verify::Invite,
        Verify::None,
    ] {
        let bare = invited(filled("", "", "", ""));
        let candidate = examine(&bare, &settings(verify)).unwrap();
        assert!(candidate.claims.is_empty(), "{verify:?}");
        let full = invited(filled("18671289536", "1", "ming@example.org", "2"));
        let candidate = examine(&full, &settings(verify)).unwrap();
        assert_eq!(proved(&candidate), [["phone 1"], ["mail 2"]], "{verify:?}");
    }
    assert_eq!(refusal(&ask(), Verify::Invite), Failure::InviteNeeded);
    let endless = SignUp {
        invite: Some("x".repeat(INVITE_BYTES_MAX + 1)),
        ..ask()
    };
    assert_eq!(refusal(&endless, Verify::Sms), Failure::BadInvite);
    let bad = invited(filled("123", "", "", ""));
    assert_eq!(refusal(&bad, Verify::Invite), Failure::BadPhone);
    let named = SignUp {
        user_name: "13912345678".into(),
        ..invited(filled("13912345678", "", "", ""))
    };
    let fault = Failure::InvalidName(NameFault::OthersPhone);
    assert_eq!(refusal(&named, Verify::Invite), fault, "not a verified one");
}

#[test]
fn a_name_that_is_a_number_has_to_be_the_one_that_was_proved_at_last() {
    let named = SignUp {
        user_name: "18671289536".into(),
        ..ask()
    };
    let candidate = examine(&named, &settings(Verify::Either)).unwrap();
    let claim = &candidate.claims[0];
    let (phone, mail) = (claim.proof.clone(), claim.or.clone().unwrap());
    assert_eq!(candidate.check_name(&[phone]), Ok(()));
    let fault = Failure::InvalidName(NameFault::OthersPhone);
    assert_eq!(candidate.check_name(&[mail]), Err(fault));
}

#[test]
fn a_name_that_is_a_number_must_be_ones_own_verified_one() {
    let own = SignUp {
        user_name: "18671289536".into(),
        ..ask()
    };
    assert!(examine(&own, &settings(Verify::Sms)).is_ok());
    let fault = Failure::InvalidName(NameFault::OthersPhone);
    assert_eq!(refusal(&own, Verify::Email), fault);
    for other in [
        "13912345678",
        "+86 139 1234 5678",
        "＋８６１３９１２３４５６７８",
    ] {
        let others = SignUp {
            user_name: other.into(),
            ..ask()
        };
        assert_eq!(refusal(&others, Verify::Sms), fault, "{other}");
    }
}

#[test]
fn what_is_missing_or_bad_is_named() {
    let without = SignUp {
        user_phone: None,
        ..ask()
    };
    assert_eq!(
        refusal(&without, Verify::Sms),
        Failure::MissingKey("user_phone")
    );
    let without = SignUp {
        user_vcode: None,
        ..ask()
    };
    assert_eq!(
        refusal(&without, Verify::Sms),
        Failure::MissingKey("user_vcode")
    );
    let bad = SignUp {
        user_phone: Some("123".into()),
        ..ask()
    };
    assert_eq!(refusal(&bad, Verify::Sms), Failure::BadPhone);
    let bad = SignUp {
        user_email: Some("ming".into()),
        ..ask()
    };
    assert_eq!(refusal(&bad, Verify::Sms), Failure::BadEmail);
    let short = SignUp {
        user_pwd: "1867128".into(),
        ..ask()
    };
    assert!(matches!(
        refusal(&short, Verify::Sms),
        Failure::WeakPassword(_)
    ));
    let candidate = examine(&ask(), &settings(Verify::Sms)).unwrap();
    let first = guessed_first(&ask(), &candidate);
    assert_eq!(first, ["小明", "18671289536", "ming@example.org"]);
}
