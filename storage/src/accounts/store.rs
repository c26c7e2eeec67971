//! Accounts in the store: what only reads does so beside the writer, all else is a
//! transaction.

use super::records::AccountRecord;
use super::{
    Account, AccountCounts, AccountRefusal, Accounts, Contact, ContactChange, ContactRefusal,
    Login, NewAccount, PasswordChange, PasswordReset, ProfileChange, RegisterRefusal, Role, User,
    close, confirm, counts, name_key, password, profile, recontact, records, register, standing,
};
use crate::audit::By;
use crate::codes::{Proof, Purpose};
use crate::error::StorageError;
use crate::keys;
use crate::store::Store;
use crate::transaction::Read;
use async_trait::async_trait;
use qunliao_protocol::UserId;
use std::collections::HashMap;

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
            for user in &users {
                if let Some(record) = snapshot.record(&keys::user_by_id(*user))? {
                    names.insert(*user, records::name(&seal, *user, &record)?);
                }
            }
            Ok(names)
        })
        .await
    }

    async fn confirm_email(
        &self,
        email: String,
        code: String,
        from: Option<String>,
        now: u64,
    ) -> Result<Option<UserId>, StorageError> {
        let seal = self.seal.clone();
        let proof = Proof {
            purpose: Purpose::Confirm,
            contact: Contact::Email(email),
            code,
            from,
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

    async fn close_account(
        &self,
        user: UserId,
        verified_hash: Option<String>,
        by: By,
    ) -> Result<Result<(), AccountRefusal>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact_urgently(move |transaction| {
                close::close(transaction, &seal, user, verified_hash.as_deref(), by)
            })
            .await
    }

    async fn user(&self, user: UserId) -> Result<Option<User>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| {
            let record: Option<AccountRecord> = snapshot.record(&keys::user_by_id(user))?;
            let open = |record| records::user(&seal, user, &record);
            record.map(open).transpose()
        })
        .await
    }

    async fn users(&self, after: Option<UserId>, limit: usize) -> Result<Vec<User>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| counts::users(snapshot, &seal, after, limit))
            .await
    }

    async fn account_counts(&self, now: u64) -> Result<AccountCounts, StorageError> {
        self.read(move |snapshot| counts::count(snapshot, now))
            .await
    }

    async fn change_password(&self, change: PasswordChange) -> Result<bool, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact_urgently(move |transaction| password::change(transaction, &seal, change))
            .await
    }

    async fn reset_password(&self, reset: PasswordReset) -> Result<Option<User>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact_urgently(move |transaction| password::reset(transaction, &seal, reset))
            .await
    }

    async fn change_contact(
        &self,
        change: ContactChange,
    ) -> Result<Result<Option<Contact>, ContactRefusal>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| recontact::change(transaction, &seal, &change))
            .await
    }

    async fn change_profile(
        &self,
        user: UserId,
        change: ProfileChange,
    ) -> Result<Option<User>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| profile::change(transaction, &seal, user, change))
            .await
    }

    async fn set_role(
        &self,
        user: UserId,
        role: Role,
        by: By,
    ) -> Result<Result<User, AccountRefusal>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| standing::set_role(transaction, &seal, user, role, by))
            .await
    }

    async fn set_standing(
        &self,
        user: UserId,
        active: bool,
        by: By,
    ) -> Result<Result<User, AccountRefusal>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact_urgently(move |transaction| {
                standing::set_standing(transaction, &seal, user, active, by)
            })
            .await
    }
}
