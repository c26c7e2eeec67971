//! Withdrawing codes that were not used: what they were for has happened otherwise.

use super::Purpose;
use super::judge::target_key;
use super::record::CodeRecord;
use crate::accounts::Contact;
use crate::error::StorageError;
use crate::seal::Seal;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::UserId;

/// Ends the codes to this contact. Wrong tries stay counted.
pub(crate) fn withdraw(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    purpose: Purpose,
    contact: &Contact,
) -> Result<(), StorageError> {
    let key = target_key(seal, purpose, contact);
    if let Some(mut record) = transaction.record::<CodeRecord>(&key)? {
        record.withdraw();
        transaction.put_record(key, &record)?;
    }
    Ok(())
}

/// Ends those codes to this contact that were sent for `user`.
pub(crate) fn withdraw_of(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    purpose: Purpose,
    contact: &Contact,
    user: UserId,
) -> Result<(), StorageError> {
    let key = target_key(seal, purpose, contact);
    if let Some(mut record) = transaction.record::<CodeRecord>(&key)? {
        record.withdraw_of(user);
        transaction.put_record(key, &record)?;
    }
    Ok(())
}
