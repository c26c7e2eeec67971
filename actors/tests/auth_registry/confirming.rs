//! Confirming an address after sign-up.

use super::*;

fn with_email(code: &str) -> SignUp {
    SignUp {
        user_email: Some(ALICE.email.to_owned()),
        ..ALICE.sign_up(code)
    }
}

fn confirm(someone: &Someone, code: &str) -> ConfirmEmail {
    ConfirmEmail {
        user_email: someone.email.to_owned(),
        user_ecode: code.to_owned(),
        asked_by: home(),
    }
}

/// Alice, signed up with an address; and the code that was mailed to it.
async fn alice_unconfirmed(registry: &mut Registry) -> String {
    let code = registry.code_by_phone(&ALICE).await;
    let signed_in = registry.ask(with_email(&code)).await.ok().unwrap();
    assert!(!signed_in.user.email_confirmed);
    let (channel, parcel) = registry.parcel().await;
    assert_eq!((channel, &*parcel.to), (Channel::Mail, ALICE.email));
    code_of(&parcel)
}

#[actix_rt::test]
async fn an_address_becomes_a_way_to_sign_in_when_its_code_comes_back() {
    let mut registry = Plan::default().build();
    let code = alice_unconfirmed(&mut registry).await;
    let by_email = || sign_in("Alice@Example.com", ALICE.password);
    let early = registry.ask(by_email()).await.err();
    assert_eq!(early, Some(Failure::WrongCredentials));

    let wrong = registry.ask(confirm(&ALICE, &not(&code))).await;
    assert_eq!(wrong, Err(Failure::WrongCode));
    assert_eq!(registry.ask(confirm(&ALICE, &code)).await, Ok(()));
    let signed_in = registry.ask(by_email()).await.ok().unwrap();
    assert!(signed_in.user.email_confirmed);
    // A retry, since the first answer may have been lost.
    assert_eq!(registry.ask(confirm(&ALICE, &code)).await, Ok(()));
}

#[actix_rt::test]
async fn who_signed_up_in_another_language_is_written_to_in_it() {
    use qunliao_delivery::Language as Written;
    let mut registry = Plan::default().build();
    for (someone, language, written, noted) in [
        (&ALICE, Language::Chinese, Written::Chinese, Some("zh")),
        // What is the server's own needs no mention, and follows it.
        (&BOB, Language::English, Written::English, None),
    ] {
        let code = registry.code_by_phone(someone).await;
        let form = SignUp {
            user_email: Some(someone.email.to_owned()),
            language: Some(language),
            ..someone.sign_up(&code)
        };
        let signed_up = registry.ask(form).await.ok().unwrap();
        assert_eq!(signed_up.user.language.as_deref(), noted);
        assert!(registry.parcel().await.1.language == written);
        let again = to_email(someone, Purpose::Confirm);
        assert_eq!(registry.ask(again).await, Ok(()));
        assert!(registry.parcel().await.1.language == written);
    }
}

#[actix_rt::test]
async fn a_confirmation_is_sent_again_on_request_and_tells_strangers_nothing() {
    let mut registry = Plan::default().build();
    let first = alice_unconfirmed(&mut registry).await;
    let again = to_email(&ALICE, Purpose::Confirm);
    assert_eq!(registry.ask(again).await, Ok(()));
    let code = code_of(&registry.parcel().await.1);
    assert_eq!(registry.ask(confirm(&ALICE, &code)).await, Ok(()));

    for someone in [&ALICE, &BOB] {
        let nobody_waits = to_email(someone, Purpose::Confirm);
        assert_eq!(registry.ask(nobody_waits).await, Ok(()));
    }
    assert_eq!(registry.carried.count(), 0);
    let nothing = registry.ask(confirm(&BOB, &first)).await;
    assert_eq!(nothing, Err(Failure::WrongCode));
}

#[actix_rt::test]
async fn what_is_no_address_is_not_confirmed() {
    let registry = Plan::default().build();
    let refused = registry.ask(ConfirmEmail {
        user_email: "nobody".to_owned(),
        user_ecode: "000000".to_owned(),
        asked_by: home(),
    });
    assert_eq!(refused.await, Err(Failure::WrongCode));
}

#[actix_rt::test]
async fn an_account_is_made_also_when_the_confirmation_cannot_be_sent() {
    let mut registry = Plan {
        verify: Verify::None,
        outcome: Err(DeliveryError::TimedOut),
        ..Plan::default()
    }
    .build();
    let signed_in = registry.ask(with_email("")).await.ok().unwrap();
    assert!(!signed_in.user.email_confirmed);
    assert_eq!(registry.parcel().await.0, Channel::Mail);
    assert!(
        registry
            .ask(sign_in(ALICE.name, ALICE.password))
            .await
            .is_ok()
    );
}

/// What a stranger is told who asks over and over to confirm someone's address, and
/// tries wrong codes in between.
async fn told_to_a_stranger(registry: &Registry, someone: &Someone, from: Network) -> Vec<u16> {
    let mut told = Vec::new();
    for _ in 0..5 {
        let ask = SendCode {
            asked_by: from,
            ..to_email(someone, Purpose::Confirm)
        };
        told.push(
            registry
                .ask(ask)
                .await
                .map_or_else(|why| why.code(), |()| 0),
        );
        for _ in 0..2 {
            let guess = ConfirmEmail {
                asked_by: from,
                ..confirm(someone, "no code")
            };
            assert_eq!(registry.ask(guess).await, Err(Failure::WrongCode));
        }
    }
    told
}

#[actix_rt::test]
async fn asking_often_tells_nobody_whether_an_address_awaits_its_confirmation() {
    let broken = DeliveryError::Unavailable("out of order".to_owned());
    let plan = || Plan {
        verify: Verify::None,
        codes: CodeSettings {
            gap_seconds: 0,
            ..CodeSettings::default()
        },
        ..Plan::default()
    };
    let few_tries = CodeSettings {
        wrong_tries_max: 3,
        per_contact_and_prefix_hour: 5,
        ..plan().codes
    };
    for (codes, outcome, expected) in [
        (plan().codes, Ok(()), [0, 0, 0, 103, 103]),
        (plan().codes, Err(broken), [0, 0, 0, 103, 103]),
        (few_tries, Ok(()), [0, 0, 103, 103, 103]),
    ] {
        let mut registry = Plan {
            codes,
            outcome,
            ..plan()
        }
        .build();
        assert!(registry.ask(with_email("")).await.is_ok());
        assert_eq!(registry.parcel().await.1.kind(), Kind::Confirm);
        // Alice awaits it, Bob has no account.
        for (someone, network) in [(&ALICE, [192, 0, 2, 1]), (&BOB, [198, 51, 100, 1])] {
            let from = Network::of(network.into());
            let told = told_to_a_stranger(&registry, someone, from).await;
            assert_eq!(told, expected, "{}", someone.name);
        }
        let sent = expected.iter().filter(|code| **code == 0).count();
        for _ in 0..sent {
            assert_eq!(registry.parcel().await.1.to, ALICE.email);
        }
        assert_eq!(registry.carried.count(), 0, "nobody else is sent any");
    }
}

#[actix_rt::test]
async fn a_confirmation_over_the_total_of_the_day_is_answered_as_any_other() {
    let mut registry = Plan {
        verify: Verify::None,
        codes: CodeSettings {
            gap_seconds: 0,
            total_day: 1,
            ..CodeSettings::default()
        },
        ..Plan::default()
    }
    .build();
    assert!(registry.ask(with_email("")).await.is_ok());
    registry.parcel().await;
    for someone in [&ALICE, &BOB] {
        let ask = to_email(someone, Purpose::Confirm);
        assert_eq!(registry.ask(ask).await, Ok(()));
    }
    assert_eq!(registry.carried.count(), 0);
}

#[actix_rt::test]
async fn asking_to_confirm_where_nobody_waits_ends_no_code_to_a_new_address() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    let contact = || WrittenContact::Email(ALICE.email.to_owned());
    let ask = SendCodeToNewContact {
        token: alice.token.clone(),
        contact: contact(),
        asked_by: home(),
    };
    assert_eq!(registry.ask(ask).await, Ok(()));
    let code = code_of(&registry.parcel().await.1);
    let again = to_email(&ALICE, Purpose::Confirm);
    assert_eq!(registry.ask(again).await, Ok(()));
    let change = ChangeContact {
        token: alice.token.clone(),
        user_pwd: ALICE.password.to_owned(),
        contact: contact(),
        code,
        asked_by: home(),
    };
    assert_eq!(registry.ask(change).await, Ok(()));
}
