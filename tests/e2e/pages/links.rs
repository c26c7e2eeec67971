//! What an administrator does, with a server that is at rest: makes links, approves.

use std::time::{SystemTime, UNIX_EPOCH};

use qunliao_protocol::UserId;
use qunliao_storage::accounts::Role;
use qunliao_storage::audit::{Actor, By};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{Accounts, DataFolder, FreeSpace, Links as _, Reserve, SledEngine, Store};

use crate::harness::{Home, Server};

const HOUR_MS: u64 = 3_600_000;

/// The home of a server that is at rest.
pub(super) struct Links(Home);

impl Links {
    pub(super) fn of(home: Home) -> Self {
        Self(home)
    }

    /// Starts it again.
    pub(super) fn start(self) -> Server {
        self.0.start()
    }

    /// The path of an invitation.
    pub(super) fn invite(&self) -> String {
        format!("/invite/{}", self.make(LinkPurpose::Invite(Role::Member)))
    }

    /// The path of a reset of the password of `user`.
    pub(super) fn reset(&self, user: u64) -> String {
        format!("/reset/{}", self.make(LinkPurpose::Reset(UserId(user))))
    }

    fn make(&self, purpose: LinkPurpose) -> String {
        let new = NewLink {
            purpose,
            expires: by_operator().now + HOUR_MS,
            note: None,
            by: by_operator(),
        };
        self.with_store(async |store| store.make_link(new).await.expect("a link").1)
    }

    pub(super) fn approve_everyone(&self) {
        self.with_store(async |store| {
            for user in store.users(None, 100).await.expect("users") {
                let set = store.set_standing(user.id, true, by_operator()).await;
                assert!(set.expect("it is stored").is_ok());
            }
        });
    }

    fn with_store<T>(&self, work: impl AsyncFnOnce(&Store) -> T) -> T {
        let folder = DataFolder::open(&self.0.data()).expect("a folder at rest");
        let engine = SledEngine::open(&folder.database()).expect("a database");
        let reserve = Reserve::new(FreeSpace::of(folder.root()), 0);
        let seal = folder.seal().expect("a key");
        let store = Store::open(engine, seal, reserve, |why| panic!("{why}")).expect("a store");
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let outcome = runtime.expect("a runtime").block_on(work(&store));
        store.close();
        outcome
    }
}

fn by_operator() -> By {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since.expect("after the epoch").as_millis();
    By {
        actor: Actor::Operator,
        now: u64::try_from(now).expect("in this age"),
    }
}
