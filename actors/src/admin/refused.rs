//! Why something was not done: a stable word for programs, a sentence for people.

use crate::hasher::Busy;
use qunliao_protocol::{Failure, Language};
use qunliao_storage::StorageError;
use serde::{Deserialize, Serialize};

/// A refusal. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// For programs; never changes its meaning. `docs/operating.md` lists them.
    pub code: String,
    /// For people, in English.
    pub message: String,
}

impl Refused {
    /// A refusal.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// There is no such user.
    pub(super) fn no_user() -> Self {
        Self::new(
            "no_such_user",
            "There is no such user. A user is named by name, id (#5 or id:5), phone number or e-mail address.",
        )
    }

    /// The caller's role does not go so far.
    pub(super) fn not_allowed(why: &str) -> Self {
        Self::new("not_allowed", why)
    }
}

impl From<StorageError> for Refused {
    fn from(why: StorageError) -> Self {
        let code = match &why {
            StorageError::Full { .. } => "storage_full",
            StorageError::Closed => "shutting_down",
            _ => {
                log::error!("event=storage_error error=\"{why}\"");
                "storage"
            }
        };
        Self::new(code, format!("Storage could not do it: {why}."))
    }
}

impl From<Busy> for Refused {
    fn from(_: Busy) -> Self {
        Self::new(
            "busy",
            "Too many passwords are being hashed just now. Try again in a moment.",
        )
    }
}

/// What a sign-up would be refused with, refuses an account that is made here.
impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::new(failure.slug(), failure.sentence(Language::English))
    }
}
