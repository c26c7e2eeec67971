//! Sign-up: what it needs, and what keeps it from succeeding.

use super::*;

#[actix_rt::test]
async fn a_code_by_sms_and_the_form_make_an_account_with_a_session() {
    let mut registry = Plan::default().build();
    assert_eq!(registry.ask(to_phone(&ALICE)).await, Ok(()));
    let (channel, parcel) = registry.parcel().await;
    assert_eq!((channel, &*parcel.to), (Channel::Sms, ALICE.phone.1));
    let code = code_of(&parcel);
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));

    let signed_in = registry.ask(ALICE.sign_up(&code)).await.ok().unwrap();
    assert_eq!(signed_in.user.name, ALICE.name);
    assert_eq!(signed_in.user.phone.as_deref(), Some(ALICE.phone.1));
    let first = signed_in.token.unwrap();
    let alice = registry.ask(token(&first)).await.ok().unwrap();
    assert_eq!(alice.person.id, signed_in.user.id);
}

#[actix_rt::test]
async fn a_wrong_code_is_no_end_while_tries_are_left() {
    let mut registry = Plan::default().build();
    let code = registry.code_by_phone(&ALICE).await;
    for _ in 0..3 {
        let refused = registry.refusal(ALICE.sign_up(&not(&code))).await;
        assert_eq!(refused, Failure::WrongCode);
    }
    assert!(registry.ask(ALICE.sign_up(&code)).await.is_ok());
}

#[actix_rt::test]
async fn five_wrong_tries_burn_a_code_and_no_new_one_comes_for_a_while() {
    let mut registry = Plan::default().build();
    let code = registry.code_by_phone(&ALICE).await;
    for _ in 0..3 {
        registry.refusal(ALICE.sign_up(&not(&code))).await;
    }
    // A new code does not make the tries anew.
    let code = registry.code_by_phone(&ALICE).await;
    for _ in 0..2 {
        registry.refusal(ALICE.sign_up(&not(&code))).await;
    }
    let burnt = registry.refusal(ALICE.sign_up(&code)).await;
    assert_eq!(burnt, Failure::WrongCode);
    let refused = registry.ask(to_phone(&ALICE)).await.unwrap_err();
    assert!(matches!(refused, Failure::TooManyRequests(1..=3_600)));
    assert_eq!(registry.carried.count(), 0);
    // Others are not concerned.
    registry.sign_up(&BOB).await;
}

#[actix_rt::test]
async fn a_code_is_good_for_its_own_number_once_and_in_time() {
    let mut registry = Plan::default().build();
    let alices = registry.code_by_phone(&ALICE).await;
    let bobs = registry.code_by_phone(&BOB).await;
    // One code in a million is the same by chance.
    if alices != bobs {
        let refused = registry.refusal(BOB.sign_up(&alices)).await;
        assert_eq!(refused, Failure::WrongCode);
    }
    let unasked = registry.refusal(CAROL.sign_up(&alices)).await;
    assert_eq!(unasked, Failure::WrongCode);

    let mut registry = Plan {
        codes: CodeSettings {
            lifetime_seconds: 0,
            gap_seconds: 0,
            ..CodeSettings::default()
        },
        ..Plan::default()
    }
    .build();
    let late = registry.code_by_phone(&ALICE).await;
    let refused = registry.refusal(ALICE.sign_up(&late)).await;
    assert_eq!(refused, Failure::WrongCode);
}

#[actix_rt::test]
async fn the_same_sign_up_again_is_told_that_the_name_is_taken() {
    let mut registry = Plan::default().build();
    let code = registry.code_by_phone(&ALICE).await;
    assert!(registry.ask(ALICE.sign_up(&code)).await.is_ok());
    let again = registry.refusal(ALICE.sign_up(&code)).await;
    assert_eq!((again.code(), again), (1, Failure::NameTaken));
    // A used code makes no second account of another name.
    let other = SignUp {
        user_name: "小爱二号".to_owned(),
        ..ALICE.sign_up(&code)
    };
    let refused = registry.refusal(other).await;
    assert!(matches!(refused, Failure::PhoneTaken | Failure::WrongCode));
}

#[actix_rt::test]
async fn a_name_is_taken_in_every_spelling() {
    let mut registry = Plan::default().build();
    registry.sign_up(&CAROL).await;
    for spelling in ["carol", "CAROL", "Ｃａｒｏｌ"] {
        let code = registry.code_by_phone(&BOB).await;
        let form = SignUp {
            user_name: spelling.to_owned(),
            ..BOB.sign_up(&code)
        };
        assert_eq!(
            registry.refusal(form).await,
            Failure::NameTaken,
            "{spelling}"
        );
    }
}

#[actix_rt::test]
async fn a_number_that_was_registered_meanwhile_is_taken() {
    let mut registry = Plan::default().build();
    let code = registry.code_by_phone(&ALICE).await;
    let first = registry.ask(ALICE.sign_up(&code));
    let second = registry.ask(SignUp {
        user_name: "小爱二号".to_owned(),
        ..ALICE.sign_up(&code)
    });
    let (first, second) = futures_util::join!(first, second);
    let refusals: Vec<Failure> = [first, second]
        .into_iter()
        .filter_map(Result::err)
        .collect();
    assert!(
        matches!(&refusals[..], [Failure::PhoneTaken | Failure::WrongCode]),
        "{refusals:?}"
    );
}

#[actix_rt::test]
async fn a_form_that_is_not_in_order_costs_no_try() {
    let mut registry = Plan::default().build();
    let code = registry.code_by_phone(&ALICE).await;
    let form = || ALICE.sign_up(&not(&code));
    for _ in 0..5 {
        let short = SignUp {
            user_pwd: "1234567".to_owned(),
            ..form()
        };
        assert_eq!(registry.refusal(short).await.code(), 109);
        let reserved = SignUp {
            user_name: "系统".to_owned(),
            ..form()
        };
        assert_eq!(registry.refusal(reserved).await.code(), 110);
        let without = SignUp {
            user_vcode: None,
            ..form()
        };
        let missing = Failure::MissingKey("user_vcode");
        assert_eq!(registry.refusal(without).await, missing);
    }
    // Judging a password is work, which a wrong code does not earn.
    let weak = |code: &str| SignUp {
        user_pwd: "12345678".to_owned(),
        ..ALICE.sign_up(code)
    };
    assert_eq!(registry.refusal(weak(&not(&code))).await.code(), 3);
    assert_eq!(registry.refusal(weak(&code)).await.code(), 109);
    assert!(registry.ask(ALICE.sign_up(&code)).await.is_ok());
}

#[actix_rt::test]
async fn each_way_of_verifying_asks_for_its_own_codes() {
    for verify in [Verify::Sms, Verify::Email, Verify::Both, Verify::None] {
        let mut registry = Plan {
            verify,
            ..Plan::default()
        }
        .build();
        let by_phone = registry.code_by_phone(&ALICE).await;
        let by_mail = registry.code_by_mail(&ALICE).await;
        let form = |user_vcode: Option<&str>, user_ecode: Option<&str>| SignUp {
            user_vcode: user_vcode.map(str::to_owned),
            user_email: Some(ALICE.email.to_owned()),
            user_ecode: user_ecode.map(str::to_owned),
            ..ALICE.sign_up("")
        };
        let neither = registry.ask(form(None, None)).await.err();
        let missing = match verify {
            Verify::Sms | Verify::Both => Some(Failure::MissingKey("user_vcode")),
            Verify::Email => Some(Failure::MissingKey("user_ecode")),
            Verify::Either | Verify::Invite | Verify::None => None,
        };
        assert_eq!(neither, missing, "{verify:?}");
        let signed_in = match verify {
            Verify::Either | Verify::Invite | Verify::None => continue,
            Verify::Sms => registry.ask(form(Some(&by_phone), None)).await,
            Verify::Email => registry.ask(form(None, Some(&by_mail))).await,
            Verify::Both => {
                let without = registry.refusal(form(Some(&by_phone), None)).await;
                assert_eq!(without, Failure::MissingKey("user_ecode"));
                let both = form(Some(&by_phone), Some(&by_mail));
                registry.ask(both).await
            }
        };
        let user = signed_in.ok().unwrap().user;
        assert_eq!(user.email_confirmed, verify != Verify::Sms, "{verify:?}");
    }
}
