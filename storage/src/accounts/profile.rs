//! What users say of themselves.

use super::records::{open_record, seal_personal, user};
use super::{ProfileChange, User, name_key};
use crate::error::StorageError;
use crate::keys;
use crate::seal::Seal;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::UserId;

pub(super) fn change(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    id: UserId,
    change: ProfileChange,
) -> Result<Option<User>, StorageError> {
    let Some(mut record) = open_record(transaction, id)? else {
        return Ok(None);
    };
    if let Some(folded) = &change.folded_nickname {
        let owner = transaction.number(&name_key(seal, folded))?;
        if owner.is_some_and(|owner| owner != id.0) {
            return Ok(None);
        }
    }
    let mut user = user(seal, id, &record)?;
    let before = user.profile.clone();
    let profile = &mut user.profile;
    set(&mut profile.nickname, change.nickname);
    set(&mut profile.avatar, change.avatar);
    set(&mut profile.bio, change.bio);
    set(&mut profile.language, change.language);
    if user.profile != before {
        record.personal = seal_personal(seal, &user)?;
        transaction.put_record(keys::user_by_id(id), &record)?;
    }
    Ok(Some(user))
}

fn set<T>(field: &mut Option<T>, to: Option<Option<T>>) {
    if let Some(to) = to {
        *field = to;
    }
}
