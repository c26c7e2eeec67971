//! What is to become of an account, and why it does not.

use super::Role;
use crate::audit::{Actor, By};
use crate::codes::Proof;
use qunliao_protocol::{FileId, SessionId, UserId};

/// An account that is to be.
#[derive(Clone)]
pub struct NewAccount {
    /// The name, as it was chosen.
    pub name: String,
    /// The name folded: two names that fold alike are one.
    pub folded_name: String,
    /// The password's hash, a PHC string.
    pub password_hash: String,
    /// The number, in E.164 form.
    pub phone: Option<String>,
    /// The folded address.
    pub email: Option<String>,
    /// Codes that prove whose contacts these are. All must be right.
    pub proofs: Vec<Proof>,
    /// The token of an invitation, which is used up and gives the role.
    pub invite: Option<String>,
    /// The role without an invitation.
    pub role: Role,
    /// Whether the account has to be approved first; not with an invitation.
    pub pending: bool,
    /// Who makes it; the new user oneself if `None`.
    pub by: Option<Actor>,
    /// Milliseconds since the epoch.
    pub now: u64,
}

/// Why there is no new account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterRefusal {
    /// A code is wrong.
    WrongCode,
    /// The name is taken, or was once.
    NameTaken,
    /// The number is another account's.
    PhoneTaken,
    /// The address is another account's.
    EmailTaken,
    /// The invitation was forged, used, withdrawn or has expired.
    BadInvite,
}

/// A password that is to be changed by someone who knows the old one.
#[derive(Clone)]
pub struct PasswordChange {
    /// Whose.
    pub user: UserId,
    /// The hash that the old password was verified against; if another one lies
    /// there by now, or the account cannot be used, nothing is changed.
    pub verified_hash: String,
    /// The new password's hash, a PHC string.
    pub password_hash: String,
    /// The session that goes on; all others end.
    pub keep: Option<SessionId>,
    /// Who does it.
    pub by: By,
}

/// What lets someone set a new password without the old one.
#[derive(Clone)]
pub enum ResetProof {
    /// A code that was sent to a verified contact, for [`crate::codes::Purpose::Reset`].
    Code(Proof),
    /// The token of a reset link.
    Link(String),
}

/// A password that is to be reset. All sessions end.
#[derive(Clone)]
pub struct PasswordReset {
    /// What entitles to it. Used up with it.
    pub proof: ResetProof,
    /// The new password's hash, a PHC string.
    pub password_hash: String,
    /// Milliseconds since the epoch.
    pub now: u64,
}

/// A number or address that is to take the place of the user's old one.
#[derive(Clone)]
pub struct ContactChange {
    /// Whose.
    pub user: UserId,
    /// A code for [`crate::codes::Purpose::Confirm`] that was sent to the new contact for
    /// this user.
    pub proof: Proof,
    /// The hash that the user's password was verified against; if another one lies
    /// there by now, or the account cannot be used, nothing is changed. `None` if
    /// others than the user do it.
    pub verified_hash: Option<String>,
    /// Who does it.
    pub by: By,
}

/// Why a contact was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactRefusal {
    /// The code is wrong, or was sent for another user.
    WrongCode,
    /// The contact is another account's.
    Taken,
    /// There is no such open account.
    NoAccount,
    /// What the user showed is the password no more, or the account cannot be used.
    NotVerified,
}

/// Why an account stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountRefusal {
    /// There is no such open account.
    NoAccount,
    /// The last owner who can sign in has to stay one.
    LastOwner,
    /// What the user showed is the password no more, or the account cannot be used.
    NotVerified,
}

/// What is to be changed of a profile; `None` stays as it is, `Some(None)` is removed.
/// All its words together have to stay below 1 200 bytes, or they do not fit into the
/// account's record.
#[derive(Clone, Default)]
pub struct ProfileChange {
    /// The name to be shown, checked by the caller.
    pub nickname: Option<Option<String>>,
    /// The nickname folded. One that is another user's name is refused; that somebody
    /// takes it as a name later is not.
    pub folded_nickname: Option<String>,
    /// The picture.
    pub avatar: Option<Option<FileId>>,
    /// The words.
    pub bio: Option<Option<String>>,
    /// The language.
    pub language: Option<Option<String>>,
}

/// How many accounts and sessions there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountCounts {
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
}
