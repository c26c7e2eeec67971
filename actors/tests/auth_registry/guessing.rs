//! Guessing passwords and codes, from one place and from many.

use super::*;
use qunliao_actors::auth_registry::ChangePassword;
use qunliao_actors::clock::now_ms;
use qunliao_storage::Sessions as _;
use qunliao_storage::audit::{Actor, By};

/// One of many networks, each in a prefix of its own.
fn robot(number: u8) -> Network {
    Network::of([198, 18, number, 7].into())
}

fn sign_in_from(from: Network, user_name: &str, user_pwd: &str) -> SignIn {
    SignIn {
        asked_by: from,
        ..sign_in(user_name, user_pwd)
    }
}

/// Delays so long that none ends while a test runs.
fn slow() -> Plan {
    Plan {
        limits: Limits {
            wrong_password_delay_seconds: 900,
            ..Limits::default()
        },
        ..Plan::default()
    }
}

/// Has fifty networks try a wrong password; answers how many were told that it is
/// wrong, and how many to wait.
async fn fifty_guesses(registry: &Registry, name: &str) -> (usize, usize) {
    let (mut wrong, mut waiting) = (0, 0);
    for number in 0..50 {
        let ask = sign_in_from(robot(number), name, "correct horse guess");
        match registry.ask(ask).await.err() {
            Some(Failure::WrongCredentials) => wrong += 1,
            Some(Failure::TooManyRequests(1..)) => waiting += 1,
            other => panic!("{other:?}"),
        }
    }
    (wrong, waiting)
}

#[actix_rt::test]
async fn strangers_share_a_few_guesses_and_the_owner_gets_in_all_the_while() {
    let mut registry = slow().build();
    let hashed = registry.hashed.clone();
    let signed_up = registry.sign_up(&ALICE).await;
    let before = hashed.hashed();
    assert_eq!(fifty_guesses(&registry, ALICE.name).await, (10, 40));
    let guessed = hashed.hashed() - before;
    assert_eq!(guessed, 10, "the others cost no hash");
    // Where she signed up; with her token, anywhere.
    let at_home = registry.ask(sign_in(ALICE.name, ALICE.password)).await;
    let at_home = at_home.ok().unwrap();
    for held in [signed_up.token, at_home.token] {
        let Identify(credential, _) = token(&held);
        let known = registry.ask(Identify(credential, robot(60))).await;
        assert!(known.is_ok());
    }
    // Her token has made that network one that she is known in.
    let elsewhere = sign_in_from(robot(60), ALICE.name, ALICE.password);
    assert!(registry.ask(elsewhere).await.is_ok());
    // The right password does not help a stranger, now.
    let stranger = sign_in_from(robot(61), ALICE.name, ALICE.password);
    let refused = registry.ask(stranger).await.err();
    assert!(matches!(refused, Some(Failure::TooManyRequests(_))));
}

#[actix_rt::test]
async fn after_a_restart_the_owner_gets_in_where_a_session_lives() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let plan = || Plan {
        store: Some(store.clone()),
        ..slow()
    };
    let mut before = plan().build();
    before.sign_up(&ALICE).await;
    let elsewhere = Network::of("2001:db8::7".parse().unwrap());
    let from = |network| sign_in_from(network, ALICE.name, ALICE.password);
    let second = before.ask(from(elsewhere)).await.ok().unwrap();

    let after = plan().build();
    assert_eq!(fifty_guesses(&after, ALICE.name).await, (10, 40));
    for network in [home(), elsewhere] {
        assert!(after.ask(from(network)).await.is_ok(), "{network}");
    }
    let refused = after.ask(from(robot(61))).await.err();
    assert!(matches!(refused, Some(Failure::TooManyRequests(_))));

    // What has ended lets nobody in.
    let sessions = store.sessions_of(second.user.id, now_ms()).await.unwrap();
    for session in sessions {
        if session.address == Some(elsewhere.to_string()) {
            let by = By {
                actor: Actor::Server,
                now: now_ms(),
            };
            let ended = store.end_session(second.user.id, session.id, by).await;
            assert!(ended.unwrap());
        }
    }
    let once_more = plan().build();
    assert_eq!(fifty_guesses(&once_more, ALICE.name).await, (10, 40));
    assert!(once_more.ask(from(home())).await.is_ok());
    let refused = once_more.ask(from(elsewhere)).await.err();
    assert!(matches!(refused, Some(Failure::TooManyRequests(_))));
}

#[actix_rt::test]
async fn a_name_that_nobody_has_is_guarded_as_one_that_somebody_has() {
    let mut registry = slow().build();
    let hashed = registry.hashed.clone();
    registry.sign_up(&ALICE).await;
    for (known, unknown) in [(ALICE.name, BOB.name), (ALICE.phone.0, BOB.phone.0)] {
        let count = |hashed: &Workload| hashed.hashed();
        let start = count(&hashed);
        let of_known = fifty_guesses(&registry, known).await;
        let middle = count(&hashed);
        let of_unknown = fifty_guesses(&registry, unknown).await;
        assert_eq!(of_known, of_unknown, "{known}");
        assert_eq!(middle - start, count(&hashed) - middle, "{known}");
    }
}

#[actix_rt::test]
async fn another_spelling_of_a_name_or_number_is_no_further_chance() {
    let mut registry = slow().build();
    registry.sign_up(&CAROL).await;
    for [known, unknown] in [
        ["carol", "dave"],
        ["Ｃａｒｏｌ", "Ｄａｖｅ"],
        ["CAROL", "DAVE"],
    ] {
        let first = known == "carol";
        for name in [known, unknown] {
            let (wrong, _) = fifty_guesses(&registry, name).await;
            assert_eq!(wrong, if first { 10 } else { 0 }, "{name}");
        }
    }
    for number in [CAROL.phone, BOB.phone] {
        let (wrong, _) = fifty_guesses(&registry, number.0).await;
        assert_eq!(wrong, 10);
        let (wrong, _) = fifty_guesses(&registry, number.1).await;
        assert_eq!(wrong, 0, "the same number");
    }
}

#[actix_rt::test]
async fn a_right_password_counts_for_nothing() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    for number in 0..30 {
        let ask = sign_in_from(robot(number), ALICE.name, ALICE.password);
        assert!(registry.ask(ask).await.is_ok());
    }
}

#[actix_rt::test]
async fn a_full_pool_costs_nobody_a_guess() {
    let registry = Plan {
        password_queue_max: 0,
        ..Plan::default()
    }
    .build();
    for number in 0..30 {
        let ask = sign_in_from(robot(number), ALICE.name, ALICE.password);
        let refused = registry.ask(ask).await.err();
        assert_eq!(refused, Some(Failure::Unavailable));
    }
}

#[actix_rt::test]
async fn who_guesses_codes_from_elsewhere_neither_finds_them_nor_burns_them() {
    let mut registry = Plan::default().build();
    let code = registry.code_by_phone(&ALICE).await;
    for number in 0..50 {
        let guess = SignUp {
            asked_by: robot(number),
            ..ALICE.sign_up(&not(&code))
        };
        assert_eq!(registry.refusal(guess).await, Failure::WrongCode);
    }
    let lucky = SignUp {
        asked_by: robot(51),
        ..ALICE.sign_up(&code)
    };
    assert_eq!(registry.refusal(lucky).await, Failure::WrongCode);
    assert!(registry.ask(ALICE.sign_up(&code)).await.is_ok());
}

#[actix_rt::test]
async fn one_network_cannot_use_up_anothers_codes() {
    let mut registry = Plan {
        codes: CodeSettings {
            gap_seconds: 0,
            ..CodeSettings::default()
        },
        ..Plan::default()
    }
    .build();
    let robot = || SendCode {
        asked_by: robot(1),
        ..to_phone(&ALICE)
    };
    for _ in 0..3 {
        assert_eq!(registry.ask(robot()).await, Ok(()));
        registry.parcel().await;
    }
    let refused = registry.ask(robot()).await;
    assert!(matches!(refused, Err(Failure::TooManyRequests(_))));
    registry.sign_up(&ALICE).await;
}

#[actix_rt::test]
async fn a_gateway_that_fails_makes_nobody_wait_at_first() {
    let registry = Plan {
        codes: CodeSettings::default(),
        outcome: Err(DeliveryError::Unavailable("out of order".to_owned())),
        ..Plan::default()
    }
    .build();
    let mut failed = 0;
    let last = loop {
        match registry.ask(to_phone(&ALICE)).await {
            Err(Failure::GatewayFailed) => failed += 1,
            other => break other,
        }
    };
    // Five are given back in an hour; the sixth has to keep the gap.
    assert_eq!(failed, 6);
    assert!(matches!(last, Err(Failure::TooManyRequests(_))), "{last:?}");
}

#[actix_rt::test]
async fn when_nobody_enters_codes_sign_up_by_phone_pauses_and_mail_goes_on() {
    let mut registry = Plan {
        codes: CodeSettings {
            // Too late for whoever would enter them.
            lifetime_seconds: 0,
            gap_seconds: 0,
            breaker_sample: 3,
            ..CodeSettings::default()
        },
        ..Plan::default()
    }
    .build();
    for someone in [&ALICE, &BOB, &CAROL] {
        registry.code_by_phone(someone).await;
    }
    let paused = registry.ask(to_phone(&ALICE)).await;
    assert!(
        matches!(paused, Err(Failure::TooManyRequests(1_790..=1_801))),
        "{paused:?}"
    );
    assert_eq!(registry.breaker.status(Instant::now()).sent, 0);
    registry.code_by_mail(&ALICE).await;
}

#[actix_rt::test]
async fn codes_that_are_entered_keep_sign_up_by_phone_going() {
    let mut registry = Plan {
        codes: CodeSettings {
            gap_seconds: 0,
            breaker_sample: 3,
            ..CodeSettings::default()
        },
        ..Plan::default()
    }
    .build();
    for someone in [&ALICE, &BOB, &CAROL] {
        registry.sign_up(someone).await;
    }
    let later = Instant::now() + Duration::from_secs(300);
    let status = registry.breaker.status(later);
    assert_eq!((status.sent, status.entered), (3, 3));
    assert_eq!(status.state, SmsState::Sending);
}

#[actix_rt::test]
async fn with_a_new_password_only_who_set_it_is_no_stranger() {
    let mut registry = slow().build();
    registry.sign_up(&ALICE).await;
    // The intruder had the password once, and is known where it was used.
    let intruder = robot(60);
    let entered = sign_in_from(intruder, ALICE.name, ALICE.password);
    assert!(registry.ask(entered).await.is_ok());
    let new_pwd = "an owl looks at the moon";
    let change = ChangePassword {
        user_name: ALICE.name.to_owned(),
        user_pwd: ALICE.password.to_owned(),
        new_pwd: new_pwd.to_owned(),
        token: None,
        asked_by: home(),
    };
    assert_eq!(registry.ask(change).await, Ok(()));
    assert_eq!(fifty_guesses(&registry, ALICE.name).await, (10, 40));
    let guess = sign_in_from(intruder, ALICE.name, "correct horse guess");
    let refused = registry.ask(guess).await.err();
    assert!(matches!(refused, Some(Failure::TooManyRequests(_))));
    let at_home = sign_in_from(home(), ALICE.name, new_pwd);
    assert!(registry.ask(at_home).await.is_ok());
}
