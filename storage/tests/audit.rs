//! The audit trail: what it tells, in which order, of whom, and for how long.

use crate::cast::*;
use qunliao_protocol::UserId;
use qunliao_storage::accounts::{NewAccount, Role};
use qunliao_storage::audit::{Action, Actor, AuditEntry, AuditQuery};
use qunliao_storage::codes::{NewCode, Purpose};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{Accounts, Audit, Codes, Links, Store};

over_every_engine!(
    ids_are_dense_and_the_newest_comes_first,
    the_trail_is_read_page_by_page,
    a_user_is_told_of_as_the_one_who_did_and_as_the_one_it_was_done_to,
    what_is_refused_leaves_no_trace,
    a_sign_up_tells_how_it_came_about,
    an_address_that_is_confirmed_is_told_of,
    links_are_told_of_by_their_ids,
    a_sweep_removes_the_oldest,
    ids_go_on_after_a_sweep,
);

async fn read(store: &Store, query: AuditQuery) -> Vec<AuditEntry> {
    store.audit(query).await.unwrap()
}

fn newest(limit: usize) -> AuditQuery {
    AuditQuery {
        limit,
        ..AuditQuery::default()
    }
}

fn of(user: UserId) -> AuditQuery {
    AuditQuery {
        user: Some(user),
        ..newest(99)
    }
}

const NONE: [u64; 0] = [];

fn ids(entries: &[AuditEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.id).collect()
}

/// Signs up Alice, and gives her roles, in so many entries altogether.
async fn entries(store: &Store, count: u64) -> UserId {
    let alice = sign_up(store, &ALICE).await.id;
    for number in 1..count {
        let role = [Role::Member, Role::Admin][usize::from(number % 2 == 1)];
        let set = store.set_role(alice, role, operator(NOW + number)).await;
        assert!(set.unwrap().is_ok());
    }
    alice
}

async fn ids_are_dense_and_the_newest_comes_first(store: Store) {
    let alice = entries(&store, 5).await;
    let told = read(&store, newest(9)).await;
    assert_eq!(ids(&told), [5, 4, 3, 2, 1]);
    let newest = AuditEntry {
        id: 5,
        time: NOW + 4,
        actor: Actor::Operator,
        action: Action::RoleChanged,
        subject: Some(alice),
        detail: Some("admin -> member".into()),
    };
    assert_eq!(told[0], newest);
    let first = AuditEntry {
        id: 1,
        time: NOW,
        actor: Actor::User(alice),
        action: Action::SignedUp,
        subject: Some(alice),
        detail: None,
    };
    assert_eq!(told[4], first);
}

async fn the_trail_is_read_page_by_page(store: Store) {
    let alice = entries(&store, 7).await;
    for user in [None, Some(alice)] {
        let page = |before, limit| AuditQuery {
            before,
            user,
            limit,
        };
        assert_eq!(ids(&read(&store, page(None, 3)).await), [7, 6, 5]);
        assert_eq!(ids(&read(&store, page(Some(5), 3)).await), [4, 3, 2]);
        assert_eq!(ids(&read(&store, page(Some(2), 3)).await), [1]);
        assert_eq!(ids(&read(&store, page(Some(1), 3)).await), NONE);
        assert_eq!(ids(&read(&store, page(None, 0)).await), NONE);
    }
}

async fn a_user_is_told_of_as_the_one_who_did_and_as_the_one_it_was_done_to(store: Store) {
    let (alice, bob) = (
        sign_up(&store, &ALICE).await.id,
        sign_up(&store, &BOB).await.id,
    );
    let carol = sign_up(&store, &CAROL).await.id;
    let by = oneself(alice, NOW + 1);
    assert!(store.set_standing(bob, false, by).await.unwrap().is_ok());
    let alices = read(&store, of(alice)).await;
    let bobs = read(&store, of(bob)).await;
    assert_eq!(ids(&alices), [4, 1]);
    assert_eq!(ids(&bobs), [4, 2]);
    assert_eq!(alices[0], bobs[0]);
    assert_eq!(alices[0].actor, Actor::User(alice));
    assert_eq!(alices[0].subject, Some(bob));
    assert_eq!(ids(&read(&store, of(carol)).await), [3]);
    assert_eq!(ids(&read(&store, of(UserId(99))).await), NONE);
}

async fn what_is_refused_leaves_no_trace(store: Store) {
    sign_up(&store, &ALICE).await;
    refusal(&store, ALICE.account()).await;
    let nobody = store.set_role(UserId(99), Role::Admin, operator(NOW)).await;
    assert!(nobody.unwrap().is_err());
    assert_eq!(ids(&read(&store, newest(9)).await), [1]);
}

async fn a_sign_up_tells_how_it_came_about(store: Store) {
    let link = NewLink {
        purpose: LinkPurpose::Invite(Role::Admin),
        expires: NOW + DAY,
        note: None,
        by: operator(NOW),
    };
    let (_, token) = store.make_link(link).await.unwrap();
    let invited = NewAccount {
        invite: Some(token),
        ..ALICE.account()
    };
    let waiting = NewAccount {
        pending: true,
        ..BOB.account()
    };
    let made = NewAccount {
        role: Role::Owner,
        by: Some(Actor::Operator),
        ..CAROL.account()
    };
    for (new, detail, operator) in [
        (invited, "admin, link 1", false),
        (waiting, "pending", false),
        (made, "owner", true),
    ] {
        let user = signed_up(&store, new).await.id;
        let told = read(&store, of(user)).await;
        let told = told.last().cloned();
        let actor = [Actor::User(user), Actor::Operator][usize::from(operator)];
        // Nobody's list but the trail's itself tells of what the operator did.
        let told = told.unwrap();
        assert_eq!((told.action, told.actor), (Action::SignedUp, actor));
        assert_eq!(
            (told.subject, told.detail.as_deref()),
            (Some(user), Some(detail))
        );
    }
}

async fn an_address_that_is_confirmed_is_told_of(store: Store) {
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email));
    let alice = alice.await.id;
    let code = NewCode {
        user: Some(alice),
        ..new_code(
            proof(Purpose::Confirm, ALICE.email_contact(), "135790"),
            NOW,
        )
    };
    store.issue(code).await.unwrap();
    for _ in 0..2 {
        let confirmed = store.confirm_email(ALICE.email.into(), "135790".into(), None, NOW + 1);
        assert_eq!(confirmed.await.unwrap(), Some(alice));
    }
    let told = read(&store, newest(9)).await;
    assert_eq!(ids(&told), [2, 1]);
    assert_eq!(told[0].action, Action::EmailChanged);
    assert_eq!(told[0].detail.as_deref(), Some("confirmed"));
}

async fn links_are_told_of_by_their_ids(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    for purpose in [LinkPurpose::Invite(Role::Member), LinkPurpose::Reset(alice)] {
        let link = NewLink {
            purpose,
            expires: NOW + DAY,
            note: Some("for 小波".into()),
            by: operator(NOW),
        };
        let (id, _) = store.make_link(link).await.unwrap();
        assert!(store.revoke_link(id, operator(NOW)).await.unwrap());
    }
    let told = read(&store, newest(4)).await;
    let told: Vec<_> = told
        .iter()
        .map(|entry| (entry.action, entry.subject, entry.detail.as_deref()))
        .collect();
    let expected = [
        (Action::LinkRevoked, Some(alice), Some("link 2")),
        (Action::ResetLinkMade, Some(alice), Some("link 2")),
        (Action::LinkRevoked, None, Some("member, link 1")),
        (Action::InvitationMade, None, Some("member, link 1")),
    ];
    assert_eq!(told, expected);
}

async fn a_sweep_removes_the_oldest(store: Store) {
    let alice = entries(&store, 6).await;
    assert_eq!(store.sweep_audit(NOW).await.unwrap(), 0);
    assert_eq!(store.sweep_audit(NOW + 3).await.unwrap(), 3);
    assert_eq!(store.sweep_audit(NOW + 3).await.unwrap(), 0);
    assert_eq!(ids(&read(&store, newest(9)).await), [6, 5, 4]);
    assert_eq!(ids(&read(&store, of(alice)).await), [6, 5, 4]);
}

async fn ids_go_on_after_a_sweep(store: Store) {
    entries(&store, 4).await;
    assert_eq!(store.sweep_audit(NOW + DAY).await.unwrap(), 4);
    sign_up(&store, &BOB).await;
    assert_eq!(ids(&read(&store, newest(9)).await), [5]);
}
