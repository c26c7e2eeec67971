//! Setting a new password without the old one.

use super::*;
use qunliao_actors::auth_registry::{ResetBy, ResetPassword, SendResetCode};
use qunliao_actors::clock::now_ms;
use qunliao_storage::audit::{Actor as Doer, By};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{Accounts, Links};

const NEW: &str = "an owl looks at the moon";

fn phone(someone: &Someone) -> WrittenContact {
    WrittenContact::Phone(someone.phone.0.to_owned())
}

fn email(someone: &Someone) -> WrittenContact {
    WrittenContact::Email(someone.email.to_owned())
}

fn forgot(contact: WrittenContact) -> SendResetCode {
    SendResetCode {
        contact,
        asked_by: home(),
    }
}

fn reset(contact: WrittenContact, code: &str, user_pwd: &str) -> ResetPassword {
    let code = code.to_owned();
    by(ResetBy::Code { contact, code }, user_pwd)
}

fn by(proof: ResetBy, user_pwd: &str) -> ResetPassword {
    ResetPassword {
        proof,
        user_pwd: user_pwd.to_owned(),
        asked_by: home(),
    }
}

impl Registry {
    /// A code for a reset, sent to `contact`.
    async fn reset_code(&mut self, contact: WrittenContact) -> String {
        assert_eq!(self.ask(forgot(contact)).await, Ok(()));
        let (_, parcel) = self.parcel().await;
        assert_eq!(parcel.kind(), Kind::Reset);
        code_of(&parcel)
    }

    async fn enable(&self, someone: &Someone, active: bool) {
        let set = self
            .store
            .set_standing(someone.user(), active, by_operator());
        assert!(set.await.unwrap().is_ok());
    }

    async fn reset_link(&self, someone: &Someone) -> String {
        let new = NewLink {
            purpose: LinkPurpose::Reset(someone.user()),
            expires: now_ms() + 3_600_000,
            note: None,
            by: by_operator(),
        };
        self.store.make_link(new).await.unwrap().1
    }
}

fn by_operator() -> By {
    By {
        actor: Doer::Operator,
        now: now_ms(),
    }
}

#[actix_rt::test]
async fn a_code_to_either_contact_sets_a_new_password_and_the_other_one_hears_of_it() {
    for (contact, other) in [(0, 1), (1, 0)] {
        let contacts = [phone, email];
        let told = [(Channel::Sms, ALICE.phone.1), (Channel::Mail, ALICE.email)];
        let mut registry = Plan::default().build();
        let before = registry.sign_up_with_both(&ALICE).await;
        let code = registry.reset_code(contacts[contact](&ALICE)).await;
        let wrong = reset(contacts[contact](&ALICE), &not(&code), NEW);
        assert_eq!(registry.ask(wrong).await, Err(Failure::WrongCode));
        assert!(registry.accepts(&before).await);

        let right = reset(contacts[contact](&ALICE), &code, NEW);
        assert_eq!(registry.ask(right).await, Ok(()));
        assert!(!registry.accepts(&before).await, "all sessions end");
        let old = registry.ask(sign_in(ALICE.name, ALICE.password)).await;
        assert_eq!(old.err(), Some(Failure::WrongCredentials));
        assert!(registry.ask(sign_in(ALICE.name, NEW)).await.is_ok());
        let (channel, parcel) = registry.parcel().await;
        assert_eq!((channel, &*parcel.to), told[other]);
        assert_eq!(parcel.kind(), Kind::PasswordChanged);
        assert_eq!(registry.carried.count(), 0, "and nobody else");
        let again = reset(contacts[contact](&ALICE), &code, "yet another good one");
        assert_eq!(registry.ask(again).await, Err(Failure::WrongCode));
    }
}

#[actix_rt::test]
async fn what_was_remembered_of_the_old_password_is_forgotten_at_once() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    let old = || password(ALICE.name, ALICE.password);
    assert!(registry.ask(old()).await.is_ok());
    let code = registry.reset_code(phone(&ALICE)).await;
    let right = reset(phone(&ALICE), &code, NEW);
    assert_eq!(registry.ask(right).await, Ok(()));
    let refused = registry.ask(old()).await.err();
    assert_eq!(refused, Some(Failure::WrongCredentials));
}

#[actix_rt::test]
async fn whether_there_is_an_account_shows_nowhome() {
    let mut registry = Plan {
        codes: CodeSettings {
            gap_seconds: 600,
            ..CodeSettings::default()
        },
        ..Plan::default()
    }
    .build();
    registry.sign_up(&ALICE).await;
    // The address was never confirmed: it is as good as a stranger's.
    let contacts = [phone(&ALICE), phone(&BOB), email(&ALICE), email(&BOB)];
    let mut answers = Vec::new();
    for contact in contacts {
        let again = match &contact {
            WrittenContact::Phone(number) => WrittenContact::Phone(number.clone()),
            WrittenContact::Email(address) => WrittenContact::Email(address.clone()),
        };
        let first = registry.ask(forgot(contact)).await;
        answers.push((first, registry.ask(forgot(again)).await));
    }
    // Alice's number was sent a code to sign up with a moment ago.
    assert_eq!(answers[0].0.clone().unwrap_err().code(), 103);
    for (first, again) in &answers[1..] {
        assert_eq!(first, &Ok(()));
        assert_eq!(again, &Err(Failure::TooManyRequests(600)));
    }
    assert_eq!(registry.carried.count(), 0);
    let guess = reset(phone(&BOB), "123456", NEW);
    assert_eq!(registry.ask(guess).await, Err(Failure::WrongCode));
}

#[actix_rt::test]
async fn an_answer_does_not_wait_for_the_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let plan = |gateway_hangs| Plan {
        store: Some(store.clone()),
        gateway_hangs,
        ..Plan::default()
    };
    plan(false).build().sign_up(&ALICE).await;
    let mut registry = plan(true).build();
    assert_eq!(registry.ask(forgot(phone(&ALICE))).await, Ok(()));
    assert_eq!(registry.parcel().await.1.kind(), Kind::Reset);
}

#[actix_rt::test]
async fn what_cannot_be_a_contact_is_told_before_anything_is_sent() {
    let registry = Plan::default().build();
    let number = WrittenContact::Phone("12345".to_owned());
    let refused = registry.ask(forgot(number)).await;
    assert_eq!(refused, Err(Failure::BadPhone));
    let address = WrittenContact::Email("nobody".to_owned());
    let refused = registry.ask(forgot(address)).await;
    assert_eq!(refused, Err(Failure::BadEmail));
    let address = WrittenContact::Email("nobody".to_owned());
    let refused = registry.ask(reset(address, "123456", NEW)).await;
    assert_eq!(refused, Err(Failure::WrongCode));
}

#[actix_rt::test]
async fn a_weak_password_is_refused_and_the_code_still_good() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    let code = registry.reset_code(phone(&ALICE)).await;
    for weak in ["short", "password", ALICE.phone.1] {
        let refused = registry.ask(reset(phone(&ALICE), &code, weak)).await;
        assert_eq!(refused.unwrap_err().code(), 109, "{weak}");
    }
    let right = reset(phone(&ALICE), &code, NEW);
    assert_eq!(registry.ask(right).await, Ok(()));
}

#[actix_rt::test]
async fn a_wrong_code_costs_no_password_hash() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let plan = |password_queue_max| Plan {
        store: Some(store.clone()),
        password_queue_max,
        ..Plan::default()
    };
    plan(8).build().sign_up(&ALICE).await;
    let mut full = plan(0).build();
    let code = full.reset_code(phone(&ALICE)).await;
    let wrong = full.ask(reset(phone(&ALICE), &not(&code), NEW)).await;
    assert_eq!(wrong, Err(Failure::WrongCode));
    let right = full.ask(reset(phone(&ALICE), &code, NEW)).await;
    assert_eq!(right, Err(Failure::Unavailable));
    let forged = by(ResetBy::Link("x".repeat(9_999)), NEW);
    assert_eq!(full.ask(forged).await, Err(Failure::BadLink));
    // It was not used up by that.
    let right = plan(8).build();
    let right = right.ask(reset(phone(&ALICE), &code, NEW));
    assert_eq!(right.await, Ok(()));
}

#[actix_rt::test]
async fn a_code_for_another_purpose_resets_nothing() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    let ask = SendCodeToNewContact {
        token: alice.token.clone(),
        contact: phone(&ALICE),
        asked_by: home(),
    };
    assert_eq!(registry.ask(ask).await, Ok(()));
    let code = code_of(&registry.parcel().await.1);
    let refused = registry.ask(reset(phone(&ALICE), &code, NEW)).await;
    assert_eq!(refused, Err(Failure::WrongCode));
}

#[actix_rt::test]
async fn an_account_that_cannot_be_used_is_opened_by_no_reset() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    let code = registry.reset_code(phone(&ALICE)).await;
    let link = registry.reset_link(&ALICE).await;
    registry.enable(&ALICE, false).await;
    let refused = registry.ask(reset(phone(&ALICE), &code, NEW)).await;
    assert_eq!(refused, Err(Failure::WrongCode));
    let refused = registry.ask(by(ResetBy::Link(link.clone()), NEW)).await;
    assert_eq!(refused, Err(Failure::BadLink));
    assert_eq!(registry.ask(forgot(phone(&ALICE))).await, Ok(()));
    registry.enable(&ALICE, true).await;
    assert_eq!(registry.carried.count(), 0, "it gets no code");
    // What was sent before does not work again.
    let refused = registry.ask(reset(phone(&ALICE), &code, NEW)).await;
    assert_eq!(refused, Err(Failure::WrongCode));
    let refused = registry.ask(by(ResetBy::Link(link), NEW)).await;
    assert_eq!(refused, Err(Failure::BadLink));
    let link = registry.reset_link(&ALICE).await;
    assert_eq!(registry.ask(by(ResetBy::Link(link), NEW)).await, Ok(()));
}

#[actix_rt::test]
async fn a_link_sets_a_new_password_once() {
    let mut registry = Plan::default().build();
    let before = registry.sign_up_with_both(&ALICE).await;
    let link = registry.reset_link(&ALICE).await;
    let with = |link: &str, user_pwd| by(ResetBy::Link(link.to_owned()), user_pwd);
    assert_eq!(registry.ask(with(&link, NEW)).await, Ok(()));
    assert!(!registry.accepts(&before).await);
    assert!(registry.ask(sign_in(ALICE.name, NEW)).await.is_ok());
    // Neither contact took part, so both hear of it.
    let mut told = [registry.parcel().await.0, registry.parcel().await.0];
    told.sort_by_key(|channel| *channel == Channel::Sms);
    assert_eq!(told, [Channel::Mail, Channel::Sms]);
    let again = registry.ask(with(&link, "yet another good one")).await;
    assert_eq!(
        (again.clone().unwrap_err().code(), again),
        (3, Err(Failure::BadLink))
    );
}

#[actix_rt::test]
async fn of_two_who_come_with_one_link_one_sets_the_password() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    let link = registry.reset_link(&ALICE).await;
    let with = |user_pwd| by(ResetBy::Link(link.clone()), user_pwd);
    let other = "the moon looks at an owl";
    let one = registry.ask(with(NEW));
    let two = registry.ask(with(other));
    let (one, two) = futures_util::join!(one, two);
    let (winner, loser) = match (one, two) {
        (Ok(()), Err(Failure::BadLink)) => (NEW, other),
        (Err(Failure::BadLink), Ok(())) => (other, NEW),
        both => panic!("{both:?}"),
    };
    assert!(registry.ask(sign_in(ALICE.name, winner)).await.is_ok());
    assert!(registry.ask(sign_in(ALICE.name, loser)).await.is_err());
}

#[actix_rt::test]
async fn a_sign_in_with_the_old_password_beside_a_reset_leaves_no_session() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    let code = registry.reset_code(phone(&ALICE)).await;
    let (signed_in, known, done) = futures_util::join!(
        registry.ask(sign_in(ALICE.name, ALICE.password)),
        registry.ask(password(ALICE.name, ALICE.password)),
        registry.ask(reset(phone(&ALICE), &code, NEW)),
    );
    assert_eq!(done, Ok(()));
    // Whoever was faster than the reset was, is so no more.
    if let Ok(signed_in) = signed_in {
        assert!(!registry.accepts(&signed_in).await);
    }
    if let Ok(known) = known {
        assert!(!registry.credentials.stands(&known));
    }
    let refused = registry.ask(password(ALICE.name, ALICE.password)).await;
    assert_eq!(refused.err(), Some(Failure::WrongCredentials));
}
