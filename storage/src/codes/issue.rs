//! Issuing a code: whether one may be sent, and what is recorded of it.

use super::judge::{asker, code_hash, target_key};
use super::record::{CodeRecord, Fresh};
use super::sendings::{count_discreet, count_sending, count_telling};
use super::{Issued, NewCode, Purpose};
use crate::accounts;
use crate::error::StorageError;
use crate::seal::Seal;
use crate::transaction::{Read, Transaction};

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
    let mut record: CodeRecord = transaction.record(&key)?.unwrap_or_default();
    record.rule(new.rules.wrong_tries_max, new.rules.wrong_tries_window_ms);
    let from = new.asked_by.as_ref();
    let from = from.map(|from| asker(seal, &from.network));
    let burnt_for = record.burnt_for(from.as_deref(), new.now);
    if let Some(wait_ms) = count_sending(transaction, seal, new, burnt_for)? {
        return Ok(too_soon(wait_ms));
    }
    let fresh = Fresh {
        hash: code_hash(seal, proof),
        from,
        expires: new.now.saturating_add(new.rules.lifetime_ms),
        user: new.user,
    };
    record.take_in(fresh, new.now);
    transaction.put_record(key, &record)?;
    Ok(match count_discreet(transaction, seal, new)? {
        true => Issued::Send,
        false => Issued::HeldBack,
    })
}

fn too_soon(wait_ms: u64) -> Issued {
    let seconds = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
    Issued::TooSoon(seconds.max(1))
}
