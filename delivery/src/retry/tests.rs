//! Tests of `retry.rs`, on a clock of their own: nothing here really waits.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{pending, ready};
use std::time::Duration;

use tokio::time::Instant;

use super::{Retry, repeat, with_jitter};
use crate::DeliveryError::{self, BadRecipient, Refused, TimedOut, Unavailable};

const RETRY: Retry = Retry {
    attempts: 4,
    first_pause: Duration::from_secs(1),
    longest_pause: Duration::from_secs(3),
    deadline: Duration::from_secs(60),
};

fn busy() -> Result<(), DeliveryError> {
    Err(Unavailable(String::from("busy")))
}

/// What came of it, and after how long each attempt was made.
async fn play(
    retry: Retry,
    idempotent: bool,
    answers: impl IntoIterator<Item = Result<(), DeliveryError>>,
) -> (Result<(), DeliveryError>, Vec<Duration>) {
    let start = Instant::now();
    let answers = RefCell::new(VecDeque::from_iter(answers));
    let times = RefCell::new(Vec::new());
    let outcome = repeat(
        &retry,
        |e| e.repeating_is_safe(idempotent),
        || {
            times.borrow_mut().push(start.elapsed());
            ready(answers.borrow_mut().pop_front().expect("no more attempts"))
        },
    )
    .await;
    (outcome, times.into_inner())
}

#[tokio::test(start_paused = true)]
async fn what_is_unavailable_is_tried_again_after_growing_pauses() {
    let (outcome, times) = play(RETRY, false, [busy(), busy(), busy(), Ok(())]).await;
    assert_eq!(outcome, Ok(()));
    let pauses: Vec<f64> = times
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs_f64())
        .collect();
    // Whole pauses of 1, 2 and (cut from 4) 3 seconds; the clock rounds up to
    // a millisecond.
    for (pause, whole) in pauses.iter().zip([1.0, 2.0, 3.0]) {
        assert!((whole / 2.0..=whole + 0.002).contains(pause), "{pauses:?}");
    }
    assert_eq!(pauses.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn attempts_come_to_an_end() {
    let (outcome, times) = play(RETRY, false, [busy(), busy(), busy(), busy()]).await;
    assert_eq!((outcome, times.len()), (busy(), 4));

    let once = Retry {
        attempts: 0,
        ..RETRY
    };
    let (outcome, times) = play(once, false, [busy()]).await;
    assert_eq!((outcome, times.len()), (busy(), 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_not_tried_again() {
    for error in [BadRecipient, Refused(String::from("no"))] {
        let (outcome, times) = play(RETRY, true, [Err(error.clone())]).await;
        assert_eq!((outcome, times.len()), (Err(error), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_have_arrived_is_tried_again_only_where_that_is_harmless() {
    let (outcome, times) = play(RETRY, false, [Err(TimedOut)]).await;
    assert_eq!((outcome, times.len()), (Err(TimedOut), 1));

    let (outcome, times) = play(RETRY, true, [Err(TimedOut), Ok(())]).await;
    assert_eq!((outcome, times.len()), (Ok(()), 2));
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_not_forgotten_over_a_later_failure() {
    let (outcome, _) = play(RETRY, true, [Err(TimedOut), busy(), busy(), busy()]).await;
    assert_eq!(outcome, Err(TimedOut));
}

#[tokio::test(start_paused = true)]
async fn no_pause_outlasts_the_deadline() {
    let start = Instant::now();
    let soon = Retry {
        deadline: Duration::from_millis(400),
        ..RETRY
    };
    let (outcome, times) = play(soon, false, [busy()]).await;
    assert_eq!((outcome, times.len()), (busy(), 1));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_ends_at_the_deadline() {
    let start = Instant::now();
    let outcome = repeat(&RETRY, |_| true, pending::<Result<(), _>>).await;
    assert_eq!(outcome, Err(TimedOut));
    assert!(start.elapsed() >= RETRY.deadline);
    assert!(start.elapsed() < RETRY.deadline + Duration::from_millis(5));
}

#[test]
fn pauses_vary_between_half_and_all_of_their_length() {
    let whole = Duration::from_secs(2);
    let pauses: Vec<Duration> = (0..64).map(|_| with_jitter(whole)).collect();
    assert!(
        pauses
            .iter()
            .all(|pause| (whole / 2..=whole).contains(pause))
    );
    assert!(pauses.iter().any(|pause| *pause != pauses[0]));
}

#[test]
fn pauses_do_not_overflow() {
    let patient = Retry {
        first_pause: Duration::MAX,
        ..RETRY
    };
    assert_eq!(patient.pause_after(u32::MAX), RETRY.longest_pause);
}
