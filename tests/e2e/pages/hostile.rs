//! Whatever strangers send to a page: nothing breaks, nothing is used up, and
//! nothing of it comes back unescaped.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::browser::{get, post, post_body};
use crate::harness::{Home, PATIENCE, Server};
use crate::people::ALICE;

use super::{form, log_in, setup_path};

const FORM: &str = "application/x-www-form-urlencoded";

const FIELDS: [&str; 5] = [
    "user_name",
    "user_pwd",
    "user_pwd_again",
    "user_phone",
    "user_email",
];

#[test]
fn hostile_values_in_every_field_are_refused_and_escaped() {
    let server = Server::start();
    let web = server.addresses.web;
    let path = setup_path(&server);
    let long = "长".repeat(600);
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' OR 1=1 --",
        "\0",
        "a\r\nSet-Cookie: a=b",
        "\u{202e}ecilA",
        "{{7*7}}",
        "../../etc/passwd",
        "&amp;\"'<>",
        long.as_str(),
    ];
    for field in FIELDS {
        for value in hostile {
            // A field that is not the tested one is empty: no form of these is good.
            let fields = FIELDS.map(|name| (name, if name == field { value } else { "" }));
            let page = post(web, &path, &fields);
            assert_eq!(page.status, 422, "{field}: {value}");
            let is_markup = value.contains(['<', '"']);
            assert!(!is_markup || !page.says(value), "{field}: {value}");
            assert_eq!(page.header("Set-Cookie"), None);
            if field.starts_with("user_pwd") {
                assert!(
                    value.len() < 10 || !page.says(value),
                    "a password comes back"
                );
            }
        }
    }
    assert_eq!(
        post(web, &path, &form(&ALICE, "")).status,
        200,
        "still good"
    );
}

#[test]
fn tokens_that_nobody_made_lead_to_a_friendly_end() {
    let server = Server::start();
    let web = server.addresses.web;
    let path = setup_path(&server);
    let (_, token) = path.rsplit_once('/').expect("a token");
    let flipped = token.replace('a', "b").replace('0', "1");
    let long = "a".repeat(4_000);
    for page in ["setup", "invite", "reset"] {
        for token in [
            "x",
            "%00",
            "%ff",
            "..%2f..%2fetc",
            "%3Cscript%3E",
            "邀请",
            &flipped,
            &long,
            &token[1..],
        ] {
            let path = format!("/{page}/{}", token.replace("邀请", "%E9%82%80%E8%AF%B7"));
            let page = get(web, &path);
            assert!([404, 410].contains(&page.status), "{path}: {}", page.status);
            assert!(page.says("<h1>") && !page.says("<script"), "{path}");
            let page = post(web, &path, &form(&ALICE, ""));
            assert!([404, 410].contains(&page.status), "{path}: {}", page.status);
        }
    }
    // An invitation resets nothing.
    assert_eq!(get(web, &format!("/reset/{token}")).status, 410);
    assert_eq!(get(web, &path).status, 200);
}

#[test]
fn bodies_that_are_no_form_are_refused() {
    let server = Server::start();
    let web = server.addresses.web;
    let path = setup_path(&server);
    let long = vec![b'a'; 9_000];
    for (media_type, body, status) in [
        (FORM, &long[..], 413),
        ("text/plain", b"user_name=a", 415),
        ("application/json", b"{}", 415),
        (FORM, b"user_name=\xff\xfe", 400),
        (FORM, b"user_name=a&user_name=b", 400),
        (FORM, b"user_name=%ff%fe%00", 422),
        (FORM, b"=&&&=", 422),
        (FORM, b"", 422),
    ] {
        let page = post_body(web, &path, media_type, body);
        assert_eq!(page.status, status, "{media_type} {}", body.escape_ascii());
        assert!(page.says("<h1>"));
    }
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let server = Home::new().set("limits.frame_timeout_seconds", "1").start();
    let path = setup_path(&server);
    let mut socket = TcpStream::connect(server.addresses.web).expect("it listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 100\r\n\r\nuser"
    );
    socket.write_all(head.as_bytes()).expect("it reads");
    let mut start = [0; 12];
    socket.read_exact(&mut start).expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 408");
}

#[test]
fn links_that_do_not_work_use_up_nobodys_logins() {
    let server = Home::new()
        .set("limits.wrong_credentials_per_address_burst", "3")
        .start();
    let web = server.addresses.web;
    let path = setup_path(&server);
    // As a page elsewhere has a visitor's browser send them.
    for _ in 0..5 {
        for page in ["invite", "reset"] {
            let page = post(web, &format!("/{page}/guess"), &form(&ALICE, ""));
            assert_eq!(page.status, 410);
        }
    }
    let page = post(web, &path, &form(&ALICE, ""));
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(log_in(&server, &ALICE)["test"], 0);
}
