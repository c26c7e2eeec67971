//! The trail in storage: entries by id, and an index of whom they concern.

use super::{Action, Actor, AuditEntry, AuditQuery, By};
use crate::error::StorageError;
use crate::keys::{self, Kind};
use crate::store::counters;
use crate::transaction::{Read, Transaction, decode};
use qunliao_protocol::UserId;
use serde::{Deserialize, Serialize};

/// How many entries one sweep removes, so that it never holds up others.
const SWEEP_ENTRIES_MAX: usize = 1_000;

#[derive(Serialize, Deserialize)]
struct AuditRecord {
    time: u64,
    actor: Actor,
    action: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl AuditRecord {
    /// Those in whose list it stands.
    fn users(&self) -> impl Iterator<Item = UserId> {
        let actor = match self.actor {
            Actor::User(user) => Some(user),
            Actor::Operator | Actor::Server => None,
        };
        let subject = self.subject.filter(|subject| Some(*subject) != actor);
        actor.into_iter().chain(subject)
    }

    fn entry(self, id: u64) -> Result<AuditEntry, StorageError> {
        Ok(AuditEntry {
            id,
            time: self.time,
            actor: self.actor,
            action: Action::of(self.action)
                .ok_or_else(|| StorageError::damaged("the audit trail tells of nothing known"))?,
            subject: self.subject,
            detail: self.detail,
        })
    }
}

/// Notes that something was done, in the transaction that does it.
pub(crate) fn note(
    transaction: &mut Transaction<'_>,
    by: By,
    action: Action,
    subject: Option<UserId>,
    detail: Option<String>,
) -> Result<(), StorageError> {
    let id = transaction.count(counters::AUDIT)?;
    let record = AuditRecord {
        time: by.now,
        actor: by.actor,
        action: action as u8,
        subject,
        detail,
    };
    for user in record.users() {
        transaction.mark(keys::audit_id_by_user(user, id));
    }
    transaction.put_record(keys::audit_by_id(id), &record)
}

pub(super) fn page(read: &impl Read, query: AuditQuery) -> Result<Vec<AuditEntry>, StorageError> {
    let prefix = match query.user {
        Some(user) => keys::audit_of(user),
        None => vec![Kind::AuditById as u8],
    };
    let (from, mut to) = keys::range(&prefix);
    if let Some(before) = query.before {
        to = match query.user {
            Some(user) => keys::audit_id_by_user(user, before),
            None => keys::audit_by_id(before),
        };
    }
    let mut entries = Vec::new();
    for (key, _) in read.scan(&from, &to, true, query.limit)? {
        let id = keys::last_number(&key)?;
        // Between the two readings a sweep may have removed it.
        if let Some(record) = read.record::<AuditRecord>(&keys::audit_by_id(id))? {
            entries.push(record.entry(id)?);
        }
    }
    Ok(entries)
}

/// The ids of the oldest entries, as far as they are from before `before`.
pub(super) fn outdated(read: &impl Read, before: u64) -> Result<Vec<u64>, StorageError> {
    let (from, to) = keys::range(&[Kind::AuditById as u8]);
    let mut outdated = Vec::new();
    for (key, value) in read.scan(&from, &to, false, SWEEP_ENTRIES_MAX)? {
        if decode::<AuditRecord>(&value)?.time < before {
            outdated.push(keys::last_number(&key)?);
        }
    }
    Ok(outdated)
}

/// Removes entries; answers how many there were.
pub(super) fn remove(
    transaction: &mut Transaction<'_>,
    ids: Vec<u64>,
) -> Result<usize, StorageError> {
    let mut removed = 0;
    for id in ids {
        let key = keys::audit_by_id(id);
        // Another sweep may have been faster.
        let Some(record) = transaction.record::<AuditRecord>(&key)? else {
            continue;
        };
        for user in record.users() {
            transaction.delete(keys::audit_id_by_user(user, id));
        }
        transaction.delete(key);
        removed += 1;
    }
    Ok(removed)
}
