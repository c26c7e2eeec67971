//! The connections of one arbiter: how each is reached, and when it has to be
//! looked at. Shared by the host and its connections.

use crate::admission::ConnectionId;
use crate::deadlines::Deadlines;
use actix::prelude::*;
use std::collections::HashMap;

/// What a host tells a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Summons {
    /// A deadline has passed: see which one, and act.
    Expire,
    /// Finish what is being written, and go.
    Farewell,
    /// Go at once: the place has been given to another.
    Evict,
}

/// The connections of an arbiter.
#[derive(Default)]
pub struct Roster {
    /// When each has to be looked at.
    pub deadlines: Deadlines,
    /// How each is reached.
    pub connections: HashMap<ConnectionId, Recipient<Summons>>,
}
