//! Accounts and sessions.
//!
//! Names, numbers and addresses arrive here already checked and folded: what may
//! be a name is decided where people sign up, what is unique is decided here.

mod close;
mod confirm;
mod contact;
mod records;
mod register;
mod sessions;

pub use contact::Contact;
pub(crate) use contact::owns;

use crate::codes::{Proof, Purpose};
use crate::error::StorageError;
use crate::keys::{self, Kind};
use crate::seal::{Seal, Space};
use crate::store::Store;
use crate::transaction::Read;
use async_trait::async_trait;
use qunliao_protocol::UserId;
use std::collections::HashMap;

/// What identifies the person behind a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// A folded name.
    Name(String),
    /// A verified number or confirmed address.
    Contact(Contact),
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
}

/// A user, with what signing in needs.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The password's hash, a PHC string.
    pub password_hash: String,
}

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
}

/// A session that begins.
#[derive(Clone)]
pub struct NewSession {
    /// Whose.
    pub user: UserId,
    /// The token, in the clear; only its hash is kept.
    pub token: String,
    /// Milliseconds since the epoch.
    pub now: u64,
    /// When it ends, in milliseconds since the epoch.
    pub expires: u64,
    /// Sessions of one user; the oldest end when there are more.
    pub sessions_max: usize,
}

/// Accounts and sessions.
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

    /// Begins a session.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn open_session(&self, new: NewSession) -> Result<(), StorageError>;

    /// The user whose session `token` is, if it has not ended.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn session(&self, token: String, now: u64) -> Result<Option<User>, StorageError>;

    /// Confirms `email` with a code that was sent to it. `None` if the code is wrong,
    /// or the address no longer that user's. Asked again, it answers the same.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn confirm_email(
        &self,
        email: String,
        code: String,
        now: u64,
    ) -> Result<Option<UserId>, StorageError>;

    /// The user whose address `email` waits to be confirmed; the newest, if several
    /// signed up with it.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn awaiting_confirmation(&self, email: String) -> Result<Option<UserId>, StorageError>;

    /// Closes an account: its sessions end, its contacts become free, its name
    /// is never given out again.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn close_account(&self, user: UserId, now: u64) -> Result<(), StorageError>;
}

#[async_trait]
impl Accounts for Store {
    async fn register(
        &self,
        new: NewAccount,
    ) -> Result<Result<User, RegisterRefusal>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| register::register(transaction, &seal, new))
            .await
    }

    async fn find(&self, login: Login) -> Result<Option<Account>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| {
            let key = match &login {
                Login::Name(folded) => name_key(&seal, folded),
                Login::Contact(contact) => contact.key(&seal),
            };
            match snapshot.number(&key)? {
                Some(id) => records::open_account(snapshot, &seal, UserId(id)),
                None => Ok(None),
            }
        })
        .await
    }

    async fn names(&self, users: Vec<UserId>) -> Result<HashMap<UserId, String>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| {
            let mut names = HashMap::with_capacity(users.len());
            for user in users {
                if let Some(record) = snapshot.record(&keys::user_by_id(user))? {
                    names.insert(user, records::name(&seal, user, &record)?);
                }
            }
            Ok(names)
        })
        .await
    }

    async fn open_session(&self, new: NewSession) -> Result<(), StorageError> {
        let token = self.seal.index(Space::Token, new.token.as_bytes());
        self.writer
            .transact(move |transaction| sessions::open(transaction, &new, &token))
            .await
    }

    async fn session(&self, token: String, now: u64) -> Result<Option<User>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| {
            let token = seal.index(Space::Token, token.as_bytes());
            let Some(user) = sessions::user_of(snapshot, &token, now)? else {
                return Ok(None);
            };
            let account = records::open_account(snapshot, &seal, user)?;
            Ok(account.map(|account| account.user))
        })
        .await
    }

    async fn confirm_email(
        &self,
        email: String,
        code: String,
        now: u64,
    ) -> Result<Option<UserId>, StorageError> {
        let seal = self.seal.clone();
        let proof = Proof {
            purpose: Purpose::Confirm,
            contact: Contact::Email(email),
            code,
        };
        self.writer
            .transact(move |transaction| confirm::confirm(transaction, &seal, &proof, now))
            .await
    }

    async fn awaiting_confirmation(&self, email: String) -> Result<Option<UserId>, StorageError> {
        let seal = self.seal.clone();
        let email = Contact::Email(email);
        self.read(move |snapshot| confirm::awaiting(snapshot, &seal, &email))
            .await
    }

    async fn close_account(&self, user: UserId, now: u64) -> Result<(), StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| close::close(transaction, &seal, user, now))
            .await
    }
}

fn name_key(seal: &Seal, folded: &str) -> Vec<u8> {
    keys::user_id_by(
        Kind::UserIdByName,
        &seal.index(Space::Name, folded.as_bytes()),
    )
}
