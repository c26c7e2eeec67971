//! A transaction: reads that see what came before it in the same group, and
//! changes that the group's commit makes durable.
//!
//! Transactions run one after the other on the writer's thread, so none of them
//! can conflict with another.

mod layers;

use crate::engine::{Changes, Engine, Pair};
use crate::error::StorageError;
use crate::keys;
use layers::{Layer, merge};
use serde::{Serialize, de::DeserializeOwned};
use std::ops::ControlFlow;

/// Records that are held at once while many are looked through.
const PAGE_RECORDS: usize = 256;

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

    /// Shows `look` the pairs from `from` on and before `to`, page by page, until it breaks off.
    fn each(
        &self,
        (mut from, to): (Vec<u8>, Vec<u8>),
        mut look: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StorageError>,
    ) -> Result<(), StorageError> {
        loop {
            let page = self.scan(&from, &to, false, PAGE_RECORDS)?;
            for (key, value) in &page {
                if look(key, value)?.is_break() {
                    return Ok(());
                }
            }
            match page.last() {
                Some((key, _)) if page.len() == PAGE_RECORDS => from = after(key),
                _ => return Ok(()),
            }
        }
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
            return Err(StorageError::TooLarge {
                kind: key[0],
                bytes: value.len(),
            });
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

    /// Deletes all keys that begin with `prefix`.
    pub(crate) fn delete_all(&mut self, prefix: &[u8]) -> Result<(), StorageError> {
        let (from, to) = keys::range(prefix);
        loop {
            let page = self.scan(&from, &to, false, PAGE_RECORDS)?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, _) in page {
                self.delete(key);
            }
        }
    }

    /// The next number of the counter `name`, beginning with 1.
    pub(crate) fn count(&mut self, name: &str) -> Result<u64, StorageError> {
        let key = keys::meta(name);
        let next = self.number(&key)?.unwrap_or(0).checked_add(1);
        let next = next.ok_or_else(|| StorageError::damaged("a counter is at its end"))?;
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
        let (mut from, mut to) = (from.to_vec(), to.to_vec());
        let mut pairs = Vec::new();
        // A deletion hides one of the engine's pairs, so one page of them may not do.
        while pairs.len() < limit && from < to {
            let wanted = limit - pairs.len();
            let beneath = self.engine.scan(&from, &to, descending, wanted)?;
            let last = beneath.last().filter(|_| beneath.len() == wanted);
            let (mut low, mut high) = (from.clone(), to.clone());
            match (last, descending) {
                (None, _) => from = to.clone(),
                (Some((key, _)), false) => {
                    from = after(key);
                    high = from.clone();
                }
                (Some((key, _)), true) => {
                    to = key.clone();
                    low = to.clone();
                }
            }
            let layers = [
                Layer::of(&self.own, low.clone()..high.clone(), descending),
                Layer::of(self.group, low..high, descending),
                Layer::new(beneath.iter().map(|(key, value)| (key, Some(value)))),
            ];
            merge(layers, descending, limit, &mut pairs);
        }
        Ok(pairs)
    }
}

/// The least key greater than `key`.
pub(crate) fn after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// Reads a record's JSON.
pub(crate) fn decode<T: DeserializeOwned>(value: &[u8]) -> Result<T, StorageError> {
    serde_json::from_slice(value).map_err(StorageError::damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::memory::MemoryEngine;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn keys_of_few_bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0u8..3, 0..4)
    }

    fn some_changes() -> impl Strategy<Value = Changes> {
        let value = prop::option::of(prop::collection::vec(any::<u8>(), 0..2));
        prop::collection::btree_map(keys_of_few_bytes(), value, 0..30)
    }

    proptest! {
        #[test]
        fn a_scan_shows_the_engine_under_the_group_under_ones_own_changes(
            beneath in some_changes(),
            group in some_changes(),
            own in some_changes(),
            from in keys_of_few_bytes(),
            to in keys_of_few_bytes(),
            descending in any::<bool>(),
            limit in 0usize..40,
        ) {
            let engine = MemoryEngine::new();
            engine.commit(&beneath).unwrap();
            let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
            for changes in [&beneath, &group, &own] {
                for (key, value) in changes {
                    match value {
                        Some(value) => model.insert(key.clone(), value.clone()),
                        None => model.remove(key),
                    };
                }
            }
            let transaction = Transaction { engine: &engine, group: &group, own };
            let within = model.iter().filter(|(key, _)| from <= **key && **key < to);
            let mut expected: Vec<Pair> = within.map(|(k, v)| (k.clone(), v.clone())).collect();
            if descending {
                expected.reverse();
            }
            expected.truncate(limit);
            prop_assert_eq!(transaction.scan(&from, &to, descending, limit).unwrap(), expected);
            for key in model.keys().chain([&from]) {
                prop_assert_eq!(transaction.get(key).unwrap(), model.get(key).cloned());
            }
        }
    }

    #[test]
    fn a_record_too_large_for_the_engine_is_refused() {
        let (engine, group) = (MemoryEngine::new(), Changes::new());
        let mut transaction = Transaction::new(&engine, &group);
        let largest = vec![0; keys::VALUE_BYTES_MAX];
        assert!(transaction.put(vec![0x10], largest).is_ok());
        let larger = vec![0; keys::VALUE_BYTES_MAX + 1];
        let refused = transaction.put(vec![0x11], larger);
        assert!(matches!(
            refused,
            Err(StorageError::TooLarge {
                kind: 0x11,
                bytes: 4097
            })
        ));
        assert_eq!(transaction.into_changes().len(), 1);
    }
}
