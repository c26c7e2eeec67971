//! Invitations, and links for a new password.

use super::*;
use qunliao_actors::admin::{Invitation, Link};
use qunliao_protocol::LinkId;
use qunliao_storage::Links as _;
use qunliao_storage::links::LinkPurpose;

fn invite(role: Role) -> Request {
    Request::Invite {
        role,
        note: Some("小波".into()),
        lifetime_seconds: None,
    }
}

async fn invited(office: &Office, request: Request) -> (Invitation, Link) {
    match office.ask(request).await.unwrap() {
        Reply::Invited { invitation, link } => (invitation, link),
        other => panic!("{other:?}"),
    }
}

async fn listed(office: &Office) -> Vec<Invitation> {
    match office.ask(Request::Invitations).await.unwrap() {
        Reply::Invitations { invitations } => invitations,
        other => panic!("{other:?}"),
    }
}

#[actix_rt::test]
async fn an_invitation_is_made_listed_and_withdrawn() {
    let office = Office::open();
    let (invitation, link) = invited(&office, invite(Role::Admin)).await;
    assert_eq!(link.url, format!("https://chat.example.org/{}", link.token));
    assert_eq!(link.expires - invitation.made, 7 * 24 * 3600 * 1000);
    let found = office.store.link(link.token.clone(), invitation.made).await;
    let purpose = found.unwrap().unwrap().purpose;
    assert_eq!(purpose, LinkPurpose::Invite(Role::Admin));
    assert_eq!(listed(&office).await, std::slice::from_ref(&invitation));
    let revoke = || Request::RevokeInvitation { id: link.id };
    assert_eq!(
        office.ask(revoke()).await,
        Ok(Reply::Withdrawn { id: link.id })
    );
    assert_eq!(listed(&office).await, []);
    let found = office.store.link(link.token, invitation.made).await;
    assert!(found.unwrap().is_none());
    assert_eq!(office.refusal(revoke()).await, "no_such_invitation");
}

#[actix_rt::test]
async fn notes_and_lifetimes_have_bounds() {
    let office = Office::open();
    let request = |note: &str, lifetime_seconds| Request::Invite {
        role: Role::Member,
        note: Some(note.to_owned()),
        lifetime_seconds,
    };
    for (request, code) in [
        (request("a\nb", None), "bad_note"),
        (request("\u{1b}[2J", None), "bad_note"),
        (request(&"长".repeat(201), None), "bad_note"),
        (request("x", Some(0)), "bad_lifetime"),
        (request("x", Some(u64::MAX)), "bad_lifetime"),
    ] {
        assert_eq!(office.refusal(request).await, code);
    }
    let (invitation, _) = invited(&office, request(&"长".repeat(200), Some(60))).await;
    assert_eq!(invitation.expires - invitation.made, 60_000);
}

#[actix_rt::test]
async fn a_link_for_a_new_password_ends_the_one_before() {
    let office = Office::open();
    let alice = office.add("小爱", Role::Member).await;
    let make = async || match office
        .ask(Request::MakeResetLink {
            user: named("小爱"),
        })
        .await
        .unwrap()
    {
        Reply::ResetLink { link, .. } => link,
        other => panic!("{other:?}"),
    };
    let (first, second) = (make().await, make().await);
    let now = qunliao_actors::clock::now_ms();
    let works = async |token: &str| office.store.link(token.to_owned(), now).await.unwrap();
    assert!(works(&first.token).await.is_none());
    let purpose = works(&second.token).await.map(|link| link.purpose);
    assert_eq!(purpose, Some(LinkPurpose::Reset(alice.id)));
    assert_eq!(listed(&office).await, [], "it is no invitation");
    let revoke = Request::RevokeInvitation { id: second.id };
    assert_eq!(office.refusal(revoke).await, "no_such_invitation");
}

#[actix_rt::test]
async fn an_administrator_does_not_withdraw_what_an_owner_gave() {
    let office = Office::open();
    let admin = office.add("小波", Role::Admin).await;
    let (_, owners) = invited(&office, invite(Role::Owner)).await;
    let (_, members) = invited(&office, invite(Role::Member)).await;
    let revoke = |id: LinkId| {
        let request = Request::RevokeInvitation { id };
        office.desk.carry_out(caller(&admin), request)
    };
    assert_eq!(revoke(owners.id).await.unwrap_err().code, "not_allowed");
    assert!(revoke(members.id).await.is_ok());
}

#[actix_rt::test]
async fn an_owner_is_invited_only_while_there_is_none() {
    let office = Office::open();
    invited(&office, invite(Role::Owner)).await;
    office.add("小爱", Role::Owner).await;
    let refused = office.ask(invite(Role::Owner)).await.unwrap_err();
    assert_eq!(refused.code, "owner_exists");
    assert!(refused.message.contains("qunliao user role NAME owner"));
    invited(&office, invite(Role::Admin)).await;
}
