//! Sessions in use: how long they last, what is told of them, and how they are ended.

use crate::cast::*;
use qunliao_protocol::{SessionId, UserId};
use qunliao_storage::audit::{Action, Actor, AuditQuery};
use qunliao_storage::sessions::{NewSession, Session};
use qunliao_storage::{Accounts, Audit, Sessions, Store};

over_every_engine!(
    a_session_in_use_lasts,
    a_session_ends_at_last_however_much_it_is_used,
    a_session_of_a_short_idle_time_lasts_too,
    what_has_ended_is_not_revived_by_use,
    a_session_tells_its_device_and_where_it_was_last_used,
    only_what_is_worth_noting_is_written,
    a_late_note_of_use_changes_nothing,
    sessions_are_listed_and_ended_one_by_one,
    a_session_is_ended_by_its_own_user_alone,
    all_sessions_end_but_one,
    a_session_of_someone_who_is_disabled_or_waits_is_nobodys,
    a_session_opened_while_disabled_never_lives,
    ids_of_sessions_are_never_given_out_again,
    a_sweep_removes_sessions_that_have_ended,
);

async fn begin(store: &Store, new: NewSession) -> SessionId {
    store.open_session(new).await.unwrap().id
}

async fn seen(store: &Store, token: &str, now: u64) -> Option<Session> {
    let found = store.session(token.into(), now).await.unwrap();
    found.map(|(_, session)| session)
}

async fn touch(store: &Store, user: UserId, id: SessionId, now: u64, address: Option<&str>) {
    let address = address.map(str::to_owned);
    store.touch_session(user, id, now, address).await.unwrap();
}

async fn a_session_in_use_lasts(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let id = begin(&store, new_session(alice, "token")).await;
    for day in 1..6 {
        let now = NOW + day * (DAY - HOUR);
        touch(&store, alice, id, now, None).await;
        let session = seen(&store, "token", now + DAY - 1).await.unwrap();
        assert_eq!((session.last_used, session.expires), (now, now + DAY));
        assert!(seen(&store, "token", now + DAY).await.is_none());
    }
}

async fn a_session_ends_at_last_however_much_it_is_used(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let id = begin(&store, new_session(alice, "token")).await;
    let end = NOW + 7 * DAY;
    for hour in (0..7 * 24).step_by(12) {
        touch(&store, alice, id, NOW + hour * HOUR, None).await;
    }
    let session = seen(&store, "token", end - 1).await.unwrap();
    assert_eq!(session.expires, end);
    touch(&store, alice, id, end - 1, None).await;
    assert!(seen(&store, "token", end).await.is_none());
}

async fn a_session_of_a_short_idle_time_lasts_too(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let short = NewSession {
        idle_ms: 5 * MINUTE,
        ..new_session(alice, "token")
    };
    let id = begin(&store, short).await;
    for minute in 1..30 {
        touch(&store, alice, id, NOW + minute * MINUTE, None).await;
    }
    assert!(seen(&store, "token", NOW + 33 * MINUTE).await.is_some());
    assert!(seen(&store, "token", NOW + 34 * MINUTE).await.is_none());
}

async fn what_has_ended_is_not_revived_by_use(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let expired = begin(&store, new_session(alice, "expired")).await;
    touch(&store, alice, expired, NOW + DAY, Some("192.0.2.1")).await;
    assert!(seen(&store, "expired", NOW + DAY).await.is_none());

    let revoked = begin(&store, new_session(alice, "revoked")).await;
    let ended = store.end_session(alice, revoked, oneself(alice, NOW)).await;
    assert!(ended.unwrap());
    touch(&store, alice, revoked, NOW + HOUR, Some("192.0.2.1")).await;
    assert!(seen(&store, "revoked", NOW + HOUR).await.is_none());
}

async fn a_session_tells_its_device_and_where_it_was_last_used(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let new = NewSession {
        device: Some("小爱的手机".into()),
        address: Some("192.0.2.1".into()),
        ..new_session(alice, "token")
    };
    let id = begin(&store, new).await;
    let session = seen(&store, "token", NOW).await.unwrap();
    let expected = Session {
        id,
        user: alice,
        device: Some("小爱的手机".into()),
        address: Some("192.0.2.1".into()),
        issued: NOW,
        last_used: NOW,
        expires: NOW + DAY,
    };
    assert!(session == expected);
    // Another address is noted at once, the same one is no news.
    let now = NOW + SECOND;
    touch(&store, alice, id, now, Some("198.51.100.7")).await;
    let moved = Session {
        address: Some("198.51.100.7".into()),
        last_used: now,
        expires: now + DAY,
        ..expected
    };
    assert!(seen(&store, "token", now).await.unwrap() == moved);
    touch(&store, alice, id, now + SECOND, Some("198.51.100.7")).await;
    touch(&store, alice, id, now + SECOND, None).await;
    assert!(seen(&store, "token", now).await.unwrap() == moved);
}

async fn only_what_is_worth_noting_is_written(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let id = begin(&store, new_session(alice, "token")).await;
    for (after, noted) in [(MINUTE, NOW), (10 * MINUTE, NOW + 10 * MINUTE)] {
        touch(&store, alice, id, NOW + after, None).await;
        let session = seen(&store, "token", NOW + after).await.unwrap();
        assert_eq!(session.last_used, noted);
    }
}

async fn a_late_note_of_use_changes_nothing(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let id = begin(&store, new_session(alice, "token")).await;
    touch(&store, alice, id, NOW + HOUR, None).await;
    touch(&store, alice, id, NOW + MINUTE, Some("192.0.2.1")).await;
    let session = seen(&store, "token", NOW + HOUR).await.unwrap();
    assert_eq!(session.last_used, NOW + HOUR);
}

async fn listed(store: &Store, user: UserId, now: u64) -> Vec<SessionId> {
    let sessions = store.sessions_of(user, now).await.unwrap();
    assert!(sessions.iter().all(|session| session.user == user));
    sessions.iter().map(|session| session.id).collect()
}

async fn sessions_are_listed_and_ended_one_by_one(store: Store) {
    let (alice, bob) = (sign_up(&store, &ALICE).await, sign_up(&store, &BOB).await);
    let mut ids = Vec::new();
    for token in ["desk", "phone", "pad"] {
        ids.push(begin(&store, new_session(alice.id, token)).await);
    }
    begin(&store, new_session(bob.id, "bob")).await;
    assert_eq!(listed(&store, alice.id, NOW).await, ids);
    for (ended, left) in [(true, 2), (false, 2)] {
        let by = oneself(alice.id, NOW);
        let answer = store.end_session(alice.id, ids[1], by).await;
        assert_eq!(answer.unwrap(), ended);
        assert_eq!(listed(&store, alice.id, NOW).await.len(), left);
    }
    assert_eq!(listed(&store, alice.id, NOW).await, [ids[0], ids[2]]);
    assert!(seen(&store, "phone", NOW).await.is_none());
    for kept in ["desk", "pad", "bob"] {
        assert!(seen(&store, kept, NOW).await.is_some());
    }
    // What has expired is in no list, and nothing that could be ended.
    assert_eq!(listed(&store, alice.id, NOW + DAY).await, []);
    let by = oneself(alice.id, NOW + DAY);
    assert!(!store.end_session(alice.id, ids[0], by).await.unwrap());
}

async fn a_session_is_ended_by_its_own_user_alone(store: Store) {
    let (alice, bob) = (sign_up(&store, &ALICE).await, sign_up(&store, &BOB).await);
    let id = begin(&store, new_session(alice.id, "alice")).await;
    let by = oneself(bob.id, NOW);
    assert!(!store.end_session(bob.id, id, by).await.unwrap());
    touch(&store, bob.id, id, NOW + HOUR, Some("203.0.113.9")).await;
    let session = seen(&store, "alice", NOW).await.unwrap();
    assert_eq!((session.last_used, session.address), (NOW, None));
}

async fn all_sessions_end_but_one(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let mut ids = Vec::new();
    for token in ["desk", "phone", "pad"] {
        ids.push(begin(&store, new_session(alice, token)).await);
    }
    let by = oneself(alice, NOW);
    let end = |except| store.end_sessions(alice, except, by);
    assert_eq!(end(Some(ids[2])).await.unwrap(), 2);
    assert_eq!(listed(&store, alice, NOW).await, [ids[2]]);
    assert_eq!(end(Some(ids[2])).await.unwrap(), 0);
    assert_eq!(end(None).await.unwrap(), 1);
    assert_eq!(listed(&store, alice, NOW).await, []);
    // The trail tells of what was ended, and of nothing else.
    let query = AuditQuery {
        limit: 9,
        ..AuditQuery::default()
    };
    let told: Vec<_> = store.audit(query).await.unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|entry| (entry.action, entry.actor, entry.detail.as_deref()))
        .collect();
    let actor = Actor::User(alice);
    assert_eq!(
        told,
        [
            (Action::SessionsRevoked, actor, Some("1 ended")),
            (Action::SessionsRevoked, actor, Some("2 ended")),
            (Action::SignedUp, actor, None),
        ]
    );
}

async fn a_session_of_someone_who_is_disabled_or_waits_is_nobodys(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    begin(&store, new_session(alice, "token")).await;
    let set = |active| store.set_standing(alice, active, operator(NOW));
    assert!(set(false).await.unwrap().is_ok());
    assert!(seen(&store, "token", NOW).await.is_none());
    assert_eq!(listed(&store, alice, NOW).await, []);
    // Enabled again, one signs in anew.
    assert!(set(true).await.unwrap().is_ok());
    assert!(seen(&store, "token", NOW).await.is_none());
    begin(&store, new_session(alice, "anew")).await;
    assert!(seen(&store, "anew", NOW).await.is_some());
}

async fn a_session_opened_while_disabled_never_lives(store: Store) {
    let mut waiting = BOB.account();
    waiting.pending = true;
    let bob = signed_up(&store, waiting).await.id;
    let alice = sign_up(&store, &ALICE).await.id;
    let disabled = store.set_standing(alice, false, operator(NOW)).await;
    assert!(disabled.unwrap().is_ok());
    for (user, token) in [(alice, "alice"), (bob, "bob"), (UserId(99), "nobody")] {
        begin(&store, new_session(user, token)).await;
        assert!(seen(&store, token, NOW).await.is_none());
    }
    for (user, token) in [(alice, "alice"), (bob, "bob")] {
        let enabled = store.set_standing(user, true, operator(NOW)).await;
        assert!(enabled.unwrap().is_ok());
        assert!(seen(&store, token, NOW).await.is_none());
        assert_eq!(listed(&store, user, NOW).await, []);
    }
}

async fn ids_of_sessions_are_never_given_out_again(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    for number in 1..4 {
        let id = begin(&store, new_session(alice, "token")).await;
        assert_eq!(id, SessionId(number));
        let ended = store.end_session(alice, id, oneself(alice, NOW)).await;
        assert!(ended.unwrap());
    }
}

async fn a_sweep_removes_sessions_that_have_ended(store: Store) {
    let (alice, bob) = (sign_up(&store, &ALICE).await, sign_up(&store, &BOB).await);
    for (user, token, now) in [
        (alice.id, "desk", NOW),
        (alice.id, "phone", NOW + HOUR),
        (bob.id, "bob", NOW),
    ] {
        let new = NewSession {
            now,
            ..new_session(user, token)
        };
        begin(&store, new).await;
    }
    assert_eq!(store.sweep_sessions(NOW + DAY - 1).await.unwrap(), 0);
    assert_eq!(store.sweep_sessions(NOW + DAY).await.unwrap(), 2);
    assert_eq!(store.sweep_sessions(NOW + DAY).await.unwrap(), 0);
    // Asked as of a time when all of them lived: what is gone is not just expired.
    for (token, kept) in [("desk", false), ("phone", true), ("bob", false)] {
        assert_eq!(seen(&store, token, NOW).await.is_some(), kept);
    }
    assert_eq!(listed(&store, alice.id, NOW).await.len(), 1);
}
