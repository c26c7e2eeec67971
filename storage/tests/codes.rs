//! Codes: single use, short-lived, and not to be guessed.

use crate::cast::*;
use qunliao_storage::codes::{CodeRules, Issued, NewCode, Proof, Purpose, Verdict};
use qunliao_storage::{Accounts, Codes, Store};

over_every_engine!(
    a_code_is_right_until_it_expires,
    a_code_is_good_for_its_own_purpose_and_contact,
    trying_does_not_spend_a_code,
    only_the_newest_code_is_right,
    five_wrong_tries_burn_a_code,
    a_new_code_does_not_forget_the_wrong_tries,
    wrong_tries_made_at_once_all_count,
    wrong_tries_are_forgiven_after_a_while,
    signing_up_counts_wrong_tries_too,
    a_spent_code_is_known_until_it_expires,
    no_code_is_sent_to_a_number_that_has_an_account,
    a_sweep_removes_what_no_longer_matters,
    a_sweep_keeps_the_wrong_tries_of_an_expired_code,
);

async fn judge(store: &Store, proof: Proof, now: u64) -> Verdict {
    store.try_code(proof, now).await.unwrap()
}

async fn try_wrong(store: &Store, tries: u32) {
    for _ in 0..tries {
        let wrong = ALICE.phone_proof("000000");
        assert_eq!(judge(store, wrong, NOW).await, Verdict::Wrong);
    }
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

async fn five_wrong_tries_burn_a_code(store: Store) {
    for (person, tries, verdict) in [(&ALICE, 4, Verdict::Right), (&BOB, 5, Verdict::Wrong)] {
        send_code(&store, person, "135790", NOW).await;
        for _ in 0..tries {
            judge(&store, person.phone_proof("000000"), NOW).await;
        }
        assert_eq!(
            judge(&store, person.phone_proof("135790"), NOW).await,
            verdict
        );
    }
}

async fn a_new_code_does_not_forget_the_wrong_tries(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    try_wrong(&store, 3).await;
    send_code(&store, &ALICE, "246801", NOW + MINUTE).await;
    try_wrong(&store, 2).await;
    let code = ALICE.phone_proof("246801");
    assert_eq!(judge(&store, code, NOW + MINUTE).await, Verdict::Wrong);
    send_code(&store, &ALICE, "975310", NOW + 2 * MINUTE).await;
    let code = ALICE.phone_proof("975310");
    assert_eq!(judge(&store, code, NOW + 2 * MINUTE).await, Verdict::Wrong);
}

async fn wrong_tries_made_at_once_all_count(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    let tries = (0..5).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.try_code(ALICE.phone_proof("000000"), NOW).await })
    });
    for tried in tries.collect::<Vec<_>>() {
        assert_eq!(tried.await.unwrap().unwrap(), Verdict::Wrong);
    }
    let code = ALICE.phone_proof("135790");
    assert_eq!(judge(&store, code, NOW).await, Verdict::Wrong);
}

async fn wrong_tries_are_forgiven_after_a_while(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    try_wrong(&store, 5).await;
    let later = NOW + RULES.wrong_tries_window_ms;
    send_code(&store, &ALICE, "246801", later - 1).await;
    let code = || ALICE.phone_proof("246801");
    assert_eq!(judge(&store, code(), later - 1).await, Verdict::Wrong);
    assert_eq!(judge(&store, code(), later).await, Verdict::Right);
}

async fn signing_up_counts_wrong_tries_too(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    for _ in 0..5 {
        refusal(&store, ALICE.account_by_phone("000000")).await;
    }
    refusal(&store, ALICE.account_by_phone("135790")).await;
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
    store.close_account(alice.id, NOW).await.unwrap();
    assert_eq!(store.issue(later()).await.unwrap(), Issued::Send);
}

async fn a_sweep_removes_what_no_longer_matters(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    send_code(&store, &BOB, "246801", NOW + DAY).await;
    // Alice's code and sendings; all sendings together were counted a day later.
    let sweep = store.sweep_codes(NOW + DAY + MINUTE).await.unwrap();
    assert_eq!(sweep, 2);
    let code = BOB.phone_proof("246801");
    assert_eq!(
        judge(&store, code, NOW + DAY + MINUTE).await,
        Verdict::Right
    );
    let sweep = store.sweep_codes(NOW + 2 * DAY + MINUTE).await.unwrap();
    assert_eq!(sweep, 3);
    assert_eq!(store.sweep_codes(NOW + 9 * DAY).await.unwrap(), 0);
}

async fn a_sweep_keeps_the_wrong_tries_of_an_expired_code(store: Store) {
    let rules = CodeRules {
        wrong_tries_window_ms: 3 * DAY,
        ..RULES
    };
    let long = |code: &str, now| NewCode {
        rules,
        ..new_code(ALICE.phone_proof(code), now)
    };
    store.issue(long("135790", NOW)).await.unwrap();
    try_wrong(&store, 5).await;
    store.sweep_codes(NOW + 2 * DAY).await.unwrap();
    let now = NOW + 2 * DAY;
    store.issue(long("246801", now)).await.unwrap();
    let code = ALICE.phone_proof("246801");
    assert_eq!(judge(&store, code, now).await, Verdict::Wrong);
}
