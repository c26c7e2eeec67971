//! Links that administrators and the server make: invitations, the owner's set-up,
//! resets. Each carries a token that is signed, works once, and expires.

mod records;
mod token;

pub(crate) use records::{LinkRecord, Shown, end_reset, judge, use_up, words};

use crate::accounts::Role;
use crate::audit::By;
use crate::error::StorageError;
use crate::store::Store;
use async_trait::async_trait;
use qunliao_protocol::{LinkId, UserId};
use serde::{Deserialize, Serialize};

/// What a link is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// Signing up, with this role, without any code. One for an owner is the set-up:
    /// it works only while there is no owner.
    Invite(Role),
    /// Setting a new password for this user.
    Reset(UserId),
}

/// A link that is to be.
#[derive(Clone)]
pub struct NewLink {
    /// What for.
    pub purpose: LinkPurpose,
    /// When it expires, in milliseconds since the epoch.
    pub expires: u64,
    /// A note for those who list it, such as for whom it is, at most 1 000 bytes;
    /// sealed in storage.
    pub note: Option<String>,
    /// Who makes it.
    pub by: By,
}

/// A link that has been made and not been used.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The id.
    pub id: LinkId,
    /// What for.
    pub purpose: LinkPurpose,
    /// When it was made.
    pub made: u64,
    /// When it expires.
    pub expires: u64,
    /// The note.
    pub note: Option<String>,
}

/// Links.
#[async_trait]
pub trait Links: Send + Sync {
    /// Makes a link and answers its token: the id, the expiry and randomness, signed
    /// with the data folder's key, in URL-safe characters. Only a hash is kept. A
    /// reset link ends earlier ones of the same user; an invitation for an owner
    /// (the set-up) ends earlier ones for an owner.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn make_link(&self, new: NewLink) -> Result<(LinkId, String), StorageError>;

    /// What `token` is good for now; `None` if it was forged, used, withdrawn or has expired.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn link(&self, token: String, now: u64) -> Result<Option<Link>, StorageError>;

    /// All that still work, the oldest first.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn links(&self, now: u64) -> Result<Vec<Link>, StorageError>;

    /// Withdraws a link; `false` if there is none that works.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn revoke_link(&self, id: LinkId, by: By) -> Result<bool, StorageError>;

    /// Removes some of those that have expired; answers how many.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn sweep_links(&self, now: u64) -> Result<usize, StorageError>;
}

#[async_trait]
impl Links for Store {
    async fn make_link(&self, new: NewLink) -> Result<(LinkId, String), StorageError> {
        let seal = self.seal.clone();
        let random = token::random()?;
        self.writer
            .transact(move |transaction| records::make(transaction, &seal, new, &random))
            .await
    }

    async fn link(&self, token: String, now: u64) -> Result<Option<Link>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| records::shown(snapshot, &seal, &token, now))
            .await
    }

    async fn links(&self, now: u64) -> Result<Vec<Link>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| records::list(snapshot, &seal, now))
            .await
    }

    async fn revoke_link(&self, id: LinkId, by: By) -> Result<bool, StorageError> {
        self.writer
            .transact(move |transaction| records::revoke(transaction, id, by))
            .await
    }

    async fn sweep_links(&self, now: u64) -> Result<usize, StorageError> {
        let outdated = self
            .read(move |snapshot| records::outdated(snapshot, now))
            .await?;
        self.writer
            .transact(move |transaction| records::remove(transaction, outdated))
            .await
    }
}
