//! Closing an account.

use super::*;
use qunliao_actors::auth_registry::CloseAccount;
use qunliao_actors::clock::now_ms;
use qunliao_storage::Accounts;
use qunliao_storage::accounts::Role;
use qunliao_storage::audit::{Actor as Doer, By};

fn close(someone: &Someone, user_pwd: &str) -> CloseAccount {
    CloseAccount {
        user_name: someone.name.to_owned(),
        user_pwd: user_pwd.to_owned(),
        asked_by: home(),
    }
}

#[actix_rt::test]
async fn a_closed_account_is_gone_and_its_name_stays_taken() {
    let mut registry = Plan::default().build();
    let session = registry.sign_up_with_both(&ALICE).await;
    let guess = registry.ask(close(&ALICE, BOB.password)).await;
    assert_eq!(guess, Err(Failure::WrongCredentials));
    assert!(registry.accepts(&session).await);

    let right = registry.ask(close(&ALICE, ALICE.password)).await;
    assert_eq!(right, Ok(()));
    assert!(!registry.accepts(&session).await);
    let refused = registry.ask(sign_in(ALICE.name, ALICE.password)).await;
    assert_eq!(refused.err(), Some(Failure::WrongCredentials));
    let (channel, told) = registry.parcel().await;
    assert_eq!((channel, &*told.to), (Channel::Mail, ALICE.email));
    assert_eq!(told.kind(), Kind::AccountClosed);
    // The number is free; the name is not, since its words stay.
    let code = registry.code_by_phone(&ALICE).await;
    let again = registry.refusal(ALICE.sign_up(&code)).await;
    assert_eq!(again, Failure::NameTaken);
    let again = registry.ask(close(&ALICE, ALICE.password)).await;
    assert_eq!(again, Err(Failure::WrongCredentials));
}

#[actix_rt::test]
async fn the_last_owner_stays() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    let bob = registry.sign_up(&BOB).await;
    let by = By {
        actor: Doer::Operator,
        now: now_ms(),
    };
    let owner = registry.store.set_role(alice.user.id, Role::Owner, by);
    assert!(owner.await.unwrap().is_ok());
    let refused = registry.ask(close(&ALICE, ALICE.password)).await;
    let refused = refused.unwrap_err();
    assert_eq!((refused.code(), refused), (108, Failure::LastOwner));
    assert!(registry.accepts(&alice).await);
    assert_eq!(registry.carried.count(), 0);

    let owner = registry.store.set_role(bob.user.id, Role::Owner, by);
    assert!(owner.await.unwrap().is_ok());
    let right = registry.ask(close(&ALICE, ALICE.password)).await;
    assert_eq!(right, Ok(()));
}

#[actix_rt::test]
async fn a_disabled_account_is_not_closed_by_its_user() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    let by = By {
        actor: Doer::Operator,
        now: now_ms(),
    };
    let disabled = registry.store.set_standing(alice.user.id, false, by);
    assert!(disabled.await.unwrap().is_ok());
    let refused = registry.ask(close(&ALICE, ALICE.password)).await;
    assert_eq!(refused, Err(Failure::AccountDisabled));
}
