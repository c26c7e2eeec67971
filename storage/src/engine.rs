//! An engine keeps ordered keys and values, and makes a batch of changes durable
//! at once. Everything else (records, indexes, group commit) is built on these
//! three verbs, and is the same over every engine.

pub(crate) mod memory;
pub(crate) mod sled;

use crate::error::StorageError;
use std::collections::BTreeMap;

/// A key and its value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// Changes by key: `Some` puts, `None` deletes.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// An ordered map on a disk (or one that plays it).
pub trait Engine: Send + Sync + 'static {
    /// The value of `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError>;

    /// At most `limit` pairs with `from <= key < to`.
    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        descending: bool,
        limit: usize,
    ) -> Result<Vec<Pair>, StorageError>;

    /// Whether reads can see a commit before it is durable.
    fn shows_undurable(&self) -> bool;

    /// Applies all changes or none, and returns once they survive a power cut.
    /// After an error the engine may be in any of both states, and is not written again.
    fn commit(&self, changes: &Changes) -> Result<(), StorageError>;
}
