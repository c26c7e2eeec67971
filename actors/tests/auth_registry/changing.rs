//! Changing a password or a contact, with the old password.

use super::*;
use qunliao_actors::auth_registry::{ChangePassword, ResetBy, ResetPassword, SendResetCode};

const NEW: &str = "an owl looks at the moon";
/// A number that nobody has yet.
const NUMBER: (&str, &str) = ("13700137000", "+8613700137000");

fn change(someone: &Someone, new_pwd: &str, keep: Option<&SignedIn>) -> ChangePassword {
    ChangePassword {
        user_name: someone.name.to_owned(),
        user_pwd: someone.password.to_owned(),
        new_pwd: new_pwd.to_owned(),
        token: keep.map(|session| session.token.clone()),
        asked_by: home(),
    }
}

fn number(written: &str) -> WrittenContact {
    WrittenContact::Phone(written.to_owned())
}

fn new_number(session: &SignedIn, written: &str) -> SendCodeToNewContact {
    SendCodeToNewContact {
        token: session.token.clone(),
        contact: number(written),
        asked_by: home(),
    }
}

fn take_number(session: &SignedIn, someone: &Someone, written: &str, code: &str) -> ChangeContact {
    ChangeContact {
        token: session.token.clone(),
        user_pwd: someone.password.to_owned(),
        contact: number(written),
        code: code.to_owned(),
        asked_by: home(),
    }
}

impl Registry {
    /// Has Carol take another number.
    async fn move_to(&mut self, carol: &SignedIn, written: &str) {
        assert_eq!(self.ask(new_number(carol, written)).await, Ok(()));
        let code = code_of(&self.parcel().await.1);
        let change = take_number(carol, &CAROL, written, &code);
        assert_eq!(self.ask(change).await, Ok(()));
        assert_eq!(self.parcel().await.1.kind(), Kind::PhoneChanged);
    }
}

#[actix_rt::test]
async fn a_new_password_ends_all_sessions_but_the_one_that_is_named() {
    let mut registry = Plan::default().build();
    let first = registry.sign_up_with_both(&ALICE).await;
    let kept = registry.another_session(&ALICE).await;
    let known = || password(ALICE.name, ALICE.password);
    assert!(registry.ask(known()).await.is_ok());

    let changed = registry.ask(change(&ALICE, NEW, Some(&kept))).await;
    assert_eq!(changed, Ok(()));
    assert!(!registry.accepts(&first).await);
    assert!(registry.accepts(&kept).await);
    let old = registry.ask(known()).await.err();
    assert_eq!(old, Some(Failure::WrongCredentials));
    assert!(registry.ask(sign_in(ALICE.name, NEW)).await.is_ok());
    let (channel, told) = registry.parcel().await;
    assert_eq!((channel, &*told.to), (Channel::Mail, ALICE.email));
    assert_eq!(told.kind(), Kind::PasswordChanged);
    assert_eq!(registry.carried.count(), 0, "once");
}

#[actix_rt::test]
async fn without_a_session_to_go_on_all_of_them_end() {
    let mut registry = Plan::default().build();
    let session = registry.sign_up(&ALICE).await;
    assert_eq!(registry.ask(change(&ALICE, NEW, None)).await, Ok(()));
    assert!(!registry.accepts(&session).await);
    // Who has no address hears of it by phone.
    assert_eq!(registry.parcel().await.0, Channel::Sms);
}

#[actix_rt::test]
async fn a_change_that_is_refused_changes_nothing() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    let bob = registry.sign_up(&BOB).await;
    let guess = ChangePassword {
        user_pwd: BOB.password.to_owned(),
        ..change(&ALICE, NEW, None)
    };
    let forged = SignedIn {
        token: "0".repeat(64),
        ..bob.clone()
    };
    for (ask, code) in [
        (guess, 1),
        (change(&ALICE, "short", None), 109),
        (change(&ALICE, ALICE.name, None), 109),
        (change(&ALICE, "password", None), 109),
        (change(&ALICE, NEW, Some(&bob)), 102),
        (change(&ALICE, NEW, Some(&forged)), 102),
    ] {
        let refused = registry.ask(ask).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused:?}");
    }
    assert!(registry.accepts(&alice).await);
    assert!(
        registry
            .ask(sign_in(ALICE.name, ALICE.password))
            .await
            .is_ok()
    );
    assert_eq!(registry.carried.count(), 0);
}

#[actix_rt::test]
async fn of_two_changes_at_once_one_wins() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    let other = "the moon looks at an owl";
    let (one, two) = futures_util::join!(
        registry.ask(change(&ALICE, NEW, None)),
        registry.ask(change(&ALICE, other, None)),
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let (winner, loser) = if one.is_ok() {
        (NEW, other)
    } else {
        (other, NEW)
    };
    assert!(registry.ask(sign_in(ALICE.name, winner)).await.is_ok());
    let refused = registry.ask(sign_in(ALICE.name, loser)).await.err();
    assert_eq!(refused, Some(Failure::WrongCredentials));
}

#[actix_rt::test]
async fn a_new_number_takes_the_place_of_the_old_one_which_hears_of_it() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    assert_eq!(registry.ask(new_number(&alice, NUMBER.0)).await, Ok(()));
    let (channel, parcel) = registry.parcel().await;
    assert_eq!((channel, &*parcel.to), (Channel::Sms, NUMBER.1));
    assert_eq!(parcel.kind(), Kind::Confirm);
    let code = code_of(&parcel);

    let wrong = take_number(&alice, &ALICE, NUMBER.0, &not(&code));
    assert_eq!(registry.ask(wrong).await, Err(Failure::WrongCode));
    let guess = take_number(&alice, &BOB, NUMBER.0, &code);
    assert_eq!(registry.ask(guess).await, Err(Failure::WrongCredentials));
    let right = || take_number(&alice, &ALICE, NUMBER.0, &code);
    assert_eq!(registry.ask(right()).await, Ok(()));

    let (channel, told) = registry.parcel().await;
    assert_eq!((channel, &*told.to), (Channel::Sms, ALICE.phone.1));
    assert_eq!(told.kind(), Kind::PhoneChanged);
    assert_eq!(registry.carried.count(), 0, "once");
    assert!(
        registry
            .ask(sign_in(NUMBER.0, ALICE.password))
            .await
            .is_ok()
    );
    let old = registry.ask(sign_in(ALICE.phone.0, ALICE.password)).await;
    assert_eq!(old.err(), Some(Failure::WrongCredentials));
    assert!(registry.accepts(&alice).await, "sessions go on");
}

#[actix_rt::test]
async fn who_gets_a_number_signs_in_with_it_though_another_is_called_so() {
    let called_by_number = Someone {
        name: BOB.phone.0,
        phone: BOB.phone,
        ..CAROL
    };
    let mut registry = Plan::default().build();
    let carol = registry.sign_up(&called_by_number).await;
    let by_old = || sign_in(BOB.phone.0, CAROL.password);
    assert!(registry.ask(by_old()).await.is_ok());
    registry.move_to(&carol, NUMBER.0).await;
    // Until somebody else has it, the name is as good as ever.
    assert!(registry.ask(by_old()).await.is_ok());

    let bob = registry.sign_up(&BOB).await;
    for written in [BOB.phone.0, BOB.phone.1] {
        let signed_in = registry.ask(sign_in(written, BOB.password)).await;
        assert_eq!(signed_in.ok().unwrap().user.id, bob.user.id);
    }
    let refused = registry.ask(by_old()).await.err();
    assert_eq!(refused, Some(Failure::WrongCredentials));
    let by_new = registry.ask(sign_in(NUMBER.0, CAROL.password)).await;
    assert_eq!(by_new.ok().unwrap().user.id, carol.user.id);
    // Her password is asked for by her name, which is still hers.
    registry.move_to(&carol, ALICE.phone.0).await;
}

#[actix_rt::test]
async fn a_code_for_a_reset_dies_with_the_old_number() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    let forgot = SendResetCode {
        contact: number(ALICE.phone.0),
        asked_by: home(),
    };
    assert_eq!(registry.ask(forgot).await, Ok(()));
    let for_reset = code_of(&registry.parcel().await.1);
    assert_eq!(registry.ask(new_number(&alice, NUMBER.0)).await, Ok(()));
    let code = code_of(&registry.parcel().await.1);
    let change = take_number(&alice, &ALICE, NUMBER.0, &code);
    assert_eq!(registry.ask(change).await, Ok(()));
    let reset = ResetPassword {
        proof: ResetBy::Code {
            contact: number(ALICE.phone.0),
            code: for_reset,
        },
        user_pwd: NEW.to_owned(),
        asked_by: home(),
    };
    assert_eq!(registry.ask(reset).await, Err(Failure::WrongCode));
}

#[actix_rt::test]
async fn a_contact_of_another_is_taken_and_a_code_serves_whom_it_was_sent_for() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    let bob = registry.sign_up(&BOB).await;
    // Only who reads the messages to a number learns that it is taken.
    assert_eq!(registry.ask(new_number(&alice, BOB.phone.0)).await, Ok(()));
    let code = code_of(&registry.parcel().await.1);
    let taken = take_number(&alice, &ALICE, BOB.phone.0, &code);
    let refused = registry.ask(taken).await.unwrap_err();
    assert_eq!((refused.code(), refused), (2, Failure::PhoneTaken));

    assert_eq!(registry.ask(new_number(&alice, NUMBER.0)).await, Ok(()));
    let alices = code_of(&registry.parcel().await.1);
    let stolen = take_number(&bob, &BOB, NUMBER.0, &alices);
    assert_eq!(registry.ask(stolen).await, Err(Failure::WrongCode));
}

#[actix_rt::test]
async fn who_is_not_signed_in_changes_no_contact() {
    let mut registry = Plan::default().build();
    let alice = registry.sign_up(&ALICE).await;
    let nobody = SignedIn {
        token: "0".repeat(64),
        ..alice
    };
    let refused = registry.ask(new_number(&nobody, NUMBER.0)).await;
    assert_eq!(refused, Err(Failure::NotSignedIn));
    let change = take_number(&nobody, &ALICE, NUMBER.0, "123456");
    assert_eq!(registry.ask(change).await, Err(Failure::NotSignedIn));
    assert_eq!(registry.carried.count(), 0);
}

#[actix_rt::test]
async fn a_gateway_that_fails_is_told_to_who_waits_for_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let plan = |outcome| Plan {
        store: Some(store.clone()),
        outcome,
        ..Plan::default()
    };
    let alice = plan(Ok(())).build().sign_up(&ALICE).await;
    let registry = plan(Err(DeliveryError::TimedOut)).build();
    let refused = registry.ask(new_number(&alice, NUMBER.0)).await;
    assert_eq!(refused, Err(Failure::GatewayFailed));
    let registry = plan(Err(DeliveryError::BadRecipient)).build();
    let refused = registry.ask(new_number(&alice, NUMBER.0)).await;
    assert_eq!(refused, Err(Failure::BadPhone));
}

#[actix_rt::test]
async fn notices_without_end_are_held_back_and_go_by_the_other_contact_first() {
    let mut registry = Plan {
        codes: CodeSettings {
            gap_seconds: 0,
            per_contact_hour: 4,
            ..CodeSettings::default()
        },
        ..Plan::default()
    }
    .build();
    // A code and a notice to the number, a code to the address.
    registry.sign_up_with_both(&ALICE).await;
    let same = || change(&ALICE, ALICE.password, None);
    let mut told = Vec::new();
    for _ in 0..5 {
        assert_eq!(registry.ask(same()).await, Ok(()));
        told.push(registry.parcel().await.0);
    }
    let (mail, sms) = (Channel::Mail, Channel::Sms);
    assert_eq!(told, [mail, mail, mail, sms, sms]);
    assert_eq!(registry.ask(same()).await, Ok(()));
    // The next parcel is this one: nothing went out before it.
    let bob = registry.code_by_phone(&BOB).await;
    assert!(!bob.is_empty());
    assert_eq!(registry.carried.count(), 0);
}
