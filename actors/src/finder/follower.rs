//! The follower: reads on in the logs and feeds the index.

use super::{Finder, Progress, Sources};
use qunliao_protocol::RoomId;
use qunliao_search::{Change, FileName, Index, Message, SearchError};
use qunliao_storage::{Entry, StorageError};
use qunliao_storage::{EntryKind, MessageChange, RoomChange};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long changes gather before they are made findable.
const GATHER: Duration = Duration::from_millis(500);
/// Changes of a batch, after which no more are gathered.
const BATCH_CHANGES: usize = 8_000;
/// Entries of a page.
const PAGE_ENTRIES: usize = 1_000;
/// Bytes of text of a page.
const PAGE_BYTES: usize = 1 << 20;
/// How long to wait after something failed.
const RETRY: Duration = Duration::from_secs(10);
/// How often the people are read anew: who has a new nickname is entered at once.
const PEOPLE_EVERY: Duration = Duration::from_secs(300);
/// Files and rooms of a page.
const LIST_PAGE: usize = 256;

/// What keeps the follower from going on.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Index(#[from] SearchError),
}

pub(super) async fn follow(finder: Arc<Finder>, index: Index, folder: &Path, sources: Sources) {
    let mut follower = Follower {
        progress: Progress::of(index.cursor()),
        index: Some(index),
        finder,
        sources,
        batch: Vec::new(),
        people_read: None,
    };
    let mut wants_all = true;
    loop {
        let read = match follower.reopen(folder).await {
            Ok(()) => follower.read_on(wants_all).await,
            Err(why) => Err(why),
        };
        match read {
            Ok(()) => {
                wants_all = false;
                follower.wait().await;
            }
            Err(Trouble::Storage(StorageError::Closed)) => return,
            Err(why) => {
                log::error!("event=search_behind error=\"{why}\"");
                // What was noted meanwhile has been taken: look at everything.
                wants_all = true;
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

struct Follower {
    finder: Arc<Finder>,
    sources: Sources,
    /// `None` after it failed: it has to be opened again.
    index: Option<Index>,
    progress: Progress,
    batch: Vec<Change>,
    people_read: Option<Instant>,
}

impl Follower {
    /// Opens the index again if it failed.
    async fn reopen(&mut self, folder: &Path) -> Result<(), Trouble> {
        if self.index.is_some() {
            return Ok(());
        }
        let folder = folder.to_owned();
        let index = on_a_thread(move || Index::open(&folder)).await?;
        self.progress = Progress::of(index.cursor());
        let mut searcher = self.finder.searcher.write();
        **searcher
            .as_mut()
            .unwrap_or_else(|poisoned| poisoned.get_mut()) = index.searcher();
        drop(searcher);
        self.index = Some(index);
        Ok(())
    }

    /// Returns when there is something to read, and some more of it has gathered.
    async fn wait(&self) {
        let woken = tokio::time::timeout(PEOPLE_EVERY, self.finder.news.some.notified());
        if woken.await.is_ok() {
            tokio::time::sleep(GATHER).await;
        }
    }

    /// Reads what has happened: in all rooms, or in those where something was noted.
    async fn read_on(&mut self, wants_all: bool) -> Result<(), Trouble> {
        self.batch.clear();
        if self
            .people_read
            .is_none_or(|at| at.elapsed() >= PEOPLE_EVERY)
        {
            self.finder.read_people(&*self.sources.accounts).await?;
            self.people_read = Some(Instant::now());
        }
        let changed = self.finder.news.take();
        if wants_all {
            let mut after = RoomId(0);
            loop {
                let rooms = self.sources.rooms.all_rooms(after, LIST_PAGE).await?;
                let Some((last, _)) = rooms.last() else {
                    break;
                };
                after = *last;
                for (room, end) in rooms {
                    if end.last > self.progress.of_room(room) {
                        self.read_room(room).await?;
                    }
                }
            }
        } else {
            for room in changed {
                self.read_room(room).await?;
            }
        }
        self.read_files().await?;
        self.apply().await
    }

    async fn read_room(&mut self, room: RoomId) -> Result<(), Trouble> {
        loop {
            let after = self.progress.of_room(room);
            let page = self
                .sources
                .log
                .page(room, after, PAGE_ENTRIES, PAGE_BYTES)
                .await?;
            let Some(last) = page.last().map(|entry| entry.id) else {
                return Ok(());
            };
            for entry in page {
                self.take_in(room, entry).await?;
            }
            self.progress.set(room, last);
            if self.batch.len() >= BATCH_CHANGES {
                self.apply().await?;
            }
        }
    }

    async fn take_in(&mut self, room: RoomId, entry: Entry) -> Result<(), Trouble> {
        match entry.content.kind {
            EntryKind::Message(_) | EntryKind::Room(RoomChange::Announced(_)) => {
                self.batch.extend(said(room, entry, None));
            }
            EntryKind::Change { target, change } => match change {
                MessageChange::Recalled => {
                    let entry = target;
                    self.batch.push(Change::ForgetMessage { room, entry });
                }
                MessageChange::Edited { text, .. } => {
                    if let Some(edited) = self.sources.log.entry(room, target).await? {
                        self.batch.extend(said(room, edited, Some(&text)));
                    }
                }
                _ => {}
            },
            EntryKind::Room(_) | EntryKind::Unknown(_) => {}
        }
        Ok(())
    }

    async fn read_files(&mut self) -> Result<(), Trouble> {
        loop {
            let after = self.progress.file;
            let files = self.sources.files.files_after(after, LIST_PAGE).await?;
            let Some(last) = files.last().map(|file| file.id) else {
                return Ok(());
            };
            let names = files.into_iter().map(|file| {
                Change::File(FileName {
                    room: file.room,
                    file: file.id,
                    time: file.time,
                    owner: file.owner,
                    name: file.name,
                })
            });
            self.batch.extend(names);
            self.progress.file = last;
            if self.batch.len() >= BATCH_CHANGES {
                self.apply().await?;
            }
        }
    }

    /// Makes what has gathered findable.
    async fn apply(&mut self) -> Result<(), Trouble> {
        let Some(mut index) = self.index.take() else {
            return Ok(());
        };
        let cursor = self.progress.cursor();
        if self.batch.is_empty() && index.cursor() == Some(&cursor) {
            self.index = Some(index);
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        // An index that failed is dropped, and opened again.
        self.index = on_a_thread(move || {
            index.apply(&batch, cursor)?;
            Ok(index)
        })
        .await
        .map(Some)?;
        Ok(())
    }
}

/// What can be found of an entry: its words, those of its last edit in their place, and
/// the name of the file that it shows.
fn said(room: RoomId, entry: Entry, edited: Option<&str>) -> Option<Change> {
    let text = match entry.content.kind {
        EntryKind::Message(message) if message.recalled => return None,
        EntryKind::Message(message) => searchable(
            edited.unwrap_or(&message.text),
            message.file.as_ref().map(|file| &*file.name),
        ),
        EntryKind::Room(RoomChange::Announced(text)) => text,
        _ => return None,
    };
    let is_empty = text.is_empty();
    let message = Change::Message(Message {
        room,
        entry: entry.id,
        time: entry.content.time,
        author: entry.content.author,
        text,
    });
    (!is_empty).then_some(message)
}

/// The words by which a message is found.
pub(crate) fn searchable(text: &str, file: Option<&str>) -> String {
    match file {
        Some(name) => format!("{text}\n{name}"),
        None => text.to_owned(),
    }
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, SearchError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|why| {
        Err(SearchError::Io {
            what: "feeding the search index",
            why: why.to_string(),
        })
    })
}
