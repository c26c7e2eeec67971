//! The auth port, for those who have an account: recovery, changes, sessions.

use super::{Connection, Ticket};
use crate::admission::Network;
use crate::auth_registry::{
    ChangeContact, ChangePassword, CloseAccount, EditProfile, ManageSessions, ProfileEdit, ResetBy,
    ResetPassword, SendCodeToNewContact, SendResetCode, WrittenContact,
};
use crate::brake::Verifying;
use actix::dev::RecipientRequest;
use actix::prelude::*;
use qunliao_protocol::auth::{self, AccountRequest, Contact, ProfileReply};
use qunliao_protocol::reply::Nothing;
use qunliao_protocol::{Envelope, Failure, Language};
use serde::Serialize;

impl Connection {
    pub(super) fn account_request(
        &mut self,
        envelope: Envelope,
        request: AccountRequest<'_>,
        ctx: &mut Context<Self>,
    ) {
        let Some(network) = self.ticket.as_ref().map(Ticket::network) else {
            return;
        };
        let verifying = match request {
            AccountRequest::SendResetCode(_) => None,
            _ => match self.begin_verifying() {
                Ok(verifying) => Some(verifying),
                Err(failure) => return self.refuse(envelope, &failure),
            },
        };
        let asking = Asking {
            op: request.op(),
            envelope,
            verifying,
            token: token_of(&request).map(str::to_owned),
        };
        self.ask_registry(asking, request, network, ctx);
    }

    fn ask_registry(
        &mut self,
        asking: Asking,
        request: AccountRequest<'_>,
        asked_by: Network,
        ctx: &mut Context<Self>,
    ) {
        let to = &self.house.auth.account;
        match request {
            AccountRequest::SendResetCode(contact) => {
                let contact = WrittenContact::from(contact);
                let asked = to.send_reset_code.send(SendResetCode { contact, asked_by });
                self.await_done(asking, asked, ctx);
            }
            AccountRequest::SendCodeToNewContact { token, contact } => {
                let asked = to.send_code_to_new_contact.send(SendCodeToNewContact {
                    token: token.to_owned(),
                    contact: contact.into(),
                    asked_by,
                });
                self.await_done(asking, asked, ctx);
            }
            AccountRequest::ChangeContact {
                token,
                user_pwd,
                contact,
                code,
            } => {
                let asked = to.change_contact.send(ChangeContact {
                    token: token.to_owned(),
                    user_pwd: user_pwd.to_owned(),
                    contact: contact.into(),
                    code: code.to_owned(),
                    asked_by,
                });
                self.await_done(asking, asked, ctx);
            }
            AccountRequest::ResetPassword { by, user_pwd } => {
                let asked = to.reset_password.send(ResetPassword {
                    proof: by.into(),
                    user_pwd: user_pwd.to_owned(),
                    asked_by,
                });
                self.await_done(asking, asked, ctx);
            }
            AccountRequest::ChangePassword {
                user_name,
                user_pwd,
                new_pwd,
                token,
            } => {
                let asked = to.change_password.send(ChangePassword {
                    user_name: user_name.to_owned(),
                    user_pwd: user_pwd.to_owned(),
                    new_pwd: new_pwd.to_owned(),
                    token: token.map(str::to_owned),
                    asked_by,
                });
                self.await_done(asking, asked, ctx);
            }
            AccountRequest::Profile { token, edit } => {
                let asked = to.edit_profile.send(EditProfile {
                    token: token.to_owned(),
                    edit: edit.into(),
                    asked_by,
                });
                self.await_then(asking, asked, ctx, |act, user| {
                    let code = user.language.as_deref();
                    act.speaks = code.and_then(Language::from_code).or(act.speaks);
                    ProfileReply { user }
                });
            }
            AccountRequest::Sessions { token, ask } => {
                let asked = to.manage_sessions.send(ManageSessions {
                    token: token.to_owned(),
                    ask,
                    asked_by,
                });
                self.await_then(asking, asked, ctx, |_, reply| reply);
            }
            AccountRequest::Close {
                user_name,
                user_pwd,
            } => {
                let asked = to.close_account.send(CloseAccount {
                    user_name: user_name.to_owned(),
                    user_pwd: user_pwd.to_owned(),
                    asked_by,
                });
                self.await_done(asking, asked, ctx);
            }
        }
    }

    /// Waits for an answer that says no more than that it is done.
    fn await_done<M>(&mut self, asking: Asking, asked: RecipientRequest<M>, ctx: &mut Context<Self>)
    where
        M: Message<Result = Result<(), Failure>> + Send + 'static,
    {
        self.await_then(asking, asked, ctx, |_, ()| Nothing {});
    }

    /// Waits for an answer, and makes the reply of it.
    fn await_then<M, T, R>(
        &mut self,
        asking: Asking,
        asked: RecipientRequest<M>,
        ctx: &mut Context<Self>,
        reply: impl FnOnce(&mut Self, T) -> R + 'static,
    ) where
        M: Message<Result = Result<T, Failure>> + Send + 'static,
        T: Send + 'static,
        R: Serialize,
    {
        self.carry_out(ctx, asked, move |act, outcome, ctx| {
            drop(asking.verifying);
            if let (Ok(Ok(_)), Some(token)) = (&outcome, &asking.token) {
                act.belong_to(token, ctx);
            }
            let outcome = outcome.map(|answer| answer.map(|answer| reply(act, answer)));
            act.answer(asking.op, asking.envelope, outcome);
        });
    }
}

/// A request that waits for its answer.
struct Asking {
    op: u64,
    envelope: Envelope,
    verifying: Option<Verifying>,
    /// The token of whoever asks.
    token: Option<String>,
}

/// The token that a request shows; it is carried out only if that is a session's.
fn token_of<'a>(request: &AccountRequest<'a>) -> Option<&'a str> {
    match *request {
        AccountRequest::SendCodeToNewContact { token, .. }
        | AccountRequest::ChangeContact { token, .. }
        | AccountRequest::Profile { token, .. }
        | AccountRequest::Sessions { token, .. } => Some(token),
        AccountRequest::ChangePassword { token, .. } => token,
        AccountRequest::SendResetCode(_)
        | AccountRequest::ResetPassword { .. }
        | AccountRequest::Close { .. } => None,
    }
}

impl From<Contact<'_>> for WrittenContact {
    fn from(contact: Contact<'_>) -> Self {
        match contact {
            Contact::Phone(number) => Self::Phone(number.to_owned()),
            Contact::Email(address) => Self::Email(address.to_owned()),
        }
    }
}

impl From<auth::ResetBy<'_>> for ResetBy {
    fn from(by: auth::ResetBy<'_>) -> Self {
        match by {
            auth::ResetBy::Link(token) => Self::Link(token.to_owned()),
            auth::ResetBy::Code { contact, code } => Self::Code {
                contact: contact.into(),
                code: code.to_owned(),
            },
        }
    }
}

impl From<auth::ProfileEdit<'_>> for ProfileEdit {
    fn from(edit: auth::ProfileEdit<'_>) -> Self {
        let owned = |text: Option<Option<&str>>| text.map(|text| text.map(str::to_owned));
        Self {
            nickname: owned(edit.nickname),
            avatar: edit.avatar,
            bio: owned(edit.bio),
            language: edit.language,
        }
    }
}
