//! How often codes may be sent: a gateway costs money with each of them.

use crate::cast::*;
use qunliao_storage::codes::{Asker, Issued, NewCode, NewNotice, Purpose, SendingLimits};
use qunliao_storage::{Codes, Contact, Store};

over_every_engine!(
    two_codes_to_one_number_are_a_minute_apart,
    a_number_gets_five_codes_an_hour,
    a_number_gets_ten_codes_a_day,
    an_address_asks_for_ten_codes_an_hour,
    a_prefix_asks_for_thirty_codes_an_hour,
    one_prefix_uses_up_no_more_than_its_part_of_a_numbers_codes,
    what_follows_from_a_counted_code_counts_for_no_asker,
    there_is_a_limit_for_all_together,
    messages_to_phones_have_a_budget_of_their_own,
    a_code_that_our_gateway_failed_is_given_back_but_not_to_the_totals,
    a_broken_gateway_gives_no_robot_codes_without_end,
    a_refused_code_counts_nowhere,
    codes_asked_for_at_once_keep_to_the_limit,
    requests_that_overtake_each_other_keep_to_the_gap,
    a_steady_stream_of_codes_is_not_counted_for_ever,
    notices_count_as_codes_do_and_keep_no_gap,
    resets_of_no_account_use_up_no_total_and_newcomers_leave_a_part,
    what_is_asked_discreetly_is_limited_alike_whether_it_is_anybodys,
    confirmations_that_strangers_ask_for_leave_a_part_of_the_total,
);

/// Lets everything through but what a test is about.
const FREE: SendingLimits = SendingLimits {
    gap_ms: 0,
    per_contact_hour: usize::MAX,
    per_contact_day: usize::MAX,
    per_contact_and_prefix_hour: usize::MAX,
    per_contact_and_prefix_day: usize::MAX,
    per_address_hour: usize::MAX,
    per_prefix_hour: usize::MAX,
    total_day: usize::MAX,
    sms_day: usize::MAX,
};

/// A code to a number of its own.
fn code_to(number: u64, now: u64, sending: SendingLimits) -> NewCode {
    let mut proof = ALICE.phone_proof("135790");
    proof.contact = Contact::Phone(format!("+86139{number:08}"));
    NewCode {
        sending,
        ..new_code(proof, now)
    }
}

async fn issue(store: &Store, new: NewCode) -> Issued {
    store.issue(new).await.unwrap()
}

/// Checks that the next code is refused, and let through once the time that was
/// told is over; answers the seconds.
async fn waits(store: &Store, code: impl Fn(u64) -> NewCode, now: u64) -> u64 {
    let Issued::TooSoon(seconds) = issue(store, code(now)).await else {
        panic!("a code too many was let through");
    };
    let seconds = u64::from(seconds);
    assert_ne!(
        issue(store, code(now + (seconds - 1) * SECOND)).await,
        Issued::Send
    );
    let then = now + seconds * SECOND;
    assert_eq!(issue(store, code(then)).await, Issued::Send);
    seconds
}

async fn two_codes_to_one_number_are_a_minute_apart(store: Store) {
    let code = |now| code_to(1, now, LIMITS);
    assert_eq!(issue(&store, code(NOW)).await, Issued::Send);
    assert_eq!(issue(&store, code(NOW)).await, Issued::TooSoon(60));
    assert_eq!(issue(&store, code(NOW + 59_999)).await, Issued::TooSoon(1));
    assert_eq!(waits(&store, code, NOW + 20_500).await, 40);
    assert_eq!(issue(&store, code_to(2, NOW, LIMITS)).await, Issued::Send);
}

async fn a_number_gets_five_codes_an_hour(store: Store) {
    let code = |now| code_to(1, now, LIMITS);
    for sent in 0..5 {
        assert_eq!(issue(&store, code(NOW + sent * MINUTE)).await, Issued::Send);
    }
    let seconds = waits(&store, code, NOW + 10 * MINUTE).await;
    assert!((50 * 60..=51 * 60).contains(&seconds), "{seconds}");
}

async fn a_number_gets_ten_codes_a_day(store: Store) {
    let code = |now| code_to(1, now, LIMITS);
    for sent in 0..10 {
        assert_eq!(issue(&store, code(NOW + sent * HOUR)).await, Issued::Send);
    }
    let seconds = waits(&store, code, NOW + 12 * HOUR).await;
    assert!(
        (12 * 3_600..=12 * 3_600 + 60).contains(&seconds),
        "{seconds}"
    );
}

async fn an_address_asks_for_ten_codes_an_hour(store: Store) {
    let limits = SendingLimits {
        per_address_hour: 10,
        ..FREE
    };
    let asked_by = |address: &str, number, now| NewCode {
        asked_by: Some(asker(address)),
        ..code_to(number, now, limits)
    };
    for number in 0..10 {
        let code = asked_by("203.0.113.7", number, NOW);
        assert_eq!(issue(&store, code).await, Issued::Send);
    }
    let other = asked_by("203.0.113.8", 11, NOW);
    assert_eq!(issue(&store, other).await, Issued::Send);
    let server_itself = code_to(12, NOW, limits);
    assert_eq!(issue(&store, server_itself).await, Issued::Send);
    let seconds = waits(&store, |now| asked_by("203.0.113.7", 13, now), NOW).await;
    assert!((3_600..=3_660).contains(&seconds), "{seconds}");
}

async fn a_prefix_asks_for_thirty_codes_an_hour(store: Store) {
    let limits = SendingLimits {
        per_prefix_hour: 30,
        ..FREE
    };
    let neighbour = |number: u64, now| NewCode {
        asked_by: Some(Asker {
            prefix: "203.0.113.0/24".into(),
            ..asker(&format!("203.0.113.{number}"))
        }),
        ..code_to(number, now, limits)
    };
    for number in 0..30 {
        assert_eq!(issue(&store, neighbour(number, NOW)).await, Issued::Send);
    }
    let seconds = waits(&store, |now| neighbour(30, now), NOW).await;
    assert!((3_600..=3_660).contains(&seconds), "{seconds}");
}

async fn one_prefix_uses_up_no_more_than_its_part_of_a_numbers_codes(store: Store) {
    let asked_by = |network: &str, now| NewCode {
        asked_by: Some(asker(network)),
        ..code_to(1, now, LIMITS)
    };
    for hour in 0..2 {
        for minute in 0..3 {
            let now = NOW + 2 * hour * HOUR + minute * MINUTE;
            let code = asked_by("mallory", now);
            assert_eq!(issue(&store, code).await, Issued::Send);
        }
        let now = NOW + 2 * hour * HOUR + 4 * MINUTE;
        let refused = issue(&store, asked_by("mallory", now)).await;
        assert!(matches!(refused, Issued::TooSoon(_)), "{refused:?}");
    }
    let now = NOW + 4 * HOUR;
    let refused = issue(&store, asked_by("mallory", now)).await;
    assert!(matches!(refused, Issued::TooSoon(_)), "six a day");
    assert_eq!(issue(&store, asked_by("alice", now)).await, Issued::Send);
}

async fn what_follows_from_a_counted_code_counts_for_no_asker(store: Store) {
    let limits = SendingLimits {
        per_address_hour: 1,
        ..FREE
    };
    let asked_by = |counted, number| NewCode {
        asked_by: Some(Asker {
            counted,
            ..asker("203.0.113.7")
        }),
        ..code_to(number, NOW, limits)
    };
    for (counted, number) in [(true, 1), (false, 2), (false, 3)] {
        let issued = issue(&store, asked_by(counted, number)).await;
        assert_eq!(issued, Issued::Send);
    }
    let refused = issue(&store, asked_by(true, 4)).await;
    assert!(matches!(refused, Issued::TooSoon(_)), "{refused:?}");
}

async fn messages_to_phones_have_a_budget_of_their_own(store: Store) {
    let limits = SendingLimits { sms_day: 3, ..FREE };
    for number in 0..3 {
        let code = code_to(number, NOW, limits);
        assert_eq!(issue(&store, code).await, Issued::Send);
    }
    let refused = issue(&store, code_to(3, NOW, limits)).await;
    assert!(matches!(refused, Issued::TooSoon(_)), "{refused:?}");
    let mail = NewCode {
        proof: proof(Purpose::Register, ALICE.email_contact(), "135790"),
        ..code_to(4, NOW, limits)
    };
    assert_eq!(issue(&store, mail).await, Issued::Send);
}

async fn a_code_that_our_gateway_failed_is_given_back_but_not_to_the_totals(store: Store) {
    let limits = SendingLimits {
        per_contact_hour: 1,
        per_contact_and_prefix_hour: 1,
        per_address_hour: 2,
        total_day: 2,
        ..LIMITS
    };
    let code = |number, now| NewCode {
        asked_by: Some(asker("203.0.113.7")),
        ..code_to(number, now, limits)
    };
    assert_eq!(issue(&store, code(1, NOW)).await, Issued::Send);
    let refused = issue(&store, code(1, NOW + SECOND)).await;
    assert!(matches!(refused, Issued::TooSoon(_)), "{refused:?}");
    assert!(store.give_back(code(1, NOW)).await.unwrap());
    // The gap, the hour and the address are free again.
    assert_eq!(issue(&store, code(1, NOW + SECOND)).await, Issued::Send);
    assert!(store.give_back(code(1, NOW + SECOND)).await.is_ok());
    let Issued::TooSoon(seconds) = issue(&store, code(2, NOW + 2 * SECOND)).await else {
        panic!("the total of the day is used up");
    };
    assert!(seconds > 23 * 3_600, "{seconds}");
}

async fn a_broken_gateway_gives_no_robot_codes_without_end(store: Store) {
    let limits = SendingLimits {
        per_address_hour: 3,
        ..FREE
    };
    let mut sent = 0;
    for number in 0..50 {
        let code = NewCode {
            asked_by: Some(asker("203.0.113.7")),
            ..code_to(number, NOW, limits)
        };
        if issue(&store, code.clone()).await == Issued::Send {
            sent += 1;
            store.give_back(code).await.unwrap();
        }
    }
    assert_eq!(sent, 6, "three that are given back, and three that are not");
}

async fn there_is_a_limit_for_all_together(store: Store) {
    let limits = SendingLimits {
        total_day: 25,
        ..FREE
    };
    for number in 0..20 {
        let code = code_to(number, NOW, limits);
        assert_eq!(issue(&store, code).await, Issued::Send);
    }
    let seconds = waits(&store, |now| code_to(20, now, limits), NOW + HOUR).await;
    assert!(
        (23 * 3_600..=23 * 3_600 + 60).contains(&seconds),
        "{seconds}"
    );
}

async fn a_refused_code_counts_nowhere(store: Store) {
    let limits = SendingLimits {
        total_day: 2,
        ..LIMITS
    };
    assert_eq!(issue(&store, code_to(1, NOW, limits)).await, Issued::Send);
    for _ in 0..10 {
        let refused = issue(&store, code_to(1, NOW + SECOND, limits)).await;
        assert_eq!(refused, Issued::TooSoon(59));
    }
    assert_eq!(issue(&store, code_to(2, NOW, limits)).await, Issued::Send);
}

async fn codes_asked_for_at_once_keep_to_the_limit(store: Store) {
    let limits = SendingLimits {
        per_contact_hour: 5,
        ..FREE
    };
    let asked = (0..40).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { issue(&store, code_to(1, NOW, limits)).await })
    });
    let mut sent = 0;
    for issued in asked.collect::<Vec<_>>() {
        sent += usize::from(issued.await.unwrap() == Issued::Send);
    }
    assert_eq!(sent, 5);
}

async fn requests_that_overtake_each_other_keep_to_the_gap(store: Store) {
    let code = |now| code_to(1, now, LIMITS);
    assert_eq!(issue(&store, code(NOW + 5)).await, Issued::Send);
    assert_eq!(issue(&store, code(NOW)).await, Issued::TooSoon(61));
}

async fn a_steady_stream_of_codes_is_not_counted_for_ever(store: Store) {
    let limits = SendingLimits {
        total_day: 1_875,
        ..FREE
    };
    for minute in 0..2_000 {
        let code = code_to(minute, NOW + minute * MINUTE, limits);
        assert_eq!(issue(&store, code).await, Issued::Send, "minute {minute}");
    }
}

async fn notices_count_as_codes_do_and_keep_no_gap(store: Store) {
    let notice = |number, sending| NewNotice {
        contact: code_to(number, NOW, sending).proof.contact,
        now: NOW,
        sending,
    };
    let limits = SendingLimits {
        per_contact_hour: 3,
        sms_day: 4,
        ..LIMITS
    };
    let sent = |number| store.count_notice(notice(number, limits));
    assert_eq!(issue(&store, code_to(1, NOW, limits)).await, Issued::Send);
    for allowed in [true, true, false] {
        assert_eq!(sent(1).await.unwrap(), allowed);
    }
    for allowed in [true, false] {
        assert_eq!(sent(2).await.unwrap(), allowed, "four to phones in a day");
    }
    let refused = issue(&store, code_to(3, NOW, limits)).await;
    assert!(matches!(refused, Issued::TooSoon(_)), "{refused:?}");
}

async fn resets_of_no_account_use_up_no_total_and_newcomers_leave_a_part(store: Store) {
    let limits = SendingLimits { sms_day: 5, ..FREE };
    let reset = |number, user| {
        let mut new = code_to(number, NOW, limits);
        new.proof.purpose = Purpose::Reset;
        new.user = user;
        new.discreet = true;
        issue(&store, new)
    };
    for number in 0..10 {
        assert_eq!(reset(number, None).await, Issued::Send);
    }
    for number in 10..14 {
        let code = code_to(number, NOW, limits);
        assert_eq!(issue(&store, code).await, Issued::Send);
    }
    let refused = issue(&store, code_to(14, NOW, limits)).await;
    assert!(matches!(refused, Issued::TooSoon(_)), "{refused:?}");
    let user = Some(qunliao_protocol::UserId(1));
    assert_eq!(reset(15, user).await, Issued::Send);
    assert_eq!(reset(16, user).await, Issued::HeldBack);
}

/// A code for `purpose` that a stranger asks for, to a number of its own.
fn discreet(purpose: Purpose, number: u64, user: Option<u64>, limits: SendingLimits) -> NewCode {
    let mut new = code_to(number, NOW, limits);
    new.proof.purpose = purpose;
    NewCode {
        user: user.map(qunliao_protocol::UserId),
        discreet: true,
        asked_by: Some(asker(&format!("203.0.113.{number}"))),
        ..new
    }
}

async fn what_is_asked_discreetly_is_limited_alike_whether_it_is_anybodys(store: Store) {
    let limits = SendingLimits {
        per_contact_and_prefix_hour: 3,
        // Used up at once, which is nobody's answer.
        total_day: 1,
        ..FREE
    };
    for (purpose, mine, nobodys) in [(Purpose::Reset, 1, 2), (Purpose::Confirm, 3, 4)] {
        for (number, user) in [(mine, Some(1)), (nobodys, None)] {
            for asked in 0..5 {
                let issued = issue(&store, discreet(purpose, number, user, limits)).await;
                let has_to_wait = matches!(issued, Issued::TooSoon(_));
                assert_eq!(has_to_wait, asked >= 3, "{purpose:?} {user:?}: {issued:?}");
            }
        }
    }
}

async fn confirmations_that_strangers_ask_for_leave_a_part_of_the_total(store: Store) {
    let limits = SendingLimits {
        total_day: 5,
        ..FREE
    };
    let ask = |purpose, number, user| issue(&store, discreet(purpose, number, user, limits));
    for number in 0..10 {
        let issued = ask(Purpose::Confirm, number, None).await;
        assert_eq!(issued, Issued::Send, "it uses up no total");
    }
    for number in 10..14 {
        let issued = ask(Purpose::Confirm, number, Some(1)).await;
        assert_eq!(issued, Issued::Send);
    }
    let over = ask(Purpose::Confirm, 14, Some(1)).await;
    assert_eq!(over, Issued::HeldBack);
    assert_eq!(ask(Purpose::Confirm, 15, None).await, Issued::Send);
    assert_eq!(ask(Purpose::Reset, 16, Some(1)).await, Issued::Send);
}
