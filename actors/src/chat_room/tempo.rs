//! How often a room tells and writes what changes with everyone who is in it.

use std::time::Duration;

/// A room's tempo.
#[derive(Clone, Copy, Debug)]
pub struct Tempo {
    /// How often people are told who came and who left.
    pub presence: Duration,
    /// How long a change of what people have read may wait to be told, in the least.
    pub marks: Duration,
    /// How much longer for each connection that it is told to.
    pub marks_each: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            presence: Duration::from_secs(1),
            marks: Duration::from_millis(200),
            marks_each: Duration::from_millis(2),
        }
    }
}
