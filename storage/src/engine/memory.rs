//! The engine of the tests: a map in memory, with faults on demand.
//!
//! Clones share the map, so a test can "restart" a store on what an earlier one
//! had committed.

use super::{Changes, Engine, Pair};
use crate::error::StorageError;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Keys and values in memory.
#[derive(Clone, Default)]
pub struct MemoryEngine {
    shared: Arc<Shared>,
}

/// Switches that make a [`MemoryEngine`] misbehave.
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    pairs: BTreeMap<Vec<u8>, Vec<u8>>,
    /// How many more commits succeed.
    commits_left: Option<u64>,
    fail_reads: bool,
    hold_commits: bool,
    commit_is_held: bool,
    commits: u64,
}

impl MemoryEngine {
    /// An empty engine.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An engine that holds `pairs`.
    #[must_use]
    pub fn of(pairs: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Self {
        let engine = Self::new();
        engine.shared.lock().pairs = pairs.into_iter().collect();
        engine
    }

    /// Everything that is committed, in the order of the keys.
    #[must_use]
    pub fn pairs(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let state = self.shared.lock();
        let pairs = state.pairs.iter();
        pairs
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Its switches.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Faults {
    /// From now on every commit fails, or none.
    pub fn fail_commits(&self, fail: bool) {
        self.shared.lock().commits_left = fail.then_some(0);
    }

    /// From now on so many commits succeed, and then none.
    pub fn fail_commits_after(&self, commits: u64) {
        self.shared.lock().commits_left = Some(commits);
    }

    /// From now on every read fails, or none.
    pub fn fail_reads(&self, fail: bool) {
        self.shared.lock().fail_reads = fail;
    }

    /// Commits wait while this is set, as for a slow disk.
    pub fn hold_commits(&self, hold: bool) {
        self.shared.lock().hold_commits = hold;
        self.shared.changed.notify_all();
    }

    /// Blocks until a commit waits because of [`Faults::hold_commits`].
    pub fn wait_until_held(&self) {
        let mut state = self.shared.lock();
        while !state.commit_is_held {
            state = self.shared.wait(state);
        }
    }

    /// How many commits have succeeded.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.shared.lock().commits
    }

    /// Replaces every value under a key that begins with `prefix` by `value`.
    pub fn damage(&self, prefix: &[u8], value: &[u8]) {
        let mut state = self.shared.lock();
        for (_, old) in state
            .pairs
            .iter_mut()
            .filter(|(key, _)| key.starts_with(prefix))
        {
            *old = value.to_vec();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let changed = self.changed.wait(state);
        changed.unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn readable(&self) -> Result<&BTreeMap<Vec<u8>, Vec<u8>>, StorageError> {
        if self.fail_reads {
            return Err(StorageError::Read("told to fail".into()));
        }
        Ok(&self.pairs)
    }
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.shared.lock().readable()?.get(key).cloned())
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
        let state = self.shared.lock();
        let range = state.readable()?.range(from.to_vec()..to.to_vec());
        let owned = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
        Ok(if descending {
            range.rev().take(limit).map(owned).collect()
        } else {
            range.take(limit).map(owned).collect()
        })
    }

    fn shows_undurable(&self) -> bool {
        false
    }

    fn commit(&self, changes: &Changes) -> Result<(), StorageError> {
        let mut state = self.shared.lock();
        while state.hold_commits {
            state.commit_is_held = true;
            self.shared.changed.notify_all();
            state = self.shared.wait(state);
        }
        state.commit_is_held = false;
        match &mut state.commits_left {
            Some(0) => return Err(StorageError::Commit("told to fail".into())),
            Some(left) => *left -= 1,
            None => {}
        }
        for (key, value) in changes {
            match value {
                Some(value) => state.pairs.insert(key.clone(), value.clone()),
                None => state.pairs.remove(key),
            };
        }
        state.commits += 1;
        Ok(())
    }
}
