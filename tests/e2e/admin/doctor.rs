//! `qunliao doctor`: what is well, and what is wrong in just one way.

use super::*;
use crate::certificates::Certificates;
use crate::harness::Server;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, SystemTime};

/// The check of this name.
fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("checks");
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {report}"))
}

fn state<'a>(report: &'a Value, name: &str) -> &'a str {
    check(report, name)["state"].as_str().expect("a word")
}

/// A report with something to mend: it says how, and shows no secret.
fn unwell(home: &Home, name: &str) -> Value {
    let (code, report) = answer(home, &["doctor"]);
    assert_eq!((code, &report["well"]), (1, &false.into()), "{report}");
    assert_eq!(state(&report, name), "wrong", "{report}");
    assert!(check(&report, name)["advice"].is_string(), "{report}");
    assert!(!report.to_string().contains("geheim"), "{report}");
    report
}

#[test]
fn a_server_that_is_well_is_well_before_and_while_it_runs() {
    let home = Home::new();
    let report = done(&home, &["doctor"]);
    assert_eq!(
        state(&report, "data_folder"),
        "warning",
        "there is none yet"
    );
    assert_eq!(state(&report, "database"), "skipped");
    assert!(!home.data().exists(), "looking makes no folder");
    let server = home.start();
    let report = done(server.home(), &["doctor"]);
    for name in [
        "configuration",
        "data_folder",
        "server",
        "database",
        "disk",
        "secrets:secret.key",
        "port:chat",
    ] {
        assert_eq!(state(&report, name), "well", "{name}: {report}");
    }
    assert_eq!(state(&report, "owner"), "warning");
    let printed = text(server.home(), &["doctor"]);
    assert!(
        printed.contains("✓ database: A write reaches the disk."),
        "{printed}"
    );
    assert!(printed.contains("! owner: "), "{printed}");
}

#[test]
fn the_certificate_is_looked_at_and_its_authority_told() {
    let home = Home::new();
    let none = (1, "no_certificate".to_owned());
    assert_eq!(refused(&home, &["fingerprint"]), none);
    assert_eq!(state(&done(&home, &["doctor"]), "certificate"), "skipped");
    assert!(!home.data().exists(), "looking makes no folder");
    let server = home.start();
    let logged = server.wait_for_log("ca_sha256=");
    let printed = text(server.home(), &["fingerprint"]);
    assert!(logged.trim_end().ends_with(printed.trim_end()), "{logged}");
    let told = done(server.home(), &["fingerprint"]);
    assert_eq!(told["ca_sha256"], printed.trim_end());
    let report = done(server.home(), &["doctor"]);
    for name in ["certificate", "certificate_names"] {
        assert_eq!(state(&report, name), "well", "{report}");
    }
    let home = server.terminate().set("tls.names", "[chat.example.org]");
    let report = unwell(&home, "certificate_names");
    assert_eq!(state(&report, "certificate"), "well");
    let home = home.set("tls.mode", "off");
    let off = (1, "tls_off".to_owned());
    assert_eq!(refused(&home, &["fingerprint"]), off);
}

#[test]
fn a_certificate_of_ones_own_is_verified_by_name() {
    let certificates = Certificates::make();
    let home = Home::new()
        .set("tls.cert_file", &certificates.server.display().to_string())
        .set("tls.key_file", &certificates.key.display().to_string());
    let told = done(&home, &["fingerprint"]);
    assert_eq!(
        (&told["certificate"], &told["ca_sha256"]),
        (&"files".into(), &Value::Null)
    );
    assert!(text(&home, &["fingerprint"]).contains("by its name"));
    let home = home.set("tls.key_file", &certificates.server.display().to_string());
    unwell(&home, "certificate");
}

#[test]
fn a_mail_server_that_is_not_there_is_told() {
    // A port that was free a moment ago, and that nobody listens on.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
    let home = Home::new()
        .set("delivery.mail", "smtp")
        .set("delivery.smtp.host", "localhost")
        .set(
            "delivery.smtp.port",
            &port.expect("a port").port().to_string(),
        )
        .set("delivery.smtp.tls", "none")
        .set("delivery.smtp.user", "us")
        .set("delivery.smtp.password", "geheim")
        .set("delivery.smtp.from", "chat@example.org");
    let report = unwell(&home, "mail");
    assert!(
        check(&report, "mail")["finding"]
            .as_str()
            .unwrap()
            .contains("localhost")
    );
}

#[test]
fn a_disk_below_the_reserve_is_told() {
    let home = Home::new().set("storage.reserve_mib", "4000000000");
    unwell(&home, "disk");
}

#[test]
fn a_configuration_that_does_not_fit_is_told_and_the_rest_is_looked_at() {
    let home = Home::new().set("limits.transfers_max", "0");
    let report = unwell(&home, "configuration");
    assert_eq!(state(&report, "disk"), "well");
}

#[test]
fn a_port_that_another_program_holds_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let home = Home::new().set("listen.chat", &address);
    unwell(&home, "port:chat");
}

#[test]
fn a_clock_that_is_off_is_told_and_what_would_be_signed_is_shown() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!(
        "http://{}/hook",
        elsewhere.local_addr().expect("an address")
    );
    std::thread::spawn(move || elsewhere.incoming().flatten().for_each(tell_a_wrong_time));
    let home = Home::new()
        .set("delivery.sms", "webhook")
        .set("delivery.webhook.url", &url)
        .set("delivery.webhook.secret", "geheim");
    let report = unwell(&home, "clock");
    let finding = check(&report, "clock")["finding"].as_str().unwrap();
    assert!(
        finding.contains("s fast, by the Date that webhook's server gives"),
        "{finding}"
    );
    let dry_run = check(&report, "sms:webhook");
    let detail = dry_run["detail"].as_str().unwrap();
    assert!(
        detail.contains("000000") && detail.contains("sha256=***"),
        "{detail}"
    );
    let server = home.start();
    unwell(server.home(), "clock");
}

/// Answers anything with a time ten minutes ago.
fn tell_a_wrong_time(mut socket: TcpStream) {
    let mut lines = BufReader::new(&socket).lines();
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let date = httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(600));
    let answer = format!(
        "HTTP/1.1 404 Not Found\r\nDate: {date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    // Whoever does not wait for it has not asked for the time.
    let _ = socket.write_all(answer.as_bytes());
}

#[test]
fn a_mail_to_try_it_out_arrives() {
    use crate::smtp_server::{Protection, SmtpServer};
    let mail = SmtpServer::start(&Protection::None, &[]);
    let home = Home::new()
        .set("delivery.mail", "smtp")
        .set("delivery.smtp.host", "127.0.0.1")
        .set("delivery.smtp.port", &mail.port.to_string())
        .set("delivery.smtp.tls", "none")
        .set("delivery.smtp.from", "chat@example.org");
    let report = done(&home, &["doctor", "--send-test-mail", "ops@example.org"]);
    assert_eq!(
        (state(&report, "mail"), state(&report, "test_mail")),
        ("well", "well")
    );
    assert_eq!(mail.next_mail().to, "ops@example.org");
    let (code, report) = answer(&home, &["doctor", "--send-test-mail", "nonsense"]);
    assert_eq!((code, state(&report, "test_mail")), (1, "wrong"));
}

#[test]
fn a_server_with_another_configuration_is_told() {
    let server = Server::start();
    let other = server.addresses.auth.port() ^ 1;
    let mut doctor = server.home().program();
    doctor.env("QUNLIAO_LISTEN__CHAT", format!("127.0.0.1:{other}"));
    let output = doctor
        .args(["doctor", "--json"])
        .output()
        .expect("it starts");
    let (code, report) = read(&[], &output);
    assert_eq!((code, state(&report, "port:chat")), (0, "warning"));
}
