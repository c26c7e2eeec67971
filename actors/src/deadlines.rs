//! The deadlines of an arbiter's connections: one ordered set and one sweep, in
//! place of a timer for each connection.

use crate::admission::ConnectionId;
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

/// Which connections have to be looked at, and when. A connection has one
/// deadline at most.
#[derive(Default)]
pub struct Deadlines {
    due: BTreeSet<(Instant, ConnectionId)>,
    of: HashMap<ConnectionId, Instant>,
}

impl Deadlines {
    /// Sets, moves or (with `None`) clears the deadline of a connection.
    pub fn set(&mut self, connection: ConnectionId, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.of.insert(connection, at),
            None => self.of.remove(&connection),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, connection));
        }
        if let Some(at) = at {
            self.due.insert((at, connection));
        }
    }

    /// Takes out one connection whose deadline has passed.
    pub fn take_due(&mut self, now: Instant) -> Option<ConnectionId> {
        let (at, connection) = *self.due.first()?;
        if at > now {
            return None;
        }
        self.due.pop_first();
        self.of.remove(&connection);
        Some(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn connections_come_due_in_order_and_once() {
        let mut deadlines = Deadlines::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        deadlines.set(ConnectionId(1), Some(after(5)));
        deadlines.set(ConnectionId(2), Some(after(1)));
        deadlines.set(ConnectionId(3), Some(after(2)));
        deadlines.set(ConnectionId(3), None);
        deadlines.set(ConnectionId(1), Some(after(3)));
        assert_eq!(deadlines.take_due(start), None);
        assert_eq!(deadlines.take_due(after(4)), Some(ConnectionId(2)));
        assert_eq!(deadlines.take_due(after(4)), Some(ConnectionId(1)));
        assert_eq!(deadlines.take_due(after(9)), None);
    }
}
