//! Codes: to whom they are sent, and how often.

use super::*;

#[actix_rt::test]
async fn no_code_goes_to_what_is_no_number_or_not_an_allowed_one() {
    let registry = Plan::default().build();
    for written in ["12345", "", "小爱", "+14155550123"] {
        let refused = registry.ask(send(WrittenContact::Phone(written.to_owned())));
        assert_eq!(refused.await, Err(Failure::BadPhone), "{written}");
    }
    let refused = registry.ask(send(WrittenContact::Email("alice@".to_owned())));
    assert_eq!(refused.await, Err(Failure::BadEmail));
    assert_eq!(registry.carried.count(), 0);
}

#[actix_rt::test]
async fn who_is_registered_gets_no_code_for_it() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    let refused = registry.ask(to_phone(&ALICE)).await.unwrap_err();
    assert_eq!((refused.code(), refused), (3, Failure::AlreadyRegistered));
    assert_eq!(registry.carried.count(), 0);
}

#[actix_rt::test]
async fn a_second_code_has_to_wait_and_says_how_long() {
    let mut registry = Plan {
        codes: CodeSettings::default(),
        ..Plan::default()
    }
    .build();
    let code = registry.code_by_phone(&ALICE).await;
    let refused = registry.ask(to_phone(&ALICE)).await.unwrap_err();
    assert_eq!(refused.code(), 103);
    let seconds = refused.retry_after().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(registry.carried.count(), 0);
    // However the number is written it is the same one; another is another.
    let same = registry.ask(send(WrittenContact::Phone(ALICE.phone.1.to_owned())));
    assert_eq!(same.await.unwrap_err().code(), 103);
    registry.code_by_phone(&BOB).await;
    // The first code is as good as before.
    assert!(registry.ask(ALICE.sign_up(&code)).await.is_ok());
}

#[actix_rt::test]
async fn one_address_cannot_have_codes_sent_to_ever_more_people() {
    let mut registry = Plan {
        codes: CodeSettings {
            gap_seconds: 0,
            per_address_hour: 2,
            ..CodeSettings::default()
        },
        ..Plan::default()
    }
    .build();
    registry.code_by_phone(&ALICE).await;
    registry.code_by_phone(&BOB).await;
    let refused = registry.ask(to_phone(&CAROL)).await.unwrap_err();
    assert_eq!(refused.code(), 103);
    let elsewhere = SendCode {
        asked_by: Network::of(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
        ..to_phone(&CAROL)
    };
    assert_eq!(registry.ask(elsewhere).await, Ok(()));
}

#[actix_rt::test]
async fn a_new_code_takes_the_place_of_the_old_one() {
    let mut registry = Plan::default().build();
    let old = registry.code_by_phone(&ALICE).await;
    let new = registry.code_by_phone(&ALICE).await;
    if old != new {
        let refused = registry.refusal(ALICE.sign_up(&old)).await;
        assert_eq!(refused, Failure::WrongCode);
    }
    assert!(registry.ask(ALICE.sign_up(&new)).await.is_ok());
}
