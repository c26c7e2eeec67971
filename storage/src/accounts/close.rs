//! Closing an account. Its name stays taken and readable, since its words stay.

use super::records::{AccountRecord, seal_personal, user};
use super::{Contact, confirm, sessions};
use crate::error::StorageError;
use crate::keys;
use crate::seal::Seal;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::UserId;

pub(super) fn close(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    id: UserId,
    now: u64,
) -> Result<(), StorageError> {
    let key = keys::user_by_id(id);
    let Some(mut record) = transaction.record::<AccountRecord>(&key)? else {
        return Ok(());
    };
    if record.closed.is_some() {
        return Ok(());
    }
    let mut user = user(seal, id, &record)?;
    if let Some(phone) = user.phone.take().filter(|_| user.phone_verified) {
        transaction.delete(Contact::Phone(phone).key(seal));
    }
    if let Some(email) = user.email.take().map(Contact::Email) {
        confirm::give_up(transaction, seal, &email, id);
        if user.email_confirmed {
            transaction.delete(email.key(seal));
        }
    }
    sessions::end_all(transaction, id)?;
    record.closed = Some(now);
    record.password_hash = String::new();
    record.personal = seal_personal(seal, &user)?;
    transaction.put_record(key, &record)
}
