//! A transaction: reads that see what came before it in the same group, and
//! changes that the group's commit makes durable.
//!
//! Transactions run one after the other on the writer's thread, so none of them
//! can conflict with another.

use crate::engine::{Changes, Engine, Pair};
use crate::error::StorageError;
use crate::keys;
use serde::{Serialize, de::DeserializeOwned};

/// What can be read from: an engine as it is, or a transaction in progress.
pub(crate) trait Read {
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

    /// The record under `key`.
    fn record<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StorageError> {
        self.get(key)?.map(|value| decode(&value)).transpose()
    }

    /// The number under `key`.
    fn number(&self, key: &[u8]) -> Result<Option<u64>, StorageError> {
        let Some(value) = self.get(key)? else {
            return Ok(None);
        };
        keys::number(&value)
            .map(Some)
            .ok_or_else(|| StorageError::damaged("a number does not have 8 bytes"))
    }

    /// The pair with the greatest key that begins with `prefix`.
    fn last(&self, prefix: &[u8]) -> Result<Option<Pair>, StorageError> {
        let (from, to) = keys::range(prefix);
        Ok(self.scan(&from, &to, true, 1)?.pop())
    }

    /// Whether any key begins with `prefix`.
    fn any(&self, prefix: &[u8]) -> Result<bool, StorageError> {
        Ok(self.last(prefix)?.is_some())
    }
}

/// The engine's committed state.
pub(crate) struct Snapshot<'a>(pub(crate) &'a dyn Engine);

impl Read for Snapshot<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        self.0.get(key)
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        descending: bool,
        limit: usize,
    ) -> Result<Vec<Pair>, StorageError> {
        self.0.scan(from, to, descending, limit)
    }
}

/// A transaction in progress.
pub(crate) struct Transaction<'a> {
    engine: &'a dyn Engine,
    /// Of the transactions before this one in the group.
    group: &'a Changes,
    own: Changes,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(engine: &'a dyn Engine, group: &'a Changes) -> Self {
        Self {
            engine,
            group,
            own: Changes::new(),
        }
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.own
    }

    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), StorageError> {
        if value.len() > keys::VALUE_BYTES_MAX {
            return Err(StorageError::Commit(format!(
                "a record of kind {:#04x} has {} bytes",
                key[0],
                value.len()
            )));
        }
        self.own.insert(key, Some(value));
        Ok(())
    }

    pub(crate) fn put_record<T: Serialize>(
        &mut self,
        key: Vec<u8>,
        record: &T,
    ) -> Result<(), StorageError> {
        let value = serde_json::to_vec(record).expect("records have string keys");
        self.put(key, value)
    }

    pub(crate) fn put_number(&mut self, key: Vec<u8>, number: u64) {
        self.own.insert(key, Some(number.to_be_bytes().to_vec()));
    }

    /// Puts a key whose presence is all it says.
    pub(crate) fn mark(&mut self, key: Vec<u8>) {
        self.own.insert(key, Some(Vec::new()));
    }

    pub(crate) fn delete(&mut self, key: Vec<u8>) {
        self.own.insert(key, None);
    }

    /// The next number of the counter `name`, beginning with 1.
    pub(crate) fn count(&mut self, name: &str) -> Result<u64, StorageError> {
        let key = keys::meta(name);
        let next = self.number(&key)?.unwrap_or(0) + 1;
        self.put_number(key, next);
        Ok(next)
    }
}

impl Read for Transaction<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        match self.own.get(key).or_else(|| self.group.get(key)) {
            Some(changed) => Ok(changed.clone()),
            None => self.engine.get(key),
        }
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        descending: bool,
        limit: usize,
    ) -> Result<Vec<Pair>, StorageError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let range = from.to_vec()..to.to_vec();
        let mut changed = Changes::new();
        for changes in [self.group, &self.own] {
            changed.extend(
                changes
                    .range(range.clone())
                    .map(|(k, v)| (k.clone(), v.clone())),
            );
        }
        // Each change can hide one of the engine's pairs, so ask for that many more.
        let beneath = self
            .engine
            .scan(from, to, descending, limit + changed.len())?;
        let mut merged: Changes = beneath.into_iter().map(|(k, v)| (k, Some(v))).collect();
        merged.extend(changed);
        let present = merged.into_iter().filter_map(|(k, v)| Some((k, v?)));
        let mut pairs: Vec<Pair> = present.collect();
        if descending {
            pairs.reverse();
        }
        pairs.truncate(limit);
        Ok(pairs)
    }
}

/// Reads a record's JSON.
pub(crate) fn decode<T: DeserializeOwned>(value: &[u8]) -> Result<T, StorageError> {
    serde_json::from_slice(value).map_err(StorageError::damaged)
}
