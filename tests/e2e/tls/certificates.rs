//! The certificate: made by the server or given to it, kept, pinned, replaced.

use std::fs;
use std::path::Path;

use qunliao_client::{AuthClient, ClientError, Fingerprint, HeaderForm, Tls, Way};
use serde_json::json;

use super::{open, server_with};
use crate::certificates::Certificates;
use crate::encrypted::Trust;
use crate::harness::{Home, Server, eventually};
use crate::people::ALICE;
use crate::wire::{Header, Wire};

async fn server_info(server: &Server, tls: Tls) -> Result<String, ClientError> {
    let way = Way::encrypted(HeaderForm::Text, tls);
    let mut client = AuthClient::open(server.addresses.auth, way).await?;
    Ok(client.server_info().await?.name)
}

fn refusal<T>(outcome: Result<T, ClientError>) -> String {
    match outcome {
        Err(ClientError::Tls(why)) => why,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it must not be trusted"),
    }
}

#[tokio::test]
async fn a_client_that_knows_the_fingerprint_trusts_this_server_and_no_other() {
    let (server, other) = (Server::start(), Server::start());
    let pin = server.authority();
    let name = server_info(&server, Tls::pinned(pin)).await.expect("trust");
    assert_eq!(name, "Qunliao under test");
    refusal(server_info(&other, Tls::pinned(pin)).await);
    let wrong: Fingerprint = "00".repeat(32).parse().expect("a fingerprint");
    refusal(server_info(&server, Tls::pinned(wrong)).await);

    // Started again it is the same.
    let certificate =
        |server: &Server| open(server, server.addresses.auth, Header::Text).certificate();
    let shown = certificate(&server);
    let server = server.restart();
    assert_eq!(server.authority(), pin);
    assert_eq!(certificate(&server), shown);
    server_info(&server, Tls::pinned(pin)).await.expect("trust");
}

#[tokio::test]
async fn a_client_that_knows_the_authority_asks_for_the_name_too() {
    let server = Home::new().set("tls.names", "[chat.example.org]").start();
    let authority = server.home().data().join("tls/authority.pem");
    for name in ["localhost", "127.0.0.1", "chat.example.org"] {
        let tls = Tls::with_ca_file(&authority, name).expect("a file");
        server_info(&server, tls).await.expect("trust");
    }
    let tls = Tls::with_ca_file(&authority, "bank.example").expect("a file");
    refusal(server_info(&server, tls).await);
    let tls = Tls::public("localhost").expect("a name");
    refusal(server_info(&server, tls).await);
    assert!(Tls::public("no name").is_err());
    let key = server.home().data().join("tls/authority-key.pem");
    assert!(Tls::with_ca_file(&key, "localhost").is_err());
}

#[test]
fn a_name_that_the_authority_may_not_sign_for_is_said() {
    let home = Server::start()
        .terminate()
        .set("tls.names", "[bank.example]");
    let said = home.fail_to_start().stderr;
    let said = String::from_utf8_lossy(&said);
    assert!(
        said.contains("tls.names") && said.contains("bank.example"),
        "{said}"
    );
}

/// A home whose server has its certificate from two files.
fn home_with_files() -> (Home, Certificates) {
    let home = Home::new()
        .set("tls.cert_file", "cert.pem")
        .set("tls.key_file", "key.pem");
    let certificates = Certificates::make();
    install(home.path(), &certificates);
    (home, certificates)
}

/// Whether the server shows what this authority has signed.
fn shows(server: &Server, certificates: &Certificates) -> bool {
    let wire = Wire::open(server.addresses.auth, Header::Text);
    wire.try_encrypt(&Trust::of(&certificates.authority))
        .is_ok()
}

fn install(at: &Path, certificates: &Certificates) {
    fs::copy(&certificates.server, at.join("cert.pem")).expect("a copy");
    fs::copy(&certificates.key, at.join("key.pem")).expect("a copy");
}

#[test]
fn a_new_pair_of_files_takes_over_and_connections_go_on() {
    let (home, first) = home_with_files();
    let server = home.start();
    ALICE.sign_up(&server);
    assert!(shows(&server, &first));
    let chat = Wire::open(server.addresses.chat, Header::Text);
    let mut alice = chat.encrypt(&Trust::of(&first.authority));
    ALICE.enter(&mut alice);
    let at = server.home().path().to_owned();

    // Without being asked, as soon as both have changed.
    let second = Certificates::make();
    install(&at, &second);
    server.wait_for_log("event=certificate_reloaded");
    assert!(shows(&server, &second) && !shows(&server, &first));

    // Asked, at once.
    let third = Certificates::make();
    install(&at, &third);
    server.signal("HUP");
    eventually("the third is shown", || {
        shows(&server, &third).then_some(())
    });

    ALICE.enter(&mut alice);
    server.terminate();
    alice.expect_end();
}

#[test]
fn a_bad_pair_is_refused_and_the_one_before_stays() {
    let (home, first) = home_with_files();
    let server = home.start();
    let at = server.home().path().to_owned();
    let other = Certificates::make();
    fs::copy(&other.key, at.join("key.pem")).expect("a copy");
    server.signal("HUP");
    let said = server.wait_for_log("event=certificate_refused");
    assert!(said.contains("do not belong together"), "{said}");
    assert!(said.contains("the one before stays"), "{said}");
    assert!(shows(&server, &first));
    fs::remove_file(at.join("cert.pem")).expect("a file");
    server.signal("HUP");
    server.wait_for_log("cert.pem: No such file");
    assert!(shows(&server, &first));

    // At the start there is none before.
    let home = server.terminate();
    let said = home.fail_to_start().stderr;
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("cert.pem"), "{said}");
    fs::copy(&first.server, at.join("cert.pem")).expect("a copy");
    let said = home.fail_to_start().stderr;
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("do not belong together"), "{said}");
}

#[test]
fn what_the_server_makes_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = server_with(&[]);
    let folder = server.home().data().join("tls");
    let mode = |path: &Path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o077
    };
    assert_eq!(mode(&folder), 0);
    for file in fs::read_dir(&folder).expect("a folder") {
        assert_eq!(mode(&file.expect("an entry").path()), 0);
    }
    assert!(
        server
            .log()
            .iter()
            .all(|line| !line.contains("PRIVATE KEY"))
    );
    let info = open(&server, server.addresses.auth, Header::Text).ask(&json!({ "op": 9 }));
    assert_eq!(info["test"], 0);
}
