//! The data format of the audit trail; see [`crate::format`].

use crate::cast::*;
use crate::format::*;
use qunliao_storage::accounts::Role;
use qunliao_storage::audit::Action;
use qunliao_storage::keys::Kind;
use qunliao_storage::{Accounts, MemoryEngine};

#[test]
fn what_was_done_has_these_numbers() {
    let numbers = [
        (Action::SignedUp, 1),
        (Action::Approved, 2),
        (Action::Disabled, 3),
        (Action::Enabled, 4),
        (Action::Closed, 5),
        (Action::RoleChanged, 6),
        (Action::PasswordChanged, 7),
        (Action::PasswordReset, 8),
        (Action::PhoneChanged, 9),
        (Action::EmailChanged, 10),
        (Action::SessionsRevoked, 11),
        (Action::InvitationMade, 12),
        (Action::ResetLinkMade, 13),
        (Action::LinkRevoked, 14),
    ];
    for (action, number) in numbers {
        assert_eq!(action as u8, number, "{action:?}");
    }
    assert_eq!(Action::ALL, numbers.map(|(action, _)| action));
}

#[tokio::test]
async fn the_trail_lies_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let (alice, bob) = (
        sign_up(&store, &ALICE).await.id,
        sign_up(&store, &BOB).await.id,
    );
    for by in [operator(NOW + 1), oneself(alice, NOW + 2)] {
        let role = [Role::Member, Role::Admin][usize::from(by.now == NOW + 1)];
        let set = store.set_role(bob, role, by).await;
        assert!(set.unwrap().is_ok());
    }
    let number = |number: u64| number.to_be_bytes().to_vec();
    let expected = [
        r#"{"time":1700000000000,"actor":{"user":1},"action":1,"subject":1}"#,
        r#"{"time":1700000000000,"actor":{"user":2},"action":1,"subject":2}"#,
        r#"{"time":1700000000001,"actor":"operator","action":6,"subject":2,"detail":"member -> admin"}"#,
        r#"{"time":1700000000002,"actor":{"user":1},"action":6,"subject":2,"detail":"admin -> member"}"#,
    ];
    let expected = (1..).zip(expected);
    let expected: Vec<_> = expected
        .map(|(id, json)| (number(id), json.as_bytes().to_vec()))
        .collect();
    assert_eq!(records(&engine, Kind::AuditById), expected);
    let index = [(1, 1), (1, 4), (2, 2), (2, 3), (2, 4)];
    let index = index.map(|(user, id)| ([number(user), number(id)].concat(), Vec::new()));
    assert_eq!(records(&engine, Kind::AuditIdByUser), index);
}
