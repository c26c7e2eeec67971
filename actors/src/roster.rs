//! The connections of one arbiter: how each is reached, and when it has to be
//! looked at. Shared by the host and its connections.

use crate::admission::ConnectionId;
use crate::deadlines::Deadlines;
use actix::prelude::*;
use qunliao_protocol::{EntryId, RoomId};
use std::collections::{HashMap, VecDeque};
use std::task::Waker;

/// What a host tells a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Summons {
    /// A deadline has passed: see which one, and act.
    Expire,
    /// Finish what is being written, and go.
    Farewell,
    /// Whoever is signed in is not any more: say so, and go.
    SignedOut,
    /// Go at once: the place has been given to another.
    Evict,
    /// Whoever is signed in has come into this room by this entry.
    BroughtIn(RoomId, EntryId),
}

/// The connections of an arbiter.
#[derive(Default)]
pub struct Roster {
    /// When each has to be looked at.
    pub deadlines: Deadlines,
    /// How each is reached.
    pub connections: HashMap<ConnectionId, Recipient<Summons>>,
    /// Who may do the costly step of a handshake.
    pub turnstile: Turnstile,
}

/// Lets one pass at a time, in the order of coming, and only after everyone else
/// on this thread has had a turn: the one in front is woken, which puts it at the
/// end of what the thread has to do.
#[derive(Default)]
pub struct Turnstile {
    waiting: VecDeque<(ConnectionId, Waker)>,
}

impl Turnstile {
    /// Whether this one may pass. If not, it waits here, and is woken.
    pub fn may_pass(&mut self, connection: ConnectionId, waker: &Waker) -> bool {
        match self.waiting.iter().position(|(id, _)| *id == connection) {
            Some(0) => true,
            Some(_) => false,
            None => {
                if self.waiting.is_empty() {
                    waker.wake_by_ref();
                }
                self.waiting.push_back((connection, waker.clone()));
                false
            }
        }
    }

    /// This one has passed, or has gone away.
    pub fn leave(&mut self, connection: ConnectionId) {
        let was_first = self
            .waiting
            .front()
            .is_some_and(|(id, _)| *id == connection);
        if was_first {
            self.waiting.pop_front();
            if let Some((_, waker)) = self.waiting.front() {
                waker.wake_by_ref();
            }
        } else {
            self.waiting.retain(|(id, _)| *id != connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn one_passes_at_a_time_and_each_after_having_been_woken() {
        let mut turnstile = Turnstile::default();
        let woken: Vec<Arc<Woken>> = (0..3).map(|_| Arc::default()).collect();
        let id = |number: usize| ConnectionId(number as u64);
        let waker = |number: usize| Waker::from(Arc::clone(&woken[number]));
        let calls = || [0, 1, 2].map(|number: usize| woken[number].0.load(Ordering::Relaxed));
        for number in 0..3 {
            assert!(!turnstile.may_pass(id(number), &waker(number)));
        }
        assert_eq!(calls(), [1, 0, 0]);
        assert!(!turnstile.may_pass(id(1), &waker(1)));
        assert!(turnstile.may_pass(id(0), &waker(0)));
        // The second goes away instead of waiting; nobody waits for it.
        turnstile.leave(id(1));
        turnstile.leave(id(0));
        assert_eq!(calls(), [1, 0, 1]);
        assert!(turnstile.may_pass(id(2), &waker(2)));
        turnstile.leave(id(2));
        assert!(!turnstile.may_pass(id(0), &waker(0)));
        assert_eq!(calls(), [2, 0, 1]);
    }
}
