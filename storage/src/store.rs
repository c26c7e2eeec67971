//! The store: one engine, one writer, a few readers. The traits of the nouns are
//! implemented for it, each in the noun's own file.

use crate::engine::Engine;
use crate::error::StorageError;
use crate::keys::{self, FORMAT_VERSION};
use crate::migration::{FIRST_FORMAT, migrate};
use crate::seal::Seal;
use crate::space::Reserve;
use crate::transaction::{Read, Snapshot};
use crate::writer::{OnFatal, Writer};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::Semaphore;

/// Reads that run at once. A read can wait a few milliseconds for a commit, so
/// they run beside the caller's thread; more of them than this gain nothing.
const READERS: usize = 4;

/// How often a read is tried that commits come between.
const READ_ATTEMPTS_MAX: usize = 10;

/// Names of counters and of other numbers.
pub(crate) mod counters {
    pub(crate) const FORMAT: &str = "format";
    pub(crate) const KEY: &str = "key";
    pub(crate) const HEALTH: &str = "health";
    pub(crate) const USERS: &str = "users";
    pub(crate) const SESSIONS: &str = "sessions";
    pub(crate) const LINKS: &str = "links";
    pub(crate) const AUDIT: &str = "audit";
    pub(crate) const FILES: &str = "files";
    pub(crate) const FOLDERS: &str = "folders";
    pub(crate) const ITEMS: &str = "items";
    pub(crate) const ROOMS: &str = "rooms";
}

/// Accounts, codes, logs and the file index, over one engine.
///
/// Clones share it. The writer ends when the last clone is dropped, after it has
/// committed what was asked of it; [`Store::close`] waits for that.
#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    pub(crate) writer: Writer,
    pub(crate) seal: Seal,
    readers: Arc<Semaphore>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Store {
    /// Opens a store over `engine`. `on_fatal` is told when writing has ended
    /// for good; the process should end then.
    ///
    /// # Errors
    /// [`StorageError::Format`] when the data is of another format,
    /// [`StorageError::Key`] when it was sealed with another key, or what the
    /// engine fails with.
    pub fn open(
        engine: impl Engine,
        seal: Seal,
        reserve: Reserve,
        on_fatal: impl Fn(&StorageError) + Send + Sync + 'static,
    ) -> Result<Self, StorageError> {
        let engine: Arc<dyn Engine> = Arc::new(engine);
        check_marks(&*engine, &seal)?;
        let on_fatal: OnFatal = Box::new(on_fatal);
        let (writer, thread) = Writer::start(Arc::clone(&engine), reserve, on_fatal);
        Ok(Self {
            engine,
            writer,
            seal,
            readers: Arc::new(Semaphore::new(READERS)),
            thread: Arc::new(Mutex::new(Some(thread))),
        })
    }

    /// Runs `read` on a thread where it may wait for the engine, and answers once
    /// all that it can have seen is durable. It may be run again: between two of its
    /// looks into the engine there may have been a commit, and what it saw of two
    /// states can look like damage.
    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: Fn(&Snapshot<'_>) -> Result<T, StorageError> + Send + 'static,
    {
        let permit = Arc::clone(&self.readers)
            .acquire_owned()
            .await
            .map_err(|_| StorageError::Closed)?;
        let (engine, writer) = (Arc::clone(&self.engine), self.writer.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let snapshot = Snapshot(&*engine);
            for _ in 1..READ_ATTEMPTS_MAX {
                let ended = writer.commits_ended();
                let found = read(&snapshot);
                let is_sure = writer.commits_begun() == ended;
                if is_sure || !matches!(found, Err(StorageError::Damaged(_))) {
                    return found;
                }
            }
            read(&snapshot)
        });
        let read = reading
            .await
            .unwrap_or_else(|why| Err(StorageError::Read(why.to_string())));
        if self.engine.shows_undurable() {
            self.writer.settled().await;
        }
        read
    }

    /// Waits until everything that was asked of the writer before has been answered.
    ///
    /// # Errors
    /// [`StorageError::Closed`] or [`StorageError::ReadOnly`].
    pub async fn settle(&self) -> Result<(), StorageError> {
        self.writer.transact(|_| Ok(())).await
    }

    /// Ends the writer once it has committed everything it was asked, and waits
    /// for it. Other clones must be gone, or it would wait for them too.
    pub fn close(self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(self);
        if thread.is_some_and(|thread| thread.join().is_err()) {
            log::error!("event=storage_writer_panicked");
        }
    }
}

/// Checks that the data is of our format and sealed with our key; marks data
/// that is only about to be, and migrates data of an earlier format.
fn check_marks(engine: &dyn Engine, seal: &Seal) -> Result<(), StorageError> {
    let snapshot = Snapshot(engine);
    let (format, key) = (keys::meta(counters::FORMAT), keys::meta(counters::KEY));
    let Some(found) = snapshot.number(&format)? else {
        if !engine.scan(&[], &[u8::MAX], false, 1)?.is_empty() {
            return Err(StorageError::damaged("the database has lost its format"));
        }
        let marks = [(format, FORMAT_VERSION), (key, seal.fingerprint())];
        let bytes = |number: u64| Some(number.to_be_bytes().to_vec());
        return engine.commit(&marks.map(|(key, number)| (key, bytes(number))).into());
    };
    if !(FIRST_FORMAT..=FORMAT_VERSION).contains(&found) {
        return Err(StorageError::Format {
            found,
            known: FORMAT_VERSION,
        });
    }
    if snapshot.number(&key)? != Some(seal.fingerprint()) {
        return Err(StorageError::Key {
            path: "secret.key".into(),
            why: "not the key that this database was sealed with".into(),
        });
    }
    if found != FORMAT_VERSION {
        migrate(engine, found)?;
    }
    Ok(())
}

/// Whether storage does what it is for.
#[async_trait::async_trait]
pub trait Health: Send + Sync {
    /// Writes a number and waits until it is durable.
    ///
    /// # Errors
    /// Why a write would be refused now.
    async fn probe(&self) -> Result<(), StorageError>;
}

#[async_trait::async_trait]
impl Health for Store {
    async fn probe(&self) -> Result<(), StorageError> {
        self.writer
            .transact(|transaction| transaction.count(counters::HEALTH).map(drop))
            .await
    }
}
