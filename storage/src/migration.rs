//! Data of earlier formats, and how it becomes ours when a data folder is opened.
//!
//! The second format knew one room, the lobby, and only messages in it. Its entries
//! read as ours, and nothing of a room is kept until something happens there; so there
//! is nothing to write but the mark of the format.
//!
//! The first format knew nothing of roles, of disabled accounts and of links: its
//! accounts read as active members. Its sessions had no ids, and were listed by the
//! time of their issue; they are written anew here. The format is marked last, so
//! that what is cut short goes on at the next start.

use crate::engine::{Changes, Engine};
use crate::error::StorageError;
use crate::keys::{self, FORMAT_VERSION, Kind};
use crate::sessions::{SessionRecord, token_hash};
use crate::store::counters;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::{SessionId, UserId};
use serde::Deserialize;

/// The earliest format that can still be read.
pub(crate) const FIRST_FORMAT: u64 = 1;

/// Sessions that are written anew in one commit.
const SESSIONS_PER_COMMIT: usize = 500;

/// A session's record in the first format.
#[derive(Deserialize)]
struct FirstSession {
    user: UserId,
    issued: u64,
    expires: u64,
}

/// Makes data of the format `from` ours.
pub(crate) fn migrate(engine: &dyn Engine, from: u64) -> Result<(), StorageError> {
    let mut sessions = 0;
    if from == FIRST_FORMAT {
        loop {
            let migrated = migrate_sessions(engine)?;
            if migrated == 0 {
                break;
            }
            sessions += migrated;
        }
    }
    let none = Changes::new();
    let mut transaction = Transaction::new(engine, &none);
    transaction.put_number(keys::meta(counters::FORMAT), FORMAT_VERSION);
    engine.commit(&transaction.into_changes())?;
    log::info!("event=storage_migrated from={from} to={FORMAT_VERSION} sessions={sessions}");
    Ok(())
}

/// Writes some sessions anew, in one commit; answers how many. They come in the
/// order of their users and their age, and so get their ids.
fn migrate_sessions(engine: &dyn Engine) -> Result<usize, StorageError> {
    let none = Changes::new();
    let mut transaction = Transaction::new(engine, &none);
    let (from, to) = keys::range(&[Kind::TokenByUserIssue as u8]);
    let listed = transaction.scan(&from, &to, false, SESSIONS_PER_COMMIT)?;
    if listed.is_empty() {
        return Ok(0);
    }
    for (key, _) in &listed {
        let token = token_hash(key)?;
        let first: Option<FirstSession> = transaction.record(&keys::session_by_token(&token))?;
        if let Some(first) = first {
            let id = SessionId(transaction.count(counters::SESSIONS)?);
            // It ended at a fixed time, however much it was used, and still does.
            let record = SessionRecord::fixed(id, first.user, first.issued, first.expires);
            record.put(&mut transaction, &token)?;
        }
        transaction.delete(key.clone());
    }
    engine.commit(&transaction.into_changes())?;
    Ok(listed.len())
}
