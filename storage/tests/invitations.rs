//! Signing up with an invitation, as the owner, or for someone to approve.

use crate::cast::*;
use qunliao_storage::accounts::{Login, NewAccount, RegisterRefusal, Role, Standing};
use qunliao_storage::codes::Verdict;
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{Accounts, Codes, Links, Store};

over_every_engine!(
    an_invitation_gives_its_role_and_needs_no_code,
    an_invitation_makes_one_account,
    of_many_with_one_invitation_exactly_one_gets_in,
    a_sign_up_sent_again_hears_that_the_name_is_taken,
    a_bad_invitation_makes_no_account,
    a_refused_name_leaves_the_invitation_good,
    a_code_beside_an_invitation_has_to_be_right,
    a_set_up_makes_the_first_owner_and_no_other,
    who_has_to_be_approved_is_found_and_waits,
    an_invitation_spares_the_approval,
    the_contacts_of_someone_who_waits_are_taken,
);

async fn invite(store: &Store, role: Role) -> String {
    let new = NewLink {
        purpose: LinkPurpose::Invite(role),
        expires: NOW + DAY,
        note: None,
        by: operator(NOW),
    };
    store.make_link(new).await.unwrap().1
}

fn invited(person: &Person, token: &str) -> NewAccount {
    NewAccount {
        invite: Some(token.to_owned()),
        ..person.account()
    }
}

async fn an_invitation_gives_its_role_and_needs_no_code(store: Store) {
    for (person, role) in [(&ALICE, Role::Admin), (&BOB, Role::Member)] {
        let token = invite(&store, role).await;
        let new = NewAccount {
            // The invitation gives the role, not who shows it.
            role: Role::Owner,
            ..invited(person, &token)
        };
        let user = signed_up(&store, new).await;
        assert_eq!((user.role, user.standing), (role, Standing::Active));
        assert!(store.user(user.id).await.unwrap() == Some(user));
    }
}

async fn an_invitation_makes_one_account(store: Store) {
    let token = invite(&store, Role::Member).await;
    signed_up(&store, invited(&ALICE, &token)).await;
    let refused = refusal(&store, invited(&BOB, &token)).await;
    assert_eq!(refused, RegisterRefusal::BadInvite);
    assert!(store.link(token, NOW).await.unwrap().is_none());
    assert!(store.links(NOW).await.unwrap().is_empty());
}

async fn of_many_with_one_invitation_exactly_one_gets_in(store: Store) {
    let token = invite(&store, Role::Member).await;
    let asked = (0..32).map(|number| {
        let new = NewAccount {
            folded_name: format!("name {number}"),
            ..invited(&ALICE, &token)
        };
        let store = store.clone();
        tokio::spawn(async move { store.register(new).await.unwrap().err() })
    });
    let mut refusals = Vec::new();
    for answer in asked.collect::<Vec<_>>() {
        refusals.extend(answer.await.unwrap());
    }
    assert_eq!(refusals, [RegisterRefusal::BadInvite; 31]);
}

async fn a_sign_up_sent_again_hears_that_the_name_is_taken(store: Store) {
    for role in [Role::Member, Role::Owner] {
        let person = if role == Role::Owner { &BOB } else { &ALICE };
        let token = invite(&store, role).await;
        signed_up(&store, invited(person, &token)).await;
        for _ in 0..2 {
            let again = refusal(&store, invited(person, &token)).await;
            assert_eq!(again, RegisterRefusal::NameTaken);
        }
    }
}

async fn a_bad_invitation_makes_no_account(store: Store) {
    let alice = sign_up(&store, &ALICE).await.id;
    let reset = NewLink {
        purpose: LinkPurpose::Reset(alice),
        expires: NOW + DAY,
        note: None,
        by: operator(NOW),
    };
    let (_, reset) = store.make_link(reset).await.unwrap();
    let (withdrawn, expired) = (
        invite(&store, Role::Member).await,
        invite(&store, Role::Member).await,
    );
    let id = store
        .link(withdrawn.clone(), NOW)
        .await
        .unwrap()
        .unwrap()
        .id;
    assert!(store.revoke_link(id, operator(NOW)).await.unwrap());
    let late = NewAccount {
        now: NOW + DAY,
        ..invited(&BOB, &expired)
    };
    assert_eq!(refusal(&store, late).await, RegisterRefusal::BadInvite);
    for token in ["", "0123", &reset, &withdrawn] {
        // Before all else: the name is taken, but that is not for strangers to know.
        for person in [&BOB, &ALICE] {
            let refused = refusal(&store, invited(person, token)).await;
            assert_eq!(refused, RegisterRefusal::BadInvite);
        }
    }
    let by_name = Login::Name(BOB.name.into());
    assert!(store.find(by_name).await.unwrap().is_none());
    // What was shown in the wrong place still works in its own.
    assert!(store.link(reset, NOW).await.unwrap().is_some());
}

async fn a_refused_name_leaves_the_invitation_good(store: Store) {
    sign_up(&store, &ALICE).await;
    let token = invite(&store, Role::Member).await;
    let refused = refusal(&store, invited(&ALICE, &token)).await;
    assert_eq!(refused, RegisterRefusal::NameTaken);
    signed_up(&store, invited(&BOB, &token)).await;
}

async fn a_code_beside_an_invitation_has_to_be_right(store: Store) {
    let token = invite(&store, Role::Member).await;
    send_code(&store, &ALICE, "135790", NOW).await;
    let with_code = |code: &str| NewAccount {
        invite: Some(token.clone()),
        ..ALICE.account_by_phone(code)
    };
    let wrong = refusal(&store, with_code("000000")).await;
    assert_eq!(wrong, RegisterRefusal::WrongCode);
    assert!(signed_up(&store, with_code("135790")).await.phone_verified);
    let code = store.try_code(ALICE.phone_proof("135790"), NOW).await;
    assert_eq!(code.unwrap(), Verdict::Spent);
}

async fn a_set_up_makes_the_first_owner_and_no_other(store: Store) {
    let carol = sign_up(&store, &CAROL).await;
    let token = invite(&store, Role::Owner).await;
    let alice = signed_up(&store, invited(&ALICE, &token)).await;
    assert_eq!((carol.role, alice.role), (Role::Member, Role::Owner));
    let token = invite(&store, Role::Owner).await;
    let refused = refusal(&store, invited(&BOB, &token)).await;
    assert_eq!(refused, RegisterRefusal::BadInvite);
}

async fn who_has_to_be_approved_is_found_and_waits(store: Store) {
    let new = NewAccount {
        pending: true,
        ..ALICE.account()
    };
    let alice = signed_up(&store, new).await;
    assert_eq!(alice.standing, Standing::Pending);
    let found = store.find(Login::Name(ALICE.name.into())).await.unwrap();
    assert!(found.unwrap().user == alice);
    let approved = store.set_standing(alice.id, true, operator(NOW)).await;
    let approved = approved.unwrap().ok().unwrap();
    assert_eq!(approved.standing, Standing::Active);
    assert!(store.user(alice.id).await.unwrap() == Some(approved));
}

async fn an_invitation_spares_the_approval(store: Store) {
    let token = invite(&store, Role::Member).await;
    let new = NewAccount {
        pending: true,
        ..invited(&ALICE, &token)
    };
    assert_eq!(signed_up(&store, new).await.standing, Standing::Active);
}

async fn the_contacts_of_someone_who_waits_are_taken(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let new = NewAccount {
        pending: true,
        ..ALICE.account_by_phone("135790")
    };
    let alice = signed_up(&store, new).await.id;
    let other = NewAccount {
        phone: Some(ALICE.phone.into()),
        ..BOB.account()
    };
    for _ in 0..2 {
        let refused = refusal(&store, other.clone()).await;
        assert_eq!(refused, RegisterRefusal::PhoneTaken);
        let by_number = store.find(Login::Contact(ALICE.phone_contact())).await;
        assert_eq!(by_number.unwrap().unwrap().user.id, alice);
        // Nor does a disabled account give them up.
        let disabled = store.set_standing(alice, false, operator(NOW)).await;
        assert!(disabled.unwrap().is_ok());
    }
}
