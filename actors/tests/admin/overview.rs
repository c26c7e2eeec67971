//! How much there is of everything, and who did what.

use super::*;
use qunliao_actors::admin::{AuditLine, Who};
use qunliao_storage::audit::Action;

async fn trail(office: &Office, user: Option<&str>, limit: usize) -> Vec<AuditLine> {
    let request = Request::Audit {
        user: user.map(named),
        before: None,
        limit,
    };
    match office.ask(request).await.unwrap() {
        Reply::Audit { entries } => entries,
        other => panic!("{other:?}"),
    }
}

#[actix_rt::test]
async fn the_trail_tells_who_did_what_to_whom() {
    let office = Office::open();
    let alice = office.add("小爱", Role::Owner).await;
    office.add("小波", Role::Member).await;
    let request = Request::SetRole {
        user: named("小波"),
        role: Role::Admin,
    };
    let by_alice = office.desk.carry_out(caller(&alice), request);
    by_alice.await.unwrap();
    let entries = trail(&office, None, 50).await;
    let newest = &entries[0];
    assert_eq!(newest.action, Action::RoleChanged);
    assert!(matches!(&newest.actor, Who::User(who) if who.name.as_deref() == Some("小爱")));
    let subject = newest.subject.as_ref().unwrap();
    assert_eq!(subject.name.as_deref(), Some("小波"));
    assert!(
        newest
            .detail
            .as_ref()
            .is_some_and(|it| it.contains("admin"))
    );
    assert_eq!(entries.last().unwrap().actor, Who::Operator);
    let ids: Vec<u64> = entries.iter().map(|entry| entry.id).collect();
    assert!(ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");
}

#[actix_rt::test]
async fn the_trail_is_of_one_user_and_of_as_many_entries_as_wanted() {
    let office = Office::open();
    office.add("小爱", Role::Member).await;
    office.add("小波", Role::Member).await;
    let of_bob = trail(&office, Some("小波"), 50).await;
    let about = |line: &AuditLine| line.subject.as_ref().map(|it| it.id) == Some(UserId(2));
    assert!(!of_bob.is_empty() && of_bob.iter().all(about));
    assert_eq!(trail(&office, None, 1).await.len(), 1);
}

#[actix_rt::test]
async fn everything_is_counted() {
    let office = Office::open();
    let alice = office.add("小爱", Role::Owner).await;
    office.add("小波", Role::Member).await;
    office.open_session(alice.id, "t").await;
    office
        .ask(Request::Disable {
            user: named("小波"),
        })
        .await
        .unwrap();
    let Reply::Statistics(counted) = office.ask(Request::Statistics).await.unwrap() else {
        panic!("statistics");
    };
    assert_eq!(
        (counted.active, counted.disabled, counted.owners),
        (1, 1, 1)
    );
    assert_eq!((counted.sessions, counted.messages), (1, 0));
    assert_eq!(counted.server, None);
    let codes = counted.codes;
    assert_eq!((codes.sent, codes.entered), (0, 0));
    // A fifth is kept for resets and notices.
    assert_eq!((codes.sms_left, codes.newcomers_sms_left), (300, 240));
}
