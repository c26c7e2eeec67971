//! The brake, from outside.

use super::*;

const ALICE: UserId = UserId(1);

fn brake() -> Brake {
    Brake::new(BrakeLimits {
        under_way: 2,
        wrong: Rate {
            every: Duration::from_secs(6),
            burst: 3,
        },
        wrong_of_prefix: Rate {
            every: Duration::from_secs(6),
            burst: 5,
        },
        guesses: GuessLimits {
            by_strangers: 2,
            by_known_network: 3,
            delay: Duration::from_secs(2),
            delay_max: Duration::from_secs(60),
        },
    })
}

fn network(last: u8) -> Network {
    Network::of([192, 0, 2, last].into())
}

fn refusal(brake: &Brake, last: u8, now: Instant) -> Option<Failure> {
    brake.begin(network(last), now).err()
}

#[test]
fn who_is_wrong_too_often_waits_and_others_do_not() {
    let (brake, now) = (brake(), Instant::now());
    for _ in 0..3 {
        assert_eq!(refusal(&brake, 1, now), None);
        brake.count_wrong(network(1), now);
    }
    let refused = refusal(&brake, 1, now);
    assert!(
        matches!(refused, Some(Failure::TooManyRequests(6..=7))),
        "{refused:?}"
    );
    assert_eq!(refusal(&brake, 2, now), None);
    assert_eq!(refusal(&brake, 1, now + Duration::from_secs(6)), None);
}

#[test]
fn an_address_has_its_share_of_the_pool_and_no_more() {
    let (brake, now) = (brake(), Instant::now());
    let first = brake.begin(network(1), now);
    let _second = brake.begin(network(1), now);
    assert_eq!(refusal(&brake, 1, now), Some(Failure::Unavailable));
    assert_eq!(refusal(&brake, 2, now), None);
    drop(first);
    assert_eq!(refusal(&brake, 1, now), None);
}

#[test]
fn neighbours_who_are_wrong_hold_up_strangers_of_the_prefix_alone() {
    let (brake, now) = (brake(), Instant::now());
    brake.know(ALICE, network(9), now);
    for last in 1..=5 {
        brake.count_wrong(network(last), now);
    }
    let refused = refusal(&brake, 6, now);
    assert!(
        matches!(refused, Some(Failure::TooManyRequests(_))),
        "{refused:?}"
    );
    assert_eq!(refusal(&brake, 9, now), None, "somebody lives here");
    let elsewhere = Network::of([198, 51, 100, 1].into());
    assert!(brake.begin(elsewhere, now).is_ok());
}

#[test]
fn a_token_is_not_held_up_by_wrong_credentials() {
    let (brake, now) = (brake(), Instant::now());
    for _ in 0..9 {
        brake.count_wrong(network(1), now);
    }
    let _first = brake.begin_token(network(1), now).ok().unwrap();
    let _second = brake.begin_token(network(1), now).ok().unwrap();
    let third = brake.begin_token(network(1), now).err();
    assert_eq!(third, Some(Failure::Unavailable));
}

fn try_password(
    brake: &Brake,
    login: &str,
    user: Option<UserId>,
    last: u8,
    now: Instant,
) -> Option<Failure> {
    brake.try_password(login, user, network(last), now).err()
}

#[test]
fn strangers_from_anywhere_share_what_they_may_try() {
    let (brake, now) = (brake(), Instant::now());
    for (login, user) in [("name alice", Some(ALICE)), ("name nobody", None)] {
        for last in 1..=2 {
            assert_eq!(try_password(&brake, login, user, last, now), None);
        }
        for last in 3..=200 {
            let refused = try_password(&brake, login, user, last, now);
            assert_eq!(refused, Some(Failure::TooManyRequests(3)), "{login}");
        }
    }
    assert_eq!(try_password(&brake, "name bob", None, 1, now), None);
}

#[test]
fn what_one_name_has_come_to_tells_nothing_of_another_of_the_same_user() {
    let (brake, now) = (brake(), Instant::now());
    for _ in 0..3 {
        let _ = try_password(&brake, "name alice", Some(ALICE), 1, now);
    }
    let by_phone = try_password(&brake, "phone of alice", Some(ALICE), 1, now);
    assert_eq!(by_phone, None);
}

#[test]
fn who_is_known_somewhere_is_let_in_there_while_strangers_guess() {
    let (brake, now) = (brake(), Instant::now());
    brake.know(ALICE, network(9), now);
    let alice = |last| brake.try_password("name alice", Some(ALICE), network(last), now);
    for last in 10..200 {
        let _ = alice(last);
    }
    for _ in 0..3 {
        assert!(alice(9).is_ok());
    }
    assert!(alice(9).is_err(), "guessing at home is bounded, too");
    brake.forget(ALICE);
    assert!(alice(9).is_err());
}

#[test]
fn the_right_password_makes_a_network_known_and_counts_nowhere() {
    let (brake, now) = (brake(), Instant::now());
    let alice = |last| brake.try_password("name alice", Some(ALICE), network(last), now);
    for _ in 0..50 {
        alice(1).ok().unwrap().was_right(ALICE, now);
        alice(2).ok().unwrap().was_not_judged();
    }
    for last in 10..200 {
        let _ = alice(last);
    }
    assert!(alice(1).is_ok());
    assert!(alice(2).is_err());
}

#[test]
fn a_million_addresses_and_names_fit_into_what_there_is() {
    let (brake, now) = (brake(), Instant::now());
    for _ in 0..2 {
        let _ = try_password(&brake, "name alice", Some(ALICE), 1, now);
    }
    for number in 0..300_000u32 {
        let network = Network::of(std::net::Ipv4Addr::from(number << 8).into());
        brake.count_wrong(network, now);
        let _ = brake.try_password(&number.to_string(), None, network, now);
    }
    let state = brake.lock();
    assert!(state.addresses.len() <= NETWORKS_MAX);
    assert!(state.prefixes.len() <= NETWORKS_MAX);
    assert!(state.guessed.len() <= GUESSED_MAX);
    drop(state);
    // A map of so many has a power of two of places, with a byte more for each.
    let places = |entries: usize, each: usize| (entries * 8 / 7).next_power_of_two() * (each + 1);
    let bytes = places(NETWORKS_MAX, size_of::<(Network, Record)>())
        + places(NETWORKS_MAX, size_of::<(Prefix, Wrong)>())
        + places(GUESSED_MAX, size_of::<(u64, Guesses)>());
    assert!(bytes < 16 << 20, "{bytes}");
    let alice = try_password(&brake, "name alice", Some(ALICE), 1, now);
    assert!(
        alice.is_some(),
        "what is held against her name is not pushed out"
    );
}
