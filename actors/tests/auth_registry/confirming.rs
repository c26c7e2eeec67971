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
