//! Passwords: changed by who knows the old one, reset by who can prove oneself.

use crate::cast::*;
use qunliao_protocol::{SessionId, UserId};
use qunliao_storage::accounts::{
    Login, NewAccount, PasswordChange, PasswordReset, ResetProof, Role, User,
};
use qunliao_storage::audit::{Action, Actor, AuditQuery};
use qunliao_storage::codes::{Issued, NewCode, Proof, Purpose, Verdict};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{Accounts, Audit, Codes, Contact, Links, Sessions, Store};

over_every_engine!(
    a_password_is_changed_and_other_sessions_end,
    a_password_is_not_changed_by_who_knew_an_older_one,
    of_many_changes_at_once_one_is_made,
    a_change_ends_what_else_could_set_a_password,
    a_code_to_a_verified_number_resets_the_password,
    a_code_resets_once,
    a_wrong_code_resets_nothing_and_counts,
    a_code_for_another_purpose_resets_nothing,
    an_address_that_is_not_confirmed_entitles_to_nothing,
    a_contact_that_changed_hands_entitles_to_nothing,
    a_link_resets_the_password_once,
    of_many_with_one_link_one_resets,
    a_reset_ends_the_other_ways_to_reset,
    the_account_of_someone_who_is_gone_is_not_reset,
    a_reset_gives_a_disabled_account_no_life,
);

fn old_hash() -> String {
    ALICE.account().password_hash
}

async fn hash_of(store: &Store, person: &Person) -> String {
    let found = store.find(Login::Name(person.name.into())).await.unwrap();
    found.unwrap().password_hash
}

fn change(user: UserId, verified: &str, new: &str) -> PasswordChange {
    PasswordChange {
        user,
        verified_hash: verified.to_owned(),
        password_hash: new.to_owned(),
        keep: None,
        by: oneself(user, NOW),
    }
}

/// Alice, with a verified number.
async fn alice(store: &Store) -> User {
    send_code(store, &ALICE, "135790", NOW).await;
    signed_up(store, ALICE.account_by_phone("135790")).await
}

fn reset_proof(contact: Contact, code: &str) -> Proof {
    proof(Purpose::Reset, contact, code)
}

async fn send_reset(store: &Store, user: Option<UserId>, contact: Contact, code: &str) {
    let new = NewCode {
        user,
        ..new_code(reset_proof(contact, code), NOW + HOUR)
    };
    assert_eq!(store.issue(new).await.unwrap(), Issued::Send);
}

async fn reset(store: &Store, proof: ResetProof, hash: &str) -> Option<User> {
    let reset = PasswordReset {
        proof,
        password_hash: hash.to_owned(),
        now: NOW + HOUR,
    };
    store.reset_password(reset).await.unwrap()
}

fn code(contact: Contact, code: &str) -> ResetProof {
    ResetProof::Code(reset_proof(contact, code))
}

async fn link(store: &Store, purpose: LinkPurpose) -> String {
    let new = NewLink {
        purpose,
        expires: NOW + DAY,
        note: None,
        by: operator(NOW),
    };
    store.make_link(new).await.unwrap().1
}

async fn begin(store: &Store, user: UserId, tokens: &[&str]) -> Vec<SessionId> {
    let mut ids = Vec::new();
    for token in tokens {
        let session = new_session(user, token);
        ids.push(store.open_session(session).await.unwrap().id);
    }
    ids
}

async fn sessions(store: &Store, user: UserId) -> Vec<SessionId> {
    let sessions = store.sessions_of(user, NOW + HOUR).await.unwrap();
    sessions.iter().map(|session| session.id).collect()
}

/// The newest of what the trail tells.
async fn told(store: &Store) -> (Action, Actor, Option<UserId>, Option<String>) {
    let query = AuditQuery {
        limit: 1,
        ..AuditQuery::default()
    };
    let entry = store.audit(query).await.unwrap().remove(0);
    (entry.action, entry.actor, entry.subject, entry.detail)
}

async fn a_password_is_changed_and_other_sessions_end(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let bob = sign_up(&store, &BOB).await.id;
    let ids = begin(&store, alice, &["desk", "phone", "pad"]).await;
    let bobs = begin(&store, bob, &["bob"]).await;
    let new = PasswordChange {
        keep: Some(ids[1]),
        ..change(alice, &old_hash(), "new")
    };
    assert!(store.change_password(new).await.unwrap());
    assert_eq!(hash_of(&store, &ALICE).await, "new");
    assert_eq!(sessions(&store, alice).await, [ids[1]]);
    assert_eq!(sessions(&store, bob).await, bobs);
    let actor = Actor::User(alice);
    let expected = (Action::PasswordChanged, actor, Some(alice), None);
    assert_eq!(told(&store).await, expected);
    // Without one to keep, all end; another user's is none of one's own.
    let new = PasswordChange {
        keep: Some(bobs[0]),
        ..change(alice, "new", "newer")
    };
    assert!(store.change_password(new).await.unwrap());
    assert_eq!(sessions(&store, alice).await, []);
}

async fn a_password_is_not_changed_by_who_knew_an_older_one(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let ids = begin(&store, alice, &["desk"]).await;
    let unverified = change(alice, "other", "mallory's");
    assert!(!store.change_password(unverified).await.unwrap());
    assert_eq!(hash_of(&store, &ALICE).await, old_hash());
    assert_eq!(sessions(&store, alice).await, ids);
    close(&store, alice).await;
    // A closed account has no hash, and none that could be verified.
    for hash in ["", &old_hash()] {
        let closed = change(alice, hash, "mallory's");
        assert!(!store.change_password(closed).await.unwrap());
    }
    let nobody = change(UserId(99), "", "mallory's");
    assert!(!store.change_password(nobody).await.unwrap());
}

async fn of_many_changes_at_once_one_is_made(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let asked = (0..16).map(|number| {
        let store = store.clone();
        let change = change(alice, &old_hash(), &format!("new {number}"));
        tokio::spawn(async move { store.change_password(change).await })
    });
    let mut made = 0;
    for answer in asked.collect::<Vec<_>>() {
        made += usize::from(answer.await.unwrap().unwrap());
    }
    assert_eq!(made, 1);
}

async fn a_change_ends_what_else_could_set_a_password(store: Store) {
    let alice = alice(&store).await.id;
    send_reset(&store, Some(alice), ALICE.phone_contact(), "246801").await;
    let token = link(&store, LinkPurpose::Reset(alice)).await;
    let change = change(alice, &old_hash(), "new");
    assert!(store.change_password(change).await.unwrap());
    for proof in [
        code(ALICE.phone_contact(), "246801"),
        ResetProof::Link(token),
    ] {
        assert!(reset(&store, proof, "mallory's").await.is_none());
    }
    assert_eq!(hash_of(&store, &ALICE).await, "new");
}

async fn a_code_to_a_verified_number_resets_the_password(store: Store) {
    let alice = alice(&store).await;
    begin(&store, alice.id, &["desk", "phone"]).await;
    send_reset(&store, Some(alice.id), ALICE.phone_contact(), "246801").await;
    let proof = code(ALICE.phone_contact(), "246801");
    assert!(reset(&store, proof, "new").await.as_ref() == Some(&alice));
    assert_eq!(hash_of(&store, &ALICE).await, "new");
    assert_eq!(sessions(&store, alice.id).await, []);
    let (actor, way) = (Actor::User(alice.id), Some("code".to_owned()));
    let expected = (Action::PasswordReset, actor, Some(alice.id), way);
    assert_eq!(told(&store).await, expected);
}

async fn a_code_resets_once(store: Store) {
    let alice = alice(&store).await;
    send_reset(&store, None, ALICE.phone_contact(), "246801").await;
    let proof = || code(ALICE.phone_contact(), "246801");
    assert!(reset(&store, proof(), "new").await.as_ref() == Some(&alice));
    assert!(reset(&store, proof(), "newer").await.is_none());
    assert_eq!(hash_of(&store, &ALICE).await, "new");
}

async fn a_wrong_code_resets_nothing_and_counts(store: Store) {
    let alice = alice(&store).await;
    begin(&store, alice.id, &["desk"]).await;
    send_reset(&store, Some(alice.id), ALICE.phone_contact(), "246801").await;
    for _ in 0..RULES.wrong_tries_max {
        let wrong = code(ALICE.phone_contact(), "000000");
        assert!(reset(&store, wrong, "mallory's").await.is_none());
    }
    let burnt = code(ALICE.phone_contact(), "246801");
    assert!(reset(&store, burnt, "new").await.is_none());
    assert_eq!(hash_of(&store, &ALICE).await, old_hash());
    assert_eq!(sessions(&store, alice.id).await.len(), 1);
}

async fn a_code_for_another_purpose_resets_nothing(store: Store) {
    let alice = alice(&store).await;
    for (purpose, number) in [(Purpose::Confirm, "246801"), (Purpose::Register, "135790")] {
        let proof = proof(purpose, ALICE.phone_contact(), number);
        if purpose == Purpose::Confirm {
            let new = NewCode {
                user: Some(alice.id),
                ..new_code(proof.clone(), NOW + HOUR)
            };
            assert_eq!(store.issue(new).await.unwrap(), Issued::Send);
        }
        let as_it_is = ResetProof::Code(proof);
        let disguised = code(ALICE.phone_contact(), number);
        for proof in [as_it_is, disguised] {
            assert!(reset(&store, proof, "mallory's").await.is_none());
        }
    }
    assert_eq!(hash_of(&store, &ALICE).await, old_hash());
}

async fn an_address_that_is_not_confirmed_entitles_to_nothing(store: Store) {
    let new = NewAccount {
        phone: Some(BOB.phone.into()),
        ..ALICE.account_with_email(ALICE.email)
    };
    let alice = signed_up(&store, new).await.id;
    for contact in [ALICE.email_contact(), BOB.phone_contact()] {
        send_reset(&store, Some(alice), contact.clone(), "246801").await;
        assert!(
            reset(&store, code(contact, "246801"), "new")
                .await
                .is_none()
        );
    }
    assert_eq!(hash_of(&store, &ALICE).await, old_hash());
}

async fn a_contact_that_changed_hands_entitles_to_nothing(store: Store) {
    let alice = alice(&store).await.id;
    send_reset(&store, Some(alice), ALICE.phone_contact(), "246801").await;
    close(&store, alice).await;
    let later = NOW + HOUR + MINUTE;
    send_code(&store, &ALICE, "112233", later).await;
    let bob = NewAccount {
        now: later,
        phone: Some(ALICE.phone.into()),
        proofs: vec![ALICE.phone_proof("112233")],
        ..BOB.account()
    };
    signed_up(&store, bob).await;
    let proof = code(ALICE.phone_contact(), "246801");
    assert!(reset(&store, proof, "mallory's").await.is_none());
    assert_eq!(hash_of(&store, &BOB).await, BOB.account().password_hash);
}

async fn a_link_resets_the_password_once(store: Store) {
    let alice = sign_up(&store, &ALICE).await;
    begin(&store, alice.id, &["desk"]).await;
    let token = link(&store, LinkPurpose::Reset(alice.id)).await;
    let invitation = link(&store, LinkPurpose::Invite(Role::Admin)).await;
    for bad in [String::new(), invitation] {
        assert!(reset(&store, ResetProof::Link(bad), "new").await.is_none());
    }
    let with = |hash| reset(&store, ResetProof::Link(token.clone()), hash);
    assert!(with("new").await.as_ref() == Some(&alice));
    assert!(with("newer").await.is_none());
    assert_eq!(hash_of(&store, &ALICE).await, "new");
    assert_eq!(sessions(&store, alice.id).await, []);
    assert!(store.link(token.clone(), NOW).await.unwrap().is_none());
    assert_eq!(told(&store).await.3.as_deref(), Some("link"));
}

async fn of_many_with_one_link_one_resets(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let token = link(&store, LinkPurpose::Reset(alice)).await;
    let asked = (0..16).map(|number| {
        let (store, proof) = (store.clone(), ResetProof::Link(token.clone()));
        tokio::spawn(async move { reset(&store, proof, &format!("new {number}")).await })
    });
    let mut made = 0;
    for answer in asked.collect::<Vec<_>>() {
        made += usize::from(answer.await.unwrap().is_some());
    }
    assert_eq!(made, 1);
}

async fn a_reset_ends_the_other_ways_to_reset(store: Store) {
    let mut new = ALICE.account_by_phone("135790");
    new.email = Some(ALICE.email.into());
    let register = proof(Purpose::Register, ALICE.email_contact(), "112233");
    new.proofs.push(register.clone());
    send_code(&store, &ALICE, "135790", NOW).await;
    let sent = store.issue(new_code(register, NOW)).await.unwrap();
    assert_eq!(sent, Issued::Send);
    let alice = signed_up(&store, new).await.id;
    send_reset(&store, Some(alice), ALICE.phone_contact(), "246801").await;
    send_reset(&store, Some(alice), ALICE.email_contact(), "357912").await;
    let token = link(&store, LinkPurpose::Reset(alice)).await;
    // A wrong try, which the end of the code is not to forgive.
    let wrong = reset_proof(ALICE.email_contact(), "000000");
    let tried = store.try_code(wrong, NOW + HOUR).await.unwrap();
    assert_eq!(tried, Verdict::Wrong);

    let proof = code(ALICE.phone_contact(), "246801");
    assert!(reset(&store, proof, "new").await.is_some());
    let others = [
        ResetProof::Link(token),
        code(ALICE.email_contact(), "357912"),
    ];
    for other in others {
        assert!(reset(&store, other, "mallory's").await.is_none());
    }
    let rules = qunliao_storage::codes::CodeRules {
        wrong_tries_max: 1,
        ..RULES
    };
    let again = NewCode {
        rules,
        ..new_code(
            reset_proof(ALICE.email_contact(), "468024"),
            NOW + HOUR + 2 * MINUTE,
        )
    };
    let issued = store.issue(again).await.unwrap();
    assert!(matches!(issued, Issued::TooSoon(_)), "{issued:?}");
}

async fn the_account_of_someone_who_is_gone_is_not_reset(store: Store) {
    let alice = alice(&store).await.id;
    send_reset(&store, Some(alice), ALICE.phone_contact(), "246801").await;
    let token = link(&store, LinkPurpose::Reset(alice)).await;
    close(&store, alice).await;
    for proof in [
        code(ALICE.phone_contact(), "246801"),
        ResetProof::Link(token),
    ] {
        assert!(reset(&store, proof, "mallory's").await.is_none());
    }
}

async fn a_reset_gives_a_disabled_account_no_life(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let disabled = store.set_standing(alice, false, operator(NOW)).await;
    let disabled = disabled.unwrap().ok().unwrap();
    let token = link(&store, LinkPurpose::Reset(alice)).await;
    let answered = reset(&store, ResetProof::Link(token), "new").await;
    assert!(answered == Some(disabled));
    begin(&store, alice, &["desk"]).await;
    assert!(store.session("desk".into(), NOW).await.unwrap().is_none());
}
