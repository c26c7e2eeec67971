//! The record of a code, and how a code that someone presents fares against it.

use super::{Proof, Purpose, Verdict};
use crate::accounts::Contact;
use crate::content::to_hex;
use crate::error::StorageError;
use crate::keys::{self, IndexHash};
use crate::seal::{Seal, Space};
use crate::transaction::{Read, Transaction};
use qunliao_protocol::UserId;
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
pub(super) struct CodeRecord {
    pub(super) hash: String,
    pub(super) expires: u64,
    #[serde(default)]
    pub(super) spent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<UserId>,
    /// When wrong tries were made: at most as many as burn the code.
    pub(super) wrong_tries: Vec<u64>,
    pub(super) wrong_tries_max: u32,
    pub(super) wrong_tries_window_ms: u64,
}

impl CodeRecord {
    /// Whether a wrong try at `tried` still counts.
    fn counts(&self, tried: u64, now: u64) -> bool {
        tried > now.saturating_sub(self.wrong_tries_window_ms)
    }

    /// Forgets the wrong tries that no longer count.
    fn forgive(&mut self, now: u64) {
        let mut tries = std::mem::take(&mut self.wrong_tries);
        tries.retain(|tried| self.counts(*tried, now));
        self.wrong_tries = tries;
    }

    /// Whether the code is dead, and forgetting its wrong tries forgives nobody.
    pub(super) fn is_outdated(&self, now: u64) -> bool {
        let forgiven = !self
            .wrong_tries
            .iter()
            .any(|tried| self.counts(*tried, now));
        self.expires <= now && forgiven
    }

    /// How long no code can be right, in milliseconds, since too many wrong ones
    /// were tried; `None` if one can.
    pub(super) fn burnt_for(&self, now: u64) -> Option<u64> {
        let mut tries = self.wrong_tries.clone();
        tries.retain(|tried| self.counts(*tried, now));
        let too_many = tries.len().checked_sub(self.wrong_tries_max as usize)?;
        // Requests may overtake each other.
        tries.sort_unstable();
        // When this try no longer counts, one less than the maximum do.
        Some(match tries.get(too_many) {
            Some(tried) => tried.saturating_add(self.wrong_tries_window_ms) - now,
            // Not one try is allowed.
            None => self.wrong_tries_window_ms,
        })
    }
}

/// Judges a code; a wrong one counts.
pub(crate) fn judge(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    proof: &Proof,
    now: u64,
) -> Result<Verdict, StorageError> {
    let key = target_key(seal, proof.purpose, &proof.contact);
    let Some(mut record) = transaction.record::<CodeRecord>(&key)? else {
        return Ok(Verdict::Wrong);
    };
    record.forgive(now);
    if record.burnt_for(now).is_some() || record.expires <= now {
        return Ok(Verdict::Wrong);
    }
    // Both sides are keyed hashes: comparing them in any time tells nothing of the code.
    if record.hash == to_hex(&code_hash(seal, proof)) {
        return Ok(if record.spent {
            Verdict::Spent
        } else {
            Verdict::Right
        });
    }
    record.wrong_tries.push(now);
    transaction.put_record(key, &record)?;
    Ok(Verdict::Wrong)
}

/// Marks a code as used. It stays known until it expires.
pub(crate) fn spend(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    proof: &Proof,
) -> Result<(), StorageError> {
    let key = target_key(seal, proof.purpose, &proof.contact);
    if let Some(mut record) = transaction.record::<CodeRecord>(&key)? {
        record.spent = true;
        record.wrong_tries.clear();
        transaction.put_record(key, &record)?;
    }
    Ok(())
}

/// For whom the last code to this contact was sent.
pub(crate) fn code_user(
    read: &impl Read,
    seal: &Seal,
    purpose: Purpose,
    contact: &Contact,
) -> Result<Option<UserId>, StorageError> {
    let record: Option<CodeRecord> = read.record(&target_key(seal, purpose, contact))?;
    Ok(record.and_then(|record| record.user))
}

pub(super) fn target_key(seal: &Seal, purpose: Purpose, contact: &Contact) -> Vec<u8> {
    keys::code_by_target(purpose as u8, &contact.index(seal))
}

/// What is kept of a code: a keyed hash that also binds its purpose and contact.
pub(super) fn code_hash(seal: &Seal, proof: &Proof) -> IndexHash {
    let contact = proof.contact.index(seal);
    let bound = [
        &[proof.purpose as u8],
        contact.as_slice(),
        proof.code.as_bytes(),
    ]
    .concat();
    seal.index(Space::Code, &bound)
}
