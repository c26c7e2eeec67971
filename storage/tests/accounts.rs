//! Accounts: who may be called what, and reached where.

use crate::cast::*;
use qunliao_storage::accounts::{AccountRefusal, Login, NewAccount, RegisterRefusal};
use qunliao_storage::codes::Verdict;
use qunliao_storage::{Accounts, Codes, Store};

over_every_engine!(
    a_new_account_is_found_by_its_name_and_its_number,
    who_has_signed_up_has_an_id_of_their_own,
    a_name_belongs_to_whom_it_was_given_first,
    of_many_who_want_a_name_at_once_exactly_one_gets_it,
    of_many_with_one_number_at_once_exactly_one_gets_in,
    a_wrong_code_makes_no_account,
    all_codes_have_to_be_right,
    a_code_proves_no_other_number,
    a_code_makes_one_account,
    a_sign_up_sent_again_hears_that_the_name_is_taken,
    a_number_belongs_to_one_account,
    a_refused_name_leaves_the_code_good,
    nobody_is_found_by_a_number_that_was_not_proved,
    a_closed_account_is_gone_and_its_name_with_it,
    a_closed_account_frees_its_contacts,
    the_words_of_a_closed_account_keep_their_name,
    closing_twice_is_answered_alike,
);

fn name(person: &Person) -> Login {
    Login::Name(person.name.to_lowercase())
}

async fn a_new_account_is_found_by_its_name_and_its_number(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let alice = signed_up(&store, ALICE.account_by_phone("135790")).await;
    assert_eq!(alice.name, "小爱");
    assert_eq!(alice.phone.as_deref(), Some(ALICE.phone));
    assert!(alice.phone_verified && !alice.email_confirmed);
    for login in [name(&ALICE), Login::Contact(ALICE.phone_contact())] {
        let found = store.find(login).await.unwrap().unwrap();
        assert!(found.user == alice);
        assert_eq!(found.password_hash, ALICE.account().password_hash);
    }
    assert!(store.find(name(&BOB)).await.unwrap().is_none());
    let by_bobs_number = Login::Contact(BOB.phone_contact());
    assert!(store.find(by_bobs_number).await.unwrap().is_none());
}

async fn who_has_signed_up_has_an_id_of_their_own(store: Store) {
    let mut ids = Vec::new();
    for person in [&ALICE, &BOB, &CAROL] {
        ids.push(sign_up(&store, person).await.id.0);
    }
    assert_eq!(ids, [1, 2, 3]);
}

async fn a_name_belongs_to_whom_it_was_given_first(store: Store) {
    let carol = sign_up(&store, &CAROL).await;
    let shouted = NewAccount {
        name: "CAROL".into(),
        ..CAROL.account()
    };
    let refused = refusal(&store, shouted).await;
    assert_eq!(refused, RegisterRefusal::NameTaken);
    let found = store.find(name(&CAROL)).await.unwrap().unwrap();
    assert!(found.user == carol);
    // What was refused has used up no id.
    assert_eq!(sign_up(&store, &BOB).await.id.0, carol.id.0 + 1);
}

/// Signs up everyone at once; how many got in, and why the others did not.
async fn at_once(store: &Store, everyone: Vec<NewAccount>) -> (usize, Vec<RegisterRefusal>) {
    let asked = everyone.into_iter().map(|new| {
        let store = store.clone();
        tokio::spawn(async move { store.register(new).await })
    });
    let (mut accepted, mut refusals) = (0, Vec::new());
    for answer in asked.collect::<Vec<_>>() {
        match answer.await.unwrap().unwrap() {
            Ok(_) => accepted += 1,
            Err(refusal) => refusals.push(refusal),
        }
    }
    (accepted, refusals)
}

async fn of_many_who_want_a_name_at_once_exactly_one_gets_it(store: Store) {
    let everyone = vec![ALICE.account(); 64];
    let (accepted, refusals) = at_once(&store, everyone).await;
    assert_eq!(accepted, 1);
    assert_eq!(refusals, [RegisterRefusal::NameTaken; 63]);
}

async fn of_many_with_one_number_at_once_exactly_one_gets_in(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let everyone = (0..64).map(|number| NewAccount {
        folded_name: format!("name {number}"),
        ..ALICE.account_by_phone("135790")
    });
    let (accepted, refusals) = at_once(&store, everyone.collect()).await;
    assert_eq!(accepted, 1);
    assert_eq!(refusals, [RegisterRefusal::PhoneTaken; 63]);
}

async fn a_wrong_code_makes_no_account(store: Store) {
    let unasked = ALICE.account_by_phone("135790");
    assert_eq!(refusal(&store, unasked).await, RegisterRefusal::WrongCode);
    send_code(&store, &ALICE, "135790", NOW).await;
    let wrong = ALICE.account_by_phone("135791");
    assert_eq!(refusal(&store, wrong).await, RegisterRefusal::WrongCode);
    let late = NewAccount {
        now: NOW + RULES.lifetime_ms,
        ..ALICE.account_by_phone("135790")
    };
    assert_eq!(refusal(&store, late).await, RegisterRefusal::WrongCode);
    assert!(store.find(name(&ALICE)).await.unwrap().is_none());
    signed_up(&store, ALICE.account_by_phone("135790")).await;
}

async fn all_codes_have_to_be_right(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let mut new = ALICE.account_by_phone("135790");
    new.email = Some(ALICE.email.into());
    let register = qunliao_storage::codes::Purpose::Register;
    new.proofs
        .push(proof(register, ALICE.email_contact(), "246801"));
    assert_eq!(
        refusal(&store, new.clone()).await,
        RegisterRefusal::WrongCode
    );
    let code = new_code(new.proofs[1].clone(), NOW);
    store.issue(code).await.unwrap();
    let alice = signed_up(&store, new).await;
    assert!(alice.phone_verified && alice.email_confirmed);
    let by_address = Login::Contact(ALICE.email_contact());
    assert!(store.find(by_address).await.unwrap().unwrap().user == alice);
}

async fn a_code_proves_no_other_number(store: Store) {
    send_code(&store, &BOB, "135790", NOW).await;
    let new = NewAccount {
        phone: Some(ALICE.phone.into()),
        ..BOB.account_by_phone("135790")
    };
    let bob = signed_up(&store, new).await;
    assert!(!bob.phone_verified);
    let by_alices_number = Login::Contact(ALICE.phone_contact());
    assert!(store.find(by_alices_number).await.unwrap().is_none());
}

async fn a_code_makes_one_account(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let alice = signed_up(&store, ALICE.account_by_phone("135790")).await;
    close(&store, alice.id).await;
    let again = NewAccount {
        folded_name: "another".into(),
        ..ALICE.account_by_phone("135790")
    };
    assert_eq!(refusal(&store, again).await, RegisterRefusal::WrongCode);
    let verdict = store.try_code(ALICE.phone_proof("135790"), NOW).await;
    assert_eq!(verdict.unwrap(), Verdict::Spent);
}

async fn a_sign_up_sent_again_hears_that_the_name_is_taken(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let new = ALICE.account_by_phone("135790");
    signed_up(&store, new.clone()).await;
    assert_eq!(refusal(&store, new).await, RegisterRefusal::NameTaken);
}

async fn a_number_belongs_to_one_account(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    signed_up(&store, ALICE.account_by_phone("135790")).await;
    let unproved = NewAccount {
        phone: Some(ALICE.phone.into()),
        ..BOB.account()
    };
    assert_eq!(refusal(&store, unproved).await, RegisterRefusal::PhoneTaken);
}

async fn a_refused_name_leaves_the_code_good(store: Store) {
    sign_up(&store, &CAROL).await;
    send_code(&store, &ALICE, "135790", NOW).await;
    let taken = NewAccount {
        folded_name: "carol".into(),
        ..ALICE.account_by_phone("135790")
    };
    assert_eq!(refusal(&store, taken).await, RegisterRefusal::NameTaken);
    signed_up(&store, ALICE.account_by_phone("135790")).await;
}

async fn nobody_is_found_by_a_number_that_was_not_proved(store: Store) {
    let new = NewAccount {
        phone: Some(ALICE.phone.into()),
        ..ALICE.account()
    };
    assert!(!signed_up(&store, new).await.phone_verified);
    let by_number = Login::Contact(ALICE.phone_contact());
    assert!(store.find(by_number).await.unwrap().is_none());
}

async fn a_closed_account_is_gone_and_its_name_with_it(store: Store) {
    let alice = sign_up(&store, &ALICE).await;
    close(&store, alice.id).await;
    assert!(store.find(name(&ALICE)).await.unwrap().is_none());
    assert_eq!(
        refusal(&store, ALICE.account()).await,
        RegisterRefusal::NameTaken
    );
}

async fn a_closed_account_frees_its_contacts(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let new = NewAccount {
        email: Some(ALICE.email.into()),
        ..ALICE.account_by_phone("135790")
    };
    let alice = signed_up(&store, new).await;
    close(&store, alice.id).await;
    let by_number = Login::Contact(ALICE.phone_contact());
    assert!(store.find(by_number).await.unwrap().is_none());
    let awaiting = store.awaiting_confirmation(ALICE.email.into()).await;
    assert_eq!(awaiting.unwrap(), None);

    send_code(&store, &ALICE, "246801", NOW + MINUTE).await;
    let new = NewAccount {
        name: "新爱".into(),
        folded_name: "新爱".into(),
        ..ALICE.account_by_phone("246801")
    };
    assert!(signed_up(&store, new).await.phone_verified);
}

async fn the_words_of_a_closed_account_keep_their_name(store: Store) {
    let (alice, bob) = (sign_up(&store, &ALICE).await, sign_up(&store, &BOB).await);
    close(&store, alice.id).await;
    let nobody = qunliao_protocol::UserId(99);
    let names = store.names(vec![alice.id, bob.id, nobody]).await.unwrap();
    assert_eq!(names[&alice.id], "小爱");
    assert_eq!(names[&bob.id], "小波");
    assert_eq!(names.len(), 2);
}

async fn closing_twice_is_answered_alike(store: Store) {
    let alice = sign_up(&store, &ALICE).await;
    for _ in 0..2 {
        let closed = store.close_account(alice.id, None, operator(NOW)).await;
        assert_eq!(closed.unwrap(), Ok(()));
    }
    let nobody = qunliao_protocol::UserId(99);
    let closed = store.close_account(nobody, None, operator(NOW)).await;
    assert_eq!(closed.unwrap(), Err(AccountRefusal::NoAccount));
}
