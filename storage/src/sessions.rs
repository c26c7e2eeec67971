//! Sessions: proofs of having signed in.
//!
//! A session ends when it was not used for a while, and at a fixed time however much
//! it is used. Of its token only a keyed hash is kept.

mod records;
mod sweep;

pub(crate) use records::{SessionRecord, end_all, hash as token_hash};

use crate::accounts::User;
use crate::audit::{self, Action, By};
use crate::error::StorageError;
use crate::seal::Space;
use crate::store::Store;
use crate::transaction::Transaction;
use async_trait::async_trait;
use qunliao_protocol::{SessionId, UserId};

/// A session that begins.
#[derive(Clone)]
pub struct NewSession {
    /// Whose.
    pub user: UserId,
    /// The token, in the clear; only its hash is kept.
    pub token: String,
    /// Milliseconds since the epoch.
    pub now: u64,
    /// How long it lives unused, in milliseconds.
    pub idle_ms: u64,
    /// How long it lives at most, in milliseconds.
    pub lifetime_ms: u64,
    /// Sessions of one user; the oldest end when there are more.
    pub sessions_max: usize,
    /// What the client calls its device, at most 1 000 bytes; sealed in storage.
    pub device: Option<String>,
    /// The network it came from, at most 100 bytes; sealed in storage.
    pub address: Option<String>,
}

/// A session.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The device, as the client called it.
    pub device: Option<String>,
    /// The network it was last used from.
    pub address: Option<String>,
    /// When it began.
    pub issued: u64,
    /// When it was last used, as far as that has been noted.
    pub last_used: u64,
    /// When it ends if it is not used again.
    pub expires: u64,
}

/// A session that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Its id.
    pub id: SessionId,
    /// The user's other sessions that are gone with that: the oldest, which made
    /// room, and those that had run out.
    pub ended: Vec<SessionId>,
}

/// Sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Begins a session. For an account that cannot be used (any more) none begins:
    /// the id that is answered is then nobody's, and so is the token.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn open_session(&self, new: NewSession) -> Result<Begun, StorageError>;

    /// The session whose token this is and its user, if neither has ended.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn session(
        &self,
        token: String,
        now: u64,
    ) -> Result<Option<(User, Session)>, StorageError>;

    /// Notes that a session is in use, which makes it last. That is written only now
    /// and then, and at once when the address is another; what has ended stays so.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn touch_session(
        &self,
        user: UserId,
        session: SessionId,
        now: u64,
        address: Option<String>,
    ) -> Result<(), StorageError>;

    /// The living sessions of `user`, the oldest first.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn sessions_of(&self, user: UserId, now: u64) -> Result<Vec<Session>, StorageError>;

    /// Ends one session of `user`; `false` if there is none with this id.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        by: By,
    ) -> Result<bool, StorageError>;

    /// Ends all sessions of `user` but `except`; answers how many.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn end_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        by: By,
    ) -> Result<usize, StorageError>;

    /// Removes some of those that have expired; answers how many.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn sweep_sessions(&self, now: u64) -> Result<usize, StorageError>;
}

#[async_trait]
impl Sessions for Store {
    async fn open_session(&self, new: NewSession) -> Result<Begun, StorageError> {
        let seal = self.seal.clone();
        let token = seal.index(Space::Token, new.token.as_bytes());
        self.writer
            .transact(move |transaction| records::open(transaction, &seal, new, &token))
            .await
    }

    async fn session(
        &self,
        token: String,
        now: u64,
    ) -> Result<Option<(User, Session)>, StorageError> {
        let seal = self.seal.clone();
        let token = seal.index(Space::Token, token.as_bytes());
        self.read(move |snapshot| records::find(snapshot, &seal, &token, now))
            .await
    }

    async fn touch_session(
        &self,
        user: UserId,
        session: SessionId,
        now: u64,
        address: Option<String>,
    ) -> Result<(), StorageError> {
        let (seal, whose) = (self.seal.clone(), (user, session));
        let seen = address.clone();
        let is_due = self.read(move |snapshot| {
            let touched = records::touched(snapshot, &seal, whose, seen.as_deref(), now)?;
            Ok(touched.is_some())
        });
        if !is_due.await? {
            return Ok(());
        }
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| {
                // Between the reading and now it may have ended.
                let address = address.as_deref();
                match records::touched(transaction, &seal, whose, address, now)? {
                    Some((token, record)) => record.put(transaction, &token),
                    None => Ok(()),
                }
            })
            .await
    }

    async fn sessions_of(&self, user: UserId, now: u64) -> Result<Vec<Session>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| records::of_user(snapshot, &seal, user, now))
            .await
    }

    async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        by: By,
    ) -> Result<bool, StorageError> {
        self.writer
            .transact_urgently(move |transaction| {
                let ended = records::end_one(transaction, user, session, by.now)?;
                if ended {
                    note_ended(transaction, user, by, format!("session {session}"))?;
                }
                Ok(ended)
            })
            .await
    }

    async fn end_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        by: By,
    ) -> Result<usize, StorageError> {
        self.writer
            .transact_urgently(move |transaction| {
                let ended = end_all(transaction, user, except, by.now)?;
                if ended > 0 {
                    note_ended(transaction, user, by, format!("{ended} ended"))?;
                }
                Ok(ended)
            })
            .await
    }

    async fn sweep_sessions(&self, now: u64) -> Result<usize, StorageError> {
        let outdated = self
            .read(move |snapshot| sweep::outdated(snapshot, now))
            .await?;
        self.writer
            .transact(move |transaction| records::remove_outdated(transaction, outdated, now))
            .await
    }
}

fn note_ended(
    transaction: &mut Transaction<'_>,
    user: UserId,
    by: By,
    detail: String,
) -> Result<(), StorageError> {
    let action = Action::SessionsRevoked;
    audit::note(transaction, by, action, Some(user), Some(detail))
}
