//! The desk: where the registry's work is done, one asynchronous step after the other.

use super::{
    ConfirmEmail, Later, OwnedCredential, SendCode, Settings, SignIn, SignUp, WrittenContact, rules,
};
use crate::admission::Network;
use crate::clock::now_ms;
use crate::contacts::parse_email;
use crate::courier::{Carry, Channel};
use crate::credentials::{Credentials, Verified};
use crate::hasher::{Busy, Hasher};
use crate::names;
use crate::person::People;
use crate::storage_failure;
use actix::Recipient;
use qunliao_delivery::{
    DeliveryError, Language as MailLanguage, Message as Parcel, Purpose as ParcelPurpose,
};
use qunliao_protocol::auth::{Purpose, SignedIn, UserCard};
use qunliao_protocol::{Credential, Failure, Language, UserId};
use qunliao_storage::accounts::{Login, NewAccount, NewSession, RegisterRefusal, User};
use qunliao_storage::codes::{self, Issued, NewCode, Proof, Verdict};
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

    /// Sends a code. The second value is one that is sent while nobody waits: how
    /// that fares would tell whether an account waits for a confirmation.
    pub(super) async fn send_code(&self, ask: SendCode) -> Result<((), Option<Later>), Failure> {
        let contact = self.read_contact(&ask.contact)?;
        match (ask.purpose, contact) {
            (Purpose::Register, contact) => {
                let purpose = codes::Purpose::Register;
                self.issue(purpose, contact, None, ask.asked_by).await?;
                Ok(((), None))
            }
            (Purpose::Confirm, Contact::Email(address)) => {
                let awaiting = self
                    .ask
                    .accounts
                    .awaiting_confirmation(address.clone())
                    .await;
                let user = awaiting.map_err(|why| storage_failure(&why))?;
                let later = user.map(|user| Later {
                    user,
                    address,
                    asked_by: ask.asked_by,
                });
                Ok(((), later))
            }
            (Purpose::Confirm, Contact::Phone(_)) => Err(Failure::MissingKey("user_email")),
        }
    }

    fn read_contact(&self, written: &WrittenContact) -> Result<Contact, Failure> {
        match written {
            WrittenContact::Phone(written) => {
                let number = self.settings.phones.parse(written);
                let allowed = number.filter(|number| self.settings.phones.may_send(number));
                allowed.map(Contact::Phone).ok_or(Failure::BadPhone)
            }
            WrittenContact::Email(written) => parse_email(written)
                .map(Contact::Email)
                .ok_or(Failure::BadEmail),
        }
    }

    /// Asks a user to confirm the address; failing is nobody's failure.
    pub(super) async fn ask_to_confirm(&self, later: Later) {
        let (purpose, user) = (codes::Purpose::Confirm, later.user);
        let contact = Contact::Email(later.address);
        let issued = self
            .issue(purpose, contact, Some(user), later.asked_by)
            .await;
        if let Err(failure) = issued {
            log::warn!(
                "event=confirmation_not_sent user={user} error={}",
                failure.slug()
            );
        }
    }

    async fn issue(
        &self,
        purpose: codes::Purpose,
        contact: Contact,
        user: Option<UserId>,
        asked_by: Network,
    ) -> Result<(), Failure> {
        let code = random_code();
        let new = NewCode {
            proof: Proof {
                purpose,
                contact: contact.clone(),
                code: code.clone(),
            },
            user,
            now: now_ms(),
            rules: self.settings.codes.rules(),
            sending: self.settings.codes.sending(),
            asked_by: Some(asked_by.to_string()),
        };
        match self
            .ask
            .codes
            .issue(new)
            .await
            .map_err(|why| storage_failure(&why))?
        {
            Issued::Send => self.carry(purpose, &contact, code).await,
            Issued::Registered => Err(Failure::AlreadyRegistered),
            Issued::TooSoon(seconds) => {
                log::info!("event=code_refused network={asked_by} retry_after={seconds}");
                Err(Failure::TooManyRequests(seconds))
            }
        }
    }

    async fn carry(
        &self,
        purpose: codes::Purpose,
        contact: &Contact,
        code: String,
    ) -> Result<(), Failure> {
        let (channel, to, bad) = match contact {
            Contact::Phone(number) => (Channel::Sms, number, Failure::BadPhone),
            Contact::Email(address) => (Channel::Mail, address, Failure::BadEmail),
        };
        let parcel = Parcel {
            to: to.clone(),
            code,
            purpose: match purpose {
                codes::Purpose::Register => ParcelPurpose::Register,
                codes::Purpose::Confirm => ParcelPurpose::Confirm,
            },
            language: match self.settings.language {
                Language::Chinese => MailLanguage::Chinese,
                Language::English => MailLanguage::English,
            },
            request_id: random_token(16),
            lifetime_minutes: u32::try_from(self.settings.codes.lifetime_seconds.div_ceil(60))
                .unwrap_or(u32::MAX),
        };
        match self.ask.courier.send(Carry { channel, parcel }).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(DeliveryError::BadRecipient)) => Err(bad),
            Ok(Err(_)) => Err(Failure::GatewayFailed),
            Err(_) => Err(Failure::Unavailable),
        }
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
            asked_by: ask.asked_by,
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

/// Six random digits, each code as likely as any other.
fn random_code() -> String {
    const CODES: u32 = 1_000_000;
    // Above the greatest multiple of CODES some codes would be likelier.
    const FAIR: u32 = u32::MAX / CODES * CODES;
    loop {
        let random = u32::from_ne_bytes(random_bytes());
        if random < FAIR {
            return format!("{:06}", random % CODES);
        }
    }
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
