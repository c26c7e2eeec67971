//! Codes: single use, short-lived, and not to be guessed.

use crate::cast::*;
use qunliao_storage::codes::{CodeRules, Issued, NewCode, Proof, Purpose, SendingLimits, Verdict};
use qunliao_storage::{Codes, Store};

over_every_engine!(
    a_code_is_right_until_it_expires,
    a_code_is_good_for_its_own_purpose_and_contact,
    trying_does_not_spend_a_code,
    only_the_newest_code_is_right,
    a_spent_code_is_known_until_it_expires,
    no_code_is_sent_to_a_number_that_has_an_account,
    nobody_is_told_without_end_who_has_an_account,
    codes_are_counted_for_a_day,
    a_sweep_removes_what_no_longer_matters,
    a_code_that_is_nobodys_ends_no_users_code,
);

async fn judge(store: &Store, proof: Proof, now: u64) -> Verdict {
    store.try_code(proof, now).await.unwrap()
}

async fn a_code_is_right_until_it_expires(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let code = || ALICE.phone_proof("135790");
    assert_eq!(judge(&store, code(), NOW).await, Verdict::Right);
    let end = NOW + RULES.lifetime_ms;
    assert_eq!(judge(&store, code(), end - 1).await, Verdict::Right);
    assert_eq!(judge(&store, code(), end).await, Verdict::Wrong);
}

async fn a_code_is_good_for_its_own_purpose_and_contact(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let others = [
        BOB.phone_proof("135790"),
        proof(Purpose::Confirm, ALICE.phone_contact(), "135790"),
        proof(Purpose::Register, ALICE.email_contact(), "135790"),
    ];
    for other in others {
        assert_eq!(judge(&store, other, NOW).await, Verdict::Wrong);
    }
}

async fn trying_does_not_spend_a_code(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    for _ in 0..10 {
        let verdict = judge(&store, ALICE.phone_proof("135790"), NOW).await;
        assert_eq!(verdict, Verdict::Right);
    }
}

async fn only_the_newest_code_is_right(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    send_code(&store, &ALICE, "246801", NOW + MINUTE).await;
    let (old, new) = (ALICE.phone_proof("135790"), ALICE.phone_proof("246801"));
    assert_eq!(judge(&store, old, NOW + MINUTE).await, Verdict::Wrong);
    assert_eq!(judge(&store, new, NOW + MINUTE).await, Verdict::Right);
}

async fn a_spent_code_is_known_until_it_expires(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    signed_up(&store, ALICE.account_by_phone("135790")).await;
    let code = || ALICE.phone_proof("135790");
    assert_eq!(judge(&store, code(), NOW).await, Verdict::Spent);
    let end = NOW + RULES.lifetime_ms;
    assert_eq!(judge(&store, code(), end).await, Verdict::Wrong);
}

async fn no_code_is_sent_to_a_number_that_has_an_account(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let alice = signed_up(&store, ALICE.account_by_phone("135790")).await;
    let later = || new_code(ALICE.phone_proof("246801"), NOW + MINUTE);
    assert_eq!(store.issue(later()).await.unwrap(), Issued::Registered);
    close(&store, alice.id).await;
    assert_eq!(store.issue(later()).await.unwrap(), Issued::Send);
}

async fn codes_are_counted_for_a_day(store: Store) {
    let counts = async |now| {
        let counts = store.code_counts(now).await.unwrap();
        (counts.sent, counts.sent_to_phones, counts.entered)
    };
    assert_eq!(counts(NOW).await, (0, 0, 0));
    send_code(&store, &ALICE, "135790", NOW).await;
    let by_mail = proof(Purpose::Register, BOB.email_contact(), "246801");
    let sent = store.issue(new_code(by_mail, NOW)).await;
    assert_eq!(sent.unwrap(), Issued::Send);
    assert_eq!(counts(NOW).await, (2, 1, 0));
    judge(&store, ALICE.phone_proof("000000"), NOW).await;
    judge(&store, ALICE.phone_proof("135790"), NOW).await;
    assert_eq!(counts(NOW).await, (2, 1, 0), "trying is not entering");
    signed_up(&store, ALICE.account_by_phone("135790")).await;
    assert_eq!(counts(NOW + 23 * HOUR).await, (2, 1, 1));
    assert_eq!(counts(NOW + 25 * HOUR).await, (0, 0, 0));
}

async fn nobody_is_told_without_end_who_has_an_account(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    signed_up(&store, ALICE.account_by_phone("135790")).await;
    let ask = |asked_by: &str| NewCode {
        asked_by: Some(asker(asked_by)),
        ..new_code(ALICE.phone_proof("246801"), NOW + MINUTE)
    };
    let tellings = 10 * ask("").sending.per_address_hour;
    for _ in 0..tellings {
        assert_eq!(
            store.issue(ask("mallory")).await.unwrap(),
            Issued::Registered
        );
    }
    let told = store.issue(ask("mallory")).await.unwrap();
    assert!(matches!(told, Issued::TooSoon(_)), "{told:?}");
    assert_eq!(store.issue(ask("alice")).await.unwrap(), Issued::Registered);
}

async fn a_sweep_removes_what_no_longer_matters(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    send_code(&store, &BOB, "246801", NOW + DAY).await;
    // Alice's code and sendings; the totals were counted again a day later.
    let sweep = store.sweep_codes(NOW + DAY + MINUTE).await.unwrap();
    assert_eq!(sweep, 2);
    let code = BOB.phone_proof("246801");
    assert_eq!(
        judge(&store, code, NOW + DAY + MINUTE).await,
        Verdict::Right
    );
    let sweep = store.sweep_codes(NOW + 2 * DAY + MINUTE).await.unwrap();
    assert_eq!(sweep, 4);
    assert_eq!(store.sweep_codes(NOW + 9 * DAY).await.unwrap(), 0);
}

async fn a_code_that_is_nobodys_ends_no_users_code(store: Store) {
    let confirm = |code| proof(Purpose::Confirm, ALICE.email_contact(), code);
    let ask = |code, asked_by: &str, user, minute| NewCode {
        user,
        discreet: user.is_none(),
        asked_by: Some(asker(asked_by)),
        sending: SendingLimits {
            per_contact_hour: 9,
            ..LIMITS
        },
        ..new_code(confirm(code), NOW + minute * MINUTE)
    };
    let alice = Some(qunliao_protocol::UserId(1));
    let asked = [
        ("135790", "home", alice),
        ("000001", "home", None),
        ("000002", "mallory", None),
        ("000003", "mallets", None),
        ("000004", "mallow", None),
    ];
    // As many askers as lie side by side, then one more.
    let one_more = ("000005", "mall", None);
    let sent = asked.into_iter().chain([one_more]).zip(0..);
    let rules = CodeRules {
        lifetime_ms: HOUR,
        ..RULES
    };
    for ((code, asked_by, user), minute) in sent {
        let new = NewCode {
            rules,
            ..ask(code, asked_by, user, minute)
        };
        assert_eq!(store.issue(new).await.unwrap(), Issued::Send);
    }
    let home = Proof {
        from: Some("home".to_owned()),
        ..confirm("135790")
    };
    let now = NOW + 6 * MINUTE;
    assert_eq!(judge(&store, home, now).await, Verdict::Right);
    // A code of her own takes the place of the one before it.
    let new = ask("246801", "home", alice, 7);
    assert_eq!(store.issue(new).await.unwrap(), Issued::Send);
    let verdict = judge(&store, confirm("135790"), NOW + 7 * MINUTE).await;
    assert_eq!(verdict, Verdict::Wrong);
}
