//! The SMS webhook against a real HTTP endpoint, which knows of the protocol
//! only what its documentation says.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use endpoint::{Endpoint, Reply, Request};
use qunliao_delivery::{
    Content, DeliveryError, Endpoint as GatewayEndpoint, Language, Message, Patience, Purpose,
    Relay, Retry, Secret, SmsGateway, Webhook, WebhookSettings,
};

#[allow(dead_code, reason = "other tests use more of it")]
mod endpoint;

const RETRY: Retry = Retry {
    attempts: 3,
    first_pause: Duration::from_millis(10),
    longest_pause: Duration::from_millis(10),
    deadline: Duration::from_secs(20),
};

const SECRET: &str = "open sesame";

fn webhook_to(port: u16, timeout: Duration) -> Webhook {
    Webhook::new(WebhookSettings {
        endpoint: GatewayEndpoint {
            url: format!("http://127.0.0.1:{port}/sms?team=1"),
            timeout,
            ca_file: None,
        },
        secret: Secret::from(String::from(SECRET)),
    })
    .expect("good settings")
}

fn webhook(endpoint: &Endpoint) -> Webhook {
    webhook_to(endpoint.port, Duration::from_secs(20))
}

fn message() -> Message {
    Message {
        to: String::from("+8613800138000"),
        content: Content::Code {
            code: String::from("482913"),
            purpose: Purpose::Register,
            lifetime_minutes: 5,
        },
        language: Language::Chinese,
        request_id: String::from("r-1"),
    }
}

/// As a server sends it: again where that is safe.
async fn relayed(webhook: Webhook) -> Result<(), DeliveryError> {
    let relay = Relay::sms(vec![Arc::new(webhook)], RETRY, Patience::default());
    relay.send(&message()).await.map(drop)
}

async fn answered_with(status: u16) -> (Result<(), DeliveryError>, Vec<Request>) {
    let endpoint = Endpoint::start(vec![Reply::Status(status)]);
    let outcome = webhook(&endpoint).send(&message()).await;
    (outcome, endpoint.requests())
}

#[tokio::test]
async fn a_request_is_what_the_documentation_says() {
    let (outcome, requests) = answered_with(200).await;
    assert_eq!(outcome, Ok(()));
    let [request] = requests.as_slice() else {
        panic!("{} requests", requests.len());
    };
    assert_eq!(request.line, "POST /sms?team=1 HTTP/1.1");
    assert_eq!(request.header("content-type"), "application/json");
    request.check_signature(SECRET);
    assert!(!request.is_signed_with("another secret"));

    let mut body = request.json();
    let time = body["time"].take().as_u64().unwrap();
    assert_eq!(request.header("x-qunliao-time"), time.to_string());
    assert_eq!(
        body,
        serde_json::json!({
            "to": "+8613800138000",
            "kind": "register",
            "code": "482913",
            "text": message().text(),
            "request_id": "r-1",
            "time": null,
        })
    );
}

#[tokio::test]
async fn any_2xx_is_an_acceptance() {
    for status in [201, 202, 204] {
        assert_eq!(answered_with(status).await.0, Ok(()), "{status}");
    }
}

#[tokio::test]
async fn a_400_or_422_is_a_bad_recipient() {
    for status in [400, 422] {
        let (outcome, _) = answered_with(status).await;
        assert_eq!(outcome, Err(DeliveryError::BadRecipient), "{status}");
    }
}

#[tokio::test]
async fn a_429_is_unavailable() {
    let (outcome, _) = answered_with(429).await;
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "unavailable: webhook answered 429"
    );
}

#[tokio::test]
async fn after_a_500_the_same_request_is_tried_again() {
    let endpoint = Endpoint::start(vec![Reply::Status(500), Reply::Status(200)]);
    let outcome = relayed(webhook(&endpoint)).await;
    assert_eq!(outcome, Ok(()));
    let requests = endpoint.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        request.check_signature(SECRET);
        assert_eq!(request.json()["request_id"], "r-1");
    }
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let endpoint = Endpoint::start(vec![Reply::Status(403), Reply::Status(200)]);
    let outcome = relayed(webhook(&endpoint)).await;
    assert!(matches!(outcome, Err(DeliveryError::Refused(_))));
    assert_eq!(endpoint.requests().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Endpoint::start(vec![Reply::Status(200)]);
        let to = format!("http://127.0.0.1:{}/", elsewhere.port);
        let endpoint = Endpoint::start(vec![Reply::Redirect(status, to)]);
        let outcome = webhook(&endpoint).send(&message()).await;
        assert!(
            matches!(outcome, Err(DeliveryError::Refused(_))),
            "{status}: {outcome:?}"
        );
        assert_eq!(endpoint.requests().len(), 1);
        assert_eq!(elsewhere.requests().len(), 0, "{status}");
    }
}

#[tokio::test]
async fn a_hung_gateway_is_given_up_on_in_time() {
    let endpoint = Endpoint::start(vec![Reply::Hang]);
    let webhook = webhook_to(endpoint.port, Duration::from_millis(500));
    let start = Instant::now();
    let outcome = webhook.send(&message()).await;
    assert_eq!(outcome, Err(DeliveryError::TimedOut));
    assert!(start.elapsed() >= Duration::from_millis(500));
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(endpoint.requests().len(), 1);
}

#[tokio::test]
async fn a_gateway_that_is_full_of_hung_requests_is_given_up_on_in_time_too() {
    // Eight at once is what a webhook allows itself; the others wait in line.
    let endpoint = Endpoint::start((0..8).map(|_| Reply::Hang).collect());
    let webhook = webhook_to(endpoint.port, Duration::from_millis(500));
    let webhook = Arc::new(webhook);
    let start = Instant::now();
    let sendings: Vec<_> = (0..12)
        .map(|_| {
            let webhook = Arc::clone(&webhook);
            tokio::spawn(async move { webhook.send(&message()).await })
        })
        .collect();
    for sending in sendings {
        let outcome = sending.await.unwrap();
        assert!(outcome.is_err(), "{outcome:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn an_answer_that_is_no_http_leaves_a_doubt_and_is_tried_again() {
    for nonsense in ["220 mail.example.org ESMTP\r\n", "HTTP/1.1 abc\r\n\r\n", ""] {
        let malformed = || Reply::Raw(String::from(nonsense));
        let endpoint = Endpoint::start(vec![malformed(), Reply::Status(200)]);
        let webhook = webhook(&endpoint);
        let outcome = webhook.send(&message()).await;
        assert_eq!(outcome, Err(DeliveryError::TimedOut), "{nonsense:?}");
        assert_eq!(relayed(webhook).await, Ok(()));
        assert_eq!(endpoint.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unavailable() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let webhook = webhook_to(port, Duration::from_secs(20));
    assert_eq!(
        webhook.send(&message()).await.unwrap_err().to_string(),
        "unavailable: webhook cannot be reached: connection refused"
    );
}

#[tokio::test]
async fn an_endpoint_that_does_not_speak_tls_is_not_spoken_to_in_the_clear() {
    let endpoint = Endpoint::start(vec![Reply::Status(200)]);
    let webhook = Webhook::new(WebhookSettings {
        endpoint: GatewayEndpoint {
            url: format!("https://127.0.0.1:{}/sms", endpoint.port),
            timeout: Duration::from_millis(500),
            ca_file: None,
        },
        secret: Secret::from(String::from(SECRET)),
    })
    .unwrap();
    assert!(webhook.send(&message()).await.is_err());
    assert!(endpoint.requests().is_empty());
}
