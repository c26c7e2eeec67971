//! Who a user is.

use super::Contact;
use qunliao_protocol::{FileId, UserId};
use serde::{Deserialize, Serialize};

/// What identifies the person behind a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// A folded name.
    Name(String),
    /// A verified number or confirmed address.
    Contact(Contact),
}

/// What a user may do to others' accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing.
    #[default]
    Member,
    /// Invite, approve, disable and enable members.
    Admin,
    /// All of it, and give out roles. There is always one, once there was one.
    Owner,
}

impl Role {
    /// How the audit trail and readers call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// Whether an account can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It can.
    #[default]
    Active,
    /// An administrator has yet to approve it.
    Pending,
    /// An administrator has disabled it.
    Disabled,
    /// It is closed for good.
    Closed,
}

/// What a user says of oneself to others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// A name to be shown in place of the user's name.
    pub nickname: Option<String>,
    /// A picture among the shared files.
    pub avatar: Option<FileId>,
    /// A few words.
    pub bio: Option<String>,
    /// The language to be spoken to in: `zh` or `en`.
    pub language: Option<String>,
}

/// A user.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The name, as it was chosen.
    pub name: String,
    /// The number, if there is one.
    pub phone: Option<String>,
    /// Whether a code proved that the number is the user's.
    pub phone_verified: bool,
    /// The address, if there is one.
    pub email: Option<String>,
    /// Whether a code proved that the address is the user's.
    pub email_confirmed: bool,
    /// What the user may do.
    pub role: Role,
    /// Whether the account can be used.
    pub standing: Standing,
    /// What the user says of oneself.
    pub profile: Profile,
    /// When the account began, in milliseconds since the epoch.
    pub created: u64,
}

/// A user, with what signing in needs.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The password's hash, a PHC string.
    pub password_hash: String,
}
