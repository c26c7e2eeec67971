//! Finding messages, files and people.
//!
//! The index follows behind the logs from a cursor of its own: rooms note that
//! something has happened ([`News::note`]), and the [follower](Finder::follow) reads
//! on, in small batches, never within a commit. What it has is at most a moment old,
//! so whoever shows what was found looks at storage again. An index that is damaged or
//! gone is built anew from the logs.

mod follower;

mod progress;

pub(crate) use follower::searchable;
use progress::Progress;
use qunliao_protocol::{Failure, RoomId, UserId};
use qunliao_search::{Among, Index, Page, People, Place, Query, Search, SearchError, Searcher};
use qunliao_storage::accounts::{Standing, User};
use qunliao_storage::{Accounts, Files, Log, Rooms, StorageError};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::{Notify, Semaphore};

/// Searches that run at once; each reads from the disk, on a thread of its own.
const AT_ONCE: usize = 2;
/// Accounts of a page when the people are read.
const PEOPLE_PAGE: usize = 500;

/// What the follower reads.
#[derive(Clone)]
pub struct Sources {
    /// The logs.
    pub log: Arc<dyn Log>,
    /// Which rooms there are.
    pub rooms: Arc<dyn Rooms>,
    /// Which files there are.
    pub files: Arc<dyn Files>,
    /// Who has an account.
    pub accounts: Arc<dyn Accounts>,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// As it was typed.
    pub query: Query,
    /// The rooms that the reader may see.
    pub rooms: Vec<RoomId>,
    /// Only this one of them.
    pub room: Option<RoomId>,
    /// Only what this user said or shared.
    pub author: Option<UserId>,
    /// Only what stands before this place.
    pub before: Option<Place>,
    /// How many.
    pub limit: usize,
}

/// In which rooms something has happened that the index does not have.
#[derive(Default)]
pub struct News {
    rooms: Mutex<BTreeSet<RoomId>>,
    some: Notify,
}

impl News {
    /// Something has happened in a room.
    pub fn note(&self, room: RoomId) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.insert(room) {
            self.some.notify_one();
        }
    }

    fn take(&self) -> BTreeSet<RoomId> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rooms)
    }
}

/// Finds messages, files and people.
pub struct Finder {
    searcher: RwLock<Searcher>,
    people: RwLock<People>,
    news: Arc<News>,
    permits: Arc<Semaphore>,
}

impl Finder {
    /// Opens the index in this folder; `news` tells in which rooms something happens.
    /// The second value is for [`Finder::follow`].
    ///
    /// # Errors
    /// A [`SearchError`].
    pub fn open(folder: &Path, news: Arc<News>) -> Result<(Arc<Self>, Index), SearchError> {
        let index = Index::open(folder)?;
        let finder = Self {
            searcher: RwLock::new(index.searcher()),
            people: RwLock::default(),
            news,
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        };
        Ok((Arc::new(finder), index))
    }

    /// Follows the logs, for ever.
    pub async fn follow(self: Arc<Self>, index: Index, folder: &Path, sources: Sources) {
        follower::follow(self, index, folder, sources).await;
    }

    /// The newest messages, and on their own the newest files, that are what is wanted.
    ///
    /// # Errors
    /// [`Failure::Unavailable`].
    pub async fn find(&self, wanted: Wanted, among: Among) -> Result<Page, Failure> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let searcher = self
            .searcher
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let searching = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            searcher.search(&Search {
                query: &wanted.query,
                rooms: &wanted.rooms,
                room: wanted.room,
                author: wanted.author,
                among,
                before: wanted.before,
                limit: wanted.limit,
            })
        });
        match searching.await {
            Ok(Ok(page)) => Ok(page),
            Ok(Err(why)) => {
                log::error!("event=search_failed error=\"{why}\"");
                Err(Failure::Unavailable)
            }
            Err(_) => Err(Failure::Unavailable),
        }
    }

    /// Who has a name like this, best first.
    #[must_use]
    pub fn find_people(&self, typed: &str, limit: usize) -> Vec<UserId> {
        let people = self.people.read().unwrap_or_else(PoisonError::into_inner);
        people.find(typed, limit)
    }

    /// Enters what is known of a user now.
    pub fn meet(&self, user: &User) {
        let mut people = self.people.write().unwrap_or_else(PoisonError::into_inner);
        enter(&mut people, user);
    }

    /// Reads who has an account.
    async fn read_people(&self, accounts: &dyn Accounts) -> Result<(), StorageError> {
        let (mut people, mut after) = (People::default(), None);
        loop {
            let page = accounts.users(after, PEOPLE_PAGE).await?;
            let Some(last) = page.last().map(|user| user.id) else {
                break;
            };
            after = Some(last);
            for user in &page {
                enter(&mut people, user);
            }
        }
        *self.people.write().unwrap_or_else(PoisonError::into_inner) = people;
        Ok(())
    }
}

fn enter(people: &mut People, user: &User) {
    if user.standing == Standing::Active {
        let nickname = user.profile.nickname.as_deref();
        let names: Vec<&str> = std::iter::once(&*user.name).chain(nickname).collect();
        people.put(user.id, &names);
    } else {
        people.remove(user.id);
    }
}
