//! Who is here: entries, endings, and what comes in between.

use crate::support::{ALICE, Asks, BOB, Probe, Someone};
use qunliao_actors::admission::ConnectionId;
use qunliao_actors::credentials::{Credentials, Found, Verified};
use qunliao_actors::file_vault::transfer::Transfers;
use qunliao_actors::presence::Presence;
use qunliao_actors::roster::Summons;
use qunliao_protocol::{Credential, Failure, SessionId};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn presence() -> (Arc<Presence>, Arc<Credentials>) {
    let credentials = Arc::new(Credentials::new(Duration::from_secs(60)));
    let presence = Presence::new(Arc::clone(&credentials), Transfers::default());
    (Arc::new(presence), credentials)
}

fn verify(credentials: &Credentials, someone: &Someone, session: Option<u64>) -> Verified {
    let found = Found {
        person: someone.person(),
        session: session.map(SessionId),
        ends: None,
    };
    let token = format!("{} {session:?}", someone.token);
    let (withdrawals, now) = (credentials.withdrawals(), Instant::now());
    let verified = credentials.remember(&Credential::Token(&token), found, withdrawals, now);
    verified.unwrap()
}

fn summons() -> Asks<Summons> {
    Probe::answering(|_: &Summons| ())
}

#[actix_rt::test]
async fn an_entry_lasts_as_long_as_its_connection() {
    let (presence, credentials) = presence();
    let probe = summons();
    let enter = |someone, session, id| {
        let verified = verify(&credentials, someone, session);
        presence.enter(&verified, ConnectionId(id), probe.recipient())
    };
    let desk = enter(&ALICE, Some(1), 1).ok().unwrap();
    let phone = enter(&ALICE, Some(2), 2).ok().unwrap();
    let _bob = enter(&BOB, Some(3), 3).ok().unwrap();
    assert_eq!(presence.connections(ALICE.user()), 2);
    let sessions = &presence.sessions()[&ALICE.user()];
    assert_eq!(sessions, &[SessionId(1), SessionId(2)]);
    drop(desk);
    assert_eq!(presence.connections(ALICE.user()), 1);
    drop(phone);
    assert!(!presence.sessions().contains_key(&ALICE.user()));
    assert_eq!(presence.connections(BOB.user()), 1);
}

#[actix_rt::test]
async fn who_was_withdrawn_between_verification_and_entry_is_turned_away() {
    let (presence, credentials) = presence();
    let (probe, verified) = (summons(), verify(&credentials, &ALICE, Some(1)));
    let bobs = verify(&credentials, &BOB, Some(2));
    presence.end_session(ALICE.user(), SessionId(1));
    let refused = presence.enter(&verified, ConnectionId(1), probe.recipient());
    assert_eq!(refused.err(), Some(Failure::Unavailable));
    assert_eq!(presence.connections(ALICE.user()), 0);
    let bob = presence.enter(&bobs, ConnectionId(2), probe.recipient());
    assert!(bob.is_ok(), "nobody else is");
    // Verified anew, it is let in.
    let anew = verify(&credentials, &ALICE, Some(3));
    let entered = presence.enter(&anew, ConnectionId(3), probe.recipient());
    assert!(entered.is_ok());
}

#[actix_rt::test]
async fn an_ended_connection_is_told_once_and_welcome_no_more() {
    let (presence, credentials) = presence();
    let mut probe = summons();
    let verified = verify(&credentials, &ALICE, Some(1));
    let entered = presence.enter(&verified, ConnectionId(1), probe.recipient());
    let here = entered.ok().unwrap();
    assert!(here.is_welcome());
    presence.end(ALICE.user(), None);
    presence.end(ALICE.user(), None);
    assert_eq!(probe.next().await.message, Summons::SignedOut);
    assert_eq!(probe.count(), 0);
    assert!(!here.is_welcome());
}
