//! The check of a mail server for an operator: all but the mail, and words that say
//! what to do.

use std::net::TcpListener;
use std::time::Duration;

use certificates::Certificates;
use qunliao_delivery::{Secret, Smtp, SmtpSettings, SmtpTls};
use smtp_server::{Protection, SmtpServer};

#[path = "../../tests/support/certificates.rs"]
mod certificates;
#[path = "../../tests/support/smtp_server.rs"]
mod smtp_server;

const LOGIN: [&str; 4] = ["--user", "chat", "--password", "open sesame"];

fn settings(port: u16, tls: SmtpTls, certificates: Option<&Certificates>) -> SmtpSettings {
    SmtpSettings {
        host: String::from("localhost"),
        port,
        tls,
        user: Some(String::from("chat")),
        password: Some(Secret::from(String::from("open sesame"))),
        from: String::from("Qunliao <chat@example.org>"),
        ca_file: certificates.map(|certificates| certificates.authority.clone()),
        timeout: Duration::from_secs(20),
    }
}

/// What the operator is told, if not that all is well.
async fn complaint(settings: SmtpSettings) -> String {
    let smtp = Smtp::new(settings).expect("good settings");
    smtp.check().await.expect_err("a complaint").to_string()
}

#[tokio::test]
async fn a_good_server_is_signed_in_to_and_sent_nothing() {
    let certificates = Certificates::make();
    let (certificate, key) = (&certificates.server, &certificates.key);
    for (tls, protection) in [
        (SmtpTls::Implicit, Protection::Implicit { certificate, key }),
        (SmtpTls::StartTls, Protection::StartTls { certificate, key }),
    ] {
        let server = SmtpServer::start(&protection, &LOGIN);
        let smtp = Smtp::new(settings(server.port, tls, Some(&certificates))).unwrap();
        assert_eq!(smtp.check().await, Ok(()), "{tls:?}");
        assert_eq!(server.stop(), ["sign-in ok"], "{tls:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_from_a_wrong_port_and_a_wrong_name() {
    let certificates = Certificates::make();
    let (certificate, key) = (&certificates.server, &certificates.key);
    let server = SmtpServer::start(&Protection::Implicit { certificate, key }, &LOGIN);
    let mut wrong = settings(server.port, SmtpTls::Implicit, Some(&certificates));
    wrong.password = Some(Secret::from(String::from("open barley")));
    let said = complaint(wrong).await;
    assert!(
        said.contains("535") && said.contains("check user and password"),
        "{said}"
    );
    assert!(!said.contains("barley"), "{said}");

    let strangers = settings(server.port, SmtpTls::Implicit, None);
    let said = complaint(strangers).await;
    assert!(
        said.contains("certificate") && said.contains("ca_file"),
        "{said}"
    );

    let plain = SmtpServer::start(&Protection::None, &LOGIN);
    let said = complaint(settings(plain.port, SmtpTls::StartTls, None)).await;
    assert!(
        said.contains("does not offer STARTTLS: choose tls: implicit"),
        "{said}"
    );
    let said = complaint(settings(plain.port, SmtpTls::Implicit, None)).await;
    assert!(said.contains("465 goes with implicit"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_not_there_or_says_nothing_is_told_of_in_time() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let said = complaint(settings(port, SmtpTls::None, None)).await;
    assert!(
        said.ends_with("nothing listens there: check host and port"),
        "{said}"
    );

    let mute = SmtpServer::start(&Protection::None, &["--mute"]);
    let mut settings = settings(mute.port, SmtpTls::None, None);
    settings.timeout = Duration::from_millis(500);
    let said = complaint(settings).await;
    assert!(said.contains("does not answer in time"), "{said}");
}
