//! The chat port: saying something. What is heard there is up to `hearing.rs`.

use super::Connection;
use super::replies::Slot;
use crate::auth_registry::{Identify, OwnedCredential};
use crate::chat_room::Say as Post;
use crate::credentials::Verified;
use actix::Context;
use qunliao_protocol::chat::{LOBBY, SAY, Said, Say};
use qunliao_protocol::json::Object;
use qunliao_protocol::reply::Reply;
use qunliao_protocol::{EntryId, Envelope, Failure};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// A connection's messages on their way to the disk.
#[derive(Default)]
pub(super) struct Posts {
    under_way: VecDeque<PostUnderWay>,
    next_ticket: u64,
}

/// A message on its way to the disk.
struct PostUnderWay {
    ticket: u64,
    /// The reply that was asked for.
    slot: Option<Slot>,
    envelope: Envelope,
    client_message_id: Option<String>,
}

/// A request that waits for its speaker to be identified.
struct Waiting {
    envelope: Envelope,
    news: String,
    client_message_id: Option<String>,
}

impl Posts {
    pub(super) fn count(&self) -> usize {
        self.under_way.len()
    }

    fn begin(
        &mut self,
        slot: Option<Slot>,
        envelope: Envelope,
        client_message_id: Option<String>,
    ) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.under_way.push_back(PostUnderWay {
            ticket,
            slot,
            envelope,
            client_message_id,
        });
        ticket
    }

    fn settle(&mut self, ticket: u64) -> Option<PostUnderWay> {
        let index = self
            .under_way
            .iter()
            .position(|post| post.ticket == ticket)?;
        let post = self.under_way.remove(index);
        if self.under_way.is_empty() {
            self.under_way = VecDeque::new();
        }
        post
    }
}

impl Connection {
    pub(super) fn chat_request(
        &mut self,
        envelope: Envelope,
        op: Result<u64, Failure>,
        body: &Object<'_>,
        ctx: &mut Context<Self>,
    ) {
        let say = op.and_then(|op| match op {
            SAY => Say::read(body),
            _ => Err(Failure::UnknownOp),
        });
        match say {
            Ok(say) => self.say(envelope, &say, ctx),
            Err(failure) => self.refuse(envelope, &failure),
        }
    }

    fn say(&mut self, envelope: Envelope, say: &Say<'_>, ctx: &mut Context<Self>) {
        let now = Instant::now();
        let credentials = &self.house.credentials;
        let fingerprint = credentials.fingerprint(&say.credential);
        let waiting = Waiting {
            envelope,
            news: say.news.to_owned(),
            client_message_id: say.client_message_id.map(str::to_owned),
        };
        let still_known = self
            .known
            .as_mut()
            .is_some_and(|known| known.fingerprint == fingerprint && credentials.holds(known, now));
        if still_known {
            return self.say_known(waiting, now, ctx);
        }
        if let Some(verified) = credentials.recall(&fingerprint, now) {
            return self.say_verified(waiting, verified, ctx);
        }
        let asking = self.network().and_then(|network| {
            let verifying = self.begin_identifying(&say.credential)?;
            Ok((network, verifying))
        });
        let (network, verifying) = match asking {
            Ok(asking) => asking,
            Err(failure) => {
                return self.refuse_message(envelope, waiting.client_message_id, &failure);
            }
        };
        let asked = self
            .house
            .auth
            .identify
            .send(Identify(OwnedCredential::from(say.credential), network));
        self.carry_out(ctx, asked, move |act, outcome, ctx| {
            drop(verifying);
            match outcome.unwrap_or(Err(Failure::ShuttingDown)) {
                Ok(verified) => act.say_verified(waiting, verified, ctx),
                Err(failure) => {
                    act.refuse_message(waiting.envelope, waiting.client_message_id, &failure);
                    act.count_refusal(&failure);
                }
            }
        });
    }

    /// The speaker has been verified.
    fn say_verified(&mut self, waiting: Waiting, verified: Verified, ctx: &mut Context<Self>) {
        match self.welcome(verified, ctx) {
            Ok(()) => self.say_known(waiting, Instant::now(), ctx),
            Err(failure) => {
                self.refuse_message(waiting.envelope, waiting.client_message_id, &failure);
            }
        }
    }

    /// The speaker is known.
    fn say_known(&mut self, waiting: Waiting, now: Instant, ctx: &mut Context<Self>) {
        let Waiting {
            envelope,
            news,
            client_message_id,
        } = waiting;
        let Some(person) = self.known.as_ref().map(|known| Arc::clone(&known.person)) else {
            return;
        };
        if !self.house.lobby.say.connected() {
            return self.refuse_message(envelope, client_message_id, &Failure::ShuttingDown);
        }
        if let Err(failure) = self.join(&person, ctx) {
            return self.refuse_message(envelope, client_message_id, &failure);
        }
        let wants_reply = envelope.seq.is_some() || client_message_id.is_some();
        if news.is_empty() {
            if wants_reply {
                let said = Said {
                    client_message_id,
                    room: None,
                    id: None,
                    time: None,
                };
                self.reply(&Reply::ok(SAY, envelope.seq, said));
            }
            return;
        }
        let max = self.house.limits.message_bytes_max;
        if news.len() > max {
            return self.refuse_message(
                envelope,
                client_message_id,
                &Failure::MessageTooLarge(max),
            );
        }
        if let Err(wait) = person.take_message(self.house.message_rate(), now) {
            let seconds = u32::try_from(wait.as_secs())
                .unwrap_or(u32::MAX)
                .saturating_add(1);
            return self.refuse_message(
                envelope,
                client_message_id,
                &Failure::TooManyRequests(seconds),
            );
        }
        let slot = wants_reply.then(|| self.replies.open());
        let ticket = self.posts.begin(slot, envelope, client_message_id.clone());
        self.house.lobby.say.do_send(Post {
            connection: self.id,
            ticket,
            person,
            news,
            client_message_id,
        });
    }

    fn refuse_message(
        &mut self,
        envelope: Envelope,
        client_message_id: Option<String>,
        failure: &Failure,
    ) {
        let mut refusal = self.refusal(failure);
        refusal.client_message_id = client_message_id;
        self.reply(&Reply::refused(SAY, envelope.seq, failure, refusal));
    }

    /// A message of ours has become an entry, now or earlier.
    pub(super) fn acknowledge(&mut self, ticket: u64, id: EntryId, time: u64) {
        let Some(post) = self.posts.settle(ticket) else {
            return;
        };
        if let Some(slot) = post.slot {
            let said = Said {
                client_message_id: post.client_message_id,
                room: Some(LOBBY.to_owned()),
                id: Some(id),
                time: Some(time),
            };
            self.fill(slot, &Reply::ok(SAY, post.envelope.seq, said));
        }
    }

    /// None of our messages will become an entry any more.
    pub(super) fn refuse_posts(&mut self, failure: &Failure) {
        while let Some(ticket) = self.posts.under_way.front().map(|post| post.ticket) {
            self.refuse_post(ticket, failure);
        }
    }

    pub(super) fn refuse_post(&mut self, ticket: u64, failure: &Failure) {
        let Some(post) = self.posts.settle(ticket) else {
            return;
        };
        let mut refusal = self.refusal(failure);
        refusal.client_message_id = post.client_message_id;
        let reply = Reply::refused(SAY, post.envelope.seq, failure, refusal);
        match post.slot {
            Some(slot) => self.fill(slot, &reply),
            None => self.reply(&reply),
        }
    }
}
