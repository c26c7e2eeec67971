//! Tests of `relay.rs`, over carriers that are played, on a clock of their own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, advance, sleep};

use super::{Patience, Relay};
use crate::DeliveryError::{self, BadRecipient, Declined, Refused, TimedOut, Unavailable, Unclear};
use crate::message::tests::of_kind;
use crate::{Kind, Language, Message, Retry, SmsGateway};

const RETRY: Retry = Retry {
    attempts: 3,
    first_pause: Duration::from_secs(1),
    longest_pause: Duration::from_secs(1),
    deadline: Duration::from_secs(30),
};

const PATIENCE: Patience = Patience {
    failures: 3,
    rest: Duration::from_secs(60),
};

/// Who was asked, in order.
type Book = Arc<Mutex<Vec<&'static str>>>;

struct Played {
    name: &'static str,
    idempotent: bool,
    /// What it answers, and then always yes; each after so long.
    answers: Mutex<VecDeque<Result<(), DeliveryError>>>,
    takes: Duration,
    book: Book,
}

#[async_trait]
impl SmsGateway for Played {
    async fn send(&self, _: &Message) -> Result<(), DeliveryError> {
        self.book.lock().unwrap().push(self.name);
        sleep(self.takes).await;
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or(Ok(()))
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn idempotent(&self) -> bool {
        self.idempotent
    }
}

/// Two gateways: the second is given as its answers alone.
struct Stage {
    relay: Relay,
    book: Book,
}

type Answers = Vec<DeliveryError>;

impl Stage {
    fn new(idempotent: bool, answers: [Answers; 2]) -> Self {
        let book = Book::default();
        let names = ["first", "second"].into_iter();
        let gateways = names.zip(answers).map(|(name, answers)| {
            Arc::new(Played {
                name,
                idempotent,
                answers: Mutex::new(answers.into_iter().map(Err).collect()),
                takes: Duration::from_secs(1),
                book: Arc::clone(&book),
            }) as Arc<dyn SmsGateway>
        });
        let relay = Relay::sms(gateways.collect(), RETRY, PATIENCE);
        Self { relay, book }
    }

    async fn send(&self) -> Result<&'static str, DeliveryError> {
        let message = of_kind(Kind::Register, Language::Chinese);
        self.relay.send(&message).await
    }

    /// Who was asked since the last time.
    fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.book.lock().unwrap())
    }
}

fn busy() -> DeliveryError {
    Unavailable(String::from("busy"))
}

fn refused() -> DeliveryError {
    Refused(String::from("an empty account"))
}

fn declined() -> DeliveryError {
    Declined(String::from("no template"))
}

#[tokio::test(start_paused = true)]
async fn the_first_takes_it_and_the_second_is_not_asked() {
    let stage = Stage::new(false, [vec![], vec![]]);
    assert_eq!(stage.send().await, Ok("first"));
    assert_eq!(stage.asked(), ["first"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_certainly_not_accepted_goes_on_at_once() {
    for no in [busy(), refused(), declined()] {
        let stage = Stage::new(false, [vec![no.clone()], vec![]]);
        let start = Instant::now();
        assert_eq!(stage.send().await, Ok("second"), "{no}");
        assert_eq!(stage.asked(), ["first", "second"], "{no}");
        assert_eq!(start.elapsed(), Duration::from_secs(2), "no pause");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_accepted_never_goes_on_nor_out_twice() {
    for doubt in [TimedOut, Unclear(String::from("500"))] {
        let stage = Stage::new(false, [vec![doubt.clone()], vec![]]);
        assert_eq!(stage.send().await, Err(doubt.clone()));
        assert_eq!(stage.asked(), ["first"], "{doubt}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_repeats_are_harmless_a_doubt_is_repeated_there_and_nowhere_else() {
    let stage = Stage::new(true, [vec![TimedOut], vec![]]);
    assert_eq!(stage.send().await, Ok("first"));
    assert_eq!(stage.asked(), ["first", "first"]);

    // Even if it refuses then: the first time it may have taken it.
    let stage = Stage::new(true, [vec![TimedOut, busy(), refused()], vec![]]);
    assert_eq!(stage.send().await, Err(refused()));
    assert_eq!(stage.asked(), ["first", "first", "first"]);

    let stage = Stage::new(true, [vec![TimedOut, busy(), busy()], vec![]]);
    assert_eq!(stage.send().await, Err(TimedOut), "the doubt remains");
}

#[tokio::test(start_paused = true)]
async fn a_bad_number_is_bad_everywhere() {
    let stage = Stage::new(false, [vec![BadRecipient], vec![]]);
    assert_eq!(stage.send().await, Err(BadRecipient));
    assert_eq!(stage.asked(), ["first"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_round_in_vain_those_are_asked_again_who_may_take_it_later() {
    let stage = Stage::new(false, [vec![refused()], vec![busy(), busy()]]);
    assert_eq!(stage.send().await, Ok("second"));
    assert_eq!(stage.asked(), ["first", "second", "second", "second"]);

    let stage = Stage::new(false, [vec![refused()], vec![declined()]]);
    assert_eq!(stage.send().await, Err(declined()));
    assert_eq!(stage.asked(), ["first", "second"], "a no stays a no");

    let stage = Stage::new(false, [vec![busy(); 3], vec![busy(); 3]]);
    assert_eq!(stage.send().await, Err(busy()));
    assert_eq!(stage.asked().len(), 6, "three rounds");
}

#[tokio::test(start_paused = true)]
async fn all_of_it_ends_at_one_deadline() {
    let slow = |name, answers: Answers| {
        Arc::new(Played {
            name,
            idempotent: false,
            answers: Mutex::new(answers.into_iter().map(Err).collect()),
            takes: Duration::from_secs(20),
            book: Book::default(),
        }) as Arc<dyn SmsGateway>
    };
    let gateways = vec![slow("first", vec![busy()]), slow("second", vec![])];
    let relay = Relay::sms(gateways, RETRY, PATIENCE);
    let start = Instant::now();
    let message = of_kind(Kind::Register, Language::Chinese);
    assert_eq!(relay.send(&message).await, Err(TimedOut));
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn one_that_failed_several_times_in_a_row_is_tried_last_for_a_while() {
    let stage = Stage::new(false, [vec![refused(); 4], vec![]]);
    for _ in 0..3 {
        assert_eq!(stage.send().await, Ok("second"));
        assert_eq!(stage.asked(), ["first", "second"]);
    }
    assert_eq!(stage.send().await, Ok("second"));
    assert_eq!(stage.asked(), ["second"]);

    // After its rest it has its place again, and one more failure loses it.
    advance(PATIENCE.rest).await;
    assert_eq!(stage.send().await, Ok("second"));
    assert_eq!(stage.asked(), ["first", "second"]);
    assert_eq!(stage.send().await, Ok("second"));
    assert_eq!(stage.asked(), ["second"]);

    advance(PATIENCE.rest).await;
    assert_eq!(stage.send().await, Ok("first"), "it is well again");
    assert_eq!(stage.send().await, Ok("first"));
}

#[tokio::test(start_paused = true)]
async fn a_rung_is_alive_while_one_carrier_is_not_known_to_be_failing() {
    let failures = || vec![TimedOut; 3];
    let stage = Stage::new(false, [failures(), failures()]);
    let rung = stage.relay.rung();
    assert!(rung.is_configured() && rung.is_alive());
    for _ in 0..3 {
        assert_eq!(stage.send().await, Err(TimedOut));
    }
    assert!(rung.is_alive(), "there is the second");
    for _ in 0..3 {
        assert_eq!(stage.send().await, Err(TimedOut));
    }
    assert!(!rung.is_alive());
    assert_eq!(stage.asked().len(), 6);

    // Nobody is left out for that: the first is tried, and all is well.
    assert_eq!(stage.send().await, Ok("first"));
    assert!(rung.is_alive());
}

#[tokio::test(start_paused = true)]
async fn a_rung_recovers_by_itself() {
    let stage = Stage::new(false, [vec![TimedOut; 3], vec![]]);
    let lonely = Relay::sms(Vec::new(), RETRY, PATIENCE).rung();
    assert!(!lonely.is_configured() && !lonely.is_alive());
    for _ in 0..3 {
        assert_eq!(stage.send().await, Err(TimedOut));
    }
    let first = &stage.relay.stations[0].pulse;
    assert!(!first.is_alive());
    advance(PATIENCE.rest - Duration::from_millis(1)).await;
    assert!(!first.is_alive());
    advance(Duration::from_millis(1)).await;
    assert!(first.is_alive());
}

#[tokio::test(start_paused = true)]
async fn what_is_the_messages_fault_is_not_held_against_a_carrier() {
    let stage = Stage::new(false, [vec![declined(); 9], vec![BadRecipient; 9]]);
    for _ in 0..9 {
        assert_eq!(stage.send().await, Err(BadRecipient));
        assert_eq!(stage.asked(), ["first", "second"]);
    }
}

#[tokio::test]
async fn without_any_carrier_there_is_a_clear_no() {
    let relay = Relay::mail(Vec::new(), RETRY, PATIENCE);
    let message = of_kind(Kind::Register, Language::Chinese);
    let error = relay.send(&message).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "refused: no way to send it is configured"
    );
}
