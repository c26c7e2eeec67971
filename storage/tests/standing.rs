//! Roles and standings: what others make of an account, and the last owner.

use crate::cast::*;
use qunliao_protocol::UserId;
use qunliao_storage::accounts::{
    AccountCounts, AccountRefusal, Login, NewAccount, Role, Standing, User,
};
use qunliao_storage::audit::{Action, AuditQuery};
use qunliao_storage::codes::{Issued, NewCode, Purpose, Verdict};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{Accounts, Audit, Codes, Links, Sessions, Store};

over_every_engine!(
    a_role_is_given_and_kept,
    an_account_is_approved_disabled_and_enabled,
    links_and_codes_of_someone_who_is_shut_out_do_not_come_back,
    what_is_so_already_is_no_change,
    nobody_and_those_who_are_gone_have_no_role_or_standing,
    the_last_owner_stays_an_owner,
    one_of_two_owners_can_go_and_the_other_cannot,
    an_owner_who_cannot_sign_in_does_not_count,
    of_two_owners_who_leave_at_once_one_stays,
    a_disabled_account_is_found_and_cannot_be_taken_over,
    a_closed_account_keeps_no_role,
    users_are_listed_page_by_page,
    accounts_and_sessions_are_counted,
);

async fn with_role(store: &Store, person: &Person, role: Role) -> User {
    let new = NewAccount {
        role,
        ..person.account()
    };
    signed_up(store, new).await
}

async fn set_role(store: &Store, user: UserId, role: Role) -> Result<User, AccountRefusal> {
    let set = store.set_role(user, role, operator(NOW)).await;
    set.unwrap()
}

async fn set_active(store: &Store, user: UserId, active: bool) -> Result<User, AccountRefusal> {
    let set = store.set_standing(user, active, operator(NOW)).await;
    set.unwrap()
}

async fn close_by_operator(store: &Store, user: UserId) -> Result<(), AccountRefusal> {
    store
        .close_account(user, None, operator(NOW))
        .await
        .unwrap()
}

/// What the trail tells of a user, the newest first.
async fn told(store: &Store, user: UserId) -> Vec<(Action, Option<String>)> {
    let query = AuditQuery {
        user: Some(user),
        limit: 99,
        before: None,
    };
    let entries = store.audit(query).await.unwrap().into_iter();
    entries.map(|entry| (entry.action, entry.detail)).collect()
}

async fn a_role_is_given_and_kept(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    for role in [Role::Admin, Role::Owner] {
        let given = set_role(&store, alice, role).await.ok().unwrap();
        assert_eq!(given.role, role);
        assert!(store.user(alice).await.unwrap() == Some(given));
    }
    let changes = told(&store, alice).await;
    let words = |words: &str| (Action::RoleChanged, Some(words.to_owned()));
    assert_eq!(
        changes[..2],
        [words("admin -> owner"), words("member -> admin")]
    );
}

async fn an_account_is_approved_disabled_and_enabled(store: Store) {
    let new = NewAccount {
        pending: true,
        ..ALICE.account()
    };
    let alice = signed_up(&store, new).await.id;
    let steps = [
        (true, Standing::Active, Action::Approved),
        (false, Standing::Disabled, Action::Disabled),
        (true, Standing::Active, Action::Enabled),
    ];
    for (active, standing, action) in steps {
        let set = set_active(&store, alice, active).await.ok().unwrap();
        assert_eq!(set.standing, standing);
        assert_eq!(told(&store, alice).await[0], (action, None));
        let found = store.find(Login::Name(ALICE.name.into())).await.unwrap();
        assert!(found.unwrap().user == set);
    }
    // Who waits can be turned away, too.
    let new = NewAccount {
        pending: true,
        ..BOB.account()
    };
    let bob = signed_up(&store, new).await.id;
    let refused = set_active(&store, bob, false).await.ok().unwrap();
    assert_eq!(refused.standing, Standing::Disabled);
}

async fn links_and_codes_of_someone_who_is_shut_out_do_not_come_back(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let mut new = ALICE.account_by_phone("135790");
    new.email = Some(ALICE.email.into());
    let alice = signed_up(&store, new).await.id;
    let bob = sign_up(&store, &BOB).await.id;
    let link_for = async |user| {
        let new = NewLink {
            purpose: LinkPurpose::Reset(user),
            expires: NOW + DAY,
            note: None,
            by: operator(NOW),
        };
        store.make_link(new).await.unwrap().1
    };
    let links = [link_for(alice).await, link_for(bob).await];
    let reset = proof(Purpose::Reset, ALICE.phone_contact(), "246801");
    let confirm = proof(Purpose::Confirm, ALICE.email_contact(), "357912");
    for proof in [&reset, &confirm] {
        let new = NewCode {
            user: Some(alice),
            ..new_code(proof.clone(), NOW + HOUR)
        };
        assert_eq!(store.issue(new).await.unwrap(), Issued::Send);
    }
    set_active(&store, alice, false).await.ok().unwrap();
    set_active(&store, alice, true).await.ok().unwrap();
    let [hers, his] = links;
    assert!(store.link(hers, NOW).await.unwrap().is_none());
    assert!(store.link(his, NOW).await.unwrap().is_some());
    let verdict = store.try_code(reset, NOW + HOUR).await.unwrap();
    assert_eq!(verdict, Verdict::Wrong);
    let confirmed = store.confirm_email(ALICE.email.into(), "357912".into(), None, NOW + HOUR);
    assert!(confirmed.await.unwrap().is_none());
}

async fn what_is_so_already_is_no_change(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let session = new_session(alice, "token");
    store.open_session(session).await.unwrap();
    assert!(set_role(&store, alice, Role::Member).await.is_ok());
    assert!(set_active(&store, alice, true).await.is_ok());
    assert_eq!(told(&store, alice).await, [(Action::SignedUp, None)]);
    assert!(store.session("token".into(), NOW).await.unwrap().is_some());
    set_active(&store, alice, false).await.ok().unwrap();
    set_active(&store, alice, false).await.ok().unwrap();
    assert_eq!(told(&store, alice).await.len(), 2);
}

async fn nobody_and_those_who_are_gone_have_no_role_or_standing(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    close(&store, alice).await;
    for user in [alice, UserId(99)] {
        let refused = Some(AccountRefusal::NoAccount);
        assert_eq!(set_role(&store, user, Role::Admin).await.err(), refused);
        assert_eq!(set_active(&store, user, true).await.err(), refused);
        assert_eq!(set_active(&store, user, false).await.err(), refused);
    }
    assert_eq!(told(&store, alice).await[0], (Action::Closed, None));
}

/// Whatever would end an owner, and what came of it.
async fn try_to_end(store: &Store, owner: UserId) -> [Option<AccountRefusal>; 4] {
    [
        set_role(store, owner, Role::Admin).await.err(),
        set_role(store, owner, Role::Member).await.err(),
        set_active(store, owner, false).await.err(),
        close_by_operator(store, owner).await.err(),
    ]
}

async fn the_last_owner_stays_an_owner(store: Store) {
    let alice = with_role(&store, &ALICE, Role::Owner).await;
    sign_up(&store, &BOB).await;
    let session = new_session(alice.id, "token");
    store.open_session(session).await.unwrap();
    let refused = Some(AccountRefusal::LastOwner);
    assert_eq!(try_to_end(&store, alice.id).await, [refused; 4]);
    // Nothing of it has happened, not even in part.
    assert_eq!(told(&store, alice.id).await.len(), 1);
    let (user, _) = store.session("token".into(), NOW).await.unwrap().unwrap();
    assert!(user == alice);
}

async fn one_of_two_owners_can_go_and_the_other_cannot(store: Store) {
    let alice = with_role(&store, &ALICE, Role::Owner).await.id;
    let bob = sign_up(&store, &BOB).await.id;
    for way in 0..3 {
        assert!(set_role(&store, bob, Role::Owner).await.is_ok());
        let gone = match way {
            0 => set_role(&store, bob, Role::Member).await.map(drop),
            1 => set_active(&store, bob, false).await.map(drop),
            _ => close_by_operator(&store, bob).await,
        };
        assert_eq!(gone, Ok(()));
        let refused = Some(AccountRefusal::LastOwner);
        assert_eq!(try_to_end(&store, alice).await, [refused; 4]);
        if way == 1 {
            assert!(set_active(&store, bob, true).await.is_ok());
        }
    }
}

async fn an_owner_who_cannot_sign_in_does_not_count(store: Store) {
    let alice = with_role(&store, &ALICE, Role::Owner).await.id;
    let waiting = NewAccount {
        role: Role::Owner,
        pending: true,
        ..BOB.account()
    };
    let bob = signed_up(&store, waiting).await.id;
    let refused = Some(AccountRefusal::LastOwner);
    assert_eq!(try_to_end(&store, alice).await, [refused; 4]);
    // Of an owner who does not count all can be changed.
    assert!(set_active(&store, bob, false).await.is_ok());
    assert!(set_role(&store, bob, Role::Admin).await.is_ok());
    assert!(set_role(&store, bob, Role::Owner).await.is_ok());
    assert_eq!(try_to_end(&store, alice).await, [refused; 4]);
    assert!(set_active(&store, bob, true).await.is_ok());
    assert!(set_active(&store, alice, false).await.is_ok());
    assert_eq!(try_to_end(&store, bob).await, [refused; 4]);
}

async fn of_two_owners_who_leave_at_once_one_stays(store: Store) {
    let alice = with_role(&store, &ALICE, Role::Owner).await.id;
    let bob = with_role(&store, &BOB, Role::Owner).await.id;
    let leaving = [alice, bob].map(|owner| {
        let store = store.clone();
        tokio::spawn(async move { store.close_account(owner, None, oneself(owner, NOW)).await })
    });
    let mut refused = 0;
    for left in leaving {
        refused += usize::from(left.await.unwrap().unwrap() == Err(AccountRefusal::LastOwner));
    }
    assert_eq!(refused, 1);
    assert_eq!(store.account_counts(NOW).await.unwrap().owners, 1);
}

async fn a_disabled_account_is_found_and_cannot_be_taken_over(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let alice = signed_up(&store, ALICE.account_by_phone("135790")).await.id;
    set_active(&store, alice, false).await.ok().unwrap();
    let by_number = Login::Contact(ALICE.phone_contact());
    let found = store.find(by_number).await.unwrap().unwrap();
    assert_eq!(
        (found.user.id, found.user.standing),
        (alice, Standing::Disabled)
    );
    assert_eq!(found.password_hash, ALICE.account().password_hash);
}

async fn a_closed_account_keeps_no_role(store: Store) {
    let alice = with_role(&store, &ALICE, Role::Owner).await.id;
    with_role(&store, &BOB, Role::Owner).await;
    close(&store, alice).await;
    let closed = store.user(alice).await.unwrap().unwrap();
    assert_eq!(
        (closed.role, closed.standing),
        (Role::Member, Standing::Closed)
    );
    assert_eq!(closed.name, ALICE.name);
}

async fn users_are_listed_page_by_page(store: Store) {
    let mut all = Vec::new();
    for person in [&ALICE, &BOB, &CAROL] {
        all.push(sign_up(&store, person).await.id);
    }
    close(&store, all[1]).await;
    let page = async |after, limit| -> Vec<UserId> {
        let users = store.users(after, limit).await.unwrap();
        users.iter().map(|user| user.id).collect()
    };
    assert_eq!(page(None, 9).await, all);
    assert_eq!(page(None, 2).await, all[..2]);
    assert_eq!(page(Some(all[1]), 2).await, all[2..]);
    assert_eq!(page(Some(all[2]), 2).await, []);
    let users = store.users(None, 9).await.unwrap();
    let standings: Vec<_> = users.iter().map(|user| user.standing).collect();
    let expected = [Standing::Active, Standing::Closed, Standing::Active];
    assert_eq!(standings, expected);
    assert!(store.user(UserId(99)).await.unwrap().is_none());
}

async fn accounts_and_sessions_are_counted(store: Store) {
    let nothing = AccountCounts::default();
    assert_eq!(store.account_counts(NOW).await.unwrap(), nothing);
    // More than are looked through at once.
    for number in 0..300u64 {
        let new = NewAccount {
            folded_name: format!("name {number}"),
            pending: number % 10 == 0,
            role: if number < 3 {
                Role::Owner
            } else {
                Role::Member
            },
            ..ALICE.account()
        };
        let user = signed_up(&store, new).await.id;
        let session = new_session(user, &format!("token {number}"));
        store.open_session(session).await.unwrap();
    }
    assert!(set_active(&store, UserId(2), false).await.is_ok());
    close(&store, UserId(10)).await;
    close(&store, UserId(12)).await;
    let counts = AccountCounts {
        active: 267,
        pending: 30,
        disabled: 1,
        closed: 2,
        owners: 1,
        sessions: 267,
    };
    assert_eq!(store.account_counts(NOW).await.unwrap(), counts);
    let later = AccountCounts {
        sessions: 0,
        ..counts
    };
    assert_eq!(store.account_counts(NOW + DAY).await.unwrap(), later);
}
