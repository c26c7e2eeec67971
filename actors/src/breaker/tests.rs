//! The breaker, at moments of our choosing.

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
const ALICE: &str = "+8613912345678";
const BOB: &str = "+8613887654321";

fn breaker() -> SmsBreaker {
    SmsBreaker::new(BreakerLimits {
        sample: 40,
        ratio_percent: 10,
        pause: 30 * MINUTE,
        probe_every: 5 * MINUTE,
        lifetime: 5 * MINUTE,
    })
}

/// Forty messages, and so many codes entered; answers when that is judged.
fn forty(breaker: &SmsBreaker, entered: usize, now: Instant) -> Instant {
    for number in 0..40 {
        let number = format!("+86139{number:08}");
        assert!(breaker.take_place(&number, now).is_ok());
    }
    for number in 0..entered {
        breaker.entered(&format!("+86139{number:08}"), now);
    }
    now + 5 * MINUTE
}

/// One that sends one at a time, and since when.
fn probing() -> (SmsBreaker, Instant) {
    let breaker = breaker();
    let now = forty(&breaker, 0, Instant::now());
    assert!(breaker.check(now).is_err());
    (breaker, now + 30 * MINUTE)
}

#[test]
fn messages_pause_when_hardly_a_code_is_entered() {
    let start = Instant::now();
    for (entered, state) in [
        (40, SmsState::Sending),
        (4, SmsState::Sending),
        (3, SmsState::Paused { seconds: 1_801 }),
        (0, SmsState::Paused { seconds: 1_801 }),
    ] {
        let breaker = breaker();
        let now = forty(&breaker, entered, start);
        // Until then, all of them may yet be entered.
        assert_eq!(breaker.check(now - MINUTE), Ok(()));
        assert_eq!(breaker.status(now).state, state, "{entered}");
        let expected = match state {
            SmsState::Sending => Ok(()),
            _ => Err(30 * MINUTE),
        };
        assert_eq!(breaker.check(now), expected);
    }
}

#[test]
fn fewer_than_the_sample_prove_nothing() {
    let (breaker, now) = (breaker(), Instant::now());
    for _ in 0..39 {
        assert!(breaker.take_place(ALICE, now).is_ok());
    }
    let status = breaker.status(now + 5 * MINUTE);
    assert_eq!(status.state, SmsState::Sending);
    assert_eq!((status.sent, status.entered), (39, 0));
}

#[test]
fn after_the_pause_one_at_a_time_goes_out_until_somebody_enters_a_code() {
    let (breaker, mut now) = probing();
    for _ in 0..2 {
        assert!(breaker.take_place(ALICE, now).is_ok());
        assert_eq!(breaker.check(now), Err(5 * MINUTE));
        now += 5 * MINUTE;
    }
    assert_eq!(breaker.status(now).state, SmsState::Probing);
    assert!(breaker.take_place(BOB, now).is_ok());
    breaker.entered(BOB, now);
    assert_eq!(breaker.status(now).state, SmsState::Sending);
    assert_eq!(breaker.check(now), Ok(()));
}

#[test]
fn probes_that_nobody_enters_lead_to_another_pause() {
    let (breaker, mut now) = probing();
    let mut probes = 0;
    while breaker.take_place(ALICE, now).is_ok() {
        probes += 1;
        now += 5 * MINUTE;
    }
    assert_eq!(probes, 5);
    assert_eq!(breaker.check(now), Err(30 * MINUTE));
}

#[test]
fn of_those_asked_for_at_once_one_goes_out_in_a_turn() {
    let (breaker, now) = probing();
    let _sent = breaker.take_place(ALICE, now).unwrap();
    for _ in 0..10 {
        assert_eq!(breaker.take_place(BOB, now), Err(5 * MINUTE));
    }
}

#[test]
fn who_only_asks_takes_no_turn() {
    let (breaker, now) = probing();
    assert_eq!(breaker.check(now), Ok(()));
    assert_eq!(breaker.check(now), Ok(()));
    assert!(breaker.take_place(ALICE, now).is_ok());
}

#[test]
fn what_did_not_go_out_counts_nowhere_and_leaves_its_turn_to_another() {
    let (breaker, now) = probing();
    let unsent = breaker.take_place(ALICE, now).unwrap();
    assert_eq!(breaker.check(now), Err(5 * MINUTE));
    breaker.give_up(unsent);
    let sent = breaker.take_place(BOB, now + MINUTE).unwrap();
    assert_eq!(breaker.check(now + MINUTE), Err(5 * MINUTE));
    // Nobody waits for a code from the first one: this proves nothing.
    breaker.entered(ALICE, now + MINUTE);
    let status = breaker.status(now + MINUTE);
    assert_eq!(status.state, SmsState::Probing);
    drop(sent);
    let status = breaker.status(now + 6 * MINUTE);
    assert_eq!((status.sent, status.entered), (1, 0));
}

#[test]
fn a_turn_that_another_has_taken_meanwhile_is_not_given_up_again() {
    let (breaker, now) = probing();
    let slow = breaker.take_place(ALICE, now).unwrap();
    let now = now + 5 * MINUTE;
    let _sent = breaker.take_place(BOB, now).unwrap();
    breaker.give_up(slow);
    assert_eq!(breaker.check(now), Err(5 * MINUTE));
}
