//! The `AuthRegistry`, over a real store; the courier is a probe.

mod changing;
mod codes;
mod confirming;
mod guessing;
mod ladder;
mod leaving;
mod profiles;
mod resetting;
mod secrets;
mod sessions;
mod signing_in;
mod signing_up;
mod trouble;
mod undelivered;

use crate::support::stores::sled_store;
use crate::support::{ALICE, Asks, BOB, CAROL, Probe, Someone, bell, until, within};
use actix::dev::ToEnvelope;
use actix::prelude::*;
use qunliao_actors::Limits;
use qunliao_actors::admission::Network;
use qunliao_actors::auth_registry::{
    AuthRegistry, ChangeContact, CodeSettings, ConfirmEmail, Desk, Identify, Neighbours,
    OwnedCredential, SendCode, SendCodeToNewContact, Settings, SignIn, SignUp, Verify,
    WrittenContact,
};
use qunliao_actors::brake::Brake;
use qunliao_actors::breaker::{SmsBreaker, SmsState};
use qunliao_actors::contacts::PhoneBook;
use qunliao_actors::courier::{Carry, Channel};
use qunliao_actors::credentials::Credentials;
use qunliao_actors::file_vault::transfer::Transfers;
use qunliao_actors::hasher::{Hasher, Workload};
use qunliao_actors::person::People;
use qunliao_actors::presence::Presence;
use qunliao_actors::vital::Vital;
use qunliao_delivery::{DeliveryError, Kind, Message as Parcel};
use qunliao_protocol::auth::{Purpose, SignedIn, SignedUp};
use qunliao_protocol::{Failure, Language};
use qunliao_storage::Store;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

/// How the registry of a test differs from the usual one.
struct Plan {
    verify: Verify,
    approval: bool,
    codes: CodeSettings,
    password_queue_max: usize,
    session_idle: Duration,
    session_lifetime: Duration,
    sessions_max: usize,
    audit_kept: Duration,
    limits: Limits,
    /// Whether the courier answers at all.
    gateway_hangs: bool,
    /// What the courier says of every parcel.
    outcome: Result<(), DeliveryError>,
    /// Instead of sled in a folder.
    store: Option<Store>,
    /// Where sessions lie, if elsewhere.
    sessions: Option<Store>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            verify: Verify::Sms,
            approval: false,
            // Each test has a few codes sent to the same person.
            codes: CodeSettings {
                gap_seconds: 0,
                per_contact_and_prefix_hour: 5,
                per_contact_and_prefix_day: 10,
                ..CodeSettings::default()
            },
            password_queue_max: 64,
            session_idle: Duration::from_secs(3_600),
            session_lifetime: Duration::from_secs(3_600),
            sessions_max: 8,
            audit_kept: Duration::from_secs(3_600),
            limits: Limits::default(),
            gateway_hangs: false,
            outcome: Ok(()),
            store: None,
            sessions: None,
        }
    }
}

/// A registry, and what its courier was given.
struct Registry {
    address: Addr<AuthRegistry>,
    carried: Asks<Carry>,
    store: Store,
    credentials: Arc<Credentials>,
    presence: Arc<Presence>,
    alarms: UnboundedReceiver<&'static str>,
    /// Passwords hashed so far.
    hashed: Workload,
    breaker: Arc<SmsBreaker>,
    _folder: TempDir,
}

impl Plan {
    fn build(self) -> Registry {
        let folder = tempfile::tempdir().unwrap();
        let store = self.store.unwrap_or_else(|| sled_store(folder.path()));
        let outcome = self.outcome;
        let carried = if self.gateway_hangs {
            Probe::held()
        } else {
            Probe::answering(move |_: &Carry| outcome.clone())
        };
        let hasher = Hasher::new(0, self.password_queue_max);
        let hashed = hasher.workload();
        let breaker = Arc::new(SmsBreaker::new(self.codes.breaker()));
        let credentials = Arc::new(Credentials::new(Duration::from_secs(600)));
        let transfers = Transfers::default();
        let presence = Arc::new(Presence::new(Arc::clone(&credentials), transfers));
        let neighbours = Neighbours {
            accounts: Arc::new(store.clone()),
            sessions: Arc::new(self.sessions.unwrap_or_else(|| store.clone())),
            links: Arc::new(store.clone()),
            audit: Arc::new(store.clone()),
            files: Arc::new(store.clone()),
            codes: Arc::new(store.clone()),
            courier: carried.recipient(),
            hasher,
            credentials: Arc::clone(&credentials),
            people: Arc::new(People::default()),
            brake: Brake::new(self.limits.brake()),
            breaker: Arc::clone(&breaker),
            presence: Arc::clone(&presence),
        };
        let settings = Settings {
            verify: self.verify,
            approval: self.approval,
            phones: PhoneBook::new("CN", vec!["+86".to_owned()]).unwrap(),
            codes: self.codes,
            session_idle: self.session_idle,
            session_lifetime: self.session_lifetime,
            sessions_max: self.sessions_max,
            audit_kept: self.audit_kept,
            bio_bytes_max: 30,
            language: Language::English,
        };
        let (on_loss, alarms) = bell();
        let vital = Vital::new("auth_registry", on_loss);
        let registry = AuthRegistry::new(Desk::new(neighbours, settings), vital);
        Registry {
            address: registry.start(),
            carried,
            store,
            credentials,
            presence,
            alarms,
            hashed,
            breaker,
            _folder: folder,
        }
    }
}

impl Registry {
    async fn ask<M>(&self, message: M) -> M::Result
    where
        M: Message + Send + 'static,
        M::Result: Send,
        AuthRegistry: Handler<M>,
        Context<AuthRegistry>: ToEnvelope<AuthRegistry, M>,
    {
        within(self.address.send(message)).await.unwrap()
    }

    /// The next parcel that the courier is given.
    async fn parcel(&mut self) -> (Channel, Parcel) {
        let Carry { channel, parcel } = self.carried.next().await.message;
        (channel, parcel)
    }

    /// A code for signing up, sent to the phone.
    async fn code_by_phone(&mut self, someone: &Someone) -> String {
        assert_eq!(self.ask(to_phone(someone)).await, Ok(()));
        code_of(&self.parcel().await.1)
    }

    /// A code for signing up, sent to the address.
    async fn code_by_mail(&mut self, someone: &Someone) -> String {
        assert_eq!(self.ask(to_email(someone, Purpose::Register)).await, Ok(()));
        code_of(&self.parcel().await.1)
    }

    /// Signs someone up by phone.
    async fn sign_up(&mut self, someone: &Someone) -> SignedIn {
        let code = self.code_by_phone(someone).await;
        let SignedUp { token, user, .. } = self.ask(someone.sign_up(&code)).await.ok().unwrap();
        SignedIn {
            token: token.unwrap(),
            user,
        }
    }

    /// Signs someone up with both contacts proved.
    async fn sign_up_with_both(&mut self, someone: &Someone) -> SignedIn {
        let signed_in = self.sign_up(someone).await;
        self.give_address(someone, &signed_in).await;
        signed_in
    }

    /// Gives someone the address, with a code that was sent to it.
    async fn give_address(&mut self, someone: &Someone, signed_in: &SignedIn) {
        let contact = || WrittenContact::Email(someone.email.to_owned());
        let ask = SendCodeToNewContact {
            token: signed_in.token.clone(),
            contact: contact(),
            asked_by: home(),
        };
        assert_eq!(self.ask(ask).await, Ok(()));
        let change = ChangeContact {
            token: signed_in.token.clone(),
            user_pwd: someone.password.to_owned(),
            contact: contact(),
            code: code_of(&self.parcel().await.1),
            asked_by: home(),
        };
        assert_eq!(self.ask(change).await, Ok(()));
        // The number hears of it.
        let (channel, told) = self.parcel().await;
        assert_eq!((channel, told.kind()), (Channel::Sms, Kind::EmailChanged));
    }

    /// Begins one more session of someone.
    async fn another_session(&self, someone: &Someone) -> SignedIn {
        let signed_in = self.ask(sign_in(someone.name, someone.password)).await;
        signed_in.ok().unwrap()
    }

    /// Whether someone can still use this token.
    async fn accepts(&self, signed_in: &SignedIn) -> bool {
        match self.ask(token(&signed_in.token)).await {
            Ok(_) => true,
            Err(failure) => {
                assert_eq!(failure, Failure::WrongCredentials);
                false
            }
        }
    }

    /// Why a sign-up is refused, which it must be.
    async fn refusal(&self, form: SignUp) -> Failure {
        self.ask(form).await.err().expect("must be refused")
    }
}

fn to_phone(someone: &Someone) -> SendCode {
    send(WrittenContact::Phone(someone.phone.0.to_owned()))
}

/// The code that a parcel carries.
fn code_of(parcel: &Parcel) -> String {
    parcel.code().expect("a code").to_owned()
}

fn to_email(someone: &Someone, purpose: Purpose) -> SendCode {
    SendCode {
        purpose,
        ..send(WrittenContact::Email(someone.email.to_owned()))
    }
}

fn send(contact: WrittenContact) -> SendCode {
    SendCode {
        contact,
        purpose: Purpose::Register,
        asked_by: home(),
    }
}

/// Where everybody comes from.
fn home() -> Network {
    Network::of(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

fn sign_in(user_name: &str, user_pwd: &str) -> SignIn {
    SignIn {
        user_name: user_name.to_owned(),
        user_pwd: user_pwd.to_owned(),
        device: None,
        asked_by: home(),
    }
}

fn token(token: &str) -> Identify {
    Identify(OwnedCredential::Token(token.to_owned()), home())
}

fn password(name: &str, password: &str) -> Identify {
    let (name, password) = (name.to_owned(), password.to_owned());
    Identify(OwnedCredential::Password { name, password }, home())
}

/// A code that is not this one.
fn not(code: &str) -> String {
    let other = if code == "000000" { "111111" } else { "000000" };
    other.to_owned()
}
