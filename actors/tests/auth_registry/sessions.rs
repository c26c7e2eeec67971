//! Sessions: listed, revoked, and what ends with them.

use super::*;
use qunliao_actors::admission::ConnectionId;
use qunliao_actors::auth_registry::ManageSessions;
use qunliao_actors::credentials::Verified;
use qunliao_actors::presence::Here;
use qunliao_actors::roster::Summons;
use qunliao_protocol::SessionId;
use qunliao_protocol::auth::{SessionCard, SessionsAsk};

fn manage(session: &SignedIn, ask: SessionsAsk) -> ManageSessions {
    ManageSessions {
        token: session.token.clone(),
        ask,
        asked_by: home(),
    }
}

impl Registry {
    async fn listed(&self, session: &SignedIn) -> Vec<SessionCard> {
        let reply = self.ask(manage(session, SessionsAsk::List)).await;
        reply.unwrap().sessions.expect("a list")
    }

    async fn verified(&self, session: &SignedIn) -> Verified {
        self.ask(token(&session.token)).await.ok().unwrap()
    }

    /// A connection that `verified` has entered with, and what it is told.
    fn connect(&self, verified: &Verified, connection: u64) -> (Here, Asks<Summons>) {
        let summons = Probe::answering(|_: &Summons| ());
        let (id, reach) = (ConnectionId(connection), summons.recipient());
        let here = self.presence.enter(verified, id, reach).ok().unwrap();
        (here, summons)
    }
}

#[actix_rt::test]
async fn a_list_tells_device_network_and_which_one_asks() {
    let mut registry = Plan::default().build();
    let first = registry.sign_up(&ALICE).await;
    let from_phone = SignIn {
        device: Some("Alice's phone".to_owned()),
        asked_by: Network::of("2001:db8::7".parse().unwrap()),
        ..sign_in(ALICE.name, ALICE.password)
    };
    let second = registry.ask(from_phone).await.ok().unwrap();
    let listed = registry.listed(&first).await;
    let [desk, phone] = &listed[..] else {
        panic!("two sessions: {listed:?}");
    };
    assert_eq!((&desk.device, desk.current), (&None, true));
    assert_eq!(
        desk.address.as_deref(),
        Some("127.0.0.1"),
        "where it signed up"
    );
    assert_eq!(phone.device.as_deref(), Some("Alice's phone"));
    assert_eq!(phone.address.as_deref(), Some("2001:db8::/64"));
    assert!(!phone.current);
    for session in &listed {
        assert_eq!(session.created, session.last_used);
        assert_eq!(session.expires, session.created + 3_600_000);
    }
    // Asked by the other one, that is the current one.
    assert!(registry.listed(&second).await[1].current);
}

#[actix_rt::test]
async fn the_use_of_a_session_is_noted_with_its_network() {
    let mut registry = Plan::default().build();
    let session = registry.sign_up(&ALICE).await;
    // What is remembered asks no storage.
    registry.credentials.withdraw(
        session.user.id,
        qunliao_actors::credentials::Ending::AllBut(None),
    );
    assert!(registry.accepts(&session).await);
    let listed = registry.listed(&session).await;
    assert_eq!(listed[0].address.as_deref(), Some("127.0.0.1"));
}

#[actix_rt::test]
async fn a_revoked_session_ends_at_once_and_others_go_on() {
    let mut registry = Plan::default().build();
    let first = registry.sign_up(&ALICE).await;
    let second = registry.another_session(&ALICE).await;
    let (one, two) = (
        registry.verified(&first).await,
        registry.verified(&second).await,
    );
    let (_here, mut told) = registry.connect(&two, 2);
    let (_here, told_first) = registry.connect(&one, 1);
    let revoke = |session| SessionsAsk::Revoke(Some(session));
    let revoked = registry.ask(manage(&first, revoke(two.session.unwrap())));
    assert!(revoked.await.is_ok());
    assert_eq!(told.next().await.message, Summons::SignedOut);
    assert_eq!(told_first.count(), 0);
    assert!(!registry.accepts(&second).await);
    assert!(registry.accepts(&first).await);
    let again = registry.ask(manage(&first, revoke(two.session.unwrap())));
    let again = again.await.unwrap_err();
    assert_eq!((again.code(), again), (107, Failure::SessionNotFound));
}

#[actix_rt::test]
async fn nobody_revokes_the_session_of_another() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    let bob = registry.sign_up(&BOB).await;
    let bobs = registry.verified(&bob).await.session;
    let refused = registry
        .ask(manage(&alice, SessionsAsk::Revoke(bobs)))
        .await;
    assert_eq!(refused.err(), Some(Failure::SessionNotFound));
    assert!(registry.accepts(&bob).await);
}

#[actix_rt::test]
async fn to_revoke_ones_own_session_is_to_sign_out() {
    let mut registry = Plan::default().build();
    let session = registry.sign_up(&ALICE).await;
    let other = registry.another_session(&ALICE).await;
    let signed_out = registry
        .ask(manage(&session, SessionsAsk::Revoke(None)))
        .await;
    assert!(signed_out.is_ok());
    assert!(!registry.accepts(&session).await);
    assert!(registry.accepts(&other).await);
    let refused = registry.ask(manage(&session, SessionsAsk::List)).await;
    assert_eq!(refused.err(), Some(Failure::NotSignedIn));
}

#[actix_rt::test]
async fn to_revoke_all_spares_the_one_that_asks_unless_told_otherwise() {
    let mut registry = Plan::default().build();
    let first = registry.sign_up(&ALICE).await;
    let second = registry.another_session(&ALICE).await;
    let by_password = registry.ask(password(ALICE.name, ALICE.password)).await;
    let (_here, mut told) = registry.connect(&by_password.ok().unwrap(), 3);
    let all = |current| SessionsAsk::RevokeAll { current };
    let reply = registry.ask(manage(&first, all(false))).await.unwrap();
    assert_eq!(reply.ended, Some(1));
    // Who signed in by password has to do so again.
    assert_eq!(told.next().await.message, Summons::SignedOut);
    assert!(!registry.accepts(&second).await);
    assert!(registry.accepts(&first).await);
    let reply = registry.ask(manage(&first, all(true))).await.unwrap();
    assert_eq!(reply.ended, Some(1));
    assert!(!registry.accepts(&first).await);
}

#[actix_rt::test]
async fn what_makes_room_for_a_new_session_is_disconnected() {
    let mut registry = Plan {
        sessions_max: 2,
        ..Plan::default()
    }
    .build();
    let oldest = registry.sign_up(&ALICE).await;
    let second = registry.another_session(&ALICE).await;
    let (_here, mut told) = registry.connect(&registry.verified(&oldest).await, 1);
    let (_here, told_second) = registry.connect(&registry.verified(&second).await, 2);
    let by_password = registry.ask(password(ALICE.name, ALICE.password)).await;
    let (_here, told_password) = registry.connect(&by_password.ok().unwrap(), 3);
    let newest = registry.another_session(&ALICE).await;
    assert_eq!(told.next().await.message, Summons::SignedOut);
    assert_eq!((told_second.count(), told_password.count()), (0, 0));
    assert!(!registry.accepts(&oldest).await);
    assert!(registry.accepts(&second).await && registry.accepts(&newest).await);
}

#[actix_rt::test]
async fn connections_of_sessions_that_ran_out_are_ended_when_they_are_looked_after() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let plan = || Plan {
        store: Some(store.clone()),
        ..Plan::default()
    };
    let mut before = plan().build();
    let session = before.sign_up(&ALICE).await;
    let living = before.verified(&session).await;
    let mut ran_out = living.clone();
    ran_out.session = Some(SessionId(99));
    // They are looked after when the registry starts, which it has not yet.
    let registry = plan().build();
    let (_here, mut told) = registry.connect(&ran_out, 1);
    let (_here, told_living) = registry.connect(&living, 2);
    assert_eq!(told.next().await.message, Summons::SignedOut);
    assert_eq!(told_living.count(), 0);
}

#[actix_rt::test]
async fn a_session_without_use_runs_out_before_its_lifetime() {
    let mut registry = Plan {
        session_idle: Duration::ZERO,
        ..Plan::default()
    }
    .build();
    let session = registry.sign_up(&ALICE).await;
    assert!(!registry.accepts(&session).await);
}

#[actix_rt::test]
async fn many_sign_ins_at_once_push_out_the_oldest_and_no_sign_in_fails() {
    let mut registry = Plan {
        sessions_max: 2,
        ..Plan::default()
    }
    .build();
    registry.sign_up(&ALICE).await;
    let at_once = (0..8).map(|_| registry.ask(sign_in(ALICE.name, ALICE.password)));
    let begun = futures_util::future::join_all(at_once).await;
    let mut accepted = 0;
    for signed_in in begun {
        let signed_in = signed_in.expect("it succeeds");
        accepted += usize::from(registry.accepts(&signed_in).await);
    }
    assert_eq!(accepted, 2);
}
