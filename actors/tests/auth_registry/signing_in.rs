//! Signing in, and being recognised.

use super::*;

#[actix_rt::test]
async fn the_name_in_any_spelling_and_the_number_are_ways_to_sign_in() {
    let mut registry = Plan::default().build();
    let signed_up = registry.sign_up(&CAROL).await;
    for login in ["Carol", "cAROL", "Ｃａｒｏｌ", CAROL.phone.0, CAROL.phone.1] {
        let signed_in = registry.ask(sign_in(login, CAROL.password)).await;
        let signed_in = signed_in.ok().unwrap();
        assert_eq!(signed_in.user.id, signed_up.user.id, "{login}");
        assert_ne!(signed_in.token, signed_up.token, "each its own session");
        assert!(registry.ask(token(&signed_in.token)).await.is_ok());
    }
}

#[actix_rt::test]
async fn wrong_passwords_and_unknown_names_are_refused_alike() {
    let mut registry = Plan::default().build();
    registry.sign_up(&ALICE).await;
    let long = "长".repeat(10_000);
    for (name, word) in [
        (ALICE.name, BOB.password),
        (ALICE.name, ""),
        (ALICE.name, &long),
        (BOB.name, ALICE.password),
        (BOB.phone.0, ALICE.password),
        (BOB.email, ALICE.password),
        ("a@b@c", ALICE.password),
        ("", ""),
        (&long, ALICE.password),
    ] {
        let refused = registry.ask(sign_in(name, word)).await.err();
        assert_eq!(refused, Some(Failure::WrongCredentials));
        let refused = registry.ask(password(name, word)).await.err();
        assert_eq!(refused, Some(Failure::WrongCredentials));
    }
}

#[actix_rt::test]
async fn name_and_password_identify_without_a_session() {
    let mut registry = Plan::default().build();
    let signed_up = registry.sign_up(&ALICE).await;
    for _ in 0..2 {
        let known = registry.ask(password(ALICE.name, ALICE.password)).await;
        assert_eq!(known.ok().unwrap().person.id, signed_up.user.id);
    }
}

#[actix_rt::test]
async fn one_person_is_one_to_all_connections() {
    let mut registry = Plan::default().build();
    let signed_up = registry.sign_up(&ALICE).await;
    let by_token = registry.ask(token(&signed_up.token)).await.ok().unwrap();
    let by_name = registry.ask(password(ALICE.name, ALICE.password)).await;
    let by_name = by_name.ok().unwrap();
    assert!(Arc::ptr_eq(&by_token.person, &by_name.person));
}

#[actix_rt::test]
async fn a_token_that_was_never_given_out_is_refused() {
    let mut registry = Plan::default().build();
    let signed_up = registry.sign_up(&ALICE).await;
    let others = "0".repeat(signed_up.token.len());
    let longer = format!("{}0", signed_up.token);
    for garbage in ["", "garbage", &others, &longer, &signed_up.token[1..]] {
        let refused = registry.ask(token(garbage)).await.err();
        assert_eq!(refused, Some(Failure::WrongCredentials));
    }
}

#[actix_rt::test]
async fn a_session_that_has_run_out_identifies_nobody() {
    let mut registry = Plan {
        session_lifetime: Duration::ZERO,
        ..Plan::default()
    }
    .build();
    let signed_up = registry.sign_up(&ALICE).await;
    let refused = registry.ask(token(&signed_up.token)).await.err();
    assert_eq!(refused, Some(Failure::WrongCredentials));
}

#[actix_rt::test]
async fn the_oldest_of_too_many_sessions_ends() {
    let mut registry = Plan {
        sessions_max: 1,
        ..Plan::default()
    }
    .build();
    let first = registry.sign_up(&ALICE).await;
    let second = registry.ask(sign_in(ALICE.name, ALICE.password)).await;
    let second = second.ok().unwrap();
    let refused = registry.ask(token(&first.token)).await.err();
    assert_eq!(refused, Some(Failure::WrongCredentials));
    assert!(registry.ask(token(&second.token)).await.is_ok());
}
