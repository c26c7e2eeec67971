//! Accounts.
//!
//! Names, numbers and addresses arrive here already checked and folded: what may
//! be a name is decided where people sign up, what is unique is decided here.

mod changes;
mod close;
mod confirm;
mod contact;
mod counts;
mod owners;
mod password;
mod profile;
mod recontact;
mod records;
mod register;
mod standing;
mod store;
mod user;

pub use changes::{
    AccountCounts, AccountRefusal, ContactChange, ContactRefusal, NewAccount, PasswordChange,
    PasswordReset, ProfileChange, RegisterRefusal, ResetProof,
};
pub use contact::Contact;
pub(crate) use contact::owns;
pub(crate) use owners::any_owner;
pub(crate) use records::{open_record, user};
pub use user::{Account, Login, Profile, Role, Standing, User};

use crate::audit::By;
use crate::error::StorageError;
use crate::keys::{self, Kind};
use crate::seal::{Seal, Space};
use async_trait::async_trait;
use qunliao_protocol::UserId;
use std::collections::HashMap;

/// Accounts.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes an account, spends the codes, and answers once both are durable.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn register(
        &self,
        new: NewAccount,
    ) -> Result<Result<User, RegisterRefusal>, StorageError>;

    /// The account that `login` means, if there is one and it is open.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn find(&self, login: Login) -> Result<Option<Account>, StorageError>;

    /// The names of `users`; of closed accounts too, since their words stay.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn names(&self, users: Vec<UserId>) -> Result<HashMap<UserId, String>, StorageError>;

    /// Confirms `email` with a code that was sent to it. `None` if the code is wrong,
    /// or the address no longer that user's; `from` is the network that presents it. Asked again, it answers the same.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn confirm_email(
        &self,
        email: String,
        code: String,
        from: Option<String>,
        now: u64,
    ) -> Result<Option<UserId>, StorageError>;

    /// The user whose address `email` waits to be confirmed; the newest, if several
    /// signed up with it.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn awaiting_confirmation(&self, email: String) -> Result<Option<UserId>, StorageError>;

    /// Closes an account: its sessions end, its contacts become free, its name
    /// is never given out again. Asked again, it answers the same. Who closes the own
    /// one has verified a password against `verified_hash`; if that is the password no
    /// more, or the account cannot be used, it stays.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn close_account(
        &self,
        user: UserId,
        verified_hash: Option<String>,
        by: By,
    ) -> Result<Result<(), AccountRefusal>, StorageError>;

    /// A user, closed ones too.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn user(&self, user: UserId) -> Result<Option<User>, StorageError>;

    /// Users by id, closed ones too, those after `after`.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn users(&self, after: Option<UserId>, limit: usize) -> Result<Vec<User>, StorageError>;

    /// How many accounts there are.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn account_counts(&self, now: u64) -> Result<AccountCounts, StorageError>;

    /// Changes a password; `false` if the old one is no longer the one that was verified.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn change_password(&self, change: PasswordChange) -> Result<bool, StorageError>;

    /// Resets a password, ends all sessions and uses up the proof; `None` if that is
    /// wrong. Only a verified number or a confirmed address entitles to it.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn reset_password(&self, reset: PasswordReset) -> Result<Option<User>, StorageError>;

    /// Changes a verified contact; answers the verified one that it replaced.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn change_contact(
        &self,
        change: ContactChange,
    ) -> Result<Result<Option<Contact>, ContactRefusal>, StorageError>;

    /// Changes a profile. `None` if the nickname is another user's name, or there is
    /// no such open account.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn change_profile(
        &self,
        user: UserId,
        change: ProfileChange,
    ) -> Result<Option<User>, StorageError>;

    /// Gives a role.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn set_role(
        &self,
        user: UserId,
        role: Role,
        by: By,
    ) -> Result<Result<User, AccountRefusal>, StorageError>;

    /// Approves, disables or enables an account. Disabling ends its sessions.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn set_standing(
        &self,
        user: UserId,
        active: bool,
        by: By,
    ) -> Result<Result<User, AccountRefusal>, StorageError>;
}

fn name_key(seal: &Seal, folded: &str) -> Vec<u8> {
    keys::user_id_by(
        Kind::UserIdByName,
        &seal.index(Space::Name, folded.as_bytes()),
    )
}
