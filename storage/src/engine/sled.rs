//! The embedded engine: sled 0.34.7, one tree.
//!
//! sled's own `flush` is not durable on Linux: it is `sync_file_range`, which
//! writes no metadata and gives the disk no barrier. So after it, the database
//! file is `fdatasync`ed through a descriptor of our own. Values stay small
//! (`keys::VALUE_BYTES_MAX`), since sled moves large ones into files of their
//! own, which it never syncs.

mod lock;
mod recovery;

use super::{Changes, Engine, Pair};
use crate::error::StorageError;
use crate::folder::make_folder;
use crate::keys::VALUE_BYTES_MAX;
use std::fs::File;
use std::io;
use std::path::Path;

/// sled's cache, in bytes. Its real use can be a multiple of this.
const CACHE_BYTES: u64 = 64 << 20;

/// How often sled's own flusher runs, in milliseconds; it also collects garbage.
const FLUSH_EVERY_MS: u64 = 500;

/// sled in a folder.
pub struct SledEngine {
    db: sled::Db,
    file: File,
    /// In a test: is called when all is written that the next `fdatasync` makes durable.
    before_sync: Option<BeforeSync>,
}

type BeforeSync = Box<dyn Fn() + Send + Sync>;

impl SledEngine {
    /// Opens the database in `folder`, making it if need be.
    ///
    /// The caller holds the lock of the data folder: what a crash left behind is
    /// swept here, and sweeping under a living server would harm it. Whoever let go
    /// of the database only now is waited for.
    ///
    /// # Errors
    /// [`StorageError::InUse`], [`StorageError::Io`], [`StorageError::Read`] or, when sled finds its files
    /// corrupt also without its snapshots, [`StorageError::Damaged`]. Before it is
    /// opened without them, a copy of it is kept as `<folder>.damaged-<n>` beside it.
    pub fn open(folder: &Path) -> Result<Self, StorageError> {
        let failed = |what: &str, why: io::Error| {
            StorageError::io(format_args!("{what} {}", folder.display()), &why)
        };
        make_folder(folder).map_err(|why| failed("making", why))?;
        wait_until_free(folder)?;
        recovery::sweep_unfinished_snapshots(folder).map_err(|why| failed("sweeping", why))?;
        let mut db = open_db(folder);
        if let Err(sled::Error::Corruption { .. }) = db {
            let copy = recovery::take_snapshots_away(folder)
                .map_err(|why| failed("keeping a copy of the damaged", why))?;
            if let Some(copy) = copy {
                log::error!(
                    "event=storage_snapshot_damaged action=rebuild_from_log copy={}",
                    copy.display()
                );
                // The attempt that failed lets go of it, too.
                wait_until_free(folder)?;
                db = open_db(folder);
            }
        }
        let db = db.map_err(read_error)?;
        let file = File::open(folder.join("db")).map_err(|why| failed("opening", why))?;
        let engine = Self {
            db,
            file,
            before_sync: None,
        };
        engine.sync().map_err(StorageError::Commit)?;
        // sled leaves its settings to the system; torn, they read as corruption.
        File::open(folder.join("conf"))
            .and_then(|conf| conf.sync_all())
            .map_err(|why| failed("syncing", why))?;
        sync_folder(folder).map_err(|why| failed("syncing", why))?;
        Ok(engine)
    }

    /// Has `watch` look at the files before each sync, so that a test can know what
    /// a power cut would leave of them.
    #[must_use]
    pub fn watched(mut self, watch: impl Fn() + Send + Sync + 'static) -> Self {
        self.before_sync = Some(Box::new(watch));
        self
    }

    fn sync(&self) -> Result<(), String> {
        self.db.flush().map_err(|why| why.to_string())?;
        if let Some(watch) = &self.before_sync {
            watch();
        }
        rustix::fs::fdatasync(&self.file).map_err(|why| why.to_string())
    }
}

fn wait_until_free(folder: &Path) -> Result<(), StorageError> {
    match lock::wait_until_free(&folder.join("db")) {
        Ok(true) => Ok(()),
        Ok(false) => Err(StorageError::InUse(folder.to_owned())),
        Err(why) => Err(StorageError::io(
            format_args!("locking {}", folder.display()),
            &why,
        )),
    }
}

fn open_db(folder: &Path) -> sled::Result<sled::Db> {
    sled::Config::new()
        .path(folder)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(Some(FLUSH_EVERY_MS))
        .open()
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let value = self.db.get(key).map_err(read_error)?;
        Ok(value.map(|value| value.to_vec()))
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
        let owned = |pair: sled::Result<(sled::IVec, sled::IVec)>| {
            let (key, value) = pair.map_err(read_error)?;
            Ok((key.to_vec(), value.to_vec()))
        };
        let range = self.db.range(from..to);
        if descending {
            range.rev().take(limit).map(owned).collect()
        } else {
            range.take(limit).map(owned).collect()
        }
    }

    fn shows_undurable(&self) -> bool {
        true
    }

    fn commit(&self, changes: &Changes) -> Result<(), StorageError> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => {
                    debug_assert!(value.len() <= VALUE_BYTES_MAX, "a value too large for sled");
                    batch.insert(key.as_slice(), value.as_slice());
                }
                None => batch.remove(key.as_slice()),
            }
        }
        self.db
            .apply_batch(batch)
            .map_err(|why| StorageError::Commit(why.to_string()))?;
        self.sync().map_err(StorageError::Commit)
    }
}

fn read_error(why: sled::Error) -> StorageError {
    match why {
        sled::Error::Corruption { .. } => StorageError::damaged(why),
        other => StorageError::Read(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::memory::MemoryEngine;
    use proptest::prelude::*;

    fn keys_of_two_lengths() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(0u8..8, 0..4),
            prop::collection::vec(0u8..2, 60..64),
        ]
    }

    fn some_changes() -> impl Strategy<Value = Changes> {
        let value = prop::option::weighted(0.6, (0usize..300).prop_map(|n| vec![7; n]));
        prop::collection::btree_map(keys_of_two_lengths(), value, 0..150)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn sled_and_memory_answer_alike(
            commits in prop::collection::vec(some_changes(), 1..6),
            ranges in prop::collection::vec((keys_of_two_lengths(), keys_of_two_lengths(), 0usize..50), 40),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (sled, memory) = (SledEngine::open(folder.path()).unwrap(), MemoryEngine::new());
            for changes in &commits {
                sled.commit(changes).unwrap();
                memory.commit(changes).unwrap();
                for (from, to, limit) in &ranges {
                    for descending in [false, true] {
                        let found = sled.scan(from, to, descending, *limit).unwrap();
                        prop_assert_eq!(found, memory.scan(from, to, descending, *limit).unwrap());
                    }
                    prop_assert_eq!(sled.get(from).unwrap(), memory.get(from).unwrap());
                }
            }
        }
    }
}
