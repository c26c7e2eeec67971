//! What the running server does at once.

use super::*;
use crate::harness::{Server, eventually};
use crate::people::{ALICE, BOB};
use crate::wire::{Header, Wire, ask, get};
use qunliao_storage::FreeSpace;
use serde_json::json;

fn sign_in(server: &Server, name: &str, password: &str) -> Value {
    let args = json!({ "user_name": name, "user_pwd": password });
    ask(server.addresses.auth, &json!({ "op": 0, "args": args }))
}

fn enters(server: &Server, token: &str) -> Value {
    let mut wire = Wire::open(server.addresses.chat, Header::Text);
    wire.ask(&json!({ "op": 0, "seq": 1, "args": { "token": token }, "news": "" }))
}

#[test]
fn who_is_disabled_is_gone_from_the_chat_at_once() {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let token = ALICE.token(&server);
    let mut alice = Wire::open(server.addresses.chat, Header::Text);
    ALICE.enter(&mut alice);
    let mut bob = Wire::open(server.addresses.chat, Header::Text);
    BOB.enter(&mut bob);
    let counted = done(server.home(), &["stats"]);
    let chat = &counted["server"]["connections"][1];
    assert_eq!(chat, &json!(["chat", { "open": 2, "authenticated": 2 }]));

    done(server.home(), &["user", "disable", ALICE.name]);
    assert_eq!(alice.receive()["error"], "session_ended");
    alice.expect_end();
    assert_eq!(enters(&server, &token)["test"], 1);
    assert_ne!(sign_in(&server, ALICE.name, ALICE.password)["test"], 0);
    // Nobody else is.
    let reply = bob.ask(&json!({ "op": 0, "seq": 2, "args": BOB.args(), "news": "" }));
    assert_eq!(reply["test"], 0);

    done(server.home(), &["user", "enable", ALICE.name]);
    assert_eq!(sign_in(&server, ALICE.name, ALICE.password)["test"], 0);
    assert_eq!(enters(&server, &token)["test"], 1, "what ended stays ended");
}

#[test]
fn on_a_full_disk_who_is_disabled_is_gone_at_once_too() {
    let server = Server::start();
    ALICE.sign_up(&server);
    // Twice what is free: too little to write, and enough to shut somebody out.
    let home = server.terminate();
    let disk = FreeSpace::of(&home.data()).bytes().expect("a disk");
    let reserve = (disk >> 20) * 2;
    let server = home
        .set("storage.reserve_mib", &reserve.to_string())
        .start();
    let mut alice = Wire::open(server.addresses.chat, Header::Text);
    ALICE.enter(&mut alice);
    ALICE.say(&mut alice, "lost");
    assert_eq!(alice.receive()["error"], "storage_full");
    done(server.home(), &["user", "disable", ALICE.name]);
    assert_eq!(alice.receive()["error"], "session_ended");
    alice.expect_end();
}

#[test]
fn a_session_that_is_revoked_is_refused_and_the_other_is_not() {
    let server = Server::start();
    ALICE.sign_up(&server);
    let (first, second) = (ALICE.token(&server), ALICE.token(&server));
    let listed = done(server.home(), &["sessions", "list", ALICE.name]);
    // One from the sign-up, before these two.
    let id = listed["sessions"][1]["id"].to_string();
    let revoke = ["sessions", "revoke", ALICE.name, "--session", &id];
    assert_eq!(done(server.home(), &revoke)["revoked"], 1);
    assert_eq!(enters(&server, &first)["test"], 1);
    assert_eq!(enters(&server, &second)["test"], 0);
    let all = ["sessions", "revoke", ALICE.name, "--all"];
    assert_eq!(done(server.home(), &all)["revoked"], 2);
    assert_eq!(enters(&server, &second)["test"], 1);
}

#[test]
fn who_is_added_or_invited_gets_in() {
    let server = Server::start();
    add(server.home(), "小爱", "owner");
    assert_eq!(sign_in(&server, "小爱", PASSWORD)["test"], 0);
    let invited = done(server.home(), &["invite"]);
    let sign_up = json!({ "op": 2, "args": {
        "user_name": "小波", "user_pwd": PASSWORD, "invite": invited["link"]["token"],
    }});
    assert_eq!(ask(server.addresses.auth, &sign_up)["test"], 0);
    let shown = done(server.home(), &["user", "show", "小波"]);
    assert_eq!(shown["user"]["role"], "member");
    assert_eq!(
        done(server.home(), &["invite", "list"])["invitations"],
        json!([])
    );
}

#[test]
fn who_waits_for_approval_gets_in_with_it() {
    let server = Home::new()
        .set("registration.approval", "true")
        .set("registration.verify", "none")
        .start();
    let sign_up = json!({ "op": 2, "args": { "user_name": "小波", "user_pwd": PASSWORD } });
    ask(server.addresses.auth, &sign_up);
    let waiting = done(server.home(), &["user", "list", "--standing", "pending"]);
    assert_eq!(waiting["users"][0]["name"], "小波");
    assert_ne!(sign_in(&server, "小波", PASSWORD)["test"], 0);
    let approved = done(server.home(), &["user", "approve", "小波"]);
    assert_eq!(approved["told"], "no_contact");
    assert_eq!(sign_in(&server, "小波", PASSWORD)["test"], 0);
}

#[test]
fn who_is_approved_hears_of_it_from_a_server_that_runs() {
    let server = Home::new().set("registration.approval", "true").start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let approved = done(server.home(), &["user", "approve", ALICE.name]);
    assert_eq!(approved["told"], "by_sms");
    let told = eventually("a notice", || {
        let sendings = server.sendings_to(&ALICE.full_phone());
        sendings.into_iter().find(|sent| sent["kind"] == "approved")
    });
    assert_eq!(told["channel"], "sms");
    let home = server.terminate();
    let approved = done(&home, &["user", "approve", BOB.name]);
    assert_eq!(approved["told"], "no_server");
}

#[test]
fn codes_and_passwords_are_counted() {
    let server = Server::start();
    ALICE.sign_up(&server);
    // The address is asked to confirm itself while nobody waits.
    eventually("a mail", || server.codes_to(ALICE.email).pop());
    let counted = done(server.home(), &["stats"]);
    let codes = json!({ "sent": 2, "sent_by_sms": 1, "entered": 1, "sms_left": 999_999,
        "newcomers_sms_left": 799_999 });
    assert_eq!(counted["codes"], codes);
    let live = &counted["server"];
    let sms = json!({ "state": "sending", "paused_seconds": null, "sent": 0, "entered": 0 });
    assert_eq!(live["newcomers_sms"], sms);
    assert_eq!(live["passwords"], json!({ "waiting": 0, "hashed": 1 }));
    let printed = text(server.home(), &["stats"]);
    assert!(printed.contains("2 sent, 1 of them by SMS"), "{printed}");
    assert!(printed.contains("0 waiting, 1 hashed so far"), "{printed}");
    let home = server.terminate().set("delivery.sms", "none");
    let counted = done(&home, &["stats"]);
    assert_eq!(
        (&counted["codes"]["entered"], &counted["server"]),
        (&json!(1), &Value::Null)
    );
}

#[test]
fn the_set_up_link_ends_with_the_first_owner_however_they_came() {
    let server = Server::start();
    let line = server.wait_for_log("event=setup_link");
    let path = line.split_once("/setup/").map(|(_, rest)| rest);
    let path = path
        .and_then(|rest| rest.split(' ').next())
        .expect("a link");
    let (token, page) = (path.to_owned(), format!("/setup/{path}"));
    let web = server.addresses.web;
    assert_eq!(get(web, &page).0, 200);
    add(server.home(), "小爱", "owner");
    assert_ne!(get(web, &page).0, 200);
    let args = json!({ "user_name": "小波", "user_pwd": PASSWORD, "invite": token });
    let refused = ask(server.addresses.auth, &json!({ "op": 2, "args": args }));
    assert_eq!(
        (&refused["test"], &refused["error"]),
        (&json!(3), &json!("bad_invite"))
    );
}
