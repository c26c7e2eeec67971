//! Pushes: what the server sends unasked. Unlike replies, they never have `test`.

use serde::{Deserialize, Serialize};

/// What every push has, around the keys of its own. Entries are pushed as
/// [`EntryFrame`](super::EntryFrame)s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Push<T> {
    /// The op that it belongs to.
    pub op: u64,
    /// The keys of this push.
    #[serde(flatten)]
    pub body: T,
}

impl<T: Serialize> Push<T> {
    /// A push.
    #[must_use]
    pub fn new(op: u64, body: T) -> Self {
        Self { op, body }
    }

    /// The body as it goes onto the wire.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a push has string keys and no map of its own")
    }
}
