//! Owners who can sign in: an index of them, so that whether someone is the last of
//! them is two keys to read and not all accounts.

use super::AccountRefusal;
use super::records::AccountRecord;
use crate::error::StorageError;
use crate::keys::{self, Kind};
use crate::transaction::{Read, Transaction};
use qunliao_protocol::UserId;

/// Whether there is any.
pub(crate) fn any_owner(read: &impl Read) -> Result<bool, StorageError> {
    read.any(&[Kind::OwnerById as u8])
}

/// Keeps the index true to an account's record.
pub(super) fn follow(transaction: &mut Transaction<'_>, id: UserId, record: &AccountRecord) {
    if record.is_active_owner() {
        transaction.mark(keys::owner_by_id(id));
    } else {
        transaction.delete(keys::owner_by_id(id));
    }
}

/// Writes what an account has become, unless with it the last owner would go.
pub(super) fn put(
    transaction: &mut Transaction<'_>,
    id: UserId,
    record: &AccountRecord,
) -> Result<Result<(), AccountRefusal>, StorageError> {
    if !record.is_active_owner() && is_last(transaction, id)? {
        return Ok(Err(AccountRefusal::LastOwner));
    }
    follow(transaction, id, record);
    transaction.put_record(keys::user_by_id(id), record)?;
    Ok(Ok(()))
}

fn is_last(read: &impl Read, id: UserId) -> Result<bool, StorageError> {
    let (from, to) = keys::range(&[Kind::OwnerById as u8]);
    let owners = read.scan(&from, &to, false, 2)?;
    Ok(matches!(owners.as_slice(), [(key, _)] if *key == keys::owner_by_id(id)))
}
