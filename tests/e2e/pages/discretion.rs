//! Addresses of pages are secrets: neither headers nor logs give them away, and
//! nothing runs in a page.

use crate::browser::{Page, get, post};
use crate::harness::{Home, Server};
use crate::people::{ALICE, BOB};

use super::links::Links;
use super::{form, setup_path};

fn check_discretion(page: &Page) {
    let policy = page.header("Content-Security-Policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(
        !policy.contains("unsafe") && !policy.contains("script"),
        "{policy}"
    );
    assert_eq!(page.header("Referrer-Policy"), Some("no-referrer"));
    assert_eq!(page.header("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(page.header("X-Robots-Tag"), Some("noindex, nofollow"));
    for what in [
        "<script",
        "style=",
        "javascript:",
        "onload",
        "http://",
        "https://",
    ] {
        let body = page.body.replace("http://www.w3.org/2000/svg", "");
        assert!(!body.contains(what), "{what} in {body}");
    }
}

#[test]
fn every_page_keeps_its_address_to_itself_and_runs_nothing() {
    let server = Server::start();
    let web = server.addresses.web;
    let setup = setup_path(&server);
    for path in [
        "/",
        &setup,
        "/invite/none",
        "/reset/none",
        "/setup/none",
        "/nowhere",
    ] {
        let page = get(web, path);
        check_discretion(&page);
        assert_eq!(page.header("Cache-Control"), Some("no-store"), "{path}");
    }
    check_discretion(&post(web, &setup, &[("user_name", "系统")]));
    let home = get(web, "/");
    assert!(home.status == 200 && home.says("Qunliao under test"));
    assert!(home.says(&server.addresses.chat.port().to_string()));
    assert!(!home.says("href=\"http") && get(web, "/nowhere").status == 404);
    // What it loads is there.
    for (path, media_type) in [("/style.css", "text/css"), ("/mark.svg", "image/svg+xml")] {
        assert!(home.says(&format!("href=\"{path}\"")));
        let file = get(web, path);
        assert_eq!(file.status, 200);
        assert!(
            file.header("Content-Type")
                .expect("a type")
                .starts_with(media_type)
        );
    }
}

#[test]
fn no_log_holds_what_goes_through_a_page() {
    let home = Home::new().with_variable("RUST_LOG", "trace");
    let links = Links::of(home.start().terminate());
    let path = links.invite();
    let server = links.start();
    let web = server.addresses.web;
    assert_eq!(get(web, &path).status, 200);
    let wrong = post(
        web,
        &path,
        &[("user_name", "系统"), ("user_pwd", BOB.password)],
    );
    assert_eq!(wrong.status, 422);
    assert_eq!(post(web, &path, &form(&ALICE, ALICE.email)).status, 200);
    assert_eq!(post(web, &path, &form(&BOB, BOB.email)).status, 410);
    server.signal("TERM");
    server.wait_for_log("event=stopped");
    let log = server.log().join("\n");
    assert!(log.contains("TRACE") && log.contains("event=signed_up"));
    let token = path.rsplit('/').next().expect("a token");
    for secret in [
        token,
        ALICE.password,
        BOB.password,
        ALICE.email,
        BOB.email,
        ALICE.name,
    ] {
        assert!(!log.contains(secret), "{secret}");
    }
}
