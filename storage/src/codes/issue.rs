//! Issuing a code: whether one may be sent, and what is recorded of it.

use super::judge::{CodeRecord, code_hash, target_key};
use super::sendings::{count_sending, count_telling};
use super::{Issued, NewCode, Purpose};
use crate::accounts;
use crate::content::to_hex;
use crate::error::StorageError;
use crate::seal::Seal;
use crate::transaction::{Read, Transaction};

/// The most wrong tries that a code can stand: their times must fit into a record,
/// or those beyond would not be counted.
const WRONG_TRIES_MAX: u32 = 100;

pub(super) fn issue(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewCode,
) -> Result<Issued, StorageError> {
    let proof = &new.proof;
    if proof.purpose == Purpose::Register && accounts::owns(transaction, seal, &proof.contact)? {
        return Ok(match count_telling(transaction, seal, new)? {
            Some(wait_ms) => too_soon(wait_ms),
            None => Issued::Registered,
        });
    }
    let key = target_key(seal, proof.purpose, &proof.contact);
    let earlier: CodeRecord = transaction.record(&key)?.unwrap_or_default();
    let record = CodeRecord {
        hash: to_hex(&code_hash(seal, proof)),
        expires: new.now.saturating_add(new.rules.lifetime_ms),
        spent: false,
        user: new.user,
        wrong_tries: earlier.wrong_tries,
        wrong_tries_max: new.rules.wrong_tries_max.min(WRONG_TRIES_MAX),
        wrong_tries_window_ms: new.rules.wrong_tries_window_ms,
    };
    let burnt_for = record.burnt_for(new.now);
    if let Some(wait_ms) = count_sending(transaction, seal, new, burnt_for)? {
        return Ok(too_soon(wait_ms));
    }
    transaction.put_record(key, &record)?;
    Ok(Issued::Send)
}

fn too_soon(wait_ms: u64) -> Issued {
    let seconds = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
    Issued::TooSoon(seconds.max(1))
}
