//! Codes that did not go out, or perhaps did: what they count for, and whether they
//! can be entered.

use super::*;

fn plan(outcome: DeliveryError) -> Plan {
    Plan {
        codes: CodeSettings::default(),
        outcome: Err(outcome),
        ..Plan::default()
    }
}

/// Those that certainly did not go out.
fn failures() -> [DeliveryError; 3] {
    [
        DeliveryError::Unavailable("out of order".to_owned()),
        DeliveryError::Refused("an empty account".to_owned()),
        DeliveryError::Declined("enough for today".to_owned()),
    ]
}

/// Those that may have gone out all the same.
fn doubts() -> [DeliveryError; 2] {
    let unclear = DeliveryError::Unclear("half an answer".to_owned());
    [DeliveryError::TimedOut, unclear]
}

/// A breaker that sends one at a time, the next one at once.
fn probing(plan: Plan) -> Registry {
    let registry = Plan {
        codes: CodeSettings {
            gap_seconds: 0,
            lifetime_seconds: 0,
            breaker_sample: 3,
            breaker_pause_seconds: 0,
            ..CodeSettings::default()
        },
        ..plan
    }
    .build();
    let breaker = &registry.breaker;
    for _ in 0..3 {
        let place = breaker.take_place(CAROL.phone.1, Instant::now());
        assert!(place.is_ok());
    }
    // The pause begins, and is over.
    for state in [SmsState::Paused { seconds: 1 }, SmsState::Probing] {
        assert_eq!(breaker.status(Instant::now()).state, state);
    }
    registry
}

impl Registry {
    /// Codes to newcomers' phones that count for the breaker, and those entered.
    fn counted(&self) -> (usize, usize) {
        let too_late_to_enter = Instant::now() + Duration::from_secs(300);
        let status = self.breaker.status(too_late_to_enter);
        (status.sent, status.entered)
    }
}

#[track_caller]
fn assert_waits(answer: &Result<(), Failure>, seconds: std::ops::RangeInclusive<u32>) {
    assert!(
        matches!(answer, Err(Failure::TooManyRequests(wait)) if seconds.contains(wait)),
        "{answer:?}"
    );
}

#[actix_rt::test]
async fn of_many_asked_for_at_once_one_goes_out_while_the_breaker_probes() {
    let mut registry = probing(Plan {
        gateway_hangs: true,
        ..Plan::default()
    });
    let ask = |someone| within(registry.address.send(to_phone(someone)));
    let asked = futures_util::future::join3(ask(&ALICE), ask(&BOB), ask(&CAROL));
    let gateway = async {
        registry.carried.next().await.answer(Ok(()));
    };
    let ((alice, bob, carol), ()) = futures_util::join!(asked, gateway);
    assert_eq!(alice.unwrap(), Ok(()));
    for late in [bob.unwrap(), carol.unwrap()] {
        assert_waits(&late, 299..=301);
    }
    assert_eq!(registry.carried.count(), 0);
}

#[actix_rt::test]
async fn what_certainly_did_not_go_out_leaves_its_turn_to_the_next() {
    for failure in failures().into_iter().chain([DeliveryError::BadRecipient]) {
        let registry = probing(plan(failure.clone()));
        for someone in [&ALICE, &BOB] {
            let answer = registry.ask(to_phone(someone)).await.unwrap_err();
            assert!([1, 2].contains(&answer.code()), "{failure:?}: {answer:?}");
        }
    }
}

#[actix_rt::test]
async fn what_certainly_did_not_go_out_counts_neither_for_the_breaker_nor_for_who_asked() {
    for failure in failures() {
        let registry = plan(failure).build();
        for _ in 0..2 {
            let answer = registry.ask(to_phone(&ALICE)).await;
            assert_eq!(answer, Err(Failure::GatewayFailed));
        }
        assert_eq!(registry.counted(), (0, 0));
    }
}

#[actix_rt::test]
async fn what_was_refused_before_it_was_sent_counts_for_no_breaker() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    let refused = registry.ask(to_phone(&ALICE)).await;
    assert_eq!(refused, Err(Failure::AlreadyRegistered));
    assert_eq!(registry.counted(), (1, 1));
}

#[actix_rt::test]
async fn what_may_have_gone_out_takes_its_turn() {
    for doubt in doubts() {
        let registry = probing(plan(doubt));
        let answer = registry.ask(to_phone(&ALICE)).await;
        assert_eq!(answer, Err(Failure::GatewayFailed));
        assert_waits(&registry.ask(to_phone(&BOB)).await, 299..=301);
    }
}

#[actix_rt::test]
async fn a_code_that_arrives_after_all_signs_up_and_has_counted_all_along() {
    for doubt in doubts() {
        let mut registry = plan(doubt).build();
        let answer = registry.ask(to_phone(&ALICE)).await;
        assert_eq!(answer, Err(Failure::GatewayFailed));
        let code = code_of(&registry.parcel().await.1);
        assert_waits(&registry.ask(to_phone(&ALICE)).await, 1..=60);
        assert!(registry.ask(ALICE.sign_up(&code)).await.is_ok());
        assert_eq!(registry.counted(), (1, 1));
    }
}

#[actix_rt::test]
async fn a_code_to_a_new_address_that_arrives_after_all_proves_it() {
    for doubt in doubts() {
        let mut registry = Plan {
            verify: Verify::None,
            ..plan(doubt)
        }
        .build();
        let alice = registry.ask(ALICE.sign_up("")).await.ok().unwrap();
        let token = alice.token.unwrap();
        let contact = || WrittenContact::Email(ALICE.email.to_owned());
        let ask = || SendCodeToNewContact {
            token: token.clone(),
            contact: contact(),
            asked_by: home(),
        };
        assert_eq!(registry.ask(ask()).await, Err(Failure::GatewayFailed));
        let code = code_of(&registry.parcel().await.1);
        assert_waits(&registry.ask(ask()).await, 1..=60);
        let change = ChangeContact {
            token: token.clone(),
            user_pwd: ALICE.password.to_owned(),
            contact: contact(),
            code,
            asked_by: home(),
        };
        assert_eq!(registry.ask(change).await, Ok(()));
    }
}

#[actix_rt::test]
async fn with_a_courier_that_is_gone_nobody_knows_and_so_it_counts() {
    let registry = Plan {
        codes: CodeSettings::default(),
        ..Plan::default()
    }
    .build();
    registry.carried.end().await;
    let answer = registry.ask(to_phone(&ALICE)).await;
    assert_eq!(answer, Err(Failure::Unavailable));
    assert_waits(&registry.ask(to_phone(&ALICE)).await, 1..=60);
    assert_eq!(registry.counted(), (1, 0));
}
