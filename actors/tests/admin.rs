//! Administration: what is asked, against a real store and a server that is played.

mod accounts;
mod links;
mod overview;

use crate::support::stores::{Disk, memory_store_on};
use qunliao_actors::admin::{
    Caller, Desk, Effects, Live, Neighbours, Refused, Reply, Request, Settings, UserLine,
};
use qunliao_actors::contacts::PhoneBook;
use qunliao_delivery::Notice;
use qunliao_protocol::{SessionId, UserId};
use qunliao_storage::accounts::{Role, Standing, User};
use qunliao_storage::sessions::NewSession;
use qunliao_storage::{Contact, MemoryEngine, Sessions as _, Store};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PASSWORD: &str = "春天里的第一杯茶 for two";

/// A server that notes whom it shuts out, and whom it tells what.
#[derive(Default)]
struct Door {
    shut_out: Mutex<Vec<(UserId, Option<SessionId>)>>,
    told: Mutex<Vec<(UserId, Contact, Notice)>>,
}

#[async_trait::async_trait]
impl Effects for Door {
    fn shut_out(&self, user: UserId, session: Option<SessionId>) {
        self.shut_out.lock().unwrap().push((user, session));
    }

    fn tell(&self, user: &User, contact: Contact, notice: Notice) -> bool {
        self.told.lock().unwrap().push((user.id, contact, notice));
        true
    }

    async fn live(&self) -> Option<Live> {
        None
    }
}

/// A desk, and what lies behind it.
struct Office {
    desk: Desk,
    store: Store,
    door: Arc<Door>,
    disk: Disk,
}

impl Office {
    fn open() -> Self {
        let disk = Disk::roomy();
        let store = memory_store_on(&MemoryEngine::default(), &disk);
        let door = Arc::new(Door::default());
        let shared = Arc::new(store.clone());
        let neighbours = Neighbours {
            accounts: shared.clone(),
            sessions: shared.clone(),
            codes: shared.clone(),
            links: shared.clone(),
            audit: shared.clone(),
            log: shared,
            effects: door.clone(),
        };
        let settings = Settings {
            phones: PhoneBook::new("CN", vec!["+86".into()]).unwrap(),
            url: Arc::new(|_, token| format!("https://chat.example.org/{token}")),
            reset_link: Duration::from_secs(3600),
            invitation: Duration::from_secs(7 * 24 * 3600),
            sms_day: 300,
            data_dir: "/nowhere".into(),
            reserve_bytes: 1,
        };
        Self {
            desk: Desk::new(neighbours, settings),
            store,
            door,
            disk,
        }
    }

    async fn ask(&self, request: Request) -> Result<Reply, Refused> {
        self.desk.carry_out(Caller::Operator, request).await
    }

    /// The code of the refusal.
    async fn refusal(&self, request: Request) -> String {
        self.ask(request).await.unwrap_err().code
    }

    /// Asks for a user who comes of it, and whether anything changed.
    async fn user(&self, request: Request) -> (UserLine, bool) {
        match self.ask(request).await.unwrap() {
            Reply::User { user, changed, .. } => (user, changed),
            Reply::Sessions { user, .. } => (user, false),
            other => panic!("{other:?}"),
        }
    }

    async fn add(&self, name: &str, role: Role) -> UserLine {
        self.user(add(name, role)).await.0
    }

    async fn open_session(&self, user: UserId, token: &str) -> SessionId {
        let new = NewSession {
            user,
            token: token.into(),
            now: qunliao_actors::clock::now_ms(),
            idle_ms: 1_000_000,
            lifetime_ms: 2_000_000,
            sessions_max: 8,
            device: Some("phone".into()),
            address: None,
        };
        self.store.open_session(new).await.unwrap().id
    }

    /// Whom the server has shut out.
    fn shut_out(&self) -> Vec<(UserId, Option<SessionId>)> {
        self.door.shut_out.lock().unwrap().clone()
    }
}

fn add(name: &str, role: Role) -> Request {
    Request::AddUser {
        name: name.into(),
        password: PASSWORD.into(),
        role,
        phone: None,
        email: None,
    }
}

fn named(user: &str) -> String {
    user.to_owned()
}

/// Someone signed in who asks.
fn caller(user: &UserLine) -> Caller {
    Caller::User {
        id: user.id,
        role: user.role,
    }
}
