//! The pages: what links lead to, in a browser without scripts.

mod crowd;
mod discretion;
mod hostile;
mod links;

use crate::browser::{exchange, get, post};
use crate::harness::{Home, Server, eventually};
use crate::people::{ALICE, BOB, Person};
use crate::wire::ask;
use links::Links;
use serde_json::{Value, json};

/// The path of the link that the log told last.
fn setup_path(server: &Server) -> String {
    server.wait_for_log("event=started");
    let log = server.log();
    let mut lines = log
        .iter()
        .rev()
        .filter(|line| line.contains("event=setup_link"));
    let line = lines.next().expect("a link for the set-up");
    let url = line
        .split("url=")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let (_, path) = url
        .and_then(|url| url.split_once("/setup/"))
        .expect("a link");
    format!("/setup/{path}")
}

/// The form of an invitation, filled in.
fn form<'a>(person: &'a Person, email: &'a str) -> [(&'static str, &'a str); 5] {
    [
        ("user_name", person.name),
        ("user_pwd", person.password),
        ("user_pwd_again", person.password),
        ("user_phone", ""),
        ("user_email", email),
    ]
}

fn log_in(server: &Server, person: &Person) -> Value {
    let args = person.login_args();
    ask(server.addresses.auth, &json!({ "op": 0, "args": args }))
}

#[test]
fn the_owner_signs_up_through_the_link_of_the_first_start_without_a_code() {
    let server = Server::start();
    let web = server.addresses.web;
    let path = setup_path(&server);
    // Fetched by whoever shows a preview of it, it stays as it was.
    for _ in 0..3 {
        let page = get(web, &path);
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.says("设置这台服务器") && page.says("Qunliao under test"));
    }
    let head = format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let head = exchange(web, head.as_bytes());
    assert_eq!((head.status, head.body.len()), (200, 0));

    let page = post(web, &path, &form(&ALICE, ALICE.email));
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.says("欢迎") && page.says(ALICE.name));
    assert!(page.says(&server.addresses.auth.port().to_string()));
    assert_eq!(log_in(&server, &ALICE)["test"], 0);
    server.wait_for_log("role=Owner");
    // The address is asked to confirm itself.
    server.wait_for_log("channel=Mail");
    assert_eq!(server.codes_to(ALICE.email).len(), 1);

    for page in [get(web, &path), post(web, &path, &form(&BOB, ""))] {
        assert_eq!(page.status, 410);
        assert!(page.says("这个链接已经失效"), "{}", page.body);
    }
    assert_eq!(log_in(&server, &BOB)["test"], 1);
}

#[test]
fn an_address_is_confirmed_right_on_the_page_and_in_its_language() {
    let server = Server::start();
    let web = server.addresses.web;
    let path = format!("{}?lang=en", setup_path(&server));
    let page = post(web, &path, &form(&ALICE, ALICE.email));
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.says("action=\"/confirm?lang=en\"") && page.says(ALICE.email));
    let mail = eventually("a mail", || server.sendings_to(ALICE.email).pop());
    let text = mail["text"].as_str().expect("a text");
    assert!(text.is_ascii(), "English: {text}");
    let code = server.codes_to(ALICE.email).pop().expect("a code");
    let confirm = |code: &str, more: &[(&'static str, &str)]| {
        let mut fields = vec![("user_email", ALICE.email), ("user_ecode", code)];
        fields.extend(more);
        post(web, "/confirm?lang=en", &fields)
    };
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let refused = confirm(wrong, &[]);
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.says("user_ecode-error") && refused.says(ALICE.email));
    // Whether anyone waits there is not told.
    let again = |email| {
        post(
            web,
            "/confirm?lang=en",
            &[("user_email", email), ("again", "1")],
        )
    };
    let (hers, nobodys) = (again(ALICE.email), again("nobody@example.org"));
    assert_eq!((hers.status, nobodys.status), (200, 200));
    assert_eq!(
        hers.body.replace(ALICE.email, ""),
        nobodys.body.replace("nobody@example.org", "")
    );
    // Hers is the newest one from then on.
    let newest = eventually("another code", || {
        server
            .codes_to(ALICE.email)
            .pop()
            .filter(|newest| *newest != code)
    });
    let done = confirm(&newest, &[]);
    assert!(
        done.status == 200 && done.says("is confirmed"),
        "{}",
        done.body
    );
    let args = json!({ "user_name": ALICE.email, "user_pwd": ALICE.password });
    let signed_in = ask(server.addresses.auth, &json!({ "op": 0, "args": args }));
    assert_eq!(
        (&signed_in["test"], &signed_in["user"]["language"]),
        (&json!(0), &json!("en"))
    );
    let page = get(web, "/confirm");
    assert!(page.status == 200 && page.says("确认邮箱"), "{}", page.body);
}

#[test]
fn a_set_up_that_is_pending_closes_nothing_and_ends_with_an_owner() {
    let server = Server::start();
    let first = setup_path(&server);
    BOB.sign_up(&server);
    let server = server.restart();
    let second = setup_path(&server);
    assert_ne!(first, second);
    let web = server.addresses.web;
    assert_eq!(get(web, &first).status, 410, "the older one is void");
    assert_eq!(log_in(&server, &BOB)["test"], 0);
    assert_eq!(post(web, &second, &form(&ALICE, "")).status, 200);
    let server = server.restart();
    let told = server.log().join("\n");
    assert!(!told.contains("event=setup_link"), "there is an owner");
}

#[test]
fn an_invitation_opens_a_closed_server_once() {
    let home = Home::new().set("registration.verify", "invite");
    let links = Links::of(home.start().terminate());
    let path = links.invite();
    let server = links.start();
    let auth = server.addresses.auth;
    let code = ask(
        auth,
        &json!({ "op": 1, "args": { "user_phone": BOB.phone } }),
    );
    assert_eq!(code["error"], "invite_needed");
    let args = json!({ "user_name": BOB.name, "user_pwd": BOB.password, "user_phone": BOB.phone,
        "user_vcode": "123456", "user_email": "" });
    let bare = ask(auth, &json!({ "op": 2, "args": args }));
    assert_eq!(
        (&bare["test"], &bare["error"]),
        (&json!(105), &json!("invite_needed"))
    );

    let web = server.addresses.web;
    let page = get(web, &format!("{path}?lang=en"));
    assert!(
        page.status == 200 && page.says("Accept the invitation"),
        "{}",
        page.body
    );
    assert_eq!(post(web, &path, &form(&ALICE, "")).status, 200);
    assert_eq!(log_in(&server, &ALICE)["test"], 0);
    assert_eq!(post(web, &path, &form(&BOB, "")).status, 410);
}

#[test]
fn an_invitation_works_on_the_auth_port_as_well() {
    let home = Home::new().set("registration.approval", "true");
    let links = Links::of(home.start().terminate());
    let invite = links.invite();
    let invite = invite.rsplit('/').next().expect("a token");
    let server = links.start();
    let auth = server.addresses.auth;
    let sign_up = |person: &Person, invite: &str| {
        let args =
            json!({ "user_name": person.name, "user_pwd": person.password, "invite": invite });
        ask(auth, &json!({ "op": 2, "args": args }))
    };
    let bad = sign_up(&ALICE, "of my own making");
    assert_eq!(
        (&bad["test"], &bad["error"]),
        (&json!(3), &json!("bad_invite"))
    );
    let alice = sign_up(&ALICE, invite);
    assert_eq!(
        (&alice["test"], alice.get("pending")),
        (&json!(0), None),
        "{alice}"
    );
    let again = sign_up(&BOB, invite);
    assert_eq!(again["error"], "bad_invite");
}

#[test]
fn who_waits_for_approval_hears_so_on_every_port_and_gets_in_afterwards() {
    let server = Home::new().set("registration.approval", "true").start();
    let to = server.addresses;
    let pending = BOB.sign_up(&server);
    assert_eq!(
        (&pending["pending"], pending.get("token")),
        (&json!(true), None)
    );
    let requests = [
        (to.auth, json!({ "op": 0, "args": BOB.login_args() })),
        (
            to.chat,
            json!({ "op": 0, "args": BOB.args(), "news": "hello" }),
        ),
        (to.files, json!({ "op": 1, "args": BOB.args(), "look": 0 })),
    ];
    for (port, request) in &requests {
        let refused = ask(*port, request);
        let told = (&refused["test"], &refused["error"]);
        assert_eq!(
            told,
            (&json!(105), &json!("awaiting_approval")),
            "{refused}"
        );
    }
    let wrong = json!({ "user_name": BOB.name, "user_pwd": "not the password" });
    assert_eq!(ask(to.auth, &json!({ "op": 0, "args": wrong }))["test"], 1);

    let links = Links::of(server.terminate());
    links.approve_everyone();
    let server = links.start();
    assert_eq!(log_in(&server, &BOB)["test"], 0);
}

#[test]
fn a_reset_link_sets_a_new_password_once() {
    let server = Server::start();
    let token = BOB.sign_up(&server)["token"].clone();
    let links = Links::of(server.terminate());
    let path = links.reset(1);
    let server = links.start();
    let web = server.addresses.web;
    assert!(get(web, &path).says(BOB.name));
    let new = "a brand new sentence";
    let twice = |first, second| [("user_pwd", first), ("user_pwd_again", second)];
    let differing = post(web, &path, &twice(new, "a brand new sentense"));
    assert_eq!(differing.status, 422);
    assert!(differing.says("user_pwd_again-error"), "{}", differing.body);
    let weak = post(web, &path, &twice("12345678", "12345678"));
    assert!(weak.status == 422 && weak.says("user_pwd-error"));
    let done = post(web, &path, &twice(new, new));
    assert!(
        done.status == 200 && done.says("新密码设好了"),
        "{}",
        done.body
    );

    assert_eq!(log_in(&server, &BOB)["test"], 1, "the old one is over");
    let changed = Person {
        password: new,
        ..BOB
    };
    assert_eq!(log_in(&server, &changed)["test"], 0);
    let talk = json!({ "op": 0, "token": token, "news": "hello" });
    assert_eq!(
        ask(server.addresses.chat, &talk)["test"],
        1,
        "and so are sessions"
    );
    for page in [get(web, &path), post(web, &path, &twice(new, new))] {
        assert!(page.status == 410 && page.says("这个链接已经失效"));
    }
}

#[test]
fn a_form_comes_back_with_the_fault_beside_the_field_and_all_but_the_password() {
    let server = Server::start();
    let web = server.addresses.web;
    let path = format!("{}?lang=en", setup_path(&server));
    let fill = |name, password, again, phone, email| {
        let fields = [
            ("user_name", name),
            ("user_pwd", password),
            ("user_pwd_again", again),
            ("user_phone", phone),
            ("user_email", email),
        ];
        post(web, &path, &fields)
    };
    let good = ALICE.password;
    for (page, field) in [
        (
            fill("系统", good, good, BOB.phone, ALICE.email),
            "user_name",
        ),
        (fill("", good, good, BOB.phone, ALICE.email), "user_name"),
        (
            fill("小爱", "short", "short", BOB.phone, ALICE.email),
            "user_pwd",
        ),
        (
            fill("小爱", good, "another", BOB.phone, ALICE.email),
            "user_pwd_again",
        ),
        (fill("小爱", good, good, "12", ALICE.email), "user_phone"),
        (fill("小爱", good, good, BOB.phone, "a@b"), "user_email"),
    ] {
        assert_eq!(page.status, 422, "{}", page.body);
        let input = page
            .body
            .split("<input ")
            .find(|input| input.starts_with(&format!("id=\"{field}\"")));
        let input = input.expect("its field");
        assert!(input.contains("aria-invalid=\"true\"") && input.contains("autofocus"));
        assert!(input.contains(&format!("id=\"{field}-error\"")), "{input}");
        assert_eq!(page.body.matches("aria-invalid").count(), 1);
        assert!(!page.says(good), "the password is not sent back");
    }
    let page = fill("系统", "short", "another", "12", "a@b");
    for field in [
        "user_name",
        "user_pwd",
        "user_pwd_again",
        "user_phone",
        "user_email",
    ] {
        assert!(
            page.says(&format!("id=\"{field}-error\"")),
            "{field}: {}",
            page.body
        );
    }
    assert_eq!(page.body.matches("autofocus").count(), 1);
    let page = fill("小爱", good, "another", "186 0000", "Ann@Example.org");
    for kept in ["小爱", "186 0000", "Ann@Example.org"] {
        assert!(page.says(&format!("value=\"{kept}\"")), "{kept}");
    }
    // None of it has used the link up.
    assert_eq!(fill("小爱", good, good, "", "").status, 200);
}

#[test]
fn a_page_speaks_the_readers_language() {
    let server = Server::start();
    let web = server.addresses.web;
    let fetch = |path: &str, accepted: &str| {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Accept-Language: {accepted}\r\n\r\n"
        );
        exchange(web, head.as_bytes())
    };
    for (path, accepted, language) in [
        ("/", "de", "zh-CN"),
        ("/", "en-GB, zh;q=0.5", "en"),
        ("/?lang=zh", "en", "zh-CN"),
        ("/?lang=en", "zh", "en"),
        ("/invite/none?lang=en", "zh", "en"),
    ] {
        let page = fetch(path, accepted);
        assert_eq!(
            page.header("Content-Language"),
            Some(language),
            "{path} {accepted}"
        );
        assert!(page.says(&format!("<html lang=\"{language}\">")));
    }
}
