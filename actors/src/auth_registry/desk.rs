//! The desk: where the registry's work is done, one asynchronous step after the other.

mod changes;
mod errands;
mod profile;
mod recovery;
mod sending;
mod sessions;
mod sign_up;

pub(super) use errands::Errand;
use profile::card;

use super::{ConfirmEmail, OwnedCredential, Settings, SignIn};
use crate::admission::Network;
use crate::brake::Brake;
use crate::breaker::SmsBreaker;
use crate::clock::now_ms;
use crate::contacts::parse_email;
use crate::courier::Carry;
use crate::credentials::{Credentials, Found, Verified};
use crate::hasher::{Busy, Hasher};
use crate::names;
use crate::person::People;
use crate::presence::Presence;
use crate::storage_failure;
use actix::Recipient;
use qunliao_protocol::auth::SignedIn;
use qunliao_protocol::{Credential, Failure, UserId};
use qunliao_storage::accounts::{Account, Login, Standing, User};
use qunliao_storage::{Accounts, Audit, Codes, Contact, Files, Links, Sessions, StorageError};
use sessions::Origin;
use std::sync::Arc;
use std::time::Instant;

/// How often a credential is verified before who asks is told to try again, where
/// others of its user are withdrawn meanwhile.
const VERIFICATIONS_MAX: usize = 3;
/// Longest name, number or address that a sign-in is looked up with, in bytes.
const LOGIN_BYTES_MAX: usize = 256;
/// The id of no account: those are counted from 1.
const NOBODY: UserId = UserId(0);

/// Whom the desk asks.
pub struct Neighbours {
    /// Accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Sessions.
    pub sessions: Arc<dyn Sessions>,
    /// Codes.
    pub codes: Arc<dyn Codes>,
    /// The audit trail, which is swept.
    pub audit: Arc<dyn Audit>,
    /// Invitations, and links for a reset.
    pub links: Arc<dyn Links>,
    /// Shared files, for those that are pictures of people.
    pub files: Arc<dyn Files>,
    /// Carries codes.
    pub courier: Recipient<Carry>,
    /// The password pool.
    pub hasher: Hasher,
    /// The memory of verified credentials.
    pub credentials: Arc<Credentials>,
    /// The people who are here.
    pub people: Arc<People>,
    /// How often anyone may be wrong.
    pub brake: Brake,
    /// Whether sign-up messages to phones go out.
    pub breaker: Arc<SmsBreaker>,
    /// Through which connections they are.
    pub presence: Arc<Presence>,
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

    pub(super) async fn identify(
        &self,
        credential: &OwnedCredential,
        from: Network,
    ) -> Result<Verified, Failure> {
        let fingerprint = self.ask.credentials.fingerprint(&credential.borrow());
        if let Some(verified) = self.ask.credentials.recall(&fingerprint, Instant::now()) {
            self.ask
                .brake
                .know(verified.person.id, from, Instant::now());
            return Ok(verified);
        }
        // What was withdrawn while it was verified is verified once more.
        for _ in 0..VERIFICATIONS_MAX {
            let withdrawals = self.ask.credentials.withdrawals();
            let found = self.look_up(credential.borrow(), from).await?;
            let (credential, now) = (credential.borrow(), Instant::now());
            let credentials = &self.ask.credentials;
            if let Some(verified) = credentials.remember(&credential, found, withdrawals, now) {
                return Ok(verified);
            }
        }
        Err(Failure::Unavailable)
    }

    async fn look_up(&self, credential: Credential<'_>, from: Network) -> Result<Found, Failure> {
        let (user, session, ends) = match credential {
            Credential::Password { name, password } => {
                let account = self.check_password(name, password, from).await?;
                (account.user, None, None)
            }
            Credential::Token(token) => {
                let (user, session) = self.find_session(token, from).await?;
                let ends = self.instant(session.expires);
                (user, Some(session.id), Some(ends))
            }
        };
        check_standing(&user)?;
        let person = self.ask.people.meet(&user);
        Ok(Found {
            person,
            session,
            ends,
        })
    }

    /// Who is signed in by this token.
    async fn signed_in(&self, token: String, from: Network) -> Result<Verified, Failure> {
        let identified = self.identify(&OwnedCredential::Token(token), from).await;
        identified.map_err(|failure| match failure {
            Failure::WrongCredentials => Failure::NotSignedIn,
            other => other,
        })
    }

    pub(super) async fn sign_in(&self, ask: SignIn) -> Result<SignedIn, Failure> {
        let withdrawals = self.ask.credentials.withdrawals();
        let account = self
            .check_password(&ask.user_name, &ask.user_pwd, ask.asked_by)
            .await?;
        check_standing(&account.user)?;
        log::info!("event=signed_in user={}", account.user.id);
        let origin = Origin {
            device: ask.device,
            network: ask.asked_by,
        };
        self.begin_session(account.user, withdrawals, origin).await
    }

    /// The account whose password this is. For an unknown name it takes as long, and
    /// says the same.
    async fn check_password(
        &self,
        name: &str,
        password: &str,
        from: Network,
    ) -> Result<Account, Failure> {
        if name.len() > LOGIN_BYTES_MAX || password.len() > crate::passwords::PASSWORD_CHARS_MAX * 4
        {
            return Err(Failure::WrongCredentials);
        }
        self.check_password_of(name, &self.logins(name), password, from)
            .await
    }

    /// As [`Desk::check_password`], of whom one of `logins` stands for.
    async fn check_password_of(
        &self,
        name: &str,
        logins: &[Login],
        password: &str,
        from: Network,
    ) -> Result<Account, Failure> {
        let account = self.find(logins).await?;
        let user = account.as_ref().map(|account| account.user.id);
        let brake = &self.ask.brake;
        let login = one_spelling(name, logins);
        if brake.begins_to_hold_up(&login, Instant::now()) {
            self.know_networks_of(user).await?;
        }
        let trying = brake.try_password(&login, user, from, Instant::now())?;
        let hash = account
            .as_ref()
            .map(|account| account.password_hash.clone());
        let matches = match self.ask.hasher.verify(password, hash).await {
            Ok(matches) => matches,
            Err(full) => {
                trying.was_not_judged();
                return Err(busy(full));
            }
        };
        match account.filter(|_| matches) {
            Some(account) => {
                trying.was_right(account.user.id, Instant::now());
                Ok(account)
            }
            None => {
                brake.tell_refused(user, from, "wrong_password", Instant::now());
                Err(Failure::WrongCredentials)
            }
        }
    }

    /// Has the brake know the networks of living sessions: after a restart it does
    /// not, and would take their user for a stranger at home. For nobody it takes as
    /// long.
    async fn know_networks_of(&self, user: Option<UserId>) -> Result<(), Failure> {
        let whose = user.unwrap_or(NOBODY);
        let sessions = self.ask.sessions.sessions_of(whose, now_ms()).await;
        let mut sessions = sessions.map_err(|why| storage_failure(&why))?;
        // The brake forgets those first that it was told of first.
        sessions.sort_unstable_by_key(|session| session.last_used);
        for session in sessions {
            if let Some(Ok(network)) = session.address.map(|address| address.parse()) {
                self.ask.brake.know(whose, network, Instant::now());
            }
        }
        Ok(())
    }

    /// All that a name can mean; of those that mean someone, the last counts. So a
    /// verified number goes before a name that is a number: such a name was its
    /// owner's number when it was chosen, and who has another one by now signs in
    /// with that.
    fn logins(&self, name: &str) -> Vec<Login> {
        let mut logins = Vec::with_capacity(2);
        if name.contains('@') {
            logins.extend(parse_email(name).map(|address| Login::Contact(Contact::Email(address))));
        } else {
            logins.push(Login::Name(names::fold(name)));
            let number = self.settings.phones.parse(name);
            logins.extend(number.map(|number| Login::Contact(Contact::Phone(number))));
        }
        logins
    }

    async fn find(&self, logins: &[Login]) -> Result<Option<Account>, Failure> {
        // All of them are looked up, found or not, so that a name that exists
        // takes no less time than one that does not.
        let mut account = None;
        for login in logins {
            let found = self.ask.accounts.find(login.clone()).await;
            account = found.map_err(|why| storage_failure(&why))?.or(account);
        }
        Ok(account)
    }

    pub(super) async fn confirm_email(&self, ask: ConfirmEmail) -> Result<(), Failure> {
        let Some(email) = parse_email(&ask.user_email) else {
            return Err(Failure::WrongCode);
        };
        let confirmed = self
            .ask
            .accounts
            .confirm_email(
                email,
                ask.user_ecode,
                Some(ask.asked_by.to_string()),
                now_ms(),
            )
            .await;
        let user = confirmed
            .map_err(|why| storage_failure(&why))?
            .ok_or(Failure::WrongCode)?;
        log::info!("event=email_confirmed user={user}");
        Ok(())
    }

    /// Sweeps away records that matter no more.
    pub(super) async fn sweep(&self) {
        let now = now_ms();
        tell_swept("codes", self.ask.codes.sweep_codes(now).await);
        tell_swept("sessions", self.ask.sessions.sweep_sessions(now).await);
        tell_swept("links", self.ask.links.sweep_links(now).await);
        let kept = u64::try_from(self.settings.audit_kept.as_millis()).unwrap_or(u64::MAX);
        let swept = self.ask.audit.sweep_audit(now.saturating_sub(kept));
        tell_swept("audit", swept.await);
    }
}

fn tell_swept(what: &str, swept: Result<usize, StorageError>) {
    match swept {
        Ok(0) => {}
        Ok(count) => log::info!("event={what}_swept count={count}"),
        Err(why) => log::warn!("event={what}_not_swept error=\"{why}\""),
    }
}

/// Whether the account can be used. To be asked once its credential was right, so
/// that nobody else learns of it.
fn check_standing(user: &User) -> Result<(), Failure> {
    let failure = match user.standing {
        Standing::Active => return Ok(()),
        Standing::Pending => Failure::AwaitingApproval,
        Standing::Disabled => Failure::AccountDisabled,
        Standing::Closed => Failure::WrongCredentials,
    };
    log::info!(
        "event=sign_in_refused user={} reason={}",
        user.id,
        failure.slug()
    );
    Err(failure)
}

/// What a name means, however it is written: the same for the same account, whether
/// there is one or not.
fn one_spelling(name: &str, logins: &[Login]) -> String {
    match logins.last() {
        Some(Login::Contact(Contact::Phone(number))) => format!("phone {number}"),
        Some(Login::Contact(Contact::Email(address))) => format!("email {address}"),
        Some(Login::Name(folded)) => format!("name {folded}"),
        None => format!("no login {name}"),
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
