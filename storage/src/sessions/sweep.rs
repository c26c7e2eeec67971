//! Sweeping: sessions that have ended by themselves.

use super::records::{SessionRecord, hash};
use crate::error::StorageError;
use crate::keys::{self, IndexHash, Kind};
use crate::transaction::{Read, decode};
use std::ops::ControlFlow;

/// How many sessions one sweep removes, so that it never holds up others.
const SWEEP_SESSIONS_MAX: usize = 1_000;

/// The hashes of the tokens of sessions that have ended, a limited number of them.
pub(super) fn outdated(read: &impl Read, now: u64) -> Result<Vec<IndexHash>, StorageError> {
    let mut outdated = Vec::new();
    read.each(keys::range(&[Kind::SessionByToken as u8]), |key, value| {
        if !decode::<SessionRecord>(value)?.is_alive(now) {
            outdated.push(hash(key)?);
        }
        Ok(if outdated.len() < SWEEP_SESSIONS_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(outdated)
}
