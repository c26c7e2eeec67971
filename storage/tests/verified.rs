//! What people do to their own accounts holds if the password that they showed is
//! still theirs when it is done: to verify one takes a while.

use crate::cast::*;
use qunliao_protocol::UserId;
use qunliao_storage::accounts::{
    AccountRefusal, ContactChange, ContactRefusal, PasswordChange, Standing,
};
use qunliao_storage::codes::{Issued, NewCode, Purpose};
use qunliao_storage::{Accounts, Codes, Contact, Store};

over_every_engine!(
    an_old_password_changes_no_contact,
    an_old_password_closes_nothing,
    a_disabled_account_is_not_changed_by_its_user,
    who_shows_no_password_is_not_asked_for_one,
);

const CODE: &str = "246801";

fn first_hash() -> Option<String> {
    Some(ALICE.account().password_hash)
}

fn new_phone() -> Contact {
    Contact::Phone("+8613700000001".into())
}

/// Alice, who was sent a code to another number.
async fn alice(store: &Store) -> UserId {
    let alice = sign_up(store, &ALICE).await.id;
    let new = NewCode {
        user: Some(alice),
        ..new_code(proof(Purpose::Confirm, new_phone(), CODE), NOW)
    };
    assert_eq!(store.issue(new).await.unwrap(), Issued::Send);
    alice
}

async fn set_password(store: &Store, user: UserId, old: Option<String>, new: &str) -> bool {
    let change = PasswordChange {
        user,
        verified_hash: old.unwrap(),
        password_hash: new.to_owned(),
        keep: None,
        by: oneself(user, NOW),
    };
    store.change_password(change).await.unwrap()
}

async fn move_away(
    store: &Store,
    user: UserId,
    verified_hash: Option<String>,
) -> Result<Option<Contact>, ContactRefusal> {
    let change = ContactChange {
        user,
        proof: proof(Purpose::Confirm, new_phone(), CODE),
        verified_hash,
        by: oneself(user, NOW),
    };
    store.change_contact(change).await.unwrap()
}

async fn close(
    store: &Store,
    user: UserId,
    verified_hash: Option<String>,
) -> Result<(), AccountRefusal> {
    let by = oneself(user, NOW);
    let closed = store.close_account(user, verified_hash, by).await;
    closed.unwrap()
}

async fn an_old_password_changes_no_contact(store: Store) {
    let alice = alice(&store).await;
    assert!(set_password(&store, alice, first_hash(), "new").await);
    let refused = move_away(&store, alice, first_hash()).await;
    assert_eq!(refused, Err(ContactRefusal::NotVerified));
    let user = store.user(alice).await.unwrap().unwrap();
    assert!(!user.phone_verified);
    // The code is not spent by that.
    let moved = move_away(&store, alice, Some("new".into())).await;
    assert_eq!(moved, Ok(None));
    let user = store.user(alice).await.unwrap().unwrap();
    assert!(user.phone_verified);
}

async fn an_old_password_closes_nothing(store: Store) {
    let alice = alice(&store).await;
    assert!(set_password(&store, alice, first_hash(), "new").await);
    let refused = close(&store, alice, first_hash()).await;
    assert_eq!(refused, Err(AccountRefusal::NotVerified));
    let user = store.user(alice).await.unwrap().unwrap();
    assert_eq!(user.standing, Standing::Active);
    let new = || Some("new".to_owned());
    assert_eq!(close(&store, alice, new()).await, Ok(()));
    assert_eq!(close(&store, alice, new()).await, Ok(()), "asked again");
}

async fn a_disabled_account_is_not_changed_by_its_user(store: Store) {
    let alice = alice(&store).await;
    let disabled = store.set_standing(alice, false, operator(NOW)).await;
    assert!(disabled.unwrap().is_ok());
    let refused = move_away(&store, alice, first_hash()).await;
    assert_eq!(refused, Err(ContactRefusal::NotVerified));
    let refused = close(&store, alice, first_hash()).await;
    assert_eq!(refused, Err(AccountRefusal::NotVerified));
    assert!(!set_password(&store, alice, first_hash(), "new").await);
}

async fn who_shows_no_password_is_not_asked_for_one(store: Store) {
    let alice = alice(&store).await;
    assert!(set_password(&store, alice, first_hash(), "new").await);
    let disabled = store.set_standing(alice, false, operator(NOW)).await;
    assert!(disabled.unwrap().is_ok());
    let closed = store.close_account(alice, None, operator(NOW)).await;
    assert_eq!(closed.unwrap(), Ok(()));
}
