//! Numbers and addresses that are changed, and what users say of themselves.

use crate::cast::*;
use qunliao_protocol::{FileId, UserId};
use qunliao_storage::accounts::{
    ContactChange, ContactRefusal, Login, Profile, ProfileChange, User,
};
use qunliao_storage::audit::{Action, AuditQuery};
use qunliao_storage::codes::{Issued, NewCode, Purpose, SendingLimits, Verdict};
use qunliao_storage::{Accounts, Audit, Codes, Contact, Store};

over_every_engine!(
    a_new_number_takes_the_place_of_the_old_one,
    a_new_address_takes_the_place_of_the_old_one,
    a_first_number_replaces_nothing,
    a_number_that_was_never_verified_is_no_loss,
    an_address_is_first_confirmed_so_too,
    those_who_wait_for_an_address_are_forgotten,
    a_wrong_code_changes_nothing,
    a_code_for_another_user_changes_nothing,
    a_code_for_another_purpose_changes_nothing,
    a_contact_of_another_account_is_not_taken,
    a_change_sent_again_is_answered,
    nobody_and_those_who_are_gone_change_nothing,
    the_old_number_resets_nothing_any_more,
    a_profile_is_what_was_set_last,
    a_nickname_that_is_anothers_name_is_refused,
    a_closed_account_keeps_no_profile,
);

const NEW_PHONE: &str = "+8613700000001";
const NEW_EMAIL: &str = "new@example.com";

const NO_GAP: SendingLimits = SendingLimits {
    gap_ms: 0,
    ..LIMITS
};

fn new_phone() -> Contact {
    Contact::Phone(NEW_PHONE.into())
}

fn new_email() -> Contact {
    Contact::Email(NEW_EMAIL.into())
}

async fn send(store: &Store, user: UserId, contact: &Contact, code: &str) {
    let new = NewCode {
        user: Some(user),
        sending: NO_GAP,
        ..new_code(proof(Purpose::Confirm, contact.clone(), code), NOW)
    };
    assert_eq!(store.issue(new).await.unwrap(), Issued::Send);
}

async fn change(
    store: &Store,
    user: UserId,
    contact: &Contact,
    code: &str,
) -> Result<Option<Contact>, ContactRefusal> {
    let change = ContactChange {
        user,
        proof: proof(Purpose::Confirm, contact.clone(), code),
        verified_hash: None,
        by: oneself(user, NOW),
    };
    store.change_contact(change).await.unwrap()
}

async fn owner(store: &Store, contact: &Contact) -> Option<UserId> {
    let found = store.find(Login::Contact(contact.clone())).await.unwrap();
    found.map(|account| account.user.id)
}

async fn user(store: &Store, user: UserId) -> User {
    store.user(user).await.unwrap().unwrap()
}

async fn actions(store: &Store, user: UserId) -> Vec<Action> {
    let query = AuditQuery {
        user: Some(user),
        limit: 9,
        before: None,
    };
    let told = store.audit(query).await.unwrap();
    told.iter().map(|entry| entry.action).collect()
}

/// Alice, with a verified number.
async fn alice(store: &Store) -> UserId {
    send_code(store, &ALICE, "135790", NOW).await;
    signed_up(store, ALICE.account_by_phone("135790")).await.id
}

async fn a_new_number_takes_the_place_of_the_old_one(store: Store) {
    let alice = alice(&store).await;
    send(&store, alice, &new_phone(), "246801").await;
    let replaced = change(&store, alice, &new_phone(), "246801").await;
    assert_eq!(replaced, Ok(Some(ALICE.phone_contact())));
    let changed = user(&store, alice).await;
    assert_eq!(changed.phone.as_deref(), Some(NEW_PHONE));
    assert!(changed.phone_verified);
    assert_eq!(owner(&store, &new_phone()).await, Some(alice));
    assert_eq!(owner(&store, &ALICE.phone_contact()).await, None);
    let told = [Action::PhoneChanged, Action::SignedUp];
    assert_eq!(actions(&store, alice).await, told);
    // The old number is free for another account.
    send_code(&store, &ALICE, "357912", NOW + MINUTE).await;
    let mut bob = BOB.account();
    bob.phone = Some(ALICE.phone.into());
    bob.proofs = vec![ALICE.phone_proof("357912")];
    bob.now = NOW + MINUTE;
    assert!(signed_up(&store, bob).await.phone_verified);
}

async fn a_new_address_takes_the_place_of_the_old_one(store: Store) {
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email));
    let alice = alice.await.id;
    for (contact, code, replaced) in [
        (ALICE.email_contact(), "135790", None),
        (new_email(), "246801", Some(ALICE.email_contact())),
    ] {
        send(&store, alice, &contact, code).await;
        assert_eq!(change(&store, alice, &contact, code).await, Ok(replaced));
        assert_eq!(owner(&store, &contact).await, Some(alice));
    }
    assert_eq!(owner(&store, &ALICE.email_contact()).await, None);
    let changed = user(&store, alice).await;
    assert_eq!(changed.email.as_deref(), Some(NEW_EMAIL));
    assert!(changed.email_confirmed);
}

async fn a_first_number_replaces_nothing(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    send(&store, alice, &new_phone(), "246801").await;
    let replaced = change(&store, alice, &new_phone(), "246801").await;
    assert_eq!(replaced, Ok(None));
    assert_eq!(owner(&store, &new_phone()).await, Some(alice));
}

async fn a_number_that_was_never_verified_is_no_loss(store: Store) {
    let bob = {
        send_code(&store, &BOB, "135790", NOW).await;
        signed_up(&store, BOB.account_by_phone("135790")).await.id
    };
    let mut new = ALICE.account();
    new.phone = Some("+8613700000009".into());
    let alice = signed_up(&store, new).await.id;
    send(&store, alice, &new_phone(), "246801").await;
    let replaced = change(&store, alice, &new_phone(), "246801").await;
    assert_eq!(replaced, Ok(None));
    assert_eq!(owner(&store, &BOB.phone_contact()).await, Some(bob));
}

async fn an_address_is_first_confirmed_so_too(store: Store) {
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email));
    let alice = alice.await.id;
    send(&store, alice, &ALICE.email_contact(), "135790").await;
    let confirmed = change(&store, alice, &ALICE.email_contact(), "135790").await;
    assert_eq!(confirmed, Ok(None));
    assert!(user(&store, alice).await.email_confirmed);
    let awaiting = store.awaiting_confirmation(ALICE.email.into()).await;
    assert_eq!(awaiting.unwrap(), None);
}

async fn those_who_wait_for_an_address_are_forgotten(store: Store) {
    let bob = signed_up(&store, BOB.account_with_email(NEW_EMAIL))
        .await
        .id;
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email));
    let alice = alice.await.id;
    send(&store, alice, &new_email(), "135790").await;
    assert_eq!(
        change(&store, alice, &new_email(), "135790").await,
        Ok(None)
    );
    let awaiting = |email: &str| store.awaiting_confirmation(email.to_owned());
    // Alice waits no more for the old one, Bob waits in vain for the new one.
    assert_eq!(awaiting(ALICE.email).await.unwrap(), None);
    assert_eq!(awaiting(NEW_EMAIL).await.unwrap(), None);
    close(&store, alice).await;
    assert_eq!(awaiting(NEW_EMAIL).await.unwrap(), None);
    assert!(!user(&store, bob).await.email_confirmed);
}

async fn a_wrong_code_changes_nothing(store: Store) {
    let alice = alice(&store).await;
    let wrong = Err(ContactRefusal::WrongCode);
    let unasked = change(&store, alice, &new_phone(), "246801").await;
    assert_eq!(unasked, wrong);
    send(&store, alice, &new_phone(), "246801").await;
    for _ in 0..RULES.wrong_tries_max {
        assert_eq!(change(&store, alice, &new_phone(), "000000").await, wrong);
    }
    assert_eq!(change(&store, alice, &new_phone(), "246801").await, wrong);
    assert_eq!(owner(&store, &ALICE.phone_contact()).await, Some(alice));
    assert_eq!(owner(&store, &new_phone()).await, None);
    assert_eq!(actions(&store, alice).await, [Action::SignedUp]);
}

async fn a_code_for_another_user_changes_nothing(store: Store) {
    let (alice, bob) = (alice(&store).await, sign_up(&store, &BOB).await.id);
    send(&store, alice, &new_phone(), "246801").await;
    let others = change(&store, bob, &new_phone(), "246801").await;
    assert_eq!(others, Err(ContactRefusal::WrongCode));
    // It stays good for whom it was sent.
    assert!(change(&store, alice, &new_phone(), "246801").await.is_ok());
}

async fn a_code_for_another_purpose_changes_nothing(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    for purpose in [Purpose::Register, Purpose::Reset] {
        let proof = proof(purpose, new_phone(), "246801");
        let new = NewCode {
            user: Some(alice),
            sending: NO_GAP,
            ..new_code(proof.clone(), NOW)
        };
        assert_eq!(store.issue(new).await.unwrap(), Issued::Send);
        let change = ContactChange {
            user: alice,
            proof: proof.clone(),
            verified_hash: None,
            by: oneself(alice, NOW),
        };
        let refused = store.change_contact(change).await.unwrap();
        assert_eq!(refused, Err(ContactRefusal::WrongCode));
        let verdict = store.try_code(proof, NOW).await.unwrap();
        assert_eq!(verdict, Verdict::Right);
    }
}

async fn a_contact_of_another_account_is_not_taken(store: Store) {
    let (alice, bob) = (alice(&store).await, sign_up(&store, &BOB).await.id);
    send(&store, bob, &ALICE.phone_contact(), "246801").await;
    for _ in 0..2 {
        let refused = change(&store, bob, &ALICE.phone_contact(), "246801").await;
        assert_eq!(refused, Err(ContactRefusal::Taken));
    }
    assert_eq!(owner(&store, &ALICE.phone_contact()).await, Some(alice));
    assert_eq!(user(&store, bob).await.phone, None);
}

async fn a_change_sent_again_is_answered(store: Store) {
    let alice = alice(&store).await;
    send(&store, alice, &new_phone(), "246801").await;
    assert!(change(&store, alice, &new_phone(), "246801").await.is_ok());
    for _ in 0..2 {
        let again = change(&store, alice, &new_phone(), "246801").await;
        assert_eq!(again, Ok(None));
    }
    assert_eq!(actions(&store, alice).await.len(), 2);
    // But not to bring back what was given up since.
    let newer = Contact::Phone("+8613700000002".into());
    send(&store, alice, &newer, "357912").await;
    assert!(change(&store, alice, &newer, "357912").await.is_ok());
    let back = change(&store, alice, &new_phone(), "246801").await;
    assert_eq!(back, Err(ContactRefusal::WrongCode));
    assert_eq!(owner(&store, &newer).await, Some(alice));
}

async fn nobody_and_those_who_are_gone_change_nothing(store: Store) {
    let alice = alice(&store).await;
    close(&store, alice).await;
    for user in [alice, UserId(99)] {
        let refused = change(&store, user, &new_phone(), "246801").await;
        assert_eq!(refused, Err(ContactRefusal::NoAccount));
        let profile = ProfileChange {
            bio: Some(Some("gone".into())),
            ..ProfileChange::default()
        };
        let changed = store.change_profile(user, profile).await.unwrap();
        assert!(changed.is_none());
    }
}

async fn the_old_number_resets_nothing_any_more(store: Store) {
    let alice = alice(&store).await;
    let proof = proof(Purpose::Reset, ALICE.phone_contact(), "357912");
    let new = NewCode {
        user: Some(alice),
        ..new_code(proof.clone(), NOW + MINUTE)
    };
    assert_eq!(store.issue(new).await.unwrap(), Issued::Send);
    send(&store, alice, &new_phone(), "246801").await;
    assert!(change(&store, alice, &new_phone(), "246801").await.is_ok());
    let verdict = store.try_code(proof, NOW + MINUTE).await.unwrap();
    assert_eq!(verdict, Verdict::Wrong);
}

fn said(nickname: &str, folded: &str) -> ProfileChange {
    ProfileChange {
        nickname: Some(Some(nickname.to_owned())),
        folded_nickname: Some(folded.to_owned()),
        ..ProfileChange::default()
    }
}

async fn a_profile_is_what_was_set_last(store: Store) {
    let alice = sign_up(&store, &ALICE).await;
    let set = async |change| {
        let changed = store.change_profile(alice.id, change).await.unwrap();
        let changed = changed.unwrap();
        assert!(user(&store, alice.id).await == changed);
        changed.profile
    };
    let all = ProfileChange {
        avatar: Some(Some(FileId(7))),
        bio: Some(Some("写代码的".into())),
        language: Some(Some("zh".into())),
        ..said("爱爱", "爱爱")
    };
    let mut expected = Profile {
        nickname: Some("爱爱".into()),
        avatar: Some(FileId(7)),
        bio: Some("写代码的".into()),
        language: Some("zh".into()),
    };
    assert_eq!(set(all).await, expected);
    assert_eq!(set(ProfileChange::default()).await, expected);
    let less = ProfileChange {
        bio: Some(None),
        avatar: Some(None),
        ..ProfileChange::default()
    };
    (expected.bio, expected.avatar) = (None, None);
    assert_eq!(set(less).await, expected);
}

async fn a_nickname_that_is_anothers_name_is_refused(store: Store) {
    let (alice, carol) = (sign_up(&store, &ALICE).await, sign_up(&store, &CAROL).await);
    let refused = store.change_profile(alice.id, said("CAROL", "carol")).await;
    assert!(refused.unwrap().is_none());
    assert!(user(&store, alice.id).await == alice);
    // One's own name is no other's.
    let own = store.change_profile(carol.id, said("CAROL", "carol")).await;
    let nickname = own.unwrap().unwrap().profile.nickname;
    assert_eq!(nickname.as_deref(), Some("CAROL"));
    // Who has gone has left words that others still read.
    close(&store, carol.id).await;
    let refused = store.change_profile(alice.id, said("CAROL", "carol")).await;
    assert!(refused.unwrap().is_none());
}

async fn a_closed_account_keeps_no_profile(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let changed = store.change_profile(alice, said("爱爱", "爱爱")).await;
    assert!(changed.unwrap().is_some());
    close(&store, alice).await;
    assert_eq!(user(&store, alice).await.profile, Profile::default());
}
