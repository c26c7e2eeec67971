//! Every SMS provider against a listener that checks requests as the provider does,
//! and gives every kind of answer.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use cast::{CODE, NUMBER, Outcome, PROVIDERS, Provider, SECRET, message};
use endpoint::{Endpoint, Reply, Request};
use qunliao_delivery::{
    DeliveryError, Endpoint as Where, Patience, Relay, Retry, Secret, SmsGateway, Webhook,
    WebhookSettings,
};

#[path = "providers/cast.rs"]
mod cast;
#[path = "providers/checks.rs"]
mod checks;
#[allow(dead_code, reason = "other tests use more of it")]
mod endpoint;

const PATIENT: Duration = Duration::from_secs(20);

const RETRY: Retry = Retry {
    attempts: 3,
    first_pause: Duration::from_millis(10),
    longest_pause: Duration::from_millis(10),
    deadline: Duration::from_secs(60),
};

fn body((status, text): (u16, &str)) -> Reply {
    Reply::Body(status, String::from(text))
}

/// One sending, answered so; the outcome and the requests that came.
async fn answered(provider: &Provider, reply: Reply) -> (Result<(), DeliveryError>, Vec<Request>) {
    let endpoint = Endpoint::start(vec![reply]);
    let driver = provider.driver(endpoint.port, SECRET, PATIENT);
    let outcome = driver.send(&message()).await;
    (outcome, endpoint.requests())
}

/// The provider's driver in front of a webhook that would take anything, as a
/// configuration with two ways has them.
async fn relayed(
    provider: &Provider,
    port: u16,
    timeout: Duration,
) -> (Result<&'static str, DeliveryError>, usize) {
    let fallback = Endpoint::start(vec![Reply::Status(200)]);
    let webhook = Webhook::new(WebhookSettings {
        endpoint: Where {
            url: format!("http://127.0.0.1:{}/", fallback.port),
            timeout: PATIENT,
            ca_file: None,
        },
        secret: Secret::from(String::from(SECRET)),
    });
    let gateways: Vec<Arc<dyn SmsGateway>> = vec![
        Arc::from(provider.driver(port, SECRET, timeout)),
        Arc::new(webhook.expect("good settings")),
    ];
    let relay = Relay::sms(gateways, RETRY, Patience::default());
    let outcome = relay.send(&message()).await;
    (outcome, fallback.requests().len())
}

#[tokio::test]
async fn a_request_is_signed_as_the_provider_checks_it_and_accepted() {
    for provider in &PROVIDERS {
        let (outcome, requests) = answered(provider, body(provider.accepted)).await;
        assert_eq!(outcome, Ok(()), "{}", provider.name);
        let [request] = requests.as_slice() else {
            panic!("{}: {} requests", provider.name, requests.len());
        };
        assert!((provider.is_signed)(request), "{}", provider.name);
    }
}

#[tokio::test]
async fn a_request_with_another_secret_does_not_pass_that_check() {
    for provider in &PROVIDERS {
        let endpoint = Endpoint::start(vec![body(provider.accepted)]);
        let driver = provider.driver(endpoint.port, "open barley", PATIENT);
        assert_eq!(driver.send(&message()).await, Ok(()));
        let requests = endpoint.requests();
        assert!(!(provider.is_signed)(&requests[0]), "{}", provider.name);
    }
}

#[tokio::test]
async fn every_kind_of_answer_means_what_it_says_and_repeats_nothing_of_the_message() {
    for provider in &PROVIDERS {
        for (status, text, expected) in provider.answers {
            let (outcome, requests) = answered(provider, body((*status, text))).await;
            let name = provider.name;
            assert_eq!(Outcome::of(&outcome), *expected, "{name}: {status} {text}");
            assert_eq!(requests.len(), 1, "{name}: {status} {text}");
            let said = format!("{outcome:?}");
            assert!(!said.contains(CODE), "{said}");
            assert!(!said.contains(&NUMBER[3..]), "{said}");
            let names_itself = said.contains(name);
            assert!(names_itself || matches!(expected, Outcome::Accepted | Outcome::BadNumber));
        }
    }
}

#[tokio::test]
async fn an_unexpected_status_is_a_no_below_500_and_a_doubt_from_there_on() {
    for provider in &PROVIDERS {
        for (status, expected) in [
            (404, Outcome::Refused),
            (429, Outcome::Unavailable),
            (500, Outcome::Doubt),
            (502, Outcome::Doubt),
            (504, Outcome::Doubt),
        ] {
            let (outcome, _) = answered(provider, body((status, "<html>"))).await;
            let said = format!("{}: {status} {outcome:?}", provider.name);
            assert_eq!(Outcome::of(&outcome), expected, "{said}");
        }
        let elsewhere = Endpoint::start(vec![Reply::Status(200)]);
        let to = format!("http://127.0.0.1:{}/", elsewhere.port);
        let (outcome, _) = answered(provider, Reply::Redirect(307, to)).await;
        assert_eq!(Outcome::of(&outcome), Outcome::Refused);
        assert!(elsewhere.requests().is_empty(), "{}", provider.name);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_a_doubt() {
    for provider in PROVIDERS.iter().filter(|one| !one.status_suffices) {
        let (status, text) = provider.accepted;
        assert!(checks::is_json(text));
        let long = format!("{text}{}", " ".repeat(70_000));
        for reply in [
            body((status, "<html>everything is fine</html>")),
            body((status, "")),
            body((status, &text[..text.len() / 2])),
            body((status, &long)),
            Reply::Cut(status, String::from(text)),
            Reply::Raw(String::from("220 mail.example.org ESMTP\r\n")),
            Reply::Raw(String::new()),
        ] {
            let (outcome, _) = answered(provider, reply).await;
            assert_eq!(Outcome::of(&outcome), Outcome::Doubt, "{}", provider.name);
        }
    }
}

#[tokio::test]
async fn a_status_that_is_an_acceptance_stays_one_when_the_rest_is_cut_off() {
    for provider in PROVIDERS.iter().filter(|one| one.status_suffices) {
        let (status, text) = provider.accepted;
        let (outcome, _) = answered(provider, Reply::Cut(status, String::from(text))).await;
        assert_eq!(outcome, Ok(()), "{}", provider.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_answer_is_waited_for() {
    for provider in &PROVIDERS {
        let (signal, told) = channel();
        let (status, text) = provider.accepted;
        let endpoint = Endpoint::start(vec![Reply::Later(told, status, String::from(text))]);
        let driver = provider.driver(endpoint.port, SECRET, PATIENT);
        let sending = tokio::spawn(async move { driver.send(&message()).await });
        let request = endpoint.next_request();
        assert!((provider.is_signed)(&request) && !sending.is_finished());
        signal.send(()).expect("it waits");
        assert_eq!(sending.await.unwrap(), Ok(()), "{}", provider.name);
    }
}

#[tokio::test]
async fn what_hangs_or_breaks_off_is_neither_repeated_nor_passed_on() {
    let timeout = Duration::from_millis(500);
    for provider in &PROVIDERS {
        for reply in [Reply::Hang, Reply::Raw(String::new())] {
            let endpoint = Endpoint::start(vec![reply, body(provider.accepted)]);
            let start = Instant::now();
            let (outcome, passed_on) = relayed(provider, endpoint.port, timeout).await;
            assert_eq!(outcome, Err(DeliveryError::TimedOut), "{}", provider.name);
            assert!(start.elapsed() < Duration::from_secs(10));
            assert_eq!((endpoint.requests().len(), passed_on), (1, 0));
        }
    }
}

#[tokio::test]
async fn an_answer_that_leaves_a_doubt_is_neither_repeated_nor_passed_on() {
    for provider in &PROVIDERS {
        for (status, text, _) in provider.answers.iter().filter(|a| a.2 == Outcome::Doubt) {
            let endpoint = Endpoint::start(vec![body((*status, text)), body(provider.accepted)]);
            let (outcome, passed_on) = relayed(provider, endpoint.port, PATIENT).await;
            assert!(
                matches!(outcome, Err(DeliveryError::Unclear(_))),
                "{outcome:?}"
            );
            assert_eq!((endpoint.requests().len(), passed_on), (1, 0));
        }
    }
}

#[tokio::test]
async fn what_was_certainly_not_accepted_is_passed_on_once() {
    for provider in &PROVIDERS {
        for (status, text, outcome) in provider.answers {
            let is_no = matches!(
                outcome,
                Outcome::Declined | Outcome::Refused | Outcome::Unavailable
            );
            if is_no {
                let endpoint = Endpoint::start(vec![body((*status, text))]);
                let (outcome, passed_on) = relayed(provider, endpoint.port, PATIENT).await;
                assert_eq!(outcome, Ok("webhook"), "{}: {text}", provider.name);
                assert_eq!((endpoint.requests().len(), passed_on), (1, 1));
            }
        }
    }
}

#[tokio::test]
async fn where_nobody_listens_the_next_takes_over() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    for provider in &PROVIDERS {
        let driver = provider.driver(port, SECRET, PATIENT);
        let said = driver.send(&message()).await.unwrap_err().to_string();
        let name = provider.name;
        assert_eq!(
            said,
            format!("unavailable: {name} cannot be reached: connection refused")
        );
        assert_eq!(relayed(provider, port, PATIENT).await, (Ok("webhook"), 1));
    }
}
