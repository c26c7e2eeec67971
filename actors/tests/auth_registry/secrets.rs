//! What must not be logged.

use super::*;
use crate::support::logs;

#[actix_rt::test]
async fn no_password_code_token_number_or_address_shows_in_the_log() {
    logs::record();
    let mut registry = Plan {
        codes: CodeSettings::default(),
        ..Plan::default()
    }
    .build();
    let mut secrets = vec![ALICE.password.to_owned(), "a wrong password".to_owned()];

    let code = registry.code_by_phone(&ALICE).await;
    registry.refusal(ALICE.sign_up("987654")).await;
    let too_soon = registry.ask(to_phone(&ALICE)).await;
    assert_eq!(too_soon.unwrap_err().code(), 103);
    let form = SignUp {
        user_email: Some(ALICE.email.to_owned()),
        ..ALICE.sign_up(&code)
    };
    let signed_up = registry.ask(form).await.ok().unwrap();
    let mailed = code_of(&registry.parcel().await.1);
    let again = registry.ask(to_email(&ALICE, Purpose::Confirm)).await;
    assert_eq!(again.unwrap_err().code(), 103, "one has just been sent");
    let confirm = ConfirmEmail {
        user_email: ALICE.email.to_owned(),
        user_ecode: mailed.clone(),
        asked_by: home(),
    };
    assert_eq!(registry.ask(confirm).await, Ok(()));
    let signed_in = registry.ask(sign_in(ALICE.email, ALICE.password)).await;
    let refused = registry
        .ask(sign_in(ALICE.phone.0, "a wrong password"))
        .await;
    assert!(refused.is_err());
    let first = signed_up.token.unwrap();
    assert!(registry.ask(token(&first)).await.is_ok());

    let sessions = [first, signed_in.ok().unwrap().token];
    secrets.extend(sessions);
    secrets.extend([code, "987654".to_owned(), mailed]);
    let number = ALICE.phone.1.trim_start_matches("+86");
    secrets.extend([number, ALICE.phone.0, ALICE.email].map(str::to_owned));
    let recorded = logs::recorded();
    for expected in [
        "event=signed_up user=",
        "event=sign_in_refused",
        "event=code_refused network=",
    ] {
        assert!(
            recorded.contains(expected),
            "{expected} is missing: {recorded}"
        );
    }
    for secret in secrets {
        assert!(!recorded.contains(&secret), "{secret} is in the log");
    }
}
