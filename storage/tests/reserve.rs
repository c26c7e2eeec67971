//! Below the reserve nobody writes any more, but those who shut somebody out.

use crate::cast::*;
use qunliao_storage::accounts::{PasswordChange, PasswordReset, ResetProof, Role, Standing};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{
    Accounts, FreeSpace, Links, MemoryEngine, Reserve, Seal, Sessions, StorageError, Store,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const RESERVE: u64 = 8_000;

fn store_with(free: &Arc<AtomicU64>) -> Store {
    let reserve = Reserve::new(FreeSpace::Fixed(Arc::clone(free)), RESERVE);
    let alarm = |why: &StorageError| panic!("{why}");
    Store::open(MemoryEngine::new(), Seal::new(&KEY), reserve, alarm).unwrap()
}

fn is_full<T>(outcome: &Result<T, StorageError>) -> bool {
    matches!(outcome, Err(StorageError::Full { .. }))
}

#[tokio::test]
async fn on_a_full_disk_people_are_shut_out_all_the_same() {
    let free = Arc::new(AtomicU64::new(u64::MAX));
    let store = store_with(&free);
    let alice = sign_up(&store, &ALICE).await.id;
    let bob = sign_up(&store, &BOB).await.id;
    let mut sessions = Vec::new();
    for token in ["desk", "phone", "pad"] {
        let session = store.open_session(new_session(alice, token)).await;
        sessions.push(session.unwrap().id);
    }
    let link = NewLink {
        purpose: LinkPurpose::Reset(alice),
        expires: NOW + DAY,
        note: None,
        by: operator(NOW),
    };
    let link = store.make_link(link).await.unwrap().1;
    free.store(RESERVE - 1, Ordering::SeqCst);

    let by = operator(NOW);
    assert!(store.end_session(alice, sessions[0], by).await.unwrap());
    assert_eq!(
        store
            .end_sessions(alice, Some(sessions[1]), by)
            .await
            .unwrap(),
        1
    );
    let change = PasswordChange {
        user: alice,
        verified_hash: ALICE.account().password_hash,
        password_hash: "new".into(),
        keep: None,
        by,
    };
    let reset = PasswordReset {
        proof: ResetProof::Link(link),
        password_hash: "newer".into(),
        now: NOW,
    };
    assert!(store.reset_password(reset).await.unwrap().is_some());
    let change = PasswordChange {
        verified_hash: "newer".into(),
        ..change
    };
    assert!(store.change_password(change).await.unwrap());
    let disabled = store.set_standing(alice, false, by).await.unwrap();
    assert!(disabled.is_ok_and(|user| user.standing == Standing::Disabled));
    assert_eq!(store.close_account(bob, None, by).await.unwrap(), Ok(()));

    // All the others wait until there is space.
    assert!(is_full(&store.register(CAROL.account()).await));
    assert!(is_full(&store.set_role(alice, Role::Admin, by).await));
    let session = new_session(alice, "another");
    free.store(RESERVE, Ordering::SeqCst);
    store.open_session(session).await.unwrap();
}

#[tokio::test]
async fn the_last_of_the_reserve_is_touched_by_nobody() {
    let free = Arc::new(AtomicU64::new(u64::MAX));
    let store = store_with(&free);
    let alice = sign_up(&store, &ALICE).await.id;
    free.store(RESERVE / 8 - 1, Ordering::SeqCst);
    let by = operator(NOW);
    assert!(is_full(&store.set_standing(alice, false, by).await));
    let user = store.user(alice).await.unwrap().unwrap();
    assert_eq!(user.standing, Standing::Active);
    free.store(RESERVE / 8, Ordering::SeqCst);
    assert!(store.set_standing(alice, false, by).await.unwrap().is_ok());
}

#[tokio::test]
async fn who_waits_beside_someone_urgent_is_refused_alone() {
    let free = Arc::new(AtomicU64::new(u64::MAX));
    let store = store_with(&free);
    let alice = sign_up(&store, &ALICE).await.id;
    free.store(RESERVE - 1, Ordering::SeqCst);
    let (first, disabled, last) = tokio::join!(
        store.register(BOB.account()),
        store.set_standing(alice, false, operator(NOW)),
        store.register(CAROL.account()),
    );
    assert!(is_full(&first) && is_full(&last));
    assert!(disabled.unwrap().is_ok());
    let users = store.users(None, 9).await.unwrap();
    assert_eq!(users.len(), 1);
}
