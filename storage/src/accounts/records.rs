//! An account's record: what it says in the clear, and what is sealed in it.

use super::{Account, Profile, Role, Standing, User};
use crate::error::StorageError;
use crate::keys;
use crate::seal::{Bound, Seal};
use crate::transaction::{Read, decode};
use qunliao_protocol::{FileId, UserId};
use serde::{Deserialize, Serialize};

/// What an account was in the first format reads as that of an active member.
#[derive(Serialize, Deserialize)]
pub(crate) struct AccountRecord {
    pub(super) created: u64,
    pub(super) password_hash: String,
    /// A sealed [`Personal`].
    pub(super) personal: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) role: Role,
    /// Never [`Standing::Closed`]: `closed` says that, and when.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) standing: Standing,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) closed: Option<u64>,
}

impl AccountRecord {
    pub(crate) fn standing(&self) -> Standing {
        match self.closed {
            Some(_) => Standing::Closed,
            None => self.standing,
        }
    }

    /// Whether a password that was verified against this hash is still its user's,
    /// who may go by it: hashing takes a while, and much can happen meanwhile.
    pub(super) fn is_verified_by(&self, hash: &str) -> bool {
        self.password_hash == hash && self.standing() == Standing::Active
    }

    pub(super) fn is_active_owner(&self) -> bool {
        self.role == Role::Owner && self.standing() == Standing::Active
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    avatar: Option<FileId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bio: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<String>,
}

/// The record of `id`, unless the account is closed or never was.
pub(crate) fn open_record(
    read: &impl Read,
    id: UserId,
) -> Result<Option<AccountRecord>, StorageError> {
    let record: Option<AccountRecord> = read.record(&keys::user_by_id(id))?;
    Ok(record.filter(|record| record.closed.is_none()))
}

/// The account of `id`, unless it is closed or never was.
pub(super) fn open_account(
    read: &impl Read,
    seal: &Seal,
    id: UserId,
) -> Result<Option<Account>, StorageError> {
    let Some(record) = open_record(read, id)? else {
        return Ok(None);
    };
    Ok(Some(Account {
        user: user(seal, id, &record)?,
        password_hash: record.password_hash,
    }))
}

/// Who the account of a record is.
pub(crate) fn user(seal: &Seal, id: UserId, record: &AccountRecord) -> Result<User, StorageError> {
    let personal = personal(seal, id, record)?;
    Ok(User {
        id,
        name: personal.name,
        phone: personal.phone,
        phone_verified: personal.phone_verified,
        email: personal.email,
        email_confirmed: personal.email_confirmed,
        role: record.role,
        standing: record.standing(),
        profile: Profile {
            nickname: personal.nickname,
            avatar: personal.avatar,
            bio: personal.bio,
            language: personal.language,
        },
        created: record.created,
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
    decode(&seal.open(Bound::User(id), &record.personal)?)
}

pub(super) fn seal_personal(seal: &Seal, user: &User) -> Result<String, StorageError> {
    let personal = Personal {
        name: user.name.clone(),
        phone: user.phone.clone(),
        phone_verified: user.phone_verified,
        email: user.email.clone(),
        email_confirmed: user.email_confirmed,
        nickname: user.profile.nickname.clone(),
        avatar: user.profile.avatar,
        bio: user.profile.bio.clone(),
        language: user.profile.language.clone(),
    };
    let plain = serde_json::to_vec(&personal).expect("records have string keys");
    seal.seal(Bound::User(user.id), &plain)
}
