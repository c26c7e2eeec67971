//! Sessions: under the hash of their token, and listed by user, oldest first.

use super::NewSession;
use crate::error::StorageError;
use crate::keys::{self, IndexHash};
use crate::transaction::{Read, Transaction};
use qunliao_protocol::UserId;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct SessionRecord {
    user: UserId,
    issued: u64,
    expires: u64,
}

/// Begins a session. What has expired of the user's sessions is removed first;
/// only then do the oldest of the others make room.
pub(super) fn open(
    transaction: &mut Transaction<'_>,
    new: &NewSession,
    token: &IndexHash,
) -> Result<(), StorageError> {
    let mut living = Vec::new();
    for listed in listed(transaction, new.user)? {
        match user_of(transaction, token_of(&listed)?, new.now)? {
            Some(_) => living.push(listed),
            None => end(transaction, listed)?,
        }
    }
    let too_many = (living.len() + 1).saturating_sub(new.sessions_max.max(1));
    for oldest in living.drain(..too_many) {
        end(transaction, oldest)?;
    }
    let record = SessionRecord {
        user: new.user,
        issued: new.now,
        expires: new.expires,
    };
    transaction.put_record(keys::session_by_token(token), &record)?;
    transaction.mark(keys::token_by_user_session(new.user, new.now, token));
    Ok(())
}

/// Whose session `token` is, if it has not expired.
pub(super) fn user_of(
    read: &impl Read,
    token: &IndexHash,
    now: u64,
) -> Result<Option<UserId>, StorageError> {
    let session: Option<SessionRecord> = read.record(&keys::session_by_token(token))?;
    let living = session.filter(|session| session.expires > now);
    Ok(living.map(|session| session.user))
}

/// Ends all sessions of `user`.
pub(super) fn end_all(transaction: &mut Transaction<'_>, user: UserId) -> Result<(), StorageError> {
    for listed in listed(transaction, user)? {
        end(transaction, listed)?;
    }
    Ok(())
}

/// The keys under which a user's sessions are listed, oldest first.
fn listed(read: &impl Read, user: UserId) -> Result<Vec<Vec<u8>>, StorageError> {
    let (from, to) = keys::range(&keys::sessions_of(user));
    let listed = read.scan(&from, &to, false, usize::MAX / 2)?;
    Ok(listed.into_iter().map(|(key, _)| key).collect())
}

fn end(transaction: &mut Transaction<'_>, listed: Vec<u8>) -> Result<(), StorageError> {
    transaction.delete(keys::session_by_token(token_of(&listed)?));
    transaction.delete(listed);
    Ok(())
}

/// The hash of the token, which ends the key of a listed session.
fn token_of(listed: &[u8]) -> Result<&IndexHash, StorageError> {
    listed
        .last_chunk::<32>()
        .ok_or_else(|| StorageError::damaged("a session's key is too short"))
}
