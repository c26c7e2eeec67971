//! Sweeping: records of codes and sendings that no longer matter.

use super::record::CodeRecord;
use super::sendings::SendingsRecord;
use crate::error::StorageError;
use crate::keys::{self, Kind};
use crate::transaction::{Read, Transaction, after, decode};

/// How many expired records one sweep removes, so that it never holds up others.
const SWEEP_RECORDS_MAX: usize = 1_000;

/// The keys of records that no longer matter, a limited number of them.
pub(super) fn outdated(read: &impl Read, now: u64) -> Result<Vec<Vec<u8>>, StorageError> {
    let mut outdated = Vec::new();
    for kind in [Kind::CodeByTarget, Kind::SendingsBySubject] {
        let (mut from, to) = keys::range(&[kind as u8]);
        loop {
            let records = read.scan(&from, &to, false, SWEEP_RECORDS_MAX)?;
            for (key, value) in &records {
                if outdated.len() < SWEEP_RECORDS_MAX && is_outdated(kind, value, now)? {
                    outdated.push(key.clone());
                }
            }
            match records.last() {
                Some((key, _)) if outdated.len() < SWEEP_RECORDS_MAX => from = after(key),
                _ => break,
            }
        }
    }
    Ok(outdated)
}

fn is_outdated(kind: Kind, value: &[u8], now: u64) -> Result<bool, StorageError> {
    if kind == Kind::SendingsBySubject {
        return Ok(decode::<SendingsRecord>(value)?.is_outdated(now));
    }
    Ok(decode::<CodeRecord>(value)?.is_outdated(now))
}

/// Removes those of `candidates` that still do not matter; answers how many.
pub(super) fn remove_outdated(
    transaction: &mut Transaction<'_>,
    candidates: Vec<Vec<u8>>,
    now: u64,
) -> Result<usize, StorageError> {
    let mut removed = 0;
    for key in candidates {
        let kind = if key[0] == Kind::CodeByTarget as u8 {
            Kind::CodeByTarget
        } else {
            Kind::SendingsBySubject
        };
        // Between the reading and now a code may have been sent anew.
        if let Some(value) = transaction.get(&key)?
            && is_outdated(kind, &value, now)?
        {
            transaction.delete(key);
            removed += 1;
        }
    }
    Ok(removed)
}
