//! Mail to a real SMTP server on this machine, without TLS: what it takes, what
//! it refuses, and what it leaves unanswered.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use qunliao_delivery::{
    Content, DeliveryError, Language, Mailer, Message, Patience, Purpose, Relay, Retry, Secret,
    SettingsError, Smtp, SmtpSettings, SmtpTls,
};
use smtp_server::{Protection, SmtpServer};

#[path = "../../tests/support/smtp_server.rs"]
mod smtp_server;

const RETRY: Retry = Retry {
    attempts: 3,
    first_pause: Duration::from_millis(10),
    longest_pause: Duration::from_millis(10),
    deadline: Duration::from_secs(20),
};

fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: String::from("127.0.0.1"),
        port,
        tls: SmtpTls::None,
        user: None,
        password: None,
        from: String::from("群聊 <chat@example.org>"),
        ca_file: None,
        timeout: Duration::from_secs(20),
    }
}

fn smtp(port: u16) -> Smtp {
    Smtp::new(settings(port)).expect("good settings")
}

fn with_timeout(port: u16, timeout: Duration) -> Smtp {
    Smtp::new(SmtpSettings {
        timeout,
        ..settings(port)
    })
    .expect("good settings")
}

fn with_login(port: u16, user: &str, password: &str) -> Smtp {
    Smtp::new(SmtpSettings {
        user: Some(String::from(user)),
        password: Some(Secret::from(String::from(password))),
        ..settings(port)
    })
    .expect("good settings")
}

fn message(to: &str) -> Message {
    Message {
        to: String::from(to),
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
async fn relayed(smtp: impl Into<Arc<Smtp>>, message: &Message) -> Result<(), DeliveryError> {
    let relay = Relay::mail(vec![smtp.into()], RETRY, Patience::default());
    relay.send(message).await.map(drop)
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let server = SmtpServer::start(&Protection::None, &[]);
    let message = message("alice@example.org");
    smtp(server.port).send(&message).await.unwrap();

    let mail = server.next_mail();
    assert_eq!(mail.to, "alice@example.org");
    assert_eq!(mail.from, "chat@example.org");
    assert_eq!(mail.sender, "群聊 <chat@example.org>");
    assert_eq!(mail.subject, "群聊注册验证码");
    assert_eq!(mail.body.trim_end(), message.text());
    assert!(mail.raw.is_ascii(), "{}", mail.raw);
    assert!(!mail.signed_in && !mail.encrypted);
}

#[tokio::test]
async fn an_address_beyond_ascii_is_written_to_where_the_server_can() {
    let server = SmtpServer::start(&Protection::None, &[]);
    let outcome = smtp(server.port).send(&message("用户@example.org")).await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(server.next_mail().to, "用户@example.org");
}

#[tokio::test]
async fn who_must_sign_in_does() {
    let login = ["--user", "chat", "--password", "open sesame"];
    let server = SmtpServer::start(&Protection::None, &login);
    let smtp = with_login(server.port, "chat", "open sesame");
    smtp.send(&message("alice@example.org")).await.unwrap();
    assert!(server.next_mail().signed_in);
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_tried_again() {
    let login = ["--user", "chat", "--password", "open sesame"];
    let server = SmtpServer::start(&Protection::None, &login);
    let smtp = with_login(server.port, "chat", "open barley");
    let error = relayed(smtp, &message("alice@example.org")).await;
    let Err(DeliveryError::Refused(said)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(said, "the mail server answered 535 5.7.8 to AUTH");
    assert_eq!(server.stop(), ["sign-in no"]);
}

#[tokio::test]
async fn a_mailbox_that_is_not_there_is_a_bad_recipient() {
    let server = SmtpServer::start(&Protection::None, &["--refuse", "nobody@example.org"]);
    let smtp = Arc::new(smtp(server.port));
    let error = relayed(smtp.clone(), &message("nobody@example.org")).await;
    assert_eq!(error, Err(DeliveryError::BadRecipient));
    // Another's mail still goes through.
    smtp.send(&message("alice@example.org")).await.unwrap();
    assert_eq!(server.next_mail().to, "alice@example.org");
    // The recipient was asked about once, and then alice.
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_is_busy_is_tried_again() {
    let server = SmtpServer::start(&Protection::None, &["--busy-once"]);
    let smtp = smtp(server.port);
    let outcome = relayed(smtp, &message("alice@example.org")).await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(
        server.stop(),
        ["recipient", "recipient", "data", "mail 1"],
        "the first was turned away, the second taken"
    );
}

#[tokio::test]
async fn a_busy_server_says_so_when_it_is_tried_once() {
    let server = SmtpServer::start(&Protection::None, &["--busy-once"]);
    let error = smtp(server.port)
        .send(&message("alice@example.org"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "unavailable: the mail server answered 451 4.3.2 to RCPT TO"
    );
}

#[tokio::test]
async fn a_server_that_never_greets_is_given_up_on_in_time() {
    let server = SmtpServer::start(&Protection::None, &["--mute"]);
    let timeout = Duration::from_millis(700);
    let smtp = with_timeout(server.port, timeout);
    let start = Instant::now();
    let outcome = smtp.send(&message("alice@example.org")).await;
    assert_eq!(outcome, Err(DeliveryError::TimedOut));
    assert!(start.elapsed() >= timeout);
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_mail_whose_fate_is_unknown_is_not_sent_twice() {
    // Long enough to get as far as the mail, on a busy machine too.
    for (at_data, timeout) in [("hang", 3), ("close", 20)] {
        let server = SmtpServer::start(&Protection::None, &["--at-data", at_data]);
        let smtp = with_timeout(server.port, Duration::from_secs(timeout));
        let outcome = relayed(smtp, &message("alice@example.org")).await;
        assert_eq!(outcome, Err(DeliveryError::TimedOut), "{at_data}");
        assert_eq!(server.stop(), ["recipient", "data"], "{at_data}");
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unavailable() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = smtp(port)
        .send(&message("alice@example.org"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "unavailable: the mail server was lost at the greeting: connection refused"
    );
}

#[tokio::test]
async fn many_mails_at_once_all_arrive() {
    let server = SmtpServer::start(&Protection::None, &[]);
    let smtp = Arc::new(smtp(server.port));
    let sendings: Vec<_> = (0..12)
        .map(|n| {
            let smtp = smtp.clone();
            tokio::spawn(async move { smtp.send(&message(&format!("u{n}@example.org"))).await })
        })
        .collect();
    for sending in sendings {
        assert_eq!(sending.await.unwrap(), Ok(()));
    }
    let mut readers: Vec<String> = (0..12).map(|_| server.next_mail().to).collect();
    readers.sort();
    readers.dedup();
    assert_eq!(readers.len(), 12);
}

#[test]
fn settings_that_would_betray_a_code_or_cannot_work_are_refused() {
    let refusal = |change: fn(&mut SmtpSettings)| {
        let mut settings = settings(25);
        change(&mut settings);
        Smtp::new(settings).expect_err("settings that are refused")
    };
    let host = String::from("mail.example.org");
    assert_eq!(
        refusal(|s| s.host = String::from("mail.example.org")),
        SettingsError::PlainText { host }
    );
    assert_eq!(refusal(|s| s.host = String::new()), SettingsError::NoHost);
    assert_eq!(
        refusal(|s| s.from = String::from("Qunliao")),
        SettingsError::BadSender
    );
    assert_eq!(
        refusal(|s| s.user = Some(String::from("chat"))),
        SettingsError::HalfCredentials
    );
    assert_eq!(
        refusal(|s| s.timeout = Duration::ZERO),
        SettingsError::ZeroTimeout
    );
}
