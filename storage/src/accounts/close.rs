//! Closing an account. Its name stays taken and readable, since its words stay.

use super::records::{AccountRecord, seal_personal, user};
use super::{AccountRefusal, Contact, Profile, Role, Standing, confirm, owners};
use crate::audit::{self, Action, By};
use crate::error::StorageError;
use crate::keys;
use crate::seal::Seal;
use crate::transaction::{Read, Transaction};
use crate::{links, sessions};
use qunliao_protocol::UserId;

pub(super) fn close(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    id: UserId,
    verified_hash: Option<&str>,
    by: By,
) -> Result<Result<(), AccountRefusal>, StorageError> {
    let Some(mut record) = transaction.record::<AccountRecord>(&keys::user_by_id(id))? else {
        return Ok(Err(AccountRefusal::NoAccount));
    };
    if record.closed.is_some() {
        return Ok(Ok(()));
    }
    if verified_hash.is_some_and(|hash| !record.is_verified_by(hash)) {
        return Ok(Err(AccountRefusal::NotVerified));
    }
    let mut user = user(seal, id, &record)?;
    let (phone, email) = (user.phone.take(), user.email.take());
    user.profile = Profile::default();
    record.closed = Some(by.now);
    record.password_hash = String::new();
    record.role = Role::default();
    record.standing = Standing::default();
    record.personal = seal_personal(seal, &user)?;
    if let Err(refusal) = owners::put(transaction, id, &record)? {
        return Ok(Err(refusal));
    }
    if let Some(phone) = phone.filter(|_| user.phone_verified) {
        transaction.delete(Contact::Phone(phone).key(seal));
    }
    if let Some(email) = email.map(Contact::Email) {
        confirm::give_up(transaction, seal, &email, id);
        if user.email_confirmed {
            transaction.delete(email.key(seal));
        }
    }
    sessions::end_all(transaction, id, None, by.now)?;
    links::end_reset(transaction, id)?;
    audit::note(transaction, by, Action::Closed, Some(id), None)?;
    Ok(Ok(()))
}
