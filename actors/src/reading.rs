//! Reading on from a room's log: for those who came late or fell behind.

use crate::chat_room::{Batch, Line, other};
use crate::clock::now_ms;
use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::{Accounts, Entry, Log, StorageError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Names remembered at once. Beyond, all are forgotten and read anew.
const NAMES_MAX: usize = 10_000;
/// Entries of a page.
const PAGE_ENTRIES_MAX: usize = 256;
/// Bytes of text of a page.
const PAGE_BYTES_MAX: usize = 64 << 10;
/// How long a count of people holds.
const COUNTED_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// The name of an author whom storage does not know.
const NOBODY: &str = "?";

/// Turns entries of the log into what connections hear.
pub struct Reading {
    log: Arc<dyn Log>,
    accounts: Arc<dyn Accounts>,
    names: Mutex<HashMap<UserId, String>>,
    counted: Mutex<Option<(Instant, u64)>>,
}

/// A page of a log.
pub struct Page {
    /// What can be shown.
    pub batch: Arc<Batch>,
    /// The last entry read, shown or not: where the next page begins.
    pub last: EntryId,
}

impl Reading {
    /// Reads from this log, with names from these accounts.
    #[must_use]
    pub fn new(log: Arc<dyn Log>, accounts: Arc<dyn Accounts>) -> Self {
        Self {
            log,
            accounts,
            names: Mutex::default(),
            counted: Mutex::default(),
        }
    }

    /// The page after `after`. An empty page ends at `after`.
    ///
    /// # Errors
    /// A [`StorageError`].
    pub async fn page(&self, room: RoomId, after: EntryId) -> Result<Page, StorageError> {
        let entries = self
            .log
            .page(room, after, PAGE_ENTRIES_MAX, PAGE_BYTES_MAX)
            .await?;
        let last = entries.last().map_or(after, |entry| entry.id);
        let lines = self.lines(entries).await?;
        let batch = Arc::new(Batch::new(room, lines));
        Ok(Page { batch, last })
    }

    /// How many people have an account that can be used, as of a minute ago at most:
    /// counting them is much work.
    ///
    /// # Errors
    /// A [`StorageError`].
    pub async fn people_count(&self) -> Result<u64, StorageError> {
        let counted = *self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, count)) = counted
            && at.elapsed() < COUNTED_AGAIN_AFTER
        {
            return Ok(count);
        }
        let counts = self.accounts.account_counts(now_ms()).await?;
        let count = counts.active as u64;
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), count));
        Ok(count)
    }

    /// Entries with the names of those they speak of.
    ///
    /// # Errors
    /// A [`StorageError`].
    pub async fn lines(&self, entries: Vec<Entry>) -> Result<Vec<Line>, StorageError> {
        let people = entries.iter().flat_map(|entry| {
            let author = Some(entry.content.author);
            author.into_iter().chain(other(&entry.content.kind))
        });
        let names = self.names(people.collect()).await?;
        let name = |user| {
            let name = names.get(&user).cloned();
            name.unwrap_or_else(|| NOBODY.to_owned())
        };
        let lines = entries.into_iter().map(|entry| Line {
            id: entry.id,
            time: entry.content.time,
            author: entry.content.author,
            name: name(entry.content.author),
            other: other(&entry.content.kind).map(name),
            kind: entry.content.kind,
            client_message_id: entry.content.client_message_id,
            from: None,
        });
        Ok(lines.collect())
    }

    /// The names of these users.
    ///
    /// # Errors
    /// A [`StorageError`].
    pub async fn names(
        &self,
        mut users: Vec<UserId>,
    ) -> Result<HashMap<UserId, String>, StorageError> {
        users.sort_unstable();
        users.dedup();
        let mut found = HashMap::with_capacity(users.len());
        {
            let known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            users.retain(|user| match known.get(user) {
                Some(name) => found.insert(*user, name.clone()).is_some(),
                None => true,
            });
        }
        if !users.is_empty() {
            let read = self.accounts.names(users).await?;
            let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() + read.len() > NAMES_MAX {
                known.clear();
            }
            known.extend(read.iter().map(|(user, name)| (*user, name.clone())));
            found.extend(read);
        }
        Ok(found)
    }
}
