//! What only a running server can do, or knows.

use async_trait::async_trait;
use qunliao_protocol::{SessionId, UserId};
use serde::{Deserialize, Serialize};

/// Connections of one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// All of them.
    pub open: usize,
    /// Those that have shown who they are.
    pub authenticated: usize,
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
    /// Files and sockets that it may have open.
    pub open_files_max: Option<u64>,
    /// `ok`, or why a write would fail now.
    pub storage: String,
}

/// What only a running server can do, or knows.
#[async_trait]
pub trait Effects: Send + Sync {
    /// What `user` has shown to prove who it is holds no longer, and connections
    /// that showed it end, at once; with a session, only what goes on by that.
    fn shut_out(&self, user: UserId, session: Option<SessionId>);

    /// What the server says of itself; `None` when none runs.
    async fn live(&self) -> Option<Live>;
}

/// No server runs: there is nobody to shut out.
pub struct NoServer;

#[async_trait]
impl Effects for NoServer {
    fn shut_out(&self, _: UserId, _: Option<SessionId>) {}

    async fn live(&self) -> Option<Live> {
        None
    }
}
