//! What is answered. These shapes are what `--json` prints, and so part of the
//! program's promises: keys are added, never changed. Times are in milliseconds
//! since the epoch, sizes in bytes.

use super::effects::Live;
use qunliao_protocol::{LinkId, SessionId, UserId};
use qunliao_storage::accounts::{Role, Standing, User};
use qunliao_storage::audit::Action;
use qunliao_storage::sessions::Session;
use serde::{Deserialize, Serialize};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reply {
    /// Users.
    Users {
        /// They, by id.
        users: Vec<UserLine>,
        /// Whether there are others after them.
        more: bool,
    },
    /// A user, as it is now.
    User {
        /// The user.
        user: UserLine,
        /// Whether the request changed anything.
        changed: bool,
        /// Whether the user hears of it, where they should.
        told: Option<Told>,
    },
    /// A user and the sessions.
    Sessions {
        /// The user.
        user: UserLine,
        /// The oldest first.
        sessions: Vec<SessionLine>,
    },
    /// Sessions were ended.
    Revoked {
        /// Whose.
        user: UserLine,
        /// How many.
        revoked: usize,
    },
    /// A link for a new password.
    ResetLink {
        /// Whose.
        user: UserLine,
        /// The link.
        link: Link,
    },
    /// A new invitation.
    Invited {
        /// What it says.
        invitation: Invitation,
        /// The link.
        link: Link,
    },
    /// Invitations, the oldest first.
    Invitations {
        /// They.
        invitations: Vec<Invitation>,
    },
    /// An invitation was withdrawn.
    Withdrawn {
        /// Which.
        id: LinkId,
    },
    /// How much there is of everything.
    Statistics(Box<Statistics>),
    /// The audit trail, newest first.
    Audit {
        /// The entries.
        entries: Vec<AuditLine>,
    },
}

/// Whether a user hears of what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// A mail is on its way.
    ByMail,
    /// An SMS is on its way.
    BySms,
    /// No: no contact is proved to be theirs.
    NoContact,
    /// No: only a running server sends anything.
    NoServer,
}

/// Codes in the last 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodesLine {
    /// Sent, by whichever way.
    pub sent: u64,
    /// Sent to phones.
    pub sent_by_sms: u64,
    /// Entered rightly.
    pub entered: u64,
    /// How many may yet be sent to phones.
    pub sms_left: u64,
    /// How many of these to newcomers.
    pub newcomers_sms_left: u64,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserLine {
    /// The id.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// Whether the account can be used.
    pub standing: Standing,
    /// The number.
    pub phone: Option<String>,
    /// Whether a code proved it.
    pub phone_verified: bool,
    /// The address.
    pub email: Option<String>,
    /// Whether a code proved it.
    pub email_confirmed: bool,
    /// The name to be shown.
    pub nickname: Option<String>,
    /// When the account began.
    pub created: u64,
}

impl From<User> for UserLine {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            role: user.role,
            standing: user.standing,
            phone: user.phone,
            phone_verified: user.phone_verified,
            email: user.email,
            email_confirmed: user.email_confirmed,
            nickname: user.profile.nickname,
            created: user.created,
        }
    }
}

/// A user who is mentioned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRef {
    /// The id.
    pub id: UserId,
    /// The name now.
    pub name: Option<String>,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLine {
    /// The id.
    pub id: SessionId,
    /// What the client calls its device.
    pub device: Option<String>,
    /// The network it was last used from.
    pub address: Option<String>,
    /// When it began.
    pub issued: u64,
    /// When it was last used.
    pub last_used: u64,
    /// When it ends if it is not used again.
    pub expires: u64,
}

impl From<Session> for SessionLine {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            device: session.device,
            address: session.address,
            issued: session.issued,
            last_used: session.last_used,
            expires: session.expires,
        }
    }
}

/// A link, as it is told once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The id.
    pub id: LinkId,
    /// Where it leads.
    pub url: String,
    /// What clients take in its place.
    pub token: String,
    /// Until when it can be used.
    pub expires: u64,
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The id.
    pub id: LinkId,
    /// The role it gives.
    pub role: Role,
    /// For whom it is.
    pub note: Option<String>,
    /// When it was made.
    pub made: u64,
    /// Until when it can be used.
    pub expires: u64,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// A user.
    User(UserRef),
    /// Whoever runs the server.
    Operator,
    /// The server by itself.
    Server,
}

/// An entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// The id.
    pub id: u64,
    /// When.
    pub time: u64,
    /// Who.
    pub actor: Who,
    /// What.
    pub action: Action,
    /// To whose account.
    pub subject: Option<UserRef>,
    /// A word or two on it.
    pub detail: Option<String>,
}

/// How much there is of everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// The version of the program that answers.
    pub version: String,
    /// Accounts that can be used.
    pub active: usize,
    /// Accounts that wait for approval.
    pub pending: usize,
    /// Disabled ones.
    pub disabled: usize,
    /// Closed ones.
    pub closed: usize,
    /// Owners among the active ones.
    pub owners: usize,
    /// Living sessions.
    pub sessions: usize,
    /// Entries in the rooms' logs.
    pub messages: u64,
    /// Contents in the vault: equal files are one.
    pub files: u64,
    /// Codes in the last 24 hours.
    pub codes: CodesLine,
    /// The data folder.
    pub data: DataLine,
    /// What a running server says of itself; nothing if none runs.
    pub server: Option<Live>,
}

/// The data folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataLine {
    /// Where it lies.
    pub path: String,
    /// All of it.
    pub bytes: u64,
    /// Shared files.
    pub vault_bytes: u64,
    /// The database.
    pub database_bytes: u64,
    /// Free on its file system.
    pub free_bytes: u64,
    /// What stays free.
    pub reserve_bytes: u64,
}
