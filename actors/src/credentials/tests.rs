//! What is remembered, for how long, and what ends it.

use super::*;
use crate::person::People;
use qunliao_storage::accounts::{Profile, Role, Standing, User};

const ALICE: UserId = UserId(1);
const BOB: UserId = UserId(2);
const PHONE: Option<SessionId> = Some(SessionId(7));
const DESK: Option<SessionId> = Some(SessionId(8));

fn alice() -> Arc<Person> {
    People::default().meet(&User {
        id: ALICE,
        name: "小爱".into(),
        phone: None,
        phone_verified: false,
        email: None,
        email_confirmed: false,
        role: Role::default(),
        standing: Standing::default(),
        profile: Profile::default(),
        created: 0,
    })
}

fn found(session: Option<SessionId>) -> Found {
    Found {
        person: alice(),
        session,
        ends: None,
    }
}

fn memory() -> Credentials {
    Credentials::new(Duration::from_secs(60))
}

/// Verifies a credential from beginning to end, with nothing in between.
fn verify(credentials: &Credentials, credential: &Credential<'_>, found: Found) -> Verified {
    let now = Instant::now();
    let verified = credentials.remember(credential, found, credentials.withdrawals(), now);
    verified.expect("nothing is withdrawn meanwhile")
}

#[test]
fn a_credential_is_remembered_until_its_time_or_its_withdrawal() {
    let credentials = memory();
    let now = Instant::now();
    let token = Credential::Token("t");
    let print = credentials.fingerprint(&token);
    assert!(credentials.recall(&print, now).is_none());
    let mut verified = verify(&credentials, &token, found(PHONE));
    assert!(credentials.holds(&mut verified, now));
    assert!(credentials.recall(&print, now).is_some());
    let later = Instant::now() + Duration::from_secs(60);
    assert!(credentials.recall(&print, later).is_none());

    let mut verified = verify(&credentials, &token, found(PHONE));
    credentials.withdraw(BOB, Ending::AllBut(None));
    let asks_again = !credentials.holds(&mut verified, now);
    assert!(asks_again && credentials.stands(&verified));
    assert!(credentials.recall(&print, now).is_some(), "it is known");
    credentials.withdraw(ALICE, Ending::AllBut(None));
    assert!(credentials.recall(&print, now).is_none());
    assert!(!credentials.stands(&verified));
}

#[test]
fn what_was_withdrawn_while_it_was_verified_does_not_stand() {
    let credentials = memory();
    let now = Instant::now();
    let token = Credential::Token("t");
    let before = credentials.withdrawals();
    credentials.withdraw(ALICE, Ending::AllBut(None));
    let verified = credentials.remember(&token, found(PHONE), before, now);
    assert!(verified.is_none());
    let print = credentials.fingerprint(&token);
    assert!(credentials.recall(&print, now).is_none());
    // Verified anew, it does.
    verify(&credentials, &token, found(PHONE));
}

#[test]
fn a_withdrawal_of_one_does_not_disturb_another() {
    let credentials = memory();
    let before = credentials.withdrawals();
    credentials.withdraw(BOB, Ending::AllBut(None));
    let token = Credential::Token("t");
    let verified = credentials.remember(&token, found(PHONE), before, Instant::now());
    assert!(verified.is_some_and(|verified| credentials.stands(&verified)));
}

#[test]
fn a_session_that_ends_leaves_passwords_that_are_being_verified_alone() {
    let credentials = memory();
    let password = Credential::Password {
        name: "n",
        password: "p",
    };
    let (before, now) = (credentials.withdrawals(), Instant::now());
    credentials.withdraw(ALICE, Ending::Sessions(&[SessionId(7)]));
    credentials.withdraw(ALICE, Ending::SessionsBut(&[]));
    let token = Credential::Token("t");
    let verified = |credential, session| {
        let found = found(session);
        let verified = credentials.remember(credential, found, before, now);
        verified.is_some()
    };
    assert!(!verified(&token, PHONE), "it may be that one's");
    assert!(verified(&password, None));
    let begun = credentials.remember_begun("new", found(DESK), before, now);
    assert!(begun.is_some_and(|begun| credentials.stands(&begun)));
    credentials.withdraw(ALICE, Ending::AllBut(DESK));
    assert!(!verified(&password, None));
    let begun = credentials.remember_begun("newer", found(PHONE), before, now);
    assert!(begun.is_none());
}

#[test]
fn whether_anything_of_a_user_was_withdrawn_meanwhile_is_known() {
    let credentials = memory();
    let before = credentials.withdrawals();
    credentials.withdraw(BOB, Ending::AllBut(None));
    assert!(!credentials.were_withdrawn(ALICE, before));
    credentials.withdraw(ALICE, Ending::Sessions(&[SessionId(9)]));
    assert!(credentials.were_withdrawn(ALICE, before));
    assert!(!credentials.were_withdrawn(ALICE, credentials.withdrawals()));
}

#[test]
fn what_is_left_stands_whatever_else_is_withdrawn() {
    let credentials = memory();
    let (phone, desk) = (Credential::Token("phone"), Credential::Token("desk"));
    let kept = verify(&credentials, &phone, found(PHONE));
    let ended = verify(&credentials, &desk, found(DESK));
    credentials.withdraw(ALICE, Ending::Sessions(&[SessionId(8)]));
    assert!(credentials.stands(&kept));
    assert!(!credentials.stands(&ended));
    // Verified anew, it is another matter.
    verify(&credentials, &desk, found(DESK));
    credentials.forget(&credentials.fingerprint(&desk));
    assert!(credentials.lock().of_user[&ALICE].len() == 1);
}

#[test]
fn nothing_of_a_user_is_verified_while_it_is_held() {
    let credentials = memory();
    let token = Credential::Token("t");
    let try_it = || {
        let withdrawals = credentials.withdrawals();
        credentials.remember(&token, found(PHONE), withdrawals, Instant::now())
    };
    let (first, second) = (credentials.hold(ALICE), credentials.hold(ALICE));
    assert!(try_it().is_none());
    drop(first);
    assert!(try_it().is_none(), "two hold it");
    drop(second);
    assert!(try_it().is_some());
}

#[test]
fn an_ending_spares_what_it_names() {
    let password = Credential::Password {
        name: "n",
        password: "p",
    };
    for (ending, phone_stays, desk_stays, password_stays) in [
        (Ending::AllBut(None), false, false, false),
        (Ending::AllBut(PHONE), true, false, false),
        (Ending::Sessions(&[SessionId(7)]), false, true, true),
        (Ending::SessionsBut(&[SessionId(8)]), false, true, true),
        (Ending::SessionsBut(&[]), false, false, true),
    ] {
        let credentials = memory();
        let (phone, desk) = (Credential::Token("phone"), Credential::Token("desk"));
        verify(&credentials, &phone, found(PHONE));
        verify(&credentials, &desk, found(DESK));
        verify(&credentials, &password, found(None));
        credentials.withdraw(ALICE, ending);
        for (credential, stays) in [
            (&phone, phone_stays),
            (&desk, desk_stays),
            (&password, password_stays),
        ] {
            let print = credentials.fingerprint(credential);
            let known = credentials.recall(&print, Instant::now()).is_some();
            assert_eq!(known, stays, "{ending:?} {credential:?}");
        }
    }
}

#[test]
fn a_password_lasts_while_it_is_used_and_a_token_does_not() {
    let credentials = memory();
    let start = Instant::now();
    let after = |seconds| start + Duration::from_secs(seconds);
    let password = Credential::Password {
        name: "n",
        password: "p",
    };
    for (credential, session, lasts) in [
        (Credential::Token("t"), PHONE, false),
        (password, None, true),
    ] {
        let print = credentials.fingerprint(&credential);
        let withdrawals = credentials.withdrawals();
        let kept = credentials.remember(&credential, found(session), withdrawals, start);
        let mut kept = kept.unwrap();
        assert!(credentials.holds(&mut kept, after(40)));
        assert!(credentials.recall(&print, after(40)).is_some());
        assert_eq!(credentials.holds(&mut kept, after(80)), lasts);
        assert_eq!(credentials.recall(&print, after(80)).is_some(), lasts);
    }
}

#[test]
fn a_token_is_not_remembered_for_longer_than_its_session_lasts() {
    let credentials = memory();
    let now = Instant::now();
    let token = Credential::Token("t");
    let print = credentials.fingerprint(&token);
    let ends = now + Duration::from_secs(5);
    let found = Found {
        ends: Some(ends),
        ..found(PHONE)
    };
    verify(&credentials, &token, found);
    assert!(credentials.recall(&print, now).is_some());
    assert!(credentials.recall(&print, ends).is_none());
}

#[test]
fn name_and_password_do_not_run_together() {
    let credentials = memory();
    let print = |name, password| credentials.fingerprint(&Credential::Password { name, password });
    assert!(print("ab", "c") != print("a", "bc"));
}
