//! Mail over TLS, implicit and by STARTTLS: what is protected, and that nothing
//! is said to a server that cannot be trusted.

use std::path::Path;
use std::time::Duration;

use certificates::Certificates;
use qunliao_delivery::{
    Content, DeliveryError, Language, Mailer, Message, Purpose, Secret, SettingsError, Smtp,
    SmtpSettings, SmtpTls,
};
use smtp_server::{Protection, SmtpServer};

#[path = "../../tests/support/certificates.rs"]
mod certificates;
#[path = "../../tests/support/smtp_server.rs"]
mod smtp_server;

const LOGIN: [&str; 4] = ["--user", "chat", "--password", "open sesame"];

fn settings(port: u16, tls: SmtpTls, ca_file: Option<&Path>) -> SmtpSettings {
    SmtpSettings {
        host: String::from("localhost"),
        port,
        tls,
        user: Some(String::from("chat")),
        password: Some(Secret::from(String::from("open sesame"))),
        from: String::from("Qunliao <chat@example.org>"),
        ca_file: ca_file.map(Path::to_owned),
        timeout: Duration::from_secs(20),
    }
}

async fn send(settings: SmtpSettings) -> Result<(), DeliveryError> {
    let message = Message {
        to: String::from("alice@example.org"),
        content: Content::Code {
            code: String::from("482913"),
            purpose: Purpose::Confirm,
            lifetime_minutes: 5,
        },
        language: Language::English,
        request_id: String::from("r-1"),
    };
    let smtp = Smtp::new(settings).expect("good settings");
    smtp.send(&message).await
}

fn refusal(outcome: Result<(), DeliveryError>) -> String {
    match outcome {
        Err(DeliveryError::Refused(said)) => said,
        other => panic!("{other:?}"),
    }
}

/// The server that demands STARTTLS, and the one that begins with TLS.
fn servers(certificates: &Certificates) -> [(SmtpTls, Protection<'_>); 2] {
    let (certificate, key) = (&certificates.server, &certificates.key);
    [
        (SmtpTls::StartTls, Protection::StartTls { certificate, key }),
        (SmtpTls::Implicit, Protection::Implicit { certificate, key }),
    ]
}

#[tokio::test]
async fn mail_goes_out_signed_in_and_encrypted() {
    let certificates = Certificates::make();
    for (mode, tls) in servers(&certificates) {
        let server = SmtpServer::start(&tls, &LOGIN);
        let settings = settings(server.port, mode, Some(&certificates.authority));
        assert_eq!(send(settings).await, Ok(()), "{mode:?}");
        let mail = server.next_mail();
        assert!(mail.signed_in && mail.encrypted, "{mode:?}: {mail:?}");
        assert_eq!(mail.subject, "Confirm your Qunliao contact");
    }
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_told_nothing() {
    let certificates = Certificates::make();
    let others = Certificates::make();
    for (mode, tls) in servers(&certificates) {
        for trusted in [None, Some(others.authority.as_path())] {
            let server = SmtpServer::start(&tls, &LOGIN);
            let said = refusal(send(settings(server.port, mode, trusted)).await);
            assert!(said.contains("certificate"), "{mode:?}: {said}");
            assert_eq!(server.stop(), Vec::<String>::new(), "{mode:?}");
        }
    }
}

#[tokio::test]
async fn a_server_of_another_name_is_told_nothing() {
    let certificates = Certificates::make_for(&["mail.example.org"]);
    for (mode, tls) in servers(&certificates) {
        let server = SmtpServer::start(&tls, &LOGIN);
        let settings = settings(server.port, mode, Some(&certificates.authority));
        let said = refusal(send(settings).await);
        assert!(said.contains("certificate"), "{mode:?}: {said}");
        assert_eq!(server.stop(), Vec::<String>::new(), "{mode:?}");
    }
}

#[tokio::test]
async fn a_server_without_starttls_is_told_neither_password_nor_recipient() {
    let server = SmtpServer::start(&Protection::None, &LOGIN);
    let said = refusal(send(settings(server.port, SmtpTls::StartTls, None)).await);
    assert_eq!(said, "the mail server does not offer STARTTLS");
    assert_eq!(server.stop(), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_demands_starttls_refuses_plain_mail() {
    let certificates = Certificates::make();
    let [(_, tls), _] = servers(&certificates);
    let server = SmtpServer::start(&tls, &[]);
    let mut settings = settings(server.port, SmtpTls::None, None);
    (settings.user, settings.password) = (None, None);
    let said = refusal(send(settings).await);
    assert_eq!(said, "the mail server answered 530 to MAIL FROM");
}

#[test]
fn a_ca_file_that_is_missing_or_damaged_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged.pem");
    std::fs::write(
        &damaged,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for path in [damaged, empty, folder.path().join("missing.pem")] {
        let error = Smtp::new(settings(25, SmtpTls::Implicit, Some(&path)));
        assert!(
            matches!(error, Err(SettingsError::CaFile { .. })),
            "{}: {error:?}",
            path.display()
        );
    }
}
