//! The desk: where the registry's work is done, one asynchronous step after the other.

mod sending;

use super::{ConfirmEmail, Later, OwnedCredential, Settings, SignIn, SignUp, rules};
use crate::clock::now_ms;
use crate::contacts::parse_email;
use crate::courier::Carry;
use crate::credentials::{Credentials, Verified};
use crate::hasher::{Busy, Hasher};
use crate::names;
use crate::person::People;
use crate::storage_failure;
use actix::Recipient;
use qunliao_protocol::auth::{SignedIn, UserCard};
use qunliao_protocol::{Credential, Failure};
use qunliao_storage::accounts::{Login, NewAccount, NewSession, RegisterRefusal, User};
use qunliao_storage::codes::Verdict;
use qunliao_storage::{Accounts, Codes, Contact, StorageError};
use std::sync::Arc;
use std::time::Instant;

/// Bytes of randomness in a token.
const TOKEN_BYTES: usize = 32;
/// Longest name, number or address that a sign-in is looked up with, in bytes.
const LOGIN_BYTES_MAX: usize = 256;

/// Whom the desk asks.
pub struct Neighbours {
    /// Accounts and sessions.
    pub accounts: Arc<dyn Accounts>,
    /// Codes.
    pub codes: Arc<dyn Codes>,
    /// Carries codes.
    pub courier: Recipient<Carry>,
    /// The password pool.
    pub hasher: Hasher,
    /// The memory of verified credentials.
    pub credentials: Arc<Credentials>,
    /// The people who are here.
    pub people: Arc<People>,
}

/// Where sign-in and sign-up happen.
pub struct Desk {
    ask: Neighbours,
    settings: Settings,
}

impl Desk {
    /// A desk.
    #[must_use]
    pub fn new(ask: Neighbours, settings: Settings) -> Self {
        Self { ask, settings }
    }

    pub(super) async fn identify(&self, credential: &OwnedCredential) -> Result<Verified, Failure> {
        let fingerprint = self.ask.credentials.fingerprint(&credential.borrow());
        let now = Instant::now();
        if let Some(verified) = self.ask.credentials.recall(&fingerprint, now) {
            return Ok(verified);
        }
        let withdrawals = self.ask.credentials.withdrawals();
        let user = match credential.borrow() {
            Credential::Password { name, password } => self.check_password(name, password).await?,
            Credential::Token(token) => {
                let session = self.ask.accounts.session(token.to_owned(), now_ms()).await;
                session
                    .map_err(|why| storage_failure(&why))?
                    .ok_or(Failure::WrongCredentials)?
            }
        };
        let person = self.ask.people.meet(&user);
        Ok(self
            .ask
            .credentials
            .remember(&credential.borrow(), person, withdrawals, now))
    }

    pub(super) async fn sign_in(&self, ask: SignIn) -> Result<SignedIn, Failure> {
        let withdrawals = self.ask.credentials.withdrawals();
        let user = self.check_password(&ask.user_name, &ask.user_pwd).await?;
        log::info!("event=signed_in user={}", user.id);
        self.begin_session(user, withdrawals).await
    }

    /// The user whose password this is. For an unknown name it takes as long, and
    /// says the same.
    async fn check_password(&self, name: &str, password: &str) -> Result<User, Failure> {
        if name.len() > LOGIN_BYTES_MAX || password.len() > crate::passwords::PASSWORD_CHARS_MAX * 4
        {
            return Err(Failure::WrongCredentials);
        }
        let account = self.find(name).await?;
        let hash = account
            .as_ref()
            .map(|account| account.password_hash.clone());
        let matches = self.ask.hasher.verify(password, hash).await.map_err(busy)?;
        match account.filter(|_| matches) {
            Some(account) => Ok(account.user),
            None => {
                log::info!("event=sign_in_refused");
                Err(Failure::WrongCredentials)
            }
        }
    }

    async fn find(
        &self,
        name: &str,
    ) -> Result<Option<qunliao_storage::accounts::Account>, Failure> {
        let mut logins = Vec::with_capacity(2);
        if name.contains('@') {
            logins.extend(parse_email(name).map(|address| Login::Contact(Contact::Email(address))));
        } else {
            logins.push(Login::Name(names::fold(name)));
            let number = self.settings.phones.parse(name);
            logins.extend(number.map(|number| Login::Contact(Contact::Phone(number))));
        }
        // All of them are looked up, found or not, so that a name that exists
        // takes no less time than one that does not.
        let mut account = None;
        for login in logins {
            let found = self.ask.accounts.find(login).await;
            account = account.or(found.map_err(|why| storage_failure(&why))?);
        }
        Ok(account)
    }

    /// Makes an account. The second value is an address that awaits confirmation.
    pub(super) async fn sign_up(&self, ask: SignUp) -> Result<(SignedIn, Option<Later>), Failure> {
        let candidate = rules::examine(&ask, &self.settings)?;
        let now = now_ms();
        // A wrong code must not cost a password hash, or guessing codes would be a way to burn our cores.
        for proof in &candidate.proofs {
            let verdict = self.ask.codes.try_code(proof.clone(), now).await;
            if verdict.map_err(|why| storage_failure(&why))? == Verdict::Wrong {
                return Err(Failure::WrongCode);
            }
        }
        let proved = !candidate.proofs.is_empty();
        let others = rules::guessed_first(&ask, &candidate);
        let hashed = self.ask.hasher.judge_and_hash(&ask.user_pwd, others).await;
        let new = NewAccount {
            password_hash: hashed.map_err(busy)?.map_err(Failure::WeakPassword)?,
            name: candidate.name.shown,
            folded_name: candidate.name.folded,
            phone: candidate.phone,
            email: candidate.email,
            proofs: candidate.proofs,
            now,
        };
        let registered = self.ask.accounts.register(new).await;
        let user =
            registered
                .map_err(|why| storage_failure(&why))?
                .map_err(|refusal| match refusal {
                    RegisterRefusal::WrongCode => Failure::WrongCode,
                    RegisterRefusal::NameTaken => Failure::NameTaken,
                    RegisterRefusal::PhoneTaken => Failure::PhoneTaken,
                    RegisterRefusal::EmailTaken => Failure::EmailTaken,
                })?;
        log::info!("event=signed_up user={}", user.id);
        let unconfirmed = user.email.clone().filter(|_| !user.email_confirmed);
        let later = unconfirmed.map(|address| Later {
            user: user.id,
            address,
            asked_by: (!proved).then_some(ask.asked_by),
        });
        let withdrawals = self.ask.credentials.withdrawals();
        Ok((self.begin_session(user, withdrawals).await?, later))
    }

    pub(super) async fn confirm_email(&self, ask: ConfirmEmail) -> Result<(), Failure> {
        let Some(email) = parse_email(&ask.user_email) else {
            return Err(Failure::WrongCode);
        };
        let confirmed = self
            .ask
            .accounts
            .confirm_email(email, ask.user_ecode, now_ms())
            .await;
        let user = confirmed
            .map_err(|why| storage_failure(&why))?
            .ok_or(Failure::WrongCode)?;
        log::info!("event=email_confirmed user={user}");
        Ok(())
    }

    async fn begin_session(&self, user: User, withdrawals: u64) -> Result<SignedIn, Failure> {
        let token = random_token(TOKEN_BYTES);
        let now = now_ms();
        let lifetime_ms =
            u64::try_from(self.settings.session_lifetime.as_millis()).unwrap_or(u64::MAX);
        let new = NewSession {
            user: user.id,
            token: token.clone(),
            now,
            expires: now.saturating_add(lifetime_ms),
            sessions_max: self.settings.sessions_max,
        };
        match self.ask.accounts.open_session(new).await {
            Ok(()) => {}
            // With a full disk people still log in, to read and to make room; such
            // a session lasts as long as a credential is remembered.
            Err(StorageError::Full { .. }) => {
                log::warn!(
                    "event=session_not_kept user={} reason=storage_full",
                    user.id
                );
                let credentials = &self.ask.credentials;
                let person = self.ask.people.meet(&user);
                credentials.remember(
                    &Credential::Token(&token),
                    person,
                    withdrawals,
                    Instant::now(),
                );
            }
            Err(why) => return Err(storage_failure(&why)),
        }
        let user = UserCard {
            id: user.id,
            name: user.name,
            phone: user.phone,
            email: user.email,
            email_confirmed: user.email_confirmed,
        };
        Ok(SignedIn { token, user })
    }

    pub(super) async fn sweep(&self) {
        match self.ask.codes.sweep_codes(now_ms()).await {
            Ok(0) => {}
            Ok(swept) => log::info!("event=codes_swept count={swept}"),
            Err(why) => log::warn!("event=codes_not_swept error=\"{why}\""),
        }
    }
}

fn busy(_: Busy) -> Failure {
    Failure::Unavailable
}

/// So many random bytes in lower-case hexadecimal.
fn random_token(bytes: usize) -> String {
    (0..bytes)
        .map(|_| format!("{:02x}", random_bytes::<1>()[0]))
        .collect()
}

fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives randomness");
    bytes
}
