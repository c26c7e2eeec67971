//! The audit trail: who did what to accounts, and when.
//!
//! An entry is written in the same transaction as what it tells of, so that neither
//! is there without the other. Users stand in it by id; what is said beside that is
//! never a name, a number, an address or a secret.

mod records;

pub(crate) use records::note;

use crate::error::StorageError;
use crate::store::Store;
use async_trait::async_trait;
use qunliao_protocol::UserId;
use serde::{Deserialize, Serialize};

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A user.
    User(UserId),
    /// Whoever runs the server, from its own machine.
    Operator,
    /// The server by itself.
    Server,
}

/// Who does something, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// Milliseconds since the epoch.
    pub now: u64,
}

/// What was done. Each stands under its own number in storage; the words are for readers.
/// One more is a new data format: an older server could not read the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Action {
    /// An account began.
    SignedUp = 1,
    /// An account that waited was let in.
    Approved = 2,
    /// An account was disabled.
    Disabled = 3,
    /// A disabled account was enabled again.
    Enabled = 4,
    /// An account was closed.
    Closed = 5,
    /// A role was given.
    RoleChanged = 6,
    /// The user changed the password.
    PasswordChanged = 7,
    /// The password was reset with a code or a link.
    PasswordReset = 8,
    /// The phone number was changed.
    PhoneChanged = 9,
    /// The e-mail address was changed, or confirmed.
    EmailChanged = 10,
    /// Sessions were ended.
    SessionsRevoked = 11,
    /// An invitation was made.
    InvitationMade = 12,
    /// A link for a reset was made.
    ResetLinkMade = 13,
    /// A link was withdrawn before it was used.
    LinkRevoked = 14,
}

impl Action {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::SignedUp,
        Self::Approved,
        Self::Disabled,
        Self::Enabled,
        Self::Closed,
        Self::RoleChanged,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::PhoneChanged,
        Self::EmailChanged,
        Self::SessionsRevoked,
        Self::InvitationMade,
        Self::ResetLinkMade,
        Self::LinkRevoked,
    ];

    fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|action| *action as u8 == number)
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Dense, beginning with 1.
    pub id: u64,
    /// Milliseconds since the epoch.
    pub time: u64,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// To whose account.
    pub subject: Option<UserId>,
    /// A short word or two on it, such as `member -> admin`.
    pub detail: Option<String>,
}

/// Which entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only those before this id.
    pub before: Option<u64>,
    /// Only those that this user did or that were done to this user.
    pub user: Option<UserId>,
    /// At most so many, the newest first.
    pub limit: usize,
}

/// The audit trail.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Entries, the newest first.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditEntry>, StorageError>;

    /// Removes some of those from before `before` (milliseconds since the epoch);
    /// answers how many.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn sweep_audit(&self, before: u64) -> Result<usize, StorageError>;
}

#[async_trait]
impl Audit for Store {
    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditEntry>, StorageError> {
        self.read(move |snapshot| records::page(snapshot, query))
            .await
    }

    async fn sweep_audit(&self, before: u64) -> Result<usize, StorageError> {
        let outdated = self
            .read(move |snapshot| records::outdated(snapshot, before))
            .await?;
        self.writer
            .transact(move |transaction| records::remove(transaction, outdated))
            .await
    }
}
