//! The `Courier`, over gateways that are played.

use crate::support::{ALICE, bell, within};
use actix::prelude::*;
use async_trait::async_trait;
use qunliao_actors::Stop;
use qunliao_actors::courier::{Carry, Channel, Courier, Rungs};
use qunliao_actors::vital::Vital;
use qunliao_delivery::{
    Content, DeliveryError, Language, Mailer, Message as Parcel, Outbox, Patience, Purpose, Relay,
    Retry, SmsGateway,
};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;

const RETRY: Retry = Retry {
    attempts: 3,
    first_pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(1),
    deadline: Duration::from_secs(20),
};

const PATIENCE: Patience = Patience {
    failures: 2,
    rest: Duration::from_secs(3600),
};

/// A gateway that does as it is told, once for each outcome; then it succeeds.
struct Played {
    outcomes: Mutex<VecDeque<Result<(), DeliveryError>>>,
    idempotent: bool,
    sent: Mutex<Vec<String>>,
    /// A sending waits for one of these.
    turns: Semaphore,
}

impl Played {
    fn new(outcomes: impl Into<VecDeque<Result<(), DeliveryError>>>) -> Arc<Self> {
        Arc::new(Self {
            outcomes: Mutex::new(outcomes.into()),
            idempotent: false,
            sent: Mutex::default(),
            turns: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    fn idempotent(outcomes: impl Into<VecDeque<Result<(), DeliveryError>>>) -> Arc<Self> {
        let played = Self::new(outcomes);
        let played = Arc::into_inner(played).expect("it is new");
        Arc::new(Self {
            idempotent: true,
            ..played
        })
    }

    /// The request ids of what was handed over, each try one.
    fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }

    async fn play(&self, message: &Parcel) -> Result<(), DeliveryError> {
        self.sent.lock().unwrap().push(message.request_id.clone());
        self.turns.acquire().await.unwrap().forget();
        let outcome = self.outcomes.lock().unwrap().pop_front();
        outcome.unwrap_or(Ok(()))
    }
}

#[async_trait]
impl SmsGateway for Played {
    async fn send(&self, message: &Parcel) -> Result<(), DeliveryError> {
        self.play(message).await
    }

    fn name(&self) -> &'static str {
        "played"
    }

    fn idempotent(&self) -> bool {
        self.idempotent
    }
}

#[async_trait]
impl Mailer for Played {
    async fn send(&self, message: &Parcel) -> Result<(), DeliveryError> {
        self.play(message).await
    }

    fn name(&self) -> &'static str {
        "played"
    }

    fn idempotent(&self) -> bool {
        self.idempotent
    }
}

/// A gateway with a bug.
struct Broken;

#[async_trait]
impl SmsGateway for Broken {
    async fn send(&self, _: &Parcel) -> Result<(), DeliveryError> {
        panic!("a bug in a gateway")
    }

    fn name(&self) -> &'static str {
        "broken"
    }

    fn idempotent(&self) -> bool {
        false
    }
}

type Alarms = UnboundedReceiver<&'static str>;

fn courier(
    sms: Arc<dyn SmsGateway>,
    mail: Arc<dyn Mailer>,
    under_way_max: usize,
) -> (Addr<Courier>, Alarms) {
    let (on_loss, alarms) = bell();
    let vital = Vital::new("courier", on_loss);
    let courier = Courier::new(by_sms(vec![sms]), by_mail(mail), under_way_max, vital);
    (courier.start(), alarms)
}

fn by_sms(gateways: Vec<Arc<dyn SmsGateway>>) -> Relay {
    Relay::sms(gateways, RETRY, PATIENCE)
}

fn by_mail(mailer: Arc<dyn Mailer>) -> Relay {
    Relay::mail(vec![mailer], RETRY, PATIENCE)
}

fn carry(channel: Channel, request_id: &str) -> Carry {
    let to = match channel {
        Channel::Sms => ALICE.phone.1,
        Channel::Mail => ALICE.email,
    };
    Carry {
        channel,
        parcel: Parcel {
            to: to.to_owned(),
            content: Content::Code {
                code: "482913".to_owned(),
                purpose: Purpose::Register,
                lifetime_minutes: 5,
            },
            language: Language::Chinese,
            request_id: request_id.to_owned(),
        },
    }
}

async fn carried(
    courier: &Addr<Courier>,
    channel: Channel,
    request_id: &str,
) -> Result<(), DeliveryError> {
    let outcome = courier.send(carry(channel, request_id));
    within(outcome).await.unwrap()
}

fn unavailable() -> Result<(), DeliveryError> {
    Err(DeliveryError::Unavailable("out of order".to_owned()))
}

#[actix_rt::test]
async fn a_code_goes_into_the_outbox_by_its_channel() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.jsonl");
    let outbox = Arc::new(Outbox::open(path.clone()).unwrap());
    let (courier, _alarms) = courier(outbox.clone(), outbox, 8);
    assert_eq!(carried(&courier, Channel::Sms, "1").await, Ok(()));
    assert_eq!(carried(&courier, Channel::Mail, "2").await, Ok(()));
    let lines = std::fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [sms, mail] = &lines[..] else {
        panic!("two lines, not {}", lines.len());
    };
    assert_eq!(
        (&sms["channel"], &sms["to"]),
        (&"sms".into(), &ALICE.phone.1.into())
    );
    assert_eq!(
        (&mail["channel"], &mail["to"]),
        (&"mail".into(), &ALICE.email.into())
    );
    assert_eq!(sms["code"], "482913");
}

#[actix_rt::test]
async fn what_the_gateway_says_is_what_is_answered() {
    let refused = DeliveryError::Refused("an empty account".to_owned());
    for (outcome, tries) in [
        (DeliveryError::BadRecipient, 1),
        (refused, 1),
        (DeliveryError::TimedOut, 1),
    ] {
        for channel in [Channel::Sms, Channel::Mail] {
            let gateway = Played::new([Err(outcome.clone())]);
            let (courier, _alarms) = courier(gateway.clone(), gateway.clone(), 8);
            let answer = carried(&courier, channel, "1").await;
            assert_eq!(answer, Err(outcome.clone()));
            assert_eq!(gateway.sent().len(), tries, "{outcome}");
        }
    }
}

#[actix_rt::test]
async fn what_was_certainly_not_taken_is_tried_again_as_the_same_request() {
    let gateway = Played::new([unavailable(), unavailable()]);
    let (courier, _alarms) = courier(gateway.clone(), gateway.clone(), 8);
    assert_eq!(carried(&courier, Channel::Sms, "one").await, Ok(()));
    assert_eq!(gateway.sent(), ["one", "one", "one"]);
}

#[actix_rt::test]
async fn what_may_have_been_taken_is_tried_again_where_repeats_are_harmless() {
    let gateway = Played::idempotent([Err(DeliveryError::TimedOut)]);
    let (courier, _alarms) = courier(gateway.clone(), gateway.clone(), 8);
    assert_eq!(carried(&courier, Channel::Sms, "one").await, Ok(()));
    assert_eq!(gateway.sent(), ["one", "one"]);
}

#[actix_rt::test]
async fn a_gateway_that_stays_away_is_given_up() {
    let gateway = Played::new([unavailable(), unavailable(), unavailable()]);
    let (courier, _alarms) = courier(gateway.clone(), gateway.clone(), 8);
    assert_eq!(carried(&courier, Channel::Mail, "1").await, unavailable());
    assert_eq!(gateway.sent().len(), 3);
}

#[actix_rt::test]
async fn the_next_gateway_takes_over_only_what_was_certainly_not_taken() {
    let refused = Err(DeliveryError::Refused("an empty account".to_owned()));
    for (outcome, passed_on) in [
        (unavailable(), true),
        (refused, true),
        (Err(DeliveryError::TimedOut), false),
        (Err(DeliveryError::BadRecipient), false),
    ] {
        let (first, second) = (Played::new([outcome.clone()]), Played::new([]));
        let (on_loss, _alarms) = bell();
        let relay = by_sms(vec![first.clone(), second.clone()]);
        let vital = Vital::new("courier", on_loss);
        let courier = Courier::new(relay, by_mail(second.clone()), 8, vital).start();
        let answer = carried(&courier, Channel::Sms, "one").await;
        assert_eq!(answer, if passed_on { Ok(()) } else { outcome });
        assert_eq!(first.sent(), ["one"]);
        assert_eq!(second.sent().len(), usize::from(passed_on));
    }
}

#[actix_rt::test]
async fn whoever_holds_the_rungs_sees_which_ways_are_open() {
    let (phones, letters) = (
        Played::new([Err(DeliveryError::TimedOut), Err(DeliveryError::TimedOut)]),
        Played::new([]),
    );
    let (on_loss, _alarms) = bell();
    let vital = Vital::new("courier", on_loss);
    let courier = Courier::new(by_sms(vec![phones]), by_mail(letters), 8, vital);
    let rungs: Rungs = courier.rungs();
    let courier = courier.start();
    assert!(rungs.sms.is_alive() && rungs.mail.is_alive());
    for _ in 0..PATIENCE.failures {
        let lost = carried(&courier, Channel::Sms, "1").await;
        assert_eq!(lost, Err(DeliveryError::TimedOut));
    }
    // Asked on another thread, as a connection would.
    let elsewhere = rungs.clone();
    let seen = std::thread::spawn(move || (elsewhere.sms.is_alive(), elsewhere.mail.is_alive()));
    assert_eq!(seen.join().unwrap(), (false, true));
    assert!(rungs.sms.is_configured(), "configured it is");
    // Nobody is turned away for it, and with the first success it is alive again.
    assert_eq!(carried(&courier, Channel::Sms, "2").await, Ok(()));
    assert!(rungs.sms.is_alive());

    let nothing = Courier::new(
        by_sms(Vec::new()),
        Relay::mail(Vec::new(), RETRY, PATIENCE),
        8,
        Vital::new("courier", bell().0),
    );
    assert!(!nothing.rungs().sms.is_configured() && !nothing.rungs().mail.is_alive());
    let refused = carried(&nothing.start(), Channel::Sms, "3").await;
    assert!(matches!(refused, Err(DeliveryError::Refused(_))));
}

#[actix_rt::test]
async fn no_more_than_so_many_are_under_way() {
    let mut gateway = Played::new([]);
    Arc::get_mut(&mut gateway).unwrap().turns = Semaphore::new(0);
    let (courier, _alarms) = courier(gateway.clone(), gateway.clone(), 2);
    let first = courier.send(carry(Channel::Sms, "1"));
    let second = courier.send(carry(Channel::Mail, "2"));
    // The third asks once the two are under way: a mailbox keeps its order.
    let (first, second, ()) = within(async {
        futures_util::join!(first, second, async {
            let third = courier.send(carry(Channel::Sms, "3")).await.unwrap();
            assert!(matches!(third, Err(DeliveryError::Unavailable(_))));
            gateway.turns.add_permits(2);
        })
    })
    .await;
    assert_eq!((first.unwrap(), second.unwrap()), (Ok(()), Ok(())));
    gateway.turns.add_permits(1);
    assert_eq!(carried(&courier, Channel::Sms, "4").await, Ok(()));
    assert_eq!(gateway.sent(), ["1", "2", "4"]);
}

#[actix_rt::test]
async fn a_gateway_that_panics_takes_nothing_down_and_keeps_no_place() {
    let mail = Played::new([]);
    let (courier, mut alarms) = courier(Arc::new(Broken), mail, 1);
    for _ in 0..3 {
        let lost = within(courier.send(carry(Channel::Sms, "1"))).await;
        assert_eq!(lost, Err(MailboxError::Closed));
    }
    assert_eq!(carried(&courier, Channel::Mail, "2").await, Ok(()));
    assert!(alarms.try_recv().is_err());
}

#[actix_rt::test]
async fn a_courier_that_was_told_to_stop_takes_nothing_and_raises_no_alarm() {
    let gateway = Played::new([]);
    let (courier, mut alarms) = courier(gateway.clone(), gateway.clone(), 8);
    within(courier.send(Stop)).await.unwrap();
    let refused = within(courier.send(carry(Channel::Sms, "1"))).await;
    assert_eq!(refused, Err(MailboxError::Closed));
    assert_eq!(gateway.sent().len(), 0);
    // The bell hangs in the actor: it is gone when the actor is.
    assert_eq!(within(alarms.recv()).await, None);
}
