//! From which networks an account is known to be used: where it signed in from,
//! where its tokens come from. In memory alone; a process that starts anew is told of
//! sessions that live when it matters
//! ([`Brake::begins_to_hold_up`](super::Brake::begins_to_hold_up)).

use crate::admission::Network;
use qunliao_protocol::UserId;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Users remembered.
const USERS_MAX: usize = 100_000;
/// Networks of one user; the one that was used least lately makes room.
const NETWORKS_MAX: usize = 8;
/// How long a network is known, unless it is used again: as long as a session
/// lasts unless configured otherwise.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// The record.
#[derive(Default)]
pub(super) struct Known {
    of: HashMap<UserId, Vec<(Network, Instant)>>,
    /// How many users each is known from.
    users: HashMap<Network, usize>,
}

impl Known {
    /// Notes that `user` was here.
    pub(super) fn note(&mut self, user: UserId, network: Network, now: Instant) {
        if self.of.len() >= USERS_MAX && !self.of.contains_key(&user) {
            self.make_room();
        }
        let mut networks = self.of.remove(&user).unwrap_or_default();
        let before = networks.len();
        networks.retain(|(known, _)| *known != network);
        if networks.len() == before {
            *self.users.entry(network).or_default() += 1;
        }
        // Least lately used first.
        while networks.len() >= NETWORKS_MAX {
            let (gone, _) = networks.remove(0);
            self.leave(gone);
        }
        networks.push((network, now));
        self.of.insert(user, networks);
    }

    /// Whether `user` is known to have been here.
    pub(super) fn knows(&self, user: UserId, network: Network, now: Instant) -> bool {
        let is_it = |(known, noted): &(Network, Instant)| {
            *known == network && now.saturating_duration_since(*noted) < KNOWN_FOR
        };
        self.of.get(&user).is_some_and(|of| of.iter().any(is_it))
    }

    /// Whether anybody is known to have been here.
    pub(super) fn knows_anyone(&self, network: Network) -> bool {
        self.users.contains_key(&network)
    }

    /// Forgets where `user` was.
    pub(super) fn forget(&mut self, user: UserId) {
        for (network, _) in self.of.remove(&user).unwrap_or_default() {
            self.leave(network);
        }
    }

    fn leave(&mut self, network: Network) {
        if let Some(users) = self.users.get_mut(&network) {
            *users -= 1;
            if *users == 0 {
                self.users.remove(&network);
            }
        }
    }

    /// Forgets the half of the users that were here least lately.
    fn make_room(&mut self) {
        let last = |networks: &Vec<(Network, Instant)>| networks.last().map(|(_, noted)| *noted);
        let mut users: Vec<_> = self.of.iter().map(|(user, of)| (last(of), *user)).collect();
        let half = users.len() / 2;
        users.select_nth_unstable_by_key(half, |(noted, _)| *noted);
        for (_, user) in users.drain(..half) {
            self.forget(user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: UserId = UserId(1);

    fn network(last: u8) -> Network {
        Network::of([192, 0, 2, last].into())
    }

    #[test]
    fn a_handful_of_networks_is_known_the_last_used_ones() {
        let mut known = Known::default();
        let now = Instant::now();
        for last in 0..20 {
            known.note(ALICE, network(0), now);
            known.note(ALICE, network(last), now);
        }
        assert!(known.knows(ALICE, network(0), now), "used all the while");
        assert!(known.knows(ALICE, network(19), now));
        assert!(!known.knows(ALICE, network(5), now));
        assert!(!known.knows(UserId(2), network(19), now));
        assert_eq!(known.users.len(), NETWORKS_MAX);
    }

    #[test]
    fn networks_are_forgotten_with_their_user_and_after_a_month() {
        let mut known = Known::default();
        let now = Instant::now();
        known.note(ALICE, network(1), now);
        known.note(UserId(2), network(1), now);
        assert!(!known.knows(ALICE, network(1), now + KNOWN_FOR));
        known.forget(ALICE);
        assert!(!known.knows(ALICE, network(1), now));
        assert!(known.knows_anyone(network(1)));
        known.forget(UserId(2));
        assert!(!known.knows_anyone(network(1)));
    }

    #[test]
    fn more_users_than_are_remembered_push_out_those_of_long_ago() {
        let mut known = Known::default();
        let start = Instant::now();
        let users = u64::try_from(USERS_MAX).unwrap() + 1;
        for user in 0..users {
            known.note(
                UserId(user),
                network(1),
                start + Duration::from_millis(user),
            );
        }
        assert!(known.of.len() <= USERS_MAX);
        assert!(!known.knows(UserId(0), network(1), start));
        assert!(known.knows(UserId(users - 1), network(1), start));
        assert_eq!(known.users[&network(1)], known.of.len());
    }
}
