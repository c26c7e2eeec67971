//! The chat port: who asks for what. What is heard there is up to `hearing.rs`.

use super::Connection;
use super::posts::Asked;
use crate::auth_registry::{Identify, OwnedCredential};
use crate::credentials::Verified;
use crate::person::Person;
use actix::Context;
use qunliao_protocol::chat::{PING, Pong, Request};
use qunliao_protocol::json::Object;
use qunliao_protocol::reply::Reply;
use qunliao_protocol::{Credential, Envelope, Failure};
use std::sync::Arc;
use std::time::Instant;

impl Connection {
    pub(super) fn chat_request(
        &mut self,
        envelope: Envelope,
        op: Result<u64, Failure>,
        body: &Object<'_>,
        ctx: &mut Context<Self>,
    ) {
        let (credential, request) = match op.and_then(|op| Request::read(op, body)) {
            Ok(read) => read,
            Err(failure) => return self.refuse(envelope, &failure),
        };
        let asked = Asked::from(envelope);
        match request {
            Request::Say(say) => self.say(envelope, &say, ctx),
            Request::Enter(enter) => self.enter(asked, enter, credential, ctx),
            Request::History(history) => self.show_history(asked, history, credential, ctx),
            Request::Rooms(request) => self.room_request(asked, request, credential, ctx),
            Request::Typing(typing) => self.type_on(asked, typing, credential, ctx),
            Request::Mark(mark) => self.mark(asked, mark, credential, ctx),
            Request::Change(change) => self.change(asked, change, credential, ctx),
            Request::Search(search) => self.search(asked, search, credential, ctx),
            Request::Ping => {
                let time = crate::clock::now_ms();
                self.reply(&Reply::ok(PING, envelope.seq, Pong { time }));
            }
        }
    }

    /// Does something in the name of whoever this is. Without a credential, it is
    /// whoever the connection is known to be.
    pub(super) fn as_speaker(
        &mut self,
        asked: Asked,
        credential: Option<Credential<'_>>,
        ctx: &mut Context<Self>,
        then: impl FnOnce(&mut Self, Asked, Arc<Person>, &mut Context<Self>) + 'static,
    ) {
        let now = Instant::now();
        let credentials = &self.house.credentials;
        let fingerprint = credential.map(|credential| credentials.fingerprint(&credential));
        let known = self
            .known
            .as_mut()
            .filter(|known| fingerprint.is_none_or(|fingerprint| known.fingerprint == fingerprint));
        if let Some(known) = known
            && credentials.holds(known, now)
        {
            let person = Arc::clone(&known.person);
            return then(self, asked, person, ctx);
        }
        let (Some(credential), Some(fingerprint)) = (credential, fingerprint) else {
            return self.refuse_asked(asked, &Failure::NotSignedIn);
        };
        if let Some(verified) = credentials.recall(&fingerprint, now) {
            return self.as_verified(asked, verified, ctx, then);
        }
        let asking = self.network().and_then(|network| {
            let verifying = self.begin_identifying(&credential)?;
            Ok((network, verifying))
        });
        let (network, verifying) = match asking {
            Ok(asking) => asking,
            Err(failure) => return self.refuse_asked(asked, &failure),
        };
        let identifying = self
            .house
            .auth
            .identify
            .send(Identify(OwnedCredential::from(credential), network));
        self.carry_out(ctx, identifying, move |act, outcome, ctx| {
            drop(verifying);
            match outcome.unwrap_or(Err(Failure::ShuttingDown)) {
                Ok(verified) => act.as_verified(asked, verified, ctx, then),
                Err(failure) => {
                    act.refuse_asked(asked, &failure);
                    act.count_refusal(&failure);
                }
            }
        });
    }

    fn as_verified(
        &mut self,
        asked: Asked,
        verified: Verified,
        ctx: &mut Context<Self>,
        then: impl FnOnce(&mut Self, Asked, Arc<Person>, &mut Context<Self>) + 'static,
    ) {
        let person = Arc::clone(&verified.person);
        let known = self.known.as_ref().map(|known| known.person.id);
        if known.is_some_and(|known| known != person.id) {
            self.change_hands(person.id, ctx);
        }
        match self.welcome(verified, ctx) {
            Ok(()) => then(self, asked, person, ctx),
            Err(failure) => self.refuse_asked(asked, &failure),
        }
    }
}
