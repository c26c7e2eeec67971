//! Where a person can be reached, and whose that is.

use crate::error::StorageError;
use crate::keys::{self, IndexHash, Kind};
use crate::seal::{Seal, Space};
use crate::transaction::Read;

/// Where a person can be reached.
#[derive(Clone, PartialEq, Eq)]
pub enum Contact {
    /// A phone number in E.164 form.
    Phone(String),
    /// A folded e-mail address.
    Email(String),
}

impl Contact {
    pub(crate) fn index(&self, seal: &Seal) -> IndexHash {
        match self {
            Self::Phone(number) => seal.index(Space::Phone, number.as_bytes()),
            Self::Email(address) => seal.index(Space::Email, address.as_bytes()),
        }
    }

    /// The key under which its owner lies.
    pub(super) fn key(&self, seal: &Seal) -> Vec<u8> {
        let kind = match self {
            Self::Phone(_) => Kind::UserIdByPhone,
            Self::Email(_) => Kind::UserIdByEmail,
        };
        keys::user_id_by(kind, &self.index(seal))
    }
}

/// Numbers and addresses do not show in debug output.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Phone(_) => "Phone(***)",
            Self::Email(_) => "Email(***)",
        })
    }
}

/// Whether an open account owns `contact`.
pub(crate) fn owns(read: &impl Read, seal: &Seal, contact: &Contact) -> Result<bool, StorageError> {
    Ok(read.get(&contact.key(seal))?.is_some())
}
