//! Wrong tries: how many burn a contact, for how long, and what is sent meanwhile.

use crate::cast::*;
use qunliao_storage::codes::{CodeRules, Issued, NewCode, Proof, Purpose, Verdict};
use qunliao_storage::{Codes, Store};

over_every_engine!(
    five_wrong_tries_burn_a_code,
    a_new_code_does_not_forget_the_wrong_tries,
    while_a_number_is_burnt_no_code_is_sent_to_it,
    a_code_refused_to_a_burnt_number_counts_nowhere,
    a_number_burnt_for_one_purpose_is_free_for_another,
    a_lowered_limit_of_wrong_tries_burns_for_longer,
    a_burnt_number_waits_for_the_limits_of_sending_too,
    wrong_tries_made_at_once_all_count,
    wrong_tries_are_forgiven_after_a_while,
    signing_up_counts_wrong_tries_too,
    a_sweep_keeps_the_wrong_tries_of_an_expired_code,
    who_guesses_from_elsewhere_burns_no_askers_tries,
    an_asker_who_guesses_has_tries_at_the_own_code_alone,
    with_its_codes_used_up_elsewhere_a_network_can_ask_for_its_own,
    a_code_asked_for_here_can_be_entered_there,
    guesses_from_everywhere_are_bounded_by_the_askers,
    a_used_code_takes_the_others_with_it,
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

/// Asks for a code to Alice's phone, with rules of its own.
async fn ask(store: &Store, rules: CodeRules, code: &str, now: u64) -> Issued {
    let new = NewCode {
        rules,
        ..new_code(ALICE.phone_proof(code), now)
    };
    store.issue(new).await.unwrap()
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
    let code = || ALICE.phone_proof("246801");
    try_wrong(&store, 1).await;
    assert_eq!(judge(&store, code(), NOW + MINUTE).await, Verdict::Right);
    try_wrong(&store, 1).await;
    assert_eq!(judge(&store, code(), NOW + MINUTE).await, Verdict::Wrong);
}

async fn while_a_number_is_burnt_no_code_is_sent_to_it(store: Store) {
    let rules = CodeRules {
        wrong_tries_window_ms: 3 * MINUTE,
        ..RULES
    };
    assert_eq!(ask(&store, rules, "135790", NOW).await, Issued::Send);
    // Requests overtake each other: the oldest try is not the first to be judged.
    for tried in [2, 1, 3, 4, 5] {
        let wrong = ALICE.phone_proof("000000");
        judge(&store, wrong, NOW + tried * SECOND).await;
    }
    let end = NOW + SECOND + 3 * MINUTE;
    for (now, seconds) in [(NOW + MINUTE, 121), (end - SECOND - 1, 2), (end - 1, 1)] {
        let refused = ask(&store, rules, "246801", now).await;
        assert_eq!(refused, Issued::TooSoon(seconds));
    }
    // The code that was sent stays what it was.
    let (old, new) = (ALICE.phone_proof("135790"), ALICE.phone_proof("246801"));
    assert_eq!(judge(&store, old.clone(), end - 1).await, Verdict::Wrong);
    assert_eq!(judge(&store, old, end).await, Verdict::Right);
    assert_eq!(ask(&store, rules, "246801", end).await, Issued::Send);
    assert_eq!(judge(&store, new, end).await, Verdict::Right);
}

async fn a_code_refused_to_a_burnt_number_counts_nowhere(store: Store) {
    let sent_to = |person: &Person, now| {
        let mut new = new_code(person.phone_proof("246801"), now);
        new.asked_by = Some(asker("203.0.113.7"));
        new.sending.per_contact_day = 2;
        new.sending.per_contact_and_prefix_day = 2;
        new.sending.per_address_hour = 2;
        new.sending.total_day = 3;
        new
    };
    let first = store.issue(sent_to(&ALICE, NOW)).await.unwrap();
    assert_eq!(first, Issued::Send);
    for _ in 0..5 {
        let wrong = Proof {
            from: Some("203.0.113.7".into()),
            ..ALICE.phone_proof("000000")
        };
        judge(&store, wrong, NOW).await;
    }
    for _ in 0..20 {
        let refused = store.issue(sent_to(&ALICE, NOW + 30 * MINUTE)).await;
        assert_eq!(refused.unwrap(), Issued::TooSoon(30 * 60));
    }
    let later = NOW + RULES.wrong_tries_window_ms;
    for (person, now) in [(&BOB, NOW + 30 * MINUTE), (&ALICE, later + MINUTE)] {
        let sent = store.issue(sent_to(person, now)).await.unwrap();
        assert_eq!(sent, Issued::Send);
    }
}

async fn a_number_burnt_for_one_purpose_is_free_for_another(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    try_wrong(&store, 5).await;
    let other = proof(Purpose::Confirm, ALICE.phone_contact(), "246801");
    let sent = store.issue(new_code(other.clone(), NOW + MINUTE)).await;
    assert_eq!(sent.unwrap(), Issued::Send);
    assert_eq!(judge(&store, other, NOW + MINUTE).await, Verdict::Right);
}

async fn a_lowered_limit_of_wrong_tries_burns_for_longer(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    for tried in 0..3 {
        let wrong = ALICE.phone_proof("000000");
        judge(&store, wrong, NOW + tried * MINUTE).await;
    }
    let fewer = |wrong_tries_max| CodeRules {
        wrong_tries_max,
        ..RULES
    };
    let now = NOW + 10 * MINUTE;
    for (wrong_tries_max, minutes) in [(3, 50), (2, 51), (1, 52), (0, 60)] {
        let refused = ask(&store, fewer(wrong_tries_max), "246801", now).await;
        assert_eq!(refused, Issued::TooSoon(minutes * 60));
    }
    assert_eq!(ask(&store, fewer(4), "246801", now).await, Issued::Send);
}

async fn a_burnt_number_waits_for_the_limits_of_sending_too(store: Store) {
    let rules = CodeRules {
        wrong_tries_window_ms: 10 * SECOND,
        ..RULES
    };
    assert_eq!(ask(&store, rules, "135790", NOW).await, Issued::Send);
    try_wrong(&store, 5).await;
    let refused = ask(&store, rules, "246801", NOW + SECOND).await;
    assert_eq!(refused, Issued::TooSoon(59));
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
    let soon = ask(&store, RULES, "246801", later - 1).await;
    assert_eq!(soon, Issued::TooSoon(1));
    send_code(&store, &ALICE, "246801", later).await;
    let code = ALICE.phone_proof("246801");
    assert_eq!(judge(&store, code, later).await, Verdict::Right);
}

async fn signing_up_counts_wrong_tries_too(store: Store) {
    send_code(&store, &ALICE, "135790", NOW).await;
    for _ in 0..5 {
        refusal(&store, ALICE.account_by_phone("000000")).await;
    }
    refusal(&store, ALICE.account_by_phone("135790")).await;
}

async fn a_sweep_keeps_the_wrong_tries_of_an_expired_code(store: Store) {
    let rules = CodeRules {
        wrong_tries_window_ms: 3 * DAY,
        ..RULES
    };
    assert_eq!(ask(&store, rules, "135790", NOW).await, Issued::Send);
    try_wrong(&store, 5).await;
    store.sweep_codes(NOW + 2 * DAY).await.unwrap();
    let refused = ask(&store, rules, "246801", NOW + 2 * DAY).await;
    assert_eq!(refused, Issued::TooSoon(24 * 3_600));
}

/// A code to Alice's phone that `network` asked for.
async fn asked_from(store: &Store, network: &str, code: &str, now: u64) -> Issued {
    let mut new = new_code(ALICE.phone_proof(code), now);
    new.sending.gap_ms = 0;
    new.sending.per_contact_hour = 100;
    new.asked_by = Some(asker(network));
    store.issue(new).await.unwrap()
}

/// How a code fares that is entered at `network`.
async fn enter(store: &Store, network: &str, code: &str) -> Verdict {
    let proof = Proof {
        from: Some(network.to_owned()),
        ..ALICE.phone_proof(code)
    };
    judge(store, proof, NOW + MINUTE).await
}

async fn who_guesses_from_elsewhere_burns_no_askers_tries(store: Store) {
    assert_eq!(
        asked_from(&store, "home", "135790", NOW).await,
        Issued::Send
    );
    for robot in 0..50 {
        let robot = format!("robot {robot}");
        assert_eq!(enter(&store, &robot, "000000").await, Verdict::Wrong);
    }
    assert_eq!(
        enter(&store, "robot 51", "135790").await,
        Verdict::Wrong,
        "five for all of them"
    );
    for _ in 0..4 {
        assert_eq!(enter(&store, "home", "000000").await, Verdict::Wrong);
    }
    assert_eq!(enter(&store, "home", "135790").await, Verdict::Right);
    assert_eq!(enter(&store, "home", "000000").await, Verdict::Wrong);
    assert_eq!(enter(&store, "home", "135790").await, Verdict::Wrong);
}

async fn an_asker_who_guesses_has_tries_at_the_own_code_alone(store: Store) {
    asked_from(&store, "home", "135790", NOW).await;
    asked_from(&store, "mallory", "246801", NOW).await;
    assert_eq!(enter(&store, "mallory", "135790").await, Verdict::Wrong);
    assert_eq!(enter(&store, "home", "246801").await, Verdict::Wrong);
    assert_eq!(enter(&store, "mallory", "246801").await, Verdict::Right);
    assert_eq!(enter(&store, "home", "135790").await, Verdict::Right);
}

async fn with_its_codes_used_up_elsewhere_a_network_can_ask_for_its_own(store: Store) {
    asked_from(&store, "mallory", "246801", NOW).await;
    for _ in 0..5 {
        enter(&store, "mallory", "000000").await;
        enter(&store, "robot", "000000").await;
    }
    let refused = asked_from(&store, "mallory", "246802", NOW + MINUTE).await;
    assert!(matches!(refused, Issued::TooSoon(_)), "{refused:?}");
    asked_from(&store, "home", "135790", NOW + MINUTE).await;
    assert_eq!(enter(&store, "home", "135790").await, Verdict::Right);
}

async fn a_code_asked_for_here_can_be_entered_there(store: Store) {
    asked_from(&store, "home", "135790", NOW).await;
    assert_eq!(enter(&store, "on the way", "135790").await, Verdict::Right);
}

async fn guesses_from_everywhere_are_bounded_by_the_askers(store: Store) {
    // More askers than lie side by side; the record must hold all that counts.
    for network in 0..6 {
        let network = format!("network {network}");
        let issued = asked_from(&store, &network, "135790", NOW).await;
        assert_eq!(issued, Issued::Send);
    }
    let mut right = 0;
    for network in 0..6 {
        for _ in 0..20 {
            enter(&store, &format!("network {network}"), "000000").await;
        }
        let verdict = enter(&store, &format!("network {network}"), "135790").await;
        right += u32::from(verdict == Verdict::Right);
    }
    assert_eq!(right, 0);
}

async fn a_used_code_takes_the_others_with_it(store: Store) {
    asked_from(&store, "mallory", "246801", NOW).await;
    asked_from(&store, "home", "135790", NOW).await;
    signed_up(&store, ALICE.account_by_phone("135790")).await;
    assert_eq!(enter(&store, "mallory", "246801").await, Verdict::Wrong);
    assert_eq!(enter(&store, "home", "135790").await, Verdict::Spent);
}
