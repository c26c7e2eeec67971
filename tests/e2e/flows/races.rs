//! Several who come with one link at the same time: exactly one of them gets in.

use super::*;
use crate::browser::post;
use std::thread;

/// How often each race is run.
const RACES: usize = 8;
/// Those who run.
const RUNNERS: usize = 3;

plain_and_encrypted!(
    of_those_who_come_with_one_invitation_one_gets_in,
    of_those_who_come_with_one_reset_link_one_sets_the_password,
);

impl Scene {
    /// Asks all of it at once, on a connection each: what was answered.
    fn race(&self, op: u64, runners: &[Value]) -> Vec<Value> {
        let auth = self.server.addresses.auth;
        let mut wires: Vec<Wire> = runners.iter().map(|_| self.open(auth)).collect();
        for (wire, args) in wires.iter_mut().zip(runners) {
            wire.send(&json!({ "op": op, "args": args }));
        }
        wires.iter_mut().map(Wire::receive).collect()
    }
}

/// Which of them won: one, and all others hear that the link is used up.
fn winner(replies: &[Value], used_up: &str) -> usize {
    let mut winners = (0..replies.len()).filter(|&runner| replies[runner]["test"] == 0);
    let winner = winners.next().expect("one wins");
    assert_eq!(winners.next(), None, "{replies:?}");
    let losers = replies.iter().filter(|reply| reply["test"] != 0);
    for loser in losers {
        assert_eq!(
            (&loser["test"], &loser["error"]),
            (&json!(3), &json!(used_up))
        );
    }
    winner
}

fn of_those_who_come_with_one_invitation_one_gets_in(set: fn(&str) -> Scene) {
    let scene = set("invite");
    for race in 0..RACES {
        let invite = scene.link(&["invite"]);
        let name = |runner: usize| format!("runner {race} {runner}");
        let runners: Vec<Value> = (0..RUNNERS)
            .map(|runner| json!({ "user_name": name(runner), "user_pwd": NEW, "invite": invite }))
            .collect();
        let replies = scene.race(2, &runners);
        let winner = winner(&replies, "bad_invite");
        for runner in 0..RUNNERS {
            assert_eq!(scene.lets_in(&name(runner), NEW), runner == winner);
        }
    }
    let users = done(scene.server.home(), &["user", "list"])["users"].clone();
    assert_eq!(users.as_array().expect("a list").len(), RACES);
}

fn of_those_who_come_with_one_reset_link_one_sets_the_password(set: fn(&str) -> Scene) {
    let scene = set("sms");
    scene.sign_up_by_sms(&ALICE);
    for race in 0..RACES {
        let reset = scene.link(&["user", "reset-link", ALICE.name]);
        let password = |runner: usize| format!("an owl of race {race}, {runner}");
        let runners: Vec<Value> = (0..RUNNERS)
            .map(|runner| json!({ "reset": reset, "user_pwd": password(runner) }))
            .collect();
        let winner = winner(&scene.race(4, &runners), "bad_link");
        for runner in 0..RUNNERS {
            assert_eq!(
                scene.lets_in(ALICE.name, &password(runner)),
                runner == winner
            );
        }
    }
}

#[test]
fn a_page_and_a_program_with_the_same_link_do_not_both_get_in() {
    let scene = Scene::plain("invite");
    let web = scene.server.addresses.web;
    for race in 0..RACES {
        let invite = scene.link(&["invite"]);
        let (page, program) = (format!("page {race}"), format!("program {race}"));
        let form = [
            ("user_name", &*page),
            ("user_pwd", NEW),
            ("user_pwd_again", NEW),
        ];
        let args = json!({ "user_name": program, "user_pwd": NEW, "invite": invite });
        let (status, reply) = thread::scope(|scope| {
            let path = format!("/invite/{invite}");
            let posting = scope.spawn(move || post(web, &path, &form).status);
            let reply = scene.auth(2, &args);
            (posting.join().expect("a page"), reply)
        });
        match reply["error"].as_str() {
            None => assert_eq!((&reply["test"], status), (&json!(0), 410)),
            Some(why) => assert_eq!((why, status), ("bad_invite", 200)),
        }
        let got_in = [&page, &program].map(|name| scene.lets_in(name, NEW));
        assert_eq!(got_in, [status == 200, status == 410]);
    }
}
