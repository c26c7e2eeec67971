//! The SMS webhook over HTTPS: whom it trusts, and that it tells nobody else.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use certificates::Certificates;
use qunliao_delivery::{
    Content, DeliveryError, Endpoint as GatewayEndpoint, Language, Message, Purpose, Secret,
    SmsGateway, Webhook, WebhookSettings,
};

#[path = "../../tests/support/certificates.rs"]
mod certificates;

/// `https_endpoint.py`, in a process of its own.
struct Endpoint {
    port: u16,
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Endpoint {
    fn start(certificates: &Certificates) -> Self {
        let python = env::var("SMTP_TEST_PYTHON").unwrap_or_else(|_| String::from("python3"));
        let mut child = Command::new(&python)
            .args(["-c", include_str!("https_endpoint.py")])
            .args([&certificates.server, &certificates.key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("`{python}` cannot be started: {error}"));
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut first = String::new();
        output.read_line(&mut first).expect("text");
        Self {
            port: first.trim().parse().expect("a port"),
            child,
            output,
        }
    }

    /// Stops it, and answers with how many requests it was sent.
    fn stop(mut self) -> usize {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("text");
        rest.lines().filter(|line| *line == "posted").count()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn send(port: u16, ca_file: Option<&Path>) -> Result<(), DeliveryError> {
    let webhook = Webhook::new(WebhookSettings {
        endpoint: GatewayEndpoint {
            url: format!("https://localhost:{port}/sms"),
            timeout: Duration::from_secs(20),
            ca_file: ca_file.map(Path::to_owned),
        },
        secret: Secret::from(String::from("open sesame")),
    })
    .expect("good settings");
    let message = Message {
        to: String::from("+8613800138000"),
        content: Content::Code {
            code: String::from("482913"),
            purpose: Purpose::Register,
            lifetime_minutes: 5,
        },
        language: Language::Chinese,
        request_id: String::from("r-1"),
    };
    webhook.send(&message).await
}

fn is_about_the_certificate(outcome: &Result<(), DeliveryError>) -> bool {
    matches!(outcome, Err(DeliveryError::Refused(said)) if said.contains("certificate"))
}

#[tokio::test]
async fn an_endpoint_of_the_configured_authority_is_trusted() {
    let certificates = Certificates::make();
    let endpoint = Endpoint::start(&certificates);
    let outcome = send(endpoint.port, Some(&certificates.authority)).await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(endpoint.stop(), 1);
}

#[tokio::test]
async fn an_endpoint_of_an_unknown_authority_is_told_nothing() {
    let certificates = Certificates::make();
    let others = Certificates::make();
    for trusted in [None, Some(others.authority.as_path())] {
        let endpoint = Endpoint::start(&certificates);
        let outcome = send(endpoint.port, trusted).await;
        assert!(is_about_the_certificate(&outcome), "{outcome:?}");
        assert_eq!(endpoint.stop(), 0);
    }
}

#[tokio::test]
async fn an_endpoint_of_another_name_is_told_nothing() {
    let certificates = Certificates::make_for(&["sms.example.org"]);
    let endpoint = Endpoint::start(&certificates);
    let outcome = send(endpoint.port, Some(&certificates.authority)).await;
    assert!(is_about_the_certificate(&outcome), "{outcome:?}");
    assert_eq!(endpoint.stop(), 0);
}
