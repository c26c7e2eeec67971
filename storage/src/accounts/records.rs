//! An account's record: what it says in the clear, and what is sealed in it.

use super::{Account, User};
use crate::error::StorageError;
use crate::keys;
use crate::seal::Seal;
use crate::transaction::{Read, decode};
use qunliao_protocol::UserId;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct AccountRecord {
    pub(super) created: u64,
    pub(super) password_hash: String,
    /// A sealed [`Personal`].
    pub(super) personal: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) closed: Option<u64>,
}

/// The part of an account that is sealed.
#[derive(Serialize, Deserialize)]
struct Personal {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(default)]
    phone_verified: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default)]
    email_confirmed: bool,
}

/// The account of `id`, unless it is closed or never was.
pub(super) fn open_account(
    read: &impl Read,
    seal: &Seal,
    id: UserId,
) -> Result<Option<Account>, StorageError> {
    let record: Option<AccountRecord> = read.record(&keys::user_by_id(id))?;
    let Some(record) = record.filter(|record| record.closed.is_none()) else {
        return Ok(None);
    };
    Ok(Some(Account {
        user: user(seal, id, &record)?,
        password_hash: record.password_hash,
    }))
}

/// Who the account of a record is.
pub(super) fn user(seal: &Seal, id: UserId, record: &AccountRecord) -> Result<User, StorageError> {
    let personal = personal(seal, id, record)?;
    Ok(User {
        id,
        name: personal.name,
        phone: personal.phone,
        phone_verified: personal.phone_verified,
        email: personal.email,
        email_confirmed: personal.email_confirmed,
    })
}

/// The name in a record; a closed account has kept it.
pub(super) fn name(
    seal: &Seal,
    id: UserId,
    record: &AccountRecord,
) -> Result<String, StorageError> {
    Ok(personal(seal, id, record)?.name)
}

fn personal(seal: &Seal, id: UserId, record: &AccountRecord) -> Result<Personal, StorageError> {
    decode(&seal.open(id.0, &record.personal)?)
}

pub(super) fn seal_personal(seal: &Seal, user: &User) -> Result<String, StorageError> {
    let personal = Personal {
        name: user.name.clone(),
        phone: user.phone.clone(),
        phone_verified: user.phone_verified,
        email: user.email.clone(),
        email_confirmed: user.email_confirmed,
    };
    let plain = serde_json::to_vec(&personal).expect("records have string keys");
    seal.seal(user.id.0, &plain)
}
