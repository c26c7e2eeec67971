//! How a code that someone presents fares.

use super::record::{CodeRecord, Presented};
use super::sendings::count_entered;
use super::{Proof, Purpose, Verdict};
use crate::accounts::Contact;
use crate::content::to_hex;
use crate::error::StorageError;
use crate::keys::{self, IndexHash};
use crate::seal::{Seal, Space};
use crate::transaction::{Read, Transaction};
use qunliao_protocol::UserId;

/// Bytes kept of the keyed hash of a network: enough to tell askers apart.
const ASKER_BYTES: usize = 8;

/// Judges a code; a wrong one counts. A right one is written down, too, though
/// nothing changes: where a wrong one could not be counted, as on a full disk,
/// nobody may learn which is right.
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
    let from = proof.from.as_deref().map(|from| asker(seal, from));
    let verdict = match record.present(&code_hash(seal, proof), from.as_deref(), now) {
        Presented::Right(code) if code.spent => Verdict::Spent,
        Presented::Right(_) => Verdict::Right,
        Presented::Wrong { counted: true } => Verdict::Wrong,
        Presented::Wrong { counted: false } => return Ok(Verdict::Wrong),
    };
    transaction.put_record(key, &record)?;
    Ok(verdict)
}

/// Marks a code as used. It stays known until it expires; other codes to the same
/// contact for the same purpose are gone.
pub(crate) fn spend(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    proof: &Proof,
    now: u64,
) -> Result<(), StorageError> {
    count_entered(transaction, seal, now)?;
    let key = target_key(seal, proof.purpose, &proof.contact);
    if let Some(mut record) = transaction.record::<CodeRecord>(&key)? {
        record.spend(&code_hash(seal, proof));
        transaction.put_record(key, &record)?;
    }
    Ok(())
}

/// For whom this code was sent.
pub(crate) fn code_user(
    read: &impl Read,
    seal: &Seal,
    proof: &Proof,
) -> Result<Option<UserId>, StorageError> {
    let key = target_key(seal, proof.purpose, &proof.contact);
    let record: Option<CodeRecord> = read.record(&key)?;
    let code = record
        .as_ref()
        .and_then(|record| record.code(&code_hash(seal, proof)));
    Ok(code.and_then(|code| code.user))
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

/// What is kept of who asked for a code.
pub(super) fn asker(seal: &Seal, network: &str) -> String {
    let hash = seal.index(Space::Sending, format!("asker {network}").as_bytes());
    to_hex(&hash[..ASKER_BYTES])
}
