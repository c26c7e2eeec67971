//! Accounts and sessions.
//!
//! Names, numbers and addresses arrive here already checked and folded: what may
//! be a name is decided where people sign up, what is unique is decided here.

use crate::codes::{self, Proof, Verdict};
use crate::error::StorageError;
use crate::keys::{self, IndexHash, Kind};
use crate::seal::{Seal, Space};
use crate::store::{Store, counters};
use crate::transaction::{Read, Transaction};
use async_trait::async_trait;
use qunliao_protocol::UserId;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How many that wait for one address are forgotten at once.
const PENDING_CLEARED_MAX: usize = 1_000;

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

#[derive(Serialize, Deserialize)]
struct AccountRecord {
    created: u64,
    password_hash: String,
    personal: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<u64>,
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

#[derive(Serialize, Deserialize)]
struct SessionRecord {
    user: UserId,
    issued: u64,
    expires: u64,
}

#[async_trait]
impl Accounts for Store {
    async fn register(
        &self,
        new: NewAccount,
    ) -> Result<Result<User, RegisterRefusal>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| register(transaction, &seal, new))
            .await
    }

    async fn find(&self, login: Login) -> Result<Option<Account>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| {
            let key = login_key(&seal, &login);
            match snapshot.number(&key)? {
                Some(id) => open_account(snapshot, &seal, UserId(id)),
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
                    names.insert(user, personal(&seal, user, &record)?.name);
                }
            }
            Ok(names)
        })
        .await
    }

    async fn open_session(&self, new: NewSession) -> Result<(), StorageError> {
        let hash = self.seal.index(Space::Token, new.token.as_bytes());
        self.writer
            .transact(move |transaction| open_session(transaction, &new, &hash))
            .await
    }

    async fn session(&self, token: String, now: u64) -> Result<Option<User>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| {
            let hash = seal.index(Space::Token, token.as_bytes());
            let session: Option<SessionRecord> = snapshot.record(&keys::session_by_token(&hash))?;
            match session {
                Some(session) if session.expires > now => {
                    let account = open_account(snapshot, &seal, session.user)?;
                    Ok(account.map(|account| account.user))
                }
                _ => Ok(None),
            }
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
        self.writer
            .transact(move |transaction| {
                let proof = Proof {
                    purpose: codes::Purpose::Confirm,
                    contact: Contact::Email(email),
                    code,
                };
                confirm_email(transaction, &seal, &proof, now)
            })
            .await
    }

    async fn awaiting_confirmation(&self, email: String) -> Result<Option<UserId>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| {
            let contact = Contact::Email(email);
            if owns(snapshot, &seal, &contact)? {
                return Ok(None);
            }
            let pending = snapshot.last(&keys::pending_email(&contact.index(&seal)))?;
            Ok(pending
                .and_then(|(key, _)| keys::number(key.last_chunk::<8>()?))
                .map(UserId))
        })
        .await
    }

    async fn close_account(&self, user: UserId, now: u64) -> Result<(), StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| close(transaction, &seal, user, now))
            .await
    }
}

fn register(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: NewAccount,
) -> Result<Result<User, RegisterRefusal>, StorageError> {
    let mut spent = false;
    for proof in &new.proofs {
        match codes::judge(transaction, seal, proof, new.now)? {
            Verdict::Right => {}
            // A sign-up whose answer was lost is sent again: it should hear that
            // the name is taken, not that its code is wrong.
            Verdict::Spent => spent = true,
            Verdict::Wrong => return Ok(Err(RegisterRefusal::WrongCode)),
        }
    }
    let name_key = keys::user_id_by(
        Kind::UserIdByName,
        &seal.index(Space::Name, new.folded_name.as_bytes()),
    );
    if transaction.get(&name_key)?.is_some() {
        return Ok(Err(RegisterRefusal::NameTaken));
    }
    let phone_key = new
        .phone
        .as_ref()
        .map(|number| contact_key(seal, &Contact::Phone(number.clone())));
    let email_key = new
        .email
        .as_ref()
        .map(|address| contact_key(seal, &Contact::Email(address.clone())));
    for (key, refusal) in [
        (&phone_key, RegisterRefusal::PhoneTaken),
        (&email_key, RegisterRefusal::EmailTaken),
    ] {
        if let Some(key) = key
            && transaction.get(key)?.is_some()
        {
            return Ok(Err(refusal));
        }
    }
    if spent {
        return Ok(Err(RegisterRefusal::WrongCode));
    }
    // A code proves the contact that it was sent to, and no other.
    let proved = |contact: Contact| new.proofs.iter().any(|proof| proof.contact == contact);
    let user = User {
        id: UserId(transaction.count(counters::USERS)?),
        name: new.name.clone(),
        phone_verified: new.phone.clone().map(Contact::Phone).is_some_and(proved),
        phone: new.phone.clone(),
        email_confirmed: new.email.clone().map(Contact::Email).is_some_and(proved),
        email: new.email.clone(),
    };
    transaction.put_number(name_key, user.id.0);
    if let Some(key) = phone_key.filter(|_| user.phone_verified) {
        transaction.put_number(key, user.id.0);
    }
    if let Some((key, email)) = email_key.zip(user.email.clone()) {
        let hash = Contact::Email(email).index(seal);
        if user.email_confirmed {
            transaction.put_number(key, user.id.0);
            clear_pending(transaction, &hash)?;
        } else {
            transaction.mark(keys::user_id_by_pending_email(&hash, user.id));
        }
    }
    let record = AccountRecord {
        created: new.now,
        password_hash: new.password_hash,
        personal: seal_personal(seal, &user)?,
        closed: None,
    };
    transaction.put_record(keys::user_by_id(user.id), &record)?;
    for proof in &new.proofs {
        codes::spend(transaction, seal, proof)?;
    }
    Ok(Ok(user))
}

fn confirm_email(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    proof: &Proof,
    now: u64,
) -> Result<Option<UserId>, StorageError> {
    let verdict = codes::judge(transaction, seal, proof, now)?;
    if verdict == Verdict::Wrong {
        return Ok(None);
    }
    let Some(id) = codes::code_user(transaction, seal, proof.purpose, &proof.contact)? else {
        return Ok(None);
    };
    let key = contact_key(seal, &proof.contact);
    if verdict == Verdict::Spent {
        // Asked again, since the answer was lost.
        return Ok(transaction
            .number(&key)?
            .filter(|owner| *owner == id.0)
            .map(UserId));
    }
    let Some(mut record) = transaction.record::<AccountRecord>(&keys::user_by_id(id))? else {
        return Ok(None);
    };
    let mut user = user(seal, id, &record)?;
    let is_theirs = record.closed.is_none()
        && user
            .email
            .as_ref()
            .is_some_and(|email| Contact::Email(email.clone()) == proof.contact);
    let is_free = transaction.number(&key)?.is_none_or(|owner| owner == id.0);
    if !is_theirs || !is_free {
        return Ok(None);
    }
    user.email_confirmed = true;
    record.personal = seal_personal(seal, &user)?;
    transaction.put_record(keys::user_by_id(id), &record)?;
    transaction.put_number(key, id.0);
    clear_pending(transaction, &proof.contact.index(seal))?;
    codes::spend(transaction, seal, proof)?;
    Ok(Some(id))
}

/// Forgets who else waits to confirm an address that now has its owner. Those
/// beyond the limit wait in vain until the owner is gone.
fn clear_pending(transaction: &mut Transaction<'_>, hash: &IndexHash) -> Result<(), StorageError> {
    let (from, to) = keys::range(&keys::pending_email(hash));
    for (pending, _) in transaction.scan(&from, &to, false, PENDING_CLEARED_MAX)? {
        transaction.delete(pending);
    }
    Ok(())
}

fn open_session(
    transaction: &mut Transaction<'_>,
    new: &NewSession,
    hash: &IndexHash,
) -> Result<(), StorageError> {
    let (from, to) = keys::range(&keys::sessions_of(new.user));
    let mut sessions = transaction.scan(&from, &to, false, usize::MAX / 2)?;
    let too_many = (sessions.len() + 1).saturating_sub(new.sessions_max.max(1));
    for (key, _) in sessions.drain(..too_many) {
        end_session(transaction, key)?;
    }
    let record = SessionRecord {
        user: new.user,
        issued: new.now,
        expires: new.expires,
    };
    transaction.put_record(keys::session_by_token(hash), &record)?;
    transaction.mark(keys::token_by_user_session(new.user, new.now, hash));
    Ok(())
}

fn end_session(transaction: &mut Transaction<'_>, index_key: Vec<u8>) -> Result<(), StorageError> {
    let hash = index_key
        .last_chunk::<32>()
        .ok_or_else(|| StorageError::damaged("a session's key is too short"))?;
    transaction.delete(keys::session_by_token(hash));
    transaction.delete(index_key);
    Ok(())
}

fn close(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    id: UserId,
    now: u64,
) -> Result<(), StorageError> {
    let key = keys::user_by_id(id);
    let Some(mut record) = transaction.record::<AccountRecord>(&key)? else {
        return Ok(());
    };
    if record.closed.is_some() {
        return Ok(());
    }
    let mut user = user(seal, id, &record)?;
    if let Some(phone) = user.phone.take().filter(|_| user.phone_verified) {
        transaction.delete(contact_key(seal, &Contact::Phone(phone)));
    }
    if let Some(email) = user.email.take() {
        let contact = Contact::Email(email);
        transaction.delete(keys::user_id_by_pending_email(&contact.index(seal), id));
        if user.email_confirmed {
            transaction.delete(contact_key(seal, &contact));
        }
    }
    let (from, to) = keys::range(&keys::sessions_of(id));
    for (session, _) in transaction.scan(&from, &to, false, usize::MAX / 2)? {
        end_session(transaction, session)?;
    }
    record.closed = Some(now);
    record.password_hash = String::new();
    record.personal = seal_personal(seal, &user)?;
    transaction.put_record(key, &record)
}

fn login_key(seal: &Seal, login: &Login) -> Vec<u8> {
    match login {
        Login::Name(folded) => keys::user_id_by(
            Kind::UserIdByName,
            &seal.index(Space::Name, folded.as_bytes()),
        ),
        Login::Contact(contact) => contact_key(seal, contact),
    }
}

fn contact_key(seal: &Seal, contact: &Contact) -> Vec<u8> {
    let kind = match contact {
        Contact::Phone(_) => Kind::UserIdByPhone,
        Contact::Email(_) => Kind::UserIdByEmail,
    };
    keys::user_id_by(kind, &contact.index(seal))
}

/// Whether an open account owns `contact`.
pub(crate) fn owns(read: &impl Read, seal: &Seal, contact: &Contact) -> Result<bool, StorageError> {
    Ok(read.get(&contact_key(seal, contact))?.is_some())
}

fn open_account(
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

fn user(seal: &Seal, id: UserId, record: &AccountRecord) -> Result<User, StorageError> {
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

fn personal(seal: &Seal, id: UserId, record: &AccountRecord) -> Result<Personal, StorageError> {
    let plain = seal.open(id.0, &record.personal)?;
    crate::transaction::decode(&plain)
}

fn seal_personal(seal: &Seal, user: &User) -> Result<String, StorageError> {
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
