//! Sessions: proof of sign-in, for a while.

use crate::cast::*;
use qunliao_storage::accounts::User;
use qunliao_storage::sessions::NewSession;
use qunliao_storage::{Sessions, Store};

over_every_engine!(
    a_token_tells_whose_session_it_is,
    an_unknown_token_is_nobodys,
    a_session_ends_when_it_expires,
    the_oldest_session_makes_room_for_a_new_one,
    an_expired_session_makes_room_before_a_living_one,
    expired_sessions_are_removed_when_their_user_signs_in,
    a_session_that_begins_tells_which_are_gone,
    one_session_is_always_allowed,
    sessions_of_others_do_not_count,
    sessions_opened_at_once_keep_to_the_limit,
    closing_an_account_ends_its_sessions,
    a_session_of_a_closed_account_is_nobodys,
);

async fn is_valid(store: &Store, token: &str) -> bool {
    store.session(token.into(), NOW).await.unwrap().is_some()
}

async fn a_token_tells_whose_session_it_is(store: Store) {
    let (alice, bob) = (sign_up(&store, &ALICE).await, sign_up(&store, &BOB).await);
    for (user, token) in [(&alice, "token of alice"), (&bob, "token of bob")] {
        store
            .open_session(new_session(user.id, token))
            .await
            .unwrap();
        let (found, session) = store.session(token.into(), NOW).await.unwrap().unwrap();
        assert!(found == *user);
        assert_eq!(session.user, user.id);
    }
}

async fn an_unknown_token_is_nobodys(store: Store) {
    let alice = sign_up(&store, &ALICE).await;
    store
        .open_session(new_session(alice.id, "token"))
        .await
        .unwrap();
    for token in ["", "Token", "token ", "tokens"] {
        assert!(!is_valid(&store, token).await);
    }
}

async fn a_session_ends_when_it_expires(store: Store) {
    let alice = sign_up(&store, &ALICE).await;
    store
        .open_session(new_session(alice.id, "token"))
        .await
        .unwrap();
    let last_moment = store.session("token".into(), NOW + DAY - 1).await.unwrap();
    assert!(last_moment.is_some());
    let end = store.session("token".into(), NOW + DAY).await.unwrap();
    assert!(end.is_none());
}

async fn the_oldest_session_makes_room_for_a_new_one(store: Store) {
    let alice = sign_up(&store, &ALICE).await;
    for number in 0..5 {
        let new = NewSession {
            now: NOW + number,
            sessions_max: 3,
            ..new_session(alice.id, &format!("token {number}"))
        };
        store.open_session(new).await.unwrap();
    }
    for (token, valid) in [(0, false), (1, false), (2, true), (3, true), (4, true)] {
        assert_eq!(is_valid(&store, &format!("token {token}")).await, valid);
    }
    // A limit that was lowered holds from the next sign-in on.
    let new = NewSession {
        now: NOW + 5,
        sessions_max: 2,
        ..new_session(alice.id, "token 5")
    };
    store.open_session(new).await.unwrap();
    for (token, valid) in [(2, false), (3, false), (4, true), (5, true)] {
        assert_eq!(is_valid(&store, &format!("token {token}")).await, valid);
    }
}

async fn an_expired_session_makes_room_before_a_living_one(store: Store) {
    let alice = sign_up(&store, &ALICE).await;
    // The oldest one lives the longest: a device that is remembered for a while.
    let sessions = [
        ("long", NOW, DAY),
        ("short", NOW + 1, MINUTE),
        ("new", NOW + HOUR, DAY),
    ];
    for (token, now, idle_ms) in sessions {
        let new = NewSession {
            now,
            idle_ms,
            sessions_max: 2,
            ..new_session(alice.id, token)
        };
        store.open_session(new).await.unwrap();
    }
    for (token, valid) in [("long", true), ("short", false), ("new", true)] {
        let found = store.session(token.into(), NOW + HOUR).await.unwrap();
        assert_eq!(found.is_some(), valid, "{token}");
    }
}

async fn expired_sessions_are_removed_when_their_user_signs_in(store: Store) {
    let (alice, bob) = (sign_up(&store, &ALICE).await, sign_up(&store, &BOB).await);
    for (user, token) in [(&alice, "desk"), (&alice, "phone"), (&bob, "bob")] {
        let session = new_session(user.id, token);
        store.open_session(session).await.unwrap();
    }
    let later = NewSession {
        now: NOW + DAY,
        ..new_session(alice.id, "later")
    };
    store.open_session(later).await.unwrap();
    // Asked as of a time when all of them lived: what is gone is not just expired.
    for (token, kept) in [
        ("desk", false),
        ("phone", false),
        ("bob", true),
        ("later", true),
    ] {
        assert_eq!(is_valid(&store, token).await, kept, "{token}");
    }
}

async fn a_session_that_begins_tells_which_are_gone(store: Store) {
    let (alice, bob) = (sign_up(&store, &ALICE).await, sign_up(&store, &BOB).await);
    let begin = async |user: &User, token: &str, hours, idle_ms| {
        let new = NewSession {
            now: NOW + hours * HOUR,
            idle_ms,
            sessions_max: 2,
            ..new_session(user.id, token)
        };
        store.open_session(new).await.unwrap()
    };
    let short = begin(&alice, "short", 0, 2 * HOUR).await;
    let desk = begin(&alice, "desk", 1, DAY).await;
    assert_eq!((short.ended, desk.ended), (vec![], vec![]));
    let phone = begin(&alice, "phone", 1, DAY).await;
    assert_eq!(phone.ended, [short.id], "the oldest makes room");
    let others = begin(&bob, "bob", 9, DAY).await;
    assert_eq!(others.ended, [], "other people's are left alone");
    let late = begin(&alice, "late", 25, DAY).await;
    assert_eq!(late.ended, [desk.id, phone.id], "both have run out");
    close(&store, alice.id).await;
    let nobodys = begin(&alice, "nobody's", 25, DAY).await;
    assert_eq!(nobodys.ended, []);
}

async fn one_session_is_always_allowed(store: Store) {
    let alice = sign_up(&store, &ALICE).await;
    for token in ["first", "second"] {
        let new = NewSession {
            sessions_max: 0,
            ..new_session(alice.id, token)
        };
        store.open_session(new).await.unwrap();
        assert!(is_valid(&store, token).await);
    }
    assert!(!is_valid(&store, "first").await);
}

async fn sessions_of_others_do_not_count(store: Store) {
    let (alice, bob) = (sign_up(&store, &ALICE).await, sign_up(&store, &BOB).await);
    for (user, token) in [(alice.id, "alice"), (bob.id, "bob")] {
        let new = NewSession {
            sessions_max: 1,
            ..new_session(user, token)
        };
        store.open_session(new).await.unwrap();
    }
    assert!(is_valid(&store, "alice").await && is_valid(&store, "bob").await);
}

async fn sessions_opened_at_once_keep_to_the_limit(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let opening = (0..20).map(|number| {
        let store = store.clone();
        let new = NewSession {
            sessions_max: 4,
            ..new_session(alice, &format!("token {number}"))
        };
        tokio::spawn(async move { store.open_session(new).await })
    });
    for opened in opening.collect::<Vec<_>>() {
        opened.await.unwrap().unwrap();
    }
    let mut valid = 0;
    for number in 0..20 {
        valid += usize::from(is_valid(&store, &format!("token {number}")).await);
    }
    assert_eq!(valid, 4);
}

async fn closing_an_account_ends_its_sessions(store: Store) {
    let (alice, bob) = (sign_up(&store, &ALICE).await, sign_up(&store, &BOB).await);
    for (user, token) in [(alice.id, "desk"), (alice.id, "phone"), (bob.id, "bob")] {
        store.open_session(new_session(user, token)).await.unwrap();
    }
    close(&store, alice.id).await;
    for (token, valid) in [("desk", false), ("phone", false), ("bob", true)] {
        assert_eq!(is_valid(&store, token).await, valid);
    }
}

async fn a_session_of_a_closed_account_is_nobodys(store: Store) {
    let alice = sign_up(&store, &ALICE).await;
    close(&store, alice.id).await;
    // The password was checked before, the session opened after the account closed.
    store
        .open_session(new_session(alice.id, "late"))
        .await
        .unwrap();
    assert!(!is_valid(&store, "late").await);
}
