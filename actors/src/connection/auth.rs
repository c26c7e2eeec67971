//! The auth port: what its requests mean to a connection. Each is carried out by
//! the registry, one after the other.

use super::Connection;
use crate::auth_registry::{ConfirmEmail, SendCode, SignIn, SignUp, WrittenContact};
use actix::{Context, MailboxError};
use qunliao_protocol::auth::{
    CONFIRM_EMAIL, LOGIN, REGISTER, Request, SEND_CODE, SERVER_INFO, SignedIn, SignedUp,
};
use qunliao_protocol::json::Object;
use qunliao_protocol::reply::{Nothing, Reply};
use qunliao_protocol::{Credential, Envelope, Failure};
use serde::Serialize;
use std::time::Instant;

impl Connection {
    pub(super) fn auth_request(
        &mut self,
        envelope: Envelope,
        op: Result<u64, Failure>,
        body: &Object<'_>,
        ctx: &mut Context<Self>,
    ) {
        match op.and_then(|op| Request::read(op, body)) {
            Ok(request) => self.carry_out_auth(envelope, request, ctx),
            Err(failure) => self.refuse(self.reply_envelope(envelope), &failure),
        }
    }

    /// The envelope with the op that answers it.
    fn reply_envelope(&self, envelope: Envelope) -> Envelope {
        let op = envelope.op.map(|op| match op {
            REGISTER => self.house.register_reply_op,
            op => op,
        });
        Envelope { op, ..envelope }
    }

    fn carry_out_auth(
        &mut self,
        envelope: Envelope,
        request: Request<'_>,
        ctx: &mut Context<Self>,
    ) {
        let Some(ticket) = &self.ticket else {
            return;
        };
        let verifying = match request {
            Request::Login { .. } | Request::Register(_) => match self.begin_verifying() {
                Ok(verifying) => Some(verifying),
                Err(failure) => return self.refuse(self.reply_envelope(envelope), &failure),
            },
            _ => None,
        };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        match request {
            Request::Account(request) => self.account_request(envelope, request, ctx),
            Request::ServerInfo => {
                let info = self.house.info.now();
                self.reply(&Reply::ok(SERVER_INFO, envelope.seq, info));
            }
            Request::Login {
                user_name,
                user_pwd,
                device,
            } => {
                let ask = SignIn {
                    user_name: user_name.to_owned(),
                    user_pwd: user_pwd.to_owned(),
                    device: owned(device),
                    asked_by: ticket.network(),
                };
                let asked = self.house.auth.sign_in.send(ask);
                self.carry_out(ctx, asked, move |act, outcome, ctx| {
                    drop(verifying);
                    if let Ok(Ok(SignedIn { token, .. })) = &outcome {
                        act.belong_to(token, ctx);
                    }
                    act.answer(LOGIN, envelope, outcome);
                });
            }
            Request::SendCode { contact, purpose } => {
                let contact = WrittenContact::from(contact);
                let asked_by = ticket.network();
                let asked = self.house.auth.send_code.send(SendCode {
                    contact,
                    purpose,
                    asked_by,
                });
                self.carry_out(ctx, asked, move |act, outcome, _| {
                    act.answer(
                        SEND_CODE,
                        envelope,
                        outcome.map(|done| done.map(|()| Nothing {})),
                    );
                });
            }
            Request::Register(form) => {
                let ask = SignUp {
                    user_name: form.user_name.to_owned(),
                    user_pwd: form.user_pwd.to_owned(),
                    user_phone: owned(form.user_phone),
                    user_vcode: owned(form.user_vcode),
                    user_email: owned(form.user_email),
                    user_ecode: owned(form.user_ecode),
                    invite: owned(form.invite),
                    wants_session: true,
                    device: owned(form.device),
                    language: None,
                    asked_by: ticket.network(),
                };
                let asked = self.house.auth.sign_up.send(ask);
                self.carry_out(ctx, asked, move |act, outcome, ctx| {
                    drop(verifying);
                    if let Ok(Ok(SignedUp {
                        token: Some(token), ..
                    })) = &outcome
                    {
                        act.belong_to(token, ctx);
                    }
                    act.answer(act.house.register_reply_op, envelope, outcome);
                });
            }
            Request::ConfirmEmail {
                user_email,
                user_ecode,
            } => {
                let ask = ConfirmEmail {
                    user_email: user_email.to_owned(),
                    user_ecode: user_ecode.to_owned(),
                    asked_by: ticket.network(),
                };
                let asked = self.house.auth.confirm_email.send(ask);
                self.carry_out(ctx, asked, move |act, outcome, _| {
                    act.answer(
                        CONFIRM_EMAIL,
                        envelope,
                        outcome.map(|done| done.map(|()| Nothing {})),
                    );
                });
            }
        }
    }

    /// From now on this connection is one of the session of `token`, which has just
    /// begun or been shown, and ends with it.
    pub(super) fn belong_to(&mut self, token: &str, ctx: &mut Context<Self>) {
        let credentials = &self.house.credentials;
        let fingerprint = credentials.fingerprint(&Credential::Token(token));
        if let Some(verified) = credentials.recall(&fingerprint, Instant::now()) {
            // If it has ended already, so does the connection, once it has answered.
            let _ = self.welcome(verified, ctx);
        } else if let Some(ticket) = &mut self.ticket {
            ticket.authenticate();
        }
    }

    /// Answers with `op`, whether with a success or a refusal.
    pub(super) fn answer<T: Serialize>(
        &mut self,
        op: u64,
        envelope: Envelope,
        outcome: Result<Result<T, Failure>, MailboxError>,
    ) {
        // An actor that is gone is one that the server is about to end without.
        match outcome.unwrap_or(Err(Failure::ShuttingDown)) {
            Ok(body) => self.reply(&Reply::ok(op, envelope.seq, body)),
            Err(failure) => {
                self.refuse(
                    Envelope {
                        op: Some(op),
                        ..envelope
                    },
                    &failure,
                );
                self.count_refusal(&failure);
            }
        }
    }
}
