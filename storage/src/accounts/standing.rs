//! What others make of an account: its role, and whether it can be used.

use super::records::{open_record, user};
use super::{AccountRefusal, Contact, Role, Standing, User, owners, password};
use crate::audit::{self, Action, By};
use crate::codes::{self, Purpose};
use crate::error::StorageError;
use crate::seal::Seal;
use crate::sessions;
use crate::transaction::Transaction;
use qunliao_protocol::UserId;

pub(super) fn set_role(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    id: UserId,
    role: Role,
    by: By,
) -> Result<Result<User, AccountRefusal>, StorageError> {
    let Some(mut record) = open_record(transaction, id)? else {
        return Ok(Err(AccountRefusal::NoAccount));
    };
    if record.role != role {
        let detail = format!("{} -> {}", record.role.word(), role.word());
        record.role = role;
        if let Err(refusal) = owners::put(transaction, id, &record)? {
            return Ok(Err(refusal));
        }
        let action = Action::RoleChanged;
        audit::note(transaction, by, action, Some(id), Some(detail))?;
    }
    user(seal, id, &record).map(Ok)
}

pub(super) fn set_standing(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    id: UserId,
    active: bool,
    by: By,
) -> Result<Result<User, AccountRefusal>, StorageError> {
    let Some(mut record) = open_record(transaction, id)? else {
        return Ok(Err(AccountRefusal::NoAccount));
    };
    let change = match (record.standing, active) {
        (Standing::Pending, true) => Some((Standing::Active, Action::Approved)),
        (Standing::Disabled, true) => Some((Standing::Active, Action::Enabled)),
        (Standing::Active | Standing::Pending, false) => {
            Some((Standing::Disabled, Action::Disabled))
        }
        _ => None,
    };
    if let Some((standing, action)) = change {
        record.standing = standing;
        if let Err(refusal) = owners::put(transaction, id, &record)? {
            return Ok(Err(refusal));
        }
        if !active {
            sessions::end_all(transaction, id, None, by.now)?;
            end_links_and_codes(transaction, seal, &user(seal, id, &record)?)?;
        }
        audit::note(transaction, by, action, Some(id), None)?;
    }
    user(seal, id, &record).map(Ok)
}

/// What was sent to someone who is shut out does not wait until it works again.
fn end_links_and_codes(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    user: &User,
) -> Result<(), StorageError> {
    password::end_resets(transaction, seal, user)?;
    match user.email.clone().map(Contact::Email) {
        Some(email) => codes::withdraw_of(transaction, seal, Purpose::Confirm, &email, user.id),
        None => Ok(()),
    }
}
