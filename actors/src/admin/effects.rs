//! What only a running server can do, or knows.

use crate::breaker::{SmsState, SmsStatus};
use async_trait::async_trait;
use qunliao_delivery::Notice;
use qunliao_protocol::{SessionId, UserId};
use qunliao_storage::Contact;
use qunliao_storage::accounts::User;
use serde::{Deserialize, Serialize};

/// Connections of one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// All of them.
    pub open: usize,
    /// Those that have shown who they are.
    pub authenticated: usize,
}

/// The breaker of SMS to newcomers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewcomersSms {
    /// `sending`, `paused`, or `probing`: one at a time goes out.
    pub state: String,
    /// For how many seconds it pauses yet.
    pub paused_seconds: Option<u64>,
    /// Codes that it looks back on.
    pub sent: usize,
    /// Those of them that were entered rightly.
    pub entered: usize,
}

impl From<SmsStatus> for NewcomersSms {
    fn from(status: SmsStatus) -> Self {
        let (state, paused_seconds) = match status.state {
            SmsState::Sending => ("sending", None),
            SmsState::Paused { seconds } => ("paused", Some(seconds)),
            SmsState::Probing => ("probing", None),
        };
        Self {
            state: state.to_owned(),
            paused_seconds,
            sent: status.sent,
            entered: status.entered,
        }
    }
}

/// The pool that hashes passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passwords {
    /// Those that wait, or are being hashed.
    pub waiting: usize,
    /// Those hashed since the start.
    pub hashed: u64,
}

/// What a running server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// Its process.
    pub pid: u32,
    /// Seconds since it started.
    pub uptime_seconds: u64,
    /// Where it listens: port and address.
    pub listens: Vec<(String, String)>,
    /// Connections by port: `auth`, `chat`, `files`.
    pub connections: Vec<(String, Connections)>,
    /// How many connections there may be.
    pub connections_max: usize,
    /// Uploads and downloads under way.
    pub transfers: usize,
    /// How it stands with the ways for codes, `sms` and `mail`: `working`, `paused`
    /// (nothing to newcomers), `failing` or `absent`.
    pub ways: Vec<(String, String)>,
    /// How it stands with SMS to newcomers; nothing where there is no way for SMS.
    pub newcomers_sms: Option<NewcomersSms>,
    /// How busy the password pool is.
    pub passwords: Option<Passwords>,
    /// Files and sockets that it may have open.
    pub open_files_max: Option<u64>,
    /// `ok`, or why a write would fail now.
    pub storage: String,
}

/// What only a running server can do, or knows.
#[async_trait]
pub trait Effects: Send + Sync {
    /// What `user` has shown to prove who it is holds no longer, and connections
    /// that showed it end, at once, and no network counts as the user's any more; with
    /// a session, only what goes on by that ends.
    fn shut_out(&self, user: UserId, session: Option<SessionId>);

    /// Has `user` told `notice` by `contact`, while nobody waits; `false` when no server
    /// runs, which could.
    fn tell(&self, user: &User, contact: Contact, notice: Notice) -> bool;

    /// What the server says of itself; `None` when none runs.
    async fn live(&self) -> Option<Live>;
}

/// No server runs: there is nobody to shut out.
pub struct NoServer;

#[async_trait]
impl Effects for NoServer {
    fn shut_out(&self, _: UserId, _: Option<SessionId>) {}

    fn tell(&self, _: &User, _: Contact, _: Notice) -> bool {
        false
    }

    async fn live(&self) -> Option<Live> {
        None
    }
}
