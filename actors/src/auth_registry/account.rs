//! What the registry is asked by those who have an account.

use super::{AuthRegistry, WrittenContact};
use crate::admission::Network;
use actix::prelude::*;
use qunliao_protocol::auth::{SessionsAsk, SessionsReply, UserCard};
use qunliao_protocol::{Failure, FileId, Language};

/// Send a code for a reset. The answer is the same whether or not there is an account.
#[derive(Message)]
#[rtype(result = "Result<(), Failure>")]
pub struct SendResetCode {
    /// Where to, as it was written.
    pub contact: WrittenContact,
    /// Who asks.
    pub asked_by: Network,
}

/// Send a code to a contact that is to take the place of an old one.
#[derive(Message)]
#[rtype(result = "Result<(), Failure>")]
pub struct SendCodeToNewContact {
    /// Whose contact it is to be: the token of a session.
    pub token: String,
    /// Where to, as it was written.
    pub contact: WrittenContact,
    /// Who asks.
    pub asked_by: Network,
}

/// Put a contact in the place of the old one.
#[derive(Message)]
#[rtype(result = "Result<(), Failure>")]
pub struct ChangeContact {
    /// Whose: the token of a session.
    pub token: String,
    /// The password.
    pub user_pwd: String,
    /// The new contact, as it was written.
    pub contact: WrittenContact,
    /// The code that was sent to it.
    pub code: String,
    /// Who asks.
    pub asked_by: Network,
}

/// Set a new password without the old one, and end all sessions.
#[derive(Message)]
#[rtype(result = "Result<(), Failure>")]
pub struct ResetPassword {
    /// What entitles to it.
    pub proof: ResetBy,
    /// The new password.
    pub user_pwd: String,
    /// Who asks.
    pub asked_by: Network,
}

/// What entitles someone to set a new password without the old one.
pub enum ResetBy {
    /// The token of a link that an administrator made.
    Link(String),
    /// A code that was sent for it.
    Code {
        /// Where it was sent, as it was written.
        contact: WrittenContact,
        /// The code.
        code: String,
    },
}

/// Change the password, and end the other sessions.
#[derive(Message)]
#[rtype(result = "Result<(), Failure>")]
pub struct ChangePassword {
    /// Name, phone number or confirmed address.
    pub user_name: String,
    /// The old password.
    pub user_pwd: String,
    /// The new password.
    pub new_pwd: String,
    /// The token of the session that goes on.
    pub token: Option<String>,
    /// Who asks.
    pub asked_by: Network,
}

/// Change the profile, or, with nothing to change, read it.
#[derive(Message)]
#[rtype(result = "Result<UserCard, Failure>")]
pub struct EditProfile {
    /// Whose: the token of a session.
    pub token: String,
    /// What to change.
    pub edit: ProfileEdit,
    /// Who asks.
    pub asked_by: Network,
}

/// What is to be changed of a profile: `None` stays as it is, `Some(None)` is removed.
#[derive(Default)]
pub struct ProfileEdit {
    /// The name to be shown.
    pub nickname: Option<Option<String>>,
    /// The picture.
    pub avatar: Option<Option<FileId>>,
    /// The words.
    pub bio: Option<Option<String>>,
    /// The language.
    pub language: Option<Option<Language>>,
}

/// List or end sessions.
#[derive(Message)]
#[rtype(result = "Result<SessionsReply, Failure>")]
pub struct ManageSessions {
    /// Whose: the token of one of them.
    pub token: String,
    /// What to do.
    pub ask: SessionsAsk,
    /// Who asks.
    pub asked_by: Network,
}

/// Close the account for good.
#[derive(Message)]
#[rtype(result = "Result<(), Failure>")]
pub struct CloseAccount {
    /// Name, phone number or confirmed address.
    pub user_name: String,
    /// The password.
    pub user_pwd: String,
    /// Who asks.
    pub asked_by: Network,
}

impl Handler<SendResetCode> for AuthRegistry {
    type Result = ResponseActFuture<Self, Result<(), Failure>>;

    fn handle(&mut self, ask: SendResetCode, _: &mut Self::Context) -> Self::Result {
        self.work_and_run(|desk| async move { desk.send_reset_code(ask).await })
    }
}

impl Handler<SendCodeToNewContact> for AuthRegistry {
    type Result = ResponseFuture<Result<(), Failure>>;

    fn handle(&mut self, ask: SendCodeToNewContact, _: &mut Self::Context) -> Self::Result {
        self.work(|desk| async move { desk.send_code_to_new_contact(ask).await })
    }
}

impl Handler<ChangeContact> for AuthRegistry {
    type Result = ResponseActFuture<Self, Result<(), Failure>>;

    fn handle(&mut self, ask: ChangeContact, _: &mut Self::Context) -> Self::Result {
        self.work_and_run(|desk| async move { desk.change_contact(ask).await })
    }
}

impl Handler<ResetPassword> for AuthRegistry {
    type Result = ResponseActFuture<Self, Result<(), Failure>>;

    fn handle(&mut self, ask: ResetPassword, _: &mut Self::Context) -> Self::Result {
        self.work_and_run(|desk| async move { desk.reset_password(ask).await })
    }
}

impl Handler<ChangePassword> for AuthRegistry {
    type Result = ResponseActFuture<Self, Result<(), Failure>>;

    fn handle(&mut self, ask: ChangePassword, _: &mut Self::Context) -> Self::Result {
        self.work_and_run(|desk| async move { desk.change_password(ask).await })
    }
}

impl Handler<EditProfile> for AuthRegistry {
    type Result = ResponseFuture<Result<UserCard, Failure>>;

    fn handle(&mut self, ask: EditProfile, _: &mut Self::Context) -> Self::Result {
        self.work(|desk| async move { desk.edit_profile(ask).await })
    }
}

impl Handler<ManageSessions> for AuthRegistry {
    type Result = ResponseFuture<Result<SessionsReply, Failure>>;

    fn handle(&mut self, ask: ManageSessions, _: &mut Self::Context) -> Self::Result {
        self.work(|desk| async move { desk.manage_sessions(ask).await })
    }
}

impl Handler<CloseAccount> for AuthRegistry {
    type Result = ResponseActFuture<Self, Result<(), Failure>>;

    fn handle(&mut self, ask: CloseAccount, _: &mut Self::Context) -> Self::Result {
        self.work_and_run(|desk| async move { desk.close_account(ask).await })
    }
}
