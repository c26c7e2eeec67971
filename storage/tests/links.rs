//! Links: made, shown, used once, withdrawn.

use crate::cast::*;
use qunliao_protocol::LinkId;
use qunliao_storage::accounts::Role;
use qunliao_storage::links::{Link, LinkPurpose, NewLink};
use qunliao_storage::{Links, Store};

over_every_engine!(
    a_link_tells_what_it_is_for_until_it_expires,
    a_token_is_short_and_fits_into_a_url,
    two_links_are_never_alike,
    a_forged_token_is_no_link,
    a_withdrawn_link_is_gone,
    a_reset_link_ends_the_earlier_one_of_the_same_user,
    a_set_up_ends_the_earlier_set_up,
    a_set_up_works_only_while_there_is_no_owner,
    a_reset_for_nobody_does_not_work,
    links_are_listed_while_they_work,
    a_sweep_removes_links_that_have_expired,
);

fn invite(role: Role) -> NewLink {
    NewLink {
        purpose: LinkPurpose::Invite(role),
        expires: NOW + DAY,
        note: None,
        by: operator(NOW),
    }
}

fn reset(user: u64) -> NewLink {
    NewLink {
        purpose: LinkPurpose::Reset(qunliao_protocol::UserId(user)),
        ..invite(Role::Member)
    }
}

async fn make(store: &Store, new: NewLink) -> (LinkId, String) {
    store.make_link(new).await.unwrap()
}

async fn shown(store: &Store, token: &str, now: u64) -> Option<Link> {
    store.link(token.into(), now).await.unwrap()
}

async fn works(store: &Store, token: &str) -> bool {
    shown(store, token, NOW).await.is_some()
}

async fn listed(store: &Store, now: u64) -> Vec<LinkId> {
    let links = store.links(now).await.unwrap();
    links.iter().map(|link| link.id).collect()
}

async fn a_link_tells_what_it_is_for_until_it_expires(store: Store) {
    let new = NewLink {
        note: Some("给小波".into()),
        ..invite(Role::Admin)
    };
    let (id, token) = make(&store, new).await;
    let expected = Link {
        id,
        purpose: LinkPurpose::Invite(Role::Admin),
        made: NOW,
        expires: NOW + DAY,
        note: Some("给小波".into()),
    };
    let last_moment = shown(&store, &token, NOW + DAY - 1).await;
    assert!(last_moment.as_ref() == Some(&expected));
    // To show it is not to use it.
    assert!(shown(&store, &token, NOW).await == last_moment);
    assert!(shown(&store, &token, NOW + DAY).await.is_none());
}

async fn a_token_is_short_and_fits_into_a_url(store: Store) {
    let (_, token) = make(&store, invite(Role::Member)).await;
    assert!(token.len() <= 100);
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
}

async fn two_links_are_never_alike(store: Store) {
    let (first, second) = (
        make(&store, invite(Role::Member)).await,
        make(&store, invite(Role::Member)).await,
    );
    assert!(first.0 < second.0);
    assert_ne!(first.1, second.1);
    assert!(works(&store, &first.1).await && works(&store, &second.1).await);
}

async fn a_forged_token_is_no_link(store: Store) {
    let (_, token) = make(&store, invite(Role::Member)).await;
    for at in 0..token.len() {
        let mut forged = token.clone();
        let digit = if &token[at..=at] == "0" { "1" } else { "0" };
        forged.replace_range(at..=at, digit);
        assert!(!works(&store, &forged).await, "{at}");
    }
    for forged in ["", "00", &token[1..], &token.to_uppercase(), "字"] {
        assert!(!works(&store, forged).await);
    }
    assert!(works(&store, &token).await);
}

async fn a_withdrawn_link_is_gone(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    for new in [invite(Role::Member), invite(Role::Owner), reset(alice.0)] {
        let (id, token) = make(&store, new).await;
        assert!(store.revoke_link(id, operator(NOW)).await.unwrap());
        assert!(!works(&store, &token).await);
        assert!(!store.revoke_link(id, operator(NOW)).await.unwrap());
    }
    let (id, _) = make(&store, invite(Role::Member)).await;
    let late = store.revoke_link(id, operator(NOW + DAY)).await;
    assert!(!late.unwrap());
    let nothing = store.revoke_link(LinkId(99), operator(NOW)).await;
    assert!(!nothing.unwrap());
}

async fn a_reset_link_ends_the_earlier_one_of_the_same_user(store: Store) {
    let (alice, bob) = (sign_up(&store, &ALICE).await, sign_up(&store, &BOB).await);
    let (_, first) = make(&store, reset(alice.id.0)).await;
    let (_, bobs) = make(&store, reset(bob.id.0)).await;
    let (_, second) = make(&store, reset(alice.id.0)).await;
    assert!(!works(&store, &first).await);
    assert!(works(&store, &second).await && works(&store, &bobs).await);
}

async fn a_set_up_ends_the_earlier_set_up(store: Store) {
    let (_, member) = make(&store, invite(Role::Member)).await;
    let (_, first) = make(&store, invite(Role::Owner)).await;
    let (_, second) = make(&store, invite(Role::Owner)).await;
    assert!(!works(&store, &first).await);
    assert!(works(&store, &second).await && works(&store, &member).await);
}

async fn a_set_up_works_only_while_there_is_no_owner(store: Store) {
    let (_, before) = make(&store, invite(Role::Owner)).await;
    let mut owner = ALICE.account();
    owner.role = Role::Owner;
    signed_up(&store, owner).await;
    let (_, after) = make(&store, invite(Role::Owner)).await;
    assert!(!works(&store, &before).await && !works(&store, &after).await);
    assert_eq!(listed(&store, NOW).await, []);
}

async fn a_reset_for_nobody_does_not_work(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let (_, alices) = make(&store, reset(alice.0)).await;
    let (_, nobodys) = make(&store, reset(99)).await;
    assert!(works(&store, &alices).await && !works(&store, &nobodys).await);
    close(&store, alice).await;
    assert!(!works(&store, &alices).await);
    assert_eq!(listed(&store, NOW).await, []);
}

async fn links_are_listed_while_they_work(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let mut made = Vec::new();
    for new in [invite(Role::Member), reset(alice.0), invite(Role::Admin)] {
        made.push(make(&store, new).await.0);
    }
    let short = NewLink {
        expires: NOW + HOUR,
        ..invite(Role::Member)
    };
    let short = make(&store, short).await.0;
    let all = [made.clone(), vec![short]].concat();
    assert_eq!(listed(&store, NOW).await, all);
    assert_eq!(listed(&store, NOW + HOUR).await, made);
    store.revoke_link(made[1], operator(NOW)).await.unwrap();
    assert_eq!(listed(&store, NOW + HOUR).await, [made[0], made[2]]);
    assert_eq!(listed(&store, NOW + DAY).await, []);
}

async fn a_sweep_removes_links_that_have_expired(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    for new in [invite(Role::Member), invite(Role::Owner), reset(alice.0)] {
        make(&store, new).await;
    }
    let long = NewLink {
        expires: NOW + 2 * DAY,
        ..invite(Role::Member)
    };
    let (_, long) = make(&store, long).await;
    assert_eq!(store.sweep_links(NOW + DAY - 1).await.unwrap(), 0);
    assert_eq!(store.sweep_links(NOW + DAY).await.unwrap(), 3);
    assert_eq!(store.sweep_links(NOW + DAY).await.unwrap(), 0);
    assert!(works(&store, &long).await);
    // Nothing points at what is gone: another one of the same kind is made and works.
    for new in [invite(Role::Owner), reset(alice.0)] {
        let (_, token) = make(&store, new).await;
        assert!(works(&store, &token).await);
    }
}
