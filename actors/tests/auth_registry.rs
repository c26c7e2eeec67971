//! The `AuthRegistry`, over a real store; the courier is a probe.

mod codes;
mod confirming;
mod secrets;
mod signing_in;
mod signing_up;
mod trouble;

use crate::support::stores::sled_store;
use crate::support::{ALICE, Asks, BOB, CAROL, Probe, Someone, bell, until, within};
use actix::dev::ToEnvelope;
use actix::prelude::*;
use qunliao_actors::admission::Network;
use qunliao_actors::auth_registry::{
    AuthRegistry, CodeSettings, ConfirmEmail, Desk, Identify, Neighbours, OwnedCredential,
    SendCode, Settings, SignIn, SignUp, Verify, WrittenContact,
};
use qunliao_actors::contacts::PhoneBook;
use qunliao_actors::courier::{Carry, Channel};
use qunliao_actors::credentials::Credentials;
use qunliao_actors::hasher::Hasher;
use qunliao_actors::person::People;
use qunliao_actors::vital::Vital;
use qunliao_delivery::{DeliveryError, Message as Parcel};
use qunliao_protocol::auth::{Purpose, SignedIn};
use qunliao_protocol::{Failure, Language};
use qunliao_storage::Store;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

/// How the registry of a test differs from the usual one.
struct Plan {
    verify: Verify,
    codes: CodeSettings,
    password_queue_max: usize,
    session_lifetime: Duration,
    sessions_max: usize,
    /// What the courier says of every parcel.
    outcome: Result<(), DeliveryError>,
    /// Instead of sled in a folder.
    store: Option<Store>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            verify: Verify::Sms,
            // Each test has a few codes sent to the same person.
            codes: CodeSettings {
                gap_seconds: 0,
                ..CodeSettings::default()
            },
            password_queue_max: 64,
            session_lifetime: Duration::from_secs(3_600),
            sessions_max: 8,
            outcome: Ok(()),
            store: None,
        }
    }
}

/// A registry, and what its courier was given.
struct Registry {
    address: Addr<AuthRegistry>,
    carried: Asks<Carry>,
    alarms: UnboundedReceiver<&'static str>,
    _folder: TempDir,
}

impl Plan {
    fn build(self) -> Registry {
        let folder = tempfile::tempdir().unwrap();
        let store = self.store.unwrap_or_else(|| sled_store(folder.path()));
        let outcome = self.outcome;
        let carried = Probe::answering(move |_: &Carry| outcome.clone());
        let neighbours = Neighbours {
            accounts: Arc::new(store.clone()),
            codes: Arc::new(store),
            courier: carried.recipient(),
            hasher: Hasher::new(0, self.password_queue_max),
            credentials: Arc::new(Credentials::new(Duration::from_secs(600))),
            people: Arc::new(People::default()),
        };
        let settings = Settings {
            verify: self.verify,
            phones: PhoneBook::new("CN", vec!["+86".to_owned()]).unwrap(),
            codes: self.codes,
            session_lifetime: self.session_lifetime,
            sessions_max: self.sessions_max,
            language: Language::English,
        };
        let (on_loss, alarms) = bell();
        let vital = Vital::new("auth_registry", on_loss);
        let registry = AuthRegistry::new(Desk::new(neighbours, settings), vital);
        Registry {
            address: registry.start(),
            carried,
            alarms,
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
        self.parcel().await.1.code
    }

    /// A code for signing up, sent to the address.
    async fn code_by_mail(&mut self, someone: &Someone) -> String {
        assert_eq!(self.ask(to_email(someone, Purpose::Register)).await, Ok(()));
        self.parcel().await.1.code
    }

    /// Signs someone up by phone.
    async fn sign_up(&mut self, someone: &Someone) -> SignedIn {
        let code = self.code_by_phone(someone).await;
        self.ask(someone.sign_up(&code)).await.ok().unwrap()
    }

    /// Why a sign-up is refused, which it must be.
    async fn refusal(&self, form: SignUp) -> Failure {
        self.ask(form).await.err().expect("must be refused")
    }
}

fn to_phone(someone: &Someone) -> SendCode {
    send(WrittenContact::Phone(someone.phone.0.to_owned()))
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
        asked_by: Network::of(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    }
}

fn sign_in(user_name: &str, user_pwd: &str) -> SignIn {
    SignIn {
        user_name: user_name.to_owned(),
        user_pwd: user_pwd.to_owned(),
    }
}

fn token(token: &str) -> Identify {
    Identify(OwnedCredential::Token(token.to_owned()))
}

fn password(name: &str, password: &str) -> Identify {
    Identify(OwnedCredential::Password {
        name: name.to_owned(),
        password: password.to_owned(),
    })
}

/// A code that is not this one.
fn not(code: &str) -> String {
    let other = if code == "000000" { "111111" } else { "000000" };
    other.to_owned()
}
