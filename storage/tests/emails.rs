//! Addresses: whoever reads the mail has the address, whoever claims it first does not.

use crate::cast::*;
use qunliao_protocol::UserId;
use qunliao_storage::accounts::{Login, NewAccount, RegisterRefusal};
use qunliao_storage::codes::{Issued, NewCode, Purpose};
use qunliao_storage::{Accounts, Codes, Store};

over_every_engine!(
    an_address_is_confirmed_with_the_code_that_was_sent_to_it,
    a_wrong_code_confirms_nothing,
    a_confirmation_sent_again_is_answered_alike,
    a_squatter_keeps_nobody_from_their_own_address,
    the_newest_of_those_who_wait_is_asked_first,
    an_address_proved_at_sign_up_is_nobody_elses,
    a_code_for_one_account_confirms_no_other,
    a_confirmed_address_belongs_to_one_account,
);

/// Sends a code that confirms Alice's address for `user`.
async fn send(store: &Store, user: UserId, code: &str, now: u64) {
    let proof = proof(Purpose::Confirm, ALICE.email_contact(), code);
    let new = NewCode {
        user: Some(user),
        ..new_code(proof, now)
    };
    assert_eq!(store.issue(new).await.unwrap(), Issued::Send);
}

async fn confirm(store: &Store, code: &str) -> Option<UserId> {
    let confirmed = store.confirm_email(ALICE.email.into(), code.into(), None, NOW);
    confirmed.await.unwrap()
}

async fn awaiting(store: &Store) -> Option<UserId> {
    let awaiting = store.awaiting_confirmation(ALICE.email.into());
    awaiting.await.unwrap()
}

/// Whom Alice's address means at sign-in.
async fn owner(store: &Store) -> Option<UserId> {
    let found = store.find(Login::Contact(ALICE.email_contact())).await;
    let user = found.unwrap().map(|account| account.user);
    assert!(user.as_ref().is_none_or(|user| user.email_confirmed));
    user.map(|user| user.id)
}

async fn an_address_is_confirmed_with_the_code_that_was_sent_to_it(store: Store) {
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email))
        .await
        .id;
    assert_eq!(awaiting(&store).await, Some(alice));
    assert_eq!(owner(&store).await, None);
    send(&store, alice, "135790", NOW).await;
    assert_eq!(confirm(&store, "135790").await, Some(alice));
    assert_eq!(owner(&store).await, Some(alice));
    assert_eq!(awaiting(&store).await, None);
}

async fn a_wrong_code_confirms_nothing(store: Store) {
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email))
        .await
        .id;
    assert_eq!(confirm(&store, "135790").await, None);
    send(&store, alice, "135790", NOW).await;
    for _ in 0..RULES.wrong_tries_max {
        assert_eq!(confirm(&store, "000000").await, None);
    }
    assert_eq!(confirm(&store, "135790").await, None);
    assert_eq!(owner(&store).await, None);
    assert_eq!(awaiting(&store).await, Some(alice));
}

async fn a_confirmation_sent_again_is_answered_alike(store: Store) {
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email))
        .await
        .id;
    send(&store, alice, "135790", NOW).await;
    for _ in 0..3 {
        assert_eq!(confirm(&store, "135790").await, Some(alice));
    }
    close(&store, alice).await;
    assert_eq!(confirm(&store, "135790").await, None);
}

async fn a_squatter_keeps_nobody_from_their_own_address(store: Store) {
    let squatter = signed_up(&store, BOB.account_with_email(ALICE.email))
        .await
        .id;
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email))
        .await
        .id;
    send(&store, alice, "135790", NOW).await;
    assert_eq!(confirm(&store, "135790").await, Some(alice));
    assert_eq!(owner(&store).await, Some(alice));
    assert_eq!(awaiting(&store).await, None);
    // Even with a code the squatter comes too late.
    send(&store, squatter, "246801", NOW + MINUTE).await;
    assert_eq!(confirm(&store, "246801").await, None);
    assert_eq!(owner(&store).await, Some(alice));
}

async fn the_newest_of_those_who_wait_is_asked_first(store: Store) {
    let bob = signed_up(&store, BOB.account_with_email(ALICE.email))
        .await
        .id;
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email))
        .await
        .id;
    assert_eq!(awaiting(&store).await, Some(alice));
    close(&store, alice).await;
    assert_eq!(awaiting(&store).await, Some(bob));
}

async fn an_address_proved_at_sign_up_is_nobody_elses(store: Store) {
    signed_up(&store, BOB.account_with_email(ALICE.email)).await;
    let proof = proof(Purpose::Register, ALICE.email_contact(), "135790");
    store.issue(new_code(proof.clone(), NOW)).await.unwrap();
    let new = NewAccount {
        proofs: vec![proof.clone()],
        ..ALICE.account_with_email(ALICE.email)
    };
    let alice = signed_up(&store, new).await;
    assert!(alice.email_confirmed);
    assert_eq!(owner(&store).await, Some(alice.id));
    assert_eq!(awaiting(&store).await, None);
    let again = store.issue(new_code(proof, NOW + MINUTE)).await;
    assert_eq!(again.unwrap(), Issued::Registered);
    // Who claimed it without proof is not asked when the owner has gone.
    close(&store, alice.id).await;
    assert_eq!(awaiting(&store).await, None);
}

async fn a_code_for_one_account_confirms_no_other(store: Store) {
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email))
        .await
        .id;
    send(&store, alice, "135790", NOW).await;
    close(&store, alice).await;
    let bob = signed_up(&store, BOB.account_with_email(ALICE.email))
        .await
        .id;
    assert_eq!(confirm(&store, "135790").await, None);
    assert_eq!(owner(&store).await, None);
    // Nor does a code that names an account without this address.
    let carol = sign_up(&store, &CAROL).await.id;
    send(&store, carol, "246801", NOW + MINUTE).await;
    assert_eq!(confirm(&store, "246801").await, None);
    assert_eq!(awaiting(&store).await, Some(bob));
}

async fn a_confirmed_address_belongs_to_one_account(store: Store) {
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email))
        .await
        .id;
    send(&store, alice, "135790", NOW).await;
    confirm(&store, "135790").await.unwrap();
    let bob = BOB.account_with_email(ALICE.email);
    assert_eq!(
        refusal(&store, bob.clone()).await,
        RegisterRefusal::EmailTaken
    );
    close(&store, alice).await;
    assert!(!signed_up(&store, bob).await.email_confirmed);
}
