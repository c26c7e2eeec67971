//! The `AuthRegistry` decides who is who: sign-in, sign-up, codes, tokens.
//!
//! Connections ask it and wait. It asks storage and the password pool, and has the
//! `Courier` carry codes. Its handlers only start a piece of work at the
//! [`desk::Desk`], so a slow gateway or a queue of passwords holds up nobody else.
//! It stops with the server.

mod account;
mod desk;
mod form;
mod registration;
mod rules;
mod telling;

pub use account::{
    ChangeContact, ChangePassword, CloseAccount, EditProfile, ManageSessions, ProfileEdit, ResetBy,
    ResetPassword, SendCodeToNewContact, SendResetCode,
};
use desk::Errand;
pub use desk::{Desk, Neighbours};
pub use registration::{Ladder, Reach, RegistrationSettings, Verify};
pub use rules::{CodeSettings, Settings};
pub use telling::Tell;

use crate::admission::Network;
use crate::credentials::Verified;
use crate::vital::Vital;
use actix::prelude::*;
use futures_util::FutureExt as _;
use qunliao_protocol::auth::{Purpose, SignedIn, SignedUp};
use qunliao_protocol::{Credential, Failure, Language, UserId};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Who is this, that comes from there? Answered from memory or storage; begins no session.
#[derive(Message)]
#[rtype(result = "Result<Verified, Failure>")]
pub struct Identify(pub OwnedCredential, pub Network);

/// A credential that travels between actors.
pub enum OwnedCredential {
    /// A name and a password.
    Password {
        /// Who.
        name: String,
        /// The proof.
        password: String,
    },
    /// A session's token.
    Token(String),
}

impl From<Credential<'_>> for OwnedCredential {
    fn from(credential: Credential<'_>) -> Self {
        match credential {
            Credential::Password { name, password } => Self::Password {
                name: name.to_owned(),
                password: password.to_owned(),
            },
            Credential::Token(token) => Self::Token(token.to_owned()),
        }
    }
}

impl OwnedCredential {
    /// The credential, borrowed.
    #[must_use]
    pub fn borrow(&self) -> Credential<'_> {
        match self {
            Self::Password { name, password } => Credential::Password { name, password },
            Self::Token(token) => Credential::Token(token),
        }
    }
}

/// Begin a session.
#[derive(Message)]
#[rtype(result = "Result<SignedIn, Failure>")]
pub struct SignIn {
    /// Name, phone number or confirmed address.
    pub user_name: String,
    /// The password.
    pub user_pwd: String,
    /// What the client calls its device.
    pub device: Option<String>,
    /// Who asks.
    pub asked_by: Network,
}

/// Send a code.
#[derive(Message)]
#[rtype(result = "Result<(), Failure>")]
pub struct SendCode {
    /// Where to, as it was written.
    pub contact: WrittenContact,
    /// What for.
    pub purpose: Purpose,
    /// Who asks.
    pub asked_by: Network,
}

/// A contact as someone wrote it.
pub enum WrittenContact {
    /// A phone number.
    Phone(String),
    /// An e-mail address.
    Email(String),
}

/// Make an account, and begin its first session unless it waits for approval.
#[derive(Message)]
#[rtype(result = "Result<SignedUp, Failure>")]
pub struct SignUp {
    /// The name.
    pub user_name: String,
    /// The password.
    pub user_pwd: String,
    /// The phone number, as it was written.
    pub user_phone: Option<String>,
    /// The code sent to it.
    pub user_vcode: Option<String>,
    /// The address, as it was written.
    pub user_email: Option<String>,
    /// The code sent to it.
    pub user_ecode: Option<String>,
    /// The token of an invitation.
    pub invite: Option<String>,
    /// Whether there is someone to use a session.
    pub wants_session: bool,
    /// What the client calls its device.
    pub device: Option<String>,
    /// The language that the form was in, if that is known: messages are in it, too.
    pub language: Option<Language>,
    /// Who asks.
    pub asked_by: Network,
}

/// Confirm an address with the code that was sent to it.
#[derive(Message)]
#[rtype(result = "Result<(), Failure>")]
pub struct ConfirmEmail {
    /// The address, as it was written.
    pub user_email: String,
    /// The code.
    pub user_ecode: String,
    /// Who asks.
    pub asked_by: Network,
}

/// The actor.
pub struct AuthRegistry {
    desk: Arc<Desk>,
    vital: Vital,
}

impl AuthRegistry {
    /// A registry that works at `desk`.
    #[must_use]
    pub fn new(desk: Desk, vital: Vital) -> Self {
        Self {
            desk: Arc::new(desk),
            vital,
        }
    }
}

/// How often records that no longer matter are swept away.
const SWEEP_EVERY: std::time::Duration = std::time::Duration::from_secs(3600);

impl Actor for AuthRegistry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let sweep = |registry: &mut Self, ctx: &mut Self::Context| {
            let sweep = registry.work(|desk| async move {
                desk.sweep().await;
                desk.look_after_sessions().await;
                Ok(())
            });
            ctx.spawn(sweep.into_actor(registry).map(|_, _, _| ()));
        };
        sweep(self, ctx);
        ctx.run_interval(SWEEP_EVERY, sweep);
    }

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        self.vital.release();
        Running::Stop
    }
}

/// A code that is to be sent while nobody waits for it.
struct Later {
    user: UserId,
    address: String,
    /// Who asked.
    asked_by: Network,
    /// Whether it counts for them; not if it follows from a code that has.
    counted: bool,
}

impl AuthRegistry {
    /// Does a piece of work. A panic in it is the end of that piece alone: it may
    /// be the fault of what someone sent.
    fn work<T, F>(&self, work: impl FnOnce(Arc<Desk>) -> F) -> ResponseFuture<Result<T, Failure>>
    where
        F: Future<Output = Result<T, Failure>> + 'static,
    {
        let work = AssertUnwindSafe(work(Arc::clone(&self.desk))).catch_unwind();
        Box::pin(async move {
            work.await.unwrap_or_else(|_panic| {
                log::error!("event=request_panicked actor=auth_registry");
                Err(Failure::Unavailable)
            })
        })
    }

    /// As [`AuthRegistry::work`]; what comes of it may leave errands, which are run
    /// while nobody waits for them.
    fn work_and_run<T, E, F>(
        &self,
        work: impl FnOnce(Arc<Desk>) -> F,
    ) -> ResponseActFuture<Self, Result<T, Failure>>
    where
        T: 'static,
        E: IntoIterator<Item: Into<Errand>> + 'static,
        F: Future<Output = Result<(T, E), Failure>> + 'static,
    {
        let work = self.work(work).into_actor(self);
        Box::pin(work.map(|outcome, registry, ctx| {
            let (done, errands) = outcome?;
            for errand in errands.into_iter().map(Into::into) {
                let run = registry.work(|desk| async move {
                    desk.run(errand).await;
                    Ok(())
                });
                ctx.spawn(run.into_actor(registry).map(|_, _, _| ()));
            }
            Ok(done)
        }))
    }
}

impl Handler<Identify> for AuthRegistry {
    type Result = ResponseFuture<Result<Verified, Failure>>;

    fn handle(
        &mut self,
        Identify(credential, from): Identify,
        _: &mut Self::Context,
    ) -> Self::Result {
        self.work(|desk| async move { desk.identify(&credential, from).await })
    }
}

impl Handler<SignIn> for AuthRegistry {
    type Result = ResponseFuture<Result<SignedIn, Failure>>;

    fn handle(&mut self, ask: SignIn, _: &mut Self::Context) -> Self::Result {
        self.work(|desk| async move { desk.sign_in(ask).await })
    }
}

impl Handler<SendCode> for AuthRegistry {
    type Result = ResponseActFuture<Self, Result<(), Failure>>;

    fn handle(&mut self, ask: SendCode, _: &mut Self::Context) -> Self::Result {
        self.work_and_run(|desk| async move { desk.send_code(ask).await })
    }
}

impl Handler<SignUp> for AuthRegistry {
    type Result = ResponseActFuture<Self, Result<SignedUp, Failure>>;

    fn handle(&mut self, ask: SignUp, _: &mut Self::Context) -> Self::Result {
        self.work_and_run(|desk| async move { desk.sign_up(ask).await })
    }
}

impl Handler<ConfirmEmail> for AuthRegistry {
    type Result = ResponseFuture<Result<(), Failure>>;

    fn handle(&mut self, ask: ConfirmEmail, _: &mut Self::Context) -> Self::Result {
        self.work(|desk| async move { desk.confirm_email(ask).await })
    }
}

impl Handler<crate::Stop> for AuthRegistry {
    type Result = ();

    fn handle(&mut self, _: crate::Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<crate::Ping> for AuthRegistry {
    type Result = ();

    fn handle(&mut self, _: crate::Ping, _: &mut Self::Context) {}
}
