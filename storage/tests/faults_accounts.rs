//! What a disk that fails does to accounts, sessions, links and the audit trail: it
//! has all of a change, or none.

use crate::cast::*;
use qunliao_protocol::{LinkId, SessionId, UserId};
use qunliao_storage::accounts::{
    ContactChange, NewAccount, PasswordChange, PasswordReset, ProfileChange, ResetProof, Role,
};
use qunliao_storage::codes::{NewCode, Proof, Purpose};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{
    Accounts, Audit, Codes, Contact, Links, MemoryEngine, Seal, Sessions, StorageError, Store,
};

/// A world in which everything that can be asked for could be done.
struct World {
    alice: UserId,
    session: SessionId,
    link: LinkId,
    invite: String,
    reset: String,
}

fn link(purpose: LinkPurpose) -> NewLink {
    NewLink {
        purpose,
        expires: NOW + DAY,
        note: None,
        by: operator(NOW),
    }
}

fn new_number() -> Proof {
    let contact = Contact::Phone("+8613700000001".into());
    proof(Purpose::Confirm, contact, "246801")
}

async fn world(store: &Store) -> World {
    let alice = sign_up(store, &ALICE).await.id;
    let session = store.open_session(new_session(alice, "token")).await;
    let code = NewCode {
        user: Some(alice),
        ..new_code(new_number(), NOW)
    };
    store.issue(code).await.unwrap();
    let invite = store.make_link(link(LinkPurpose::Invite(Role::Owner)));
    let (link_id, invite) = invite.await.unwrap();
    let reset = store.make_link(link(LinkPurpose::Reset(alice))).await;
    World {
        alice,
        session: session.unwrap().id,
        link: link_id,
        invite,
        reset: reset.unwrap().1,
    }
}

const CHANGES: usize = 14;

/// Makes one of the changes that there are; whether it was made.
async fn make(store: &Store, world: &World, which: usize) -> Result<bool, StorageError> {
    let (alice, by) = (world.alice, operator(NOW));
    Ok(match which {
        0 => {
            let new = NewAccount {
                invite: Some(world.invite.clone()),
                ..BOB.account()
            };
            store.register(new).await?.is_ok()
        }
        1 => store.close_account(alice, None, by).await?.is_ok(),
        2 => {
            let change = PasswordChange {
                user: alice,
                verified_hash: ALICE.account().password_hash,
                password_hash: "new".into(),
                keep: None,
                by,
            };
            store.change_password(change).await?
        }
        3 => {
            let reset = PasswordReset {
                proof: ResetProof::Link(world.reset.clone()),
                password_hash: "new".into(),
                now: NOW,
            };
            store.reset_password(reset).await?.is_some()
        }
        4 => {
            let change = ContactChange {
                user: alice,
                proof: new_number(),
                verified_hash: None,
                by,
            };
            store.change_contact(change).await?.is_ok()
        }
        5 => {
            let change = ProfileChange {
                bio: Some(Some("hi".into())),
                ..ProfileChange::default()
            };
            store.change_profile(alice, change).await?.is_some()
        }
        6 => store.set_role(alice, Role::Owner, by).await?.is_ok(),
        7 => store.set_standing(alice, false, by).await?.is_ok(),
        8 => {
            let session = new_session(alice, "another");
            store.open_session(session).await.map(|_| true)?
        }
        9 => {
            let touched = store.touch_session(alice, world.session, NOW + HOUR, None);
            touched.await.map(|()| true)?
        }
        10 => store.end_session(alice, world.session, by).await?,
        11 => store.end_sessions(alice, None, by).await? == 1,
        12 => store.revoke_link(world.link, by).await?,
        _ => store.sweep_audit(NOW + 1).await? > 0,
    })
}

#[tokio::test]
async fn a_failed_commit_changes_nothing_of_an_account() {
    for which in 0..CHANGES {
        let engine = MemoryEngine::new();
        let store = Store::open(engine.clone(), Seal::new(&KEY), plenty(), |_| {}).unwrap();
        let world = world(&store).await;
        let before = engine.pairs();
        engine.faults().fail_commits(true);
        let failed = make(&store, &world, which).await;
        assert!(matches!(failed, Err(StorageError::Commit(_))), "{which}");
        assert_eq!(engine.pairs(), before, "{which}");
        // After a restart the same is done, since nothing of it had been.
        engine.faults().fail_commits(false);
        store.close();
        let store = memory_store(&engine);
        assert!(make(&store, &world, which).await.unwrap(), "{which}");
        assert_ne!(engine.pairs(), before, "{which}");
    }
}

#[tokio::test]
async fn a_read_that_fails_changes_nothing_of_an_account() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let world = world(&store).await;
    let before = engine.pairs();
    for which in 0..CHANGES {
        engine.faults().fail_reads(true);
        let failed = make(&store, &world, which).await;
        assert!(matches!(failed, Err(StorageError::Read(_))), "{which}");
        engine.faults().fail_reads(false);
        assert_eq!(engine.pairs(), before, "{which}");
    }
}

#[tokio::test]
async fn what_is_no_change_writes_nothing() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let world = world(&store).await;
    let commits = engine.faults().commits();
    let (alice, by) = (world.alice, operator(NOW));
    let touched = store.touch_session(alice, world.session, NOW + MINUTE, None);
    touched.await.unwrap();
    assert!(
        store
            .set_role(alice, Role::Member, by)
            .await
            .unwrap()
            .is_ok()
    );
    assert!(store.set_standing(alice, true, by).await.unwrap().is_ok());
    let nothing = ProfileChange::default();
    store.change_profile(alice, nothing).await.unwrap().unwrap();
    let forged = PasswordReset {
        proof: ResetProof::Link("00".repeat(48)),
        password_hash: "mallory's".into(),
        now: NOW,
    };
    assert!(store.reset_password(forged).await.unwrap().is_none());
    for swept in [
        store.sweep_sessions(NOW).await,
        store.sweep_links(NOW).await,
        store.sweep_audit(NOW).await,
    ] {
        assert_eq!(swept.unwrap(), 0);
    }
    assert_eq!(engine.faults().commits(), commits);
}

#[tokio::test]
async fn a_profile_too_long_for_its_record_is_refused_whole() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let alice = world(&store).await.alice;
    let before = engine.pairs();
    let bio = |bytes: usize| ProfileChange {
        bio: Some(Some("x".repeat(bytes))),
        ..ProfileChange::default()
    };
    let refused = store.change_profile(alice, bio(2_000)).await;
    assert!(matches!(refused, Err(StorageError::TooLarge { .. })));
    assert_eq!(engine.pairs(), before);
    assert!(
        store
            .change_profile(alice, bio(1_200))
            .await
            .unwrap()
            .is_some()
    );
}
