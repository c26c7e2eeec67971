//! Sessions in storage: under the hash of their token, and listed by user, oldest
//! first.

use super::{Begun, NewSession, Session};
use crate::accounts::{self, Standing, User};
use crate::error::StorageError;
use crate::keys::{self, IndexHash};
use crate::seal::{Bound, Seal};
use crate::store::counters;
use crate::transaction::{Read, Transaction, decode};
use qunliao_protocol::{SessionId, UserId};
use serde::{Deserialize, Serialize};

/// How long a session is in use before that is noted: as often as every tenth of
/// the time that it may lie unused, and at least after this.
const NOTED_AFTER_MS: u64 = 10 * 60 * 1_000;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SessionRecord {
    pub(super) id: SessionId,
    pub(super) user: UserId,
    pub(super) issued: u64,
    pub(super) last_used: u64,
    /// How long it lives unused. It stands here so that what notes its use need not
    /// know the settings.
    pub(super) idle_ms: u64,
    /// When it ends however much it is used.
    pub(super) ends: u64,
    /// A sealed [`Origin`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<String>,
}

/// Where a session comes from: the part of it that is sealed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Origin {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

impl SessionRecord {
    /// One that ends at `expires`, used or not.
    pub(crate) fn fixed(id: SessionId, user: UserId, issued: u64, expires: u64) -> Self {
        Self {
            id,
            user,
            issued,
            last_used: issued,
            idle_ms: expires.saturating_sub(issued),
            ends: expires,
            origin: None,
        }
    }

    fn expires(&self) -> u64 {
        self.last_used.saturating_add(self.idle_ms).min(self.ends)
    }

    pub(crate) fn is_alive(&self, now: u64) -> bool {
        self.expires() > now
    }

    fn origin(&self, seal: &Seal) -> Result<Origin, StorageError> {
        match &self.origin {
            Some(sealed) => decode(&seal.open(Bound::Session(self.id), sealed)?),
            None => Ok(Origin::default()),
        }
    }

    fn set_origin(&mut self, seal: &Seal, origin: &Origin) -> Result<(), StorageError> {
        let plain = serde_json::to_vec(origin).expect("records have string keys");
        let said = *origin != Origin::default();
        let sealed = said.then(|| seal.seal(Bound::Session(self.id), &plain));
        self.origin = sealed.transpose()?;
        Ok(())
    }

    fn session(self, seal: &Seal) -> Result<Session, StorageError> {
        let origin = self.origin(seal)?;
        Ok(Session {
            id: self.id,
            user: self.user,
            device: origin.device,
            address: origin.address,
            issued: self.issued,
            last_used: self.last_used,
            expires: self.expires(),
        })
    }

    /// Writes it under its token, and into the list of its user.
    pub(crate) fn put(
        &self,
        transaction: &mut Transaction<'_>,
        token: &IndexHash,
    ) -> Result<(), StorageError> {
        let listed = keys::token_by_user_session(self.user, self.id);
        transaction.put(listed, token.to_vec())?;
        transaction.put_record(keys::session_by_token(token), self)
    }
}

/// Begins a session. What has expired of the user's sessions is removed first;
/// only then do the oldest of the others make room.
pub(super) fn open(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: NewSession,
    token: &IndexHash,
) -> Result<Begun, StorageError> {
    let id = SessionId(transaction.count(counters::SESSIONS)?);
    let account = accounts::open_record(transaction, new.user)?;
    // The password may have been checked before the account was disabled.
    if account.is_none_or(|account| account.standing() != Standing::Active) {
        return Ok(Begun {
            id,
            ended: Vec::new(),
        });
    }
    let (mut living, mut ended) = (Vec::new(), Vec::new());
    for (earlier, token) in listed(transaction, new.user)? {
        match living_at(transaction, &token, new.now)? {
            Some(_) => living.push((earlier, token)),
            None => ended.push((earlier, token)),
        }
    }
    let too_many = (living.len() + 1).saturating_sub(new.sessions_max.max(1));
    ended.extend(living.drain(..too_many));
    for (gone, token) in &ended {
        end(transaction, new.user, *gone, token);
    }
    let mut record = SessionRecord {
        id,
        user: new.user,
        issued: new.now,
        last_used: new.now,
        idle_ms: new.idle_ms,
        ends: new.now.saturating_add(new.lifetime_ms),
        origin: None,
    };
    let origin = Origin {
        device: new.device,
        address: new.address,
    };
    record.set_origin(seal, &origin)?;
    record.put(transaction, token)?;
    let ended = ended.into_iter().map(|(gone, _)| gone).collect();
    Ok(Begun { id, ended })
}

/// The living session whose token this is, and its user, if the account can be used.
pub(super) fn find(
    read: &impl Read,
    seal: &Seal,
    token: &IndexHash,
    now: u64,
) -> Result<Option<(User, Session)>, StorageError> {
    let Some(session) = living_at(read, token, now)? else {
        return Ok(None);
    };
    let account = accounts::open_record(read, session.user)?;
    let Some(account) = account.filter(|account| account.standing() == Standing::Active) else {
        return Ok(None);
    };
    let user = accounts::user(seal, session.user, &account)?;
    Ok(Some((user, session.session(seal)?)))
}

/// What a session's record is to be after it was used, if that is worth writing.
pub(super) fn touched(
    read: &impl Read,
    seal: &Seal,
    (user, id): (UserId, SessionId),
    address: Option<&str>,
    now: u64,
) -> Result<Option<(IndexHash, SessionRecord)>, StorageError> {
    let Some(token) = token_of(read, user, id)? else {
        return Ok(None);
    };
    let Some(mut record) = living_at(read, &token, now)? else {
        return Ok(None);
    };
    let mut origin = record.origin(seal)?;
    let has_moved = address.is_some() && origin.address.as_deref() != address;
    let noted_for = NOTED_AFTER_MS.min(record.idle_ms / 10);
    if !has_moved && record.last_used.saturating_add(noted_for) > now {
        return Ok(None);
    }
    if has_moved {
        origin.address = address.map(str::to_owned);
        record.set_origin(seal, &origin)?;
    }
    record.last_used = record.last_used.max(now);
    Ok(Some((token, record)))
}

/// The living sessions of `user`, the oldest first.
pub(super) fn of_user(
    read: &impl Read,
    seal: &Seal,
    user: UserId,
    now: u64,
) -> Result<Vec<Session>, StorageError> {
    let mut sessions = Vec::new();
    for (_, token) in listed(read, user)? {
        if let Some(record) = living_at(read, &token, now)? {
            sessions.push(record.session(seal)?);
        }
    }
    Ok(sessions)
}

/// Ends one session of `user`; whether it was alive.
pub(super) fn end_one(
    transaction: &mut Transaction<'_>,
    user: UserId,
    id: SessionId,
    now: u64,
) -> Result<bool, StorageError> {
    let Some(token) = token_of(transaction, user, id)? else {
        return Ok(false);
    };
    let was_alive = living_at(transaction, &token, now)?.is_some();
    end(transaction, user, id, &token);
    Ok(was_alive)
}

/// Ends all sessions of `user` but `except`; answers how many of them were alive.
pub(crate) fn end_all(
    transaction: &mut Transaction<'_>,
    user: UserId,
    except: Option<SessionId>,
    now: u64,
) -> Result<usize, StorageError> {
    let mut ended = 0;
    for (id, token) in listed(transaction, user)? {
        if Some(id) != except {
            ended += usize::from(living_at(transaction, &token, now)?.is_some());
            end(transaction, user, id, &token);
        }
    }
    Ok(ended)
}

/// Removes those of `tokens` whose sessions have ended; answers how many.
pub(super) fn remove_outdated(
    transaction: &mut Transaction<'_>,
    tokens: Vec<IndexHash>,
    now: u64,
) -> Result<usize, StorageError> {
    let mut removed = 0;
    for token in tokens {
        let record: Option<SessionRecord> = transaction.record(&keys::session_by_token(&token))?;
        if let Some(record) = record.filter(|record| !record.is_alive(now)) {
            end(transaction, record.user, record.id, &token);
            removed += 1;
        }
    }
    Ok(removed)
}

fn end(transaction: &mut Transaction<'_>, user: UserId, id: SessionId, token: &IndexHash) {
    transaction.delete(keys::session_by_token(token));
    transaction.delete(keys::token_by_user_session(user, id));
}

fn living_at(
    read: &impl Read,
    token: &IndexHash,
    now: u64,
) -> Result<Option<SessionRecord>, StorageError> {
    let record: Option<SessionRecord> = read.record(&keys::session_by_token(token))?;
    Ok(record.filter(|record| record.is_alive(now)))
}

/// A user's sessions and the hashes of their tokens, the oldest first.
fn listed(read: &impl Read, user: UserId) -> Result<Vec<(SessionId, IndexHash)>, StorageError> {
    let (from, to) = keys::range(&keys::sessions_of(user));
    let listed = read.scan(&from, &to, false, usize::MAX / 2)?.into_iter();
    listed
        .map(|(key, token)| Ok((SessionId(keys::last_number(&key)?), hash(&token)?)))
        .collect()
}

fn token_of(
    read: &impl Read,
    user: UserId,
    id: SessionId,
) -> Result<Option<IndexHash>, StorageError> {
    let token = read.get(&keys::token_by_user_session(user, id))?;
    token.map(|token| hash(&token)).transpose()
}

/// The hash that is a value, or that ends a key.
pub(crate) fn hash(bytes: &[u8]) -> Result<IndexHash, StorageError> {
    bytes
        .last_chunk()
        .copied()
        .ok_or_else(|| StorageError::damaged("the hash of a token is too short"))
}
