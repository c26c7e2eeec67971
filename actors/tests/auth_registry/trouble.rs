//! When a neighbour fails, is gone or is busy; and the stop.

use super::*;
use crate::support::stores::{Disk, memory_store, sled_store_on};
use qunliao_actors::Stop;
use qunliao_actors::clock::now_ms;
use qunliao_actors::credentials::Ending;
use qunliao_storage::accounts::Role;
use qunliao_storage::audit::{Actor as Doer, AuditQuery, By};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{Audit as _, Links as _, MemoryEngine};

#[actix_rt::test]
async fn what_the_courier_says_is_told_in_the_origins_codes() {
    let refused = DeliveryError::Refused("an empty account".to_owned());
    let unavailable = DeliveryError::Unavailable("out of order".to_owned());
    for (outcome, by_phone, by_mail) in [
        (refused, Failure::GatewayFailed, Failure::GatewayFailed),
        (unavailable, Failure::GatewayFailed, Failure::GatewayFailed),
        (
            DeliveryError::TimedOut,
            Failure::GatewayFailed,
            Failure::GatewayFailed,
        ),
        (
            DeliveryError::BadRecipient,
            Failure::BadPhone,
            Failure::BadEmail,
        ),
    ] {
        let registry = Plan {
            outcome: Err(outcome),
            ..Plan::default()
        }
        .build();
        assert_eq!(registry.ask(to_phone(&ALICE)).await, Err(by_phone));
        let mail = to_email(&ALICE, Purpose::Register);
        assert_eq!(registry.ask(mail).await, Err(by_mail));
    }
}

#[actix_rt::test]
async fn without_a_courier_codes_are_unavailable_and_sign_in_goes_on() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    registry.carried.end().await;
    let refused = registry.ask(to_phone(&BOB)).await;
    assert_eq!(refused, Err(Failure::Unavailable));
    assert!(
        registry
            .ask(sign_in(ALICE.name, ALICE.password))
            .await
            .is_ok()
    );
}

#[actix_rt::test]
async fn an_unknown_name_waits_for_the_password_pool_as_a_known_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let mut before = Plan {
        store: Some(store.clone()),
        ..Plan::default()
    }
    .build();
    let signed_up = before.sign_up(&ALICE).await;
    let full = Plan {
        store: Some(store),
        password_queue_max: 0,
        ..Plan::default()
    }
    .build();
    for (name, word) in [
        (ALICE.name, ALICE.password),
        (ALICE.name, "not her password"),
        (BOB.name, BOB.password),
        (BOB.email, BOB.password),
        ("a@b@c", BOB.password),
    ] {
        let refused = full.ask(sign_in(name, word)).await.err();
        assert_eq!(refused, Some(Failure::Unavailable), "{name}");
        let refused = full.ask(password(name, word)).await.err();
        assert_eq!(refused, Some(Failure::Unavailable), "{name}");
    }
    // Who has a token needs no pool.
    assert!(full.ask(token(&signed_up.token)).await.is_ok());
}

#[actix_rt::test]
async fn what_was_verified_needs_no_pool_for_a_while() {
    let mut registry = Plan {
        password_queue_max: 1,
        ..Plan::default()
    }
    .build();
    registry.sign_up(&ALICE).await;
    let known = || registry.ask(password(ALICE.name, ALICE.password));
    assert!(known().await.is_ok());
    // More at once than the pool would take.
    let at_once = futures_util::join!(known(), known(), known(), known());
    assert!(at_once.0.is_ok() && at_once.1.is_ok() && at_once.2.is_ok() && at_once.3.is_ok());
}

#[actix_rt::test]
async fn a_busy_pool_spends_no_code() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let plan = |password_queue_max| Plan {
        store: Some(store.clone()),
        password_queue_max,
        ..Plan::default()
    };
    let mut full = plan(0).build();
    let code = full.code_by_phone(&ALICE).await;
    let refused = full.refusal(ALICE.sign_up(&code)).await;
    assert_eq!(refused, Failure::Unavailable);
    // A wrong code is known without a password hash.
    let refused = full.refusal(ALICE.sign_up(&not(&code))).await;
    assert_eq!(refused, Failure::WrongCode);
    assert!(plan(8).build().ask(ALICE.sign_up(&code)).await.is_ok());
}

#[actix_rt::test]
async fn on_a_full_disk_nobody_signs_up_and_who_is_known_signs_in() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::roomy();
    let mut registry = Plan {
        store: Some(sled_store_on(folder.path(), &disk)),
        ..Plan::default()
    }
    .build();
    let signed_up = registry.sign_up(&ALICE).await;
    let code = registry.code_by_phone(&BOB).await;
    disk.fill();
    let full = Some(Failure::StorageFull);
    assert_eq!(registry.ask(to_phone(&CAROL)).await.err(), full);
    assert_eq!(registry.ask(BOB.sign_up(&code)).await.err(), full);
    assert!(registry.ask(token(&signed_up.token)).await.is_ok());
    // Who signs in now has a session that is only remembered.
    let signed_in = registry.ask(sign_in(ALICE.name, ALICE.password)).await;
    let remembered = token(&signed_in.ok().unwrap().token);
    let alice = registry.ask(remembered).await.ok().unwrap();
    assert_eq!(alice.person.id, signed_up.user.id);
    disk.empty();
    assert!(registry.ask(BOB.sign_up(&code)).await.is_ok());
    assert_eq!(registry.carried.count(), 0);
}

#[actix_rt::test]
async fn storage_that_fails_is_told_as_unavailable() {
    let engine = MemoryEngine::new();
    let mut registry = Plan {
        store: Some(memory_store(&engine)),
        ..Plan::default()
    }
    .build();
    let signed_up = registry.sign_up(&ALICE).await;
    // What is remembered needs no storage.
    let ending = Ending::AllBut(None);
    registry.credentials.withdraw(signed_up.user.id, ending);
    let faults = engine.faults();
    let unavailable = Some(Failure::Unavailable);
    faults.fail_reads(true);
    let session = sign_in(ALICE.name, ALICE.password);
    assert_eq!(registry.ask(session).await.err(), unavailable);
    let identify = token(&signed_up.token);
    assert_eq!(registry.ask(identify).await.err(), unavailable);
    assert_eq!(registry.ask(to_phone(&BOB)).await.err(), unavailable);
    faults.fail_reads(false);
    faults.fail_commits(true);
    assert_eq!(registry.ask(to_phone(&BOB)).await.err(), unavailable);
    assert_eq!(registry.carried.count(), 0);
    let confirm = ConfirmEmail {
        user_email: ALICE.email.to_owned(),
        user_ecode: "000000".to_owned(),
        asked_by: home(),
    };
    assert_eq!(registry.ask(confirm).await.err(), unavailable);
}

#[actix_rt::test]
async fn a_registry_that_was_told_to_stop_answers_nobody_and_raises_no_alarm() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    within(registry.address.send(Stop)).await.unwrap();
    let address = registry.address.clone();
    until(move || !address.connected()).await;
    let refused = within(registry.address.send(to_phone(&BOB))).await;
    assert!(matches!(refused, Err(MailboxError::Closed)));
    assert_eq!(within(registry.alarms.recv()).await, None);
}

#[actix_rt::test]
async fn who_gets_no_first_session_has_signed_up_and_is_asked_to_confirm() {
    let engine = MemoryEngine::new();
    let mut registry = Plan {
        verify: Verify::None,
        sessions: Some(memory_store(&engine)),
        ..Plan::default()
    }
    .build();
    engine.faults().fail_commits(true);
    let form = SignUp {
        user_email: Some(ALICE.email.to_owned()),
        user_phone: None,
        user_vcode: None,
        ..ALICE.sign_up("")
    };
    let signed_up = registry.ask(form).await.ok().unwrap();
    assert!(signed_up.token.is_none() && !signed_up.pending);
    let (channel, mail) = registry.parcel().await;
    assert_eq!((channel, &*mail.to), (Channel::Mail, ALICE.email));
    assert_eq!(mail.kind(), Kind::Confirm);
}

#[actix_rt::test]
async fn what_the_trail_told_long_ago_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store_on(folder.path(), &Disk::roomy());
    for now in [1, now_ms()] {
        let actor = Doer::Operator;
        let new = NewLink {
            purpose: LinkPurpose::Invite(Role::Member),
            expires: now_ms() + 60_000,
            note: None,
            by: By { actor, now },
        };
        store.make_link(new).await.unwrap();
    }
    let _registry = Plan {
        store: Some(store.clone()),
        ..Plan::default()
    }
    .build();
    let query = AuditQuery {
        limit: 9,
        ..AuditQuery::default()
    };
    let swept = async {
        loop {
            let told = store.audit(query).await.unwrap();
            if told.len() == 1 {
                return told;
            }
        }
    };
    assert_eq!(within(swept).await[0].id, 2);
}
