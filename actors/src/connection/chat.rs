//! The chat port: saying something, and hearing what is said.
//!
//! What is said in the lobby reaches a connection in one of two ways. *Live*, the
//! room's batches go straight into the outbound queue. *Behind*, they are passed
//! over, and the connection reads on from the log, a page at a time, whenever its
//! queue has drained. A connection is behind when it has just authenticated (it
//! is owed what was said since it connected) and when it reads too slowly; in both
//! cases its cursor says how far it got, so nothing is lost or told twice.

use super::Connection;
use super::replies::Slot;
use crate::auth_registry::{Identify, OwnedCredential};
use crate::chat_room::{Batch, Heard, Join, Listener, Say as Post};
use crate::reading::Page;
use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use bytes::Bytes;
use qunliao_protocol::chat::{LOBBY, SAY, Said, Say};
use qunliao_protocol::json::Object;
use qunliao_protocol::reply::Reply;
use qunliao_protocol::{EntryId, Envelope, Failure, RoomId, UserId};
use qunliao_storage::StorageError;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// Own messages that a connection may have passed over unheard, before it has to
/// read on to be read from.
const OWN_UNHEARD_MAX: usize = 1_024;

/// A connection's part in the lobby.
pub(super) struct Chat {
    hearing: Hearing,
    /// The last entry heard.
    cursor: EntryId,
    /// Own entries after the cursor: the log does not tell them apart.
    own: Vec<EntryId>,
    posts: VecDeque<PostUnderWay>,
    next_ticket: u64,
}

/// How a connection hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hearing {
    /// Not at all: nobody has authenticated.
    Outside,
    /// The room has been asked.
    Joining(UserId),
    /// As it is said.
    Live(UserId),
    /// From the log, up to at least this entry.
    Behind {
        user: UserId,
        known_last: EntryId,
        reading: bool,
    },
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

impl Chat {
    pub(super) fn beginning_after(last: u64) -> Self {
        Self {
            hearing: Hearing::Outside,
            cursor: EntryId(last),
            own: Vec::new(),
            posts: VecDeque::new(),
            next_ticket: 0,
        }
    }

    pub(super) fn posts_under_way(&self) -> usize {
        self.posts.len()
    }

    /// Whether it has passed over so much of its own that it may say no more.
    pub(super) fn is_hoarding(&self) -> bool {
        self.own.len() >= OWN_UNHEARD_MAX
    }

    fn settle(&mut self, ticket: u64) -> Option<PostUnderWay> {
        let index = self.posts.iter().position(|post| post.ticket == ticket)?;
        let post = self.posts.remove(index);
        if self.posts.is_empty() {
            self.posts = VecDeque::new();
        }
        post
    }

    fn heard_up_to(&mut self, id: EntryId) {
        self.cursor = self.cursor.max(id);
        let cursor = self.cursor;
        self.own.retain(|own| *own > cursor);
        if self.own.is_empty() {
            self.own = Vec::new();
        }
    }
}

impl Connection {
    pub(super) fn chat_request(&mut self, body: &Bytes, ctx: &mut Context<Self>) {
        let object = match Object::parse(body) {
            Ok(object) => object,
            Err(failure) => return self.refuse(Envelope::default(), &failure),
        };
        let (envelope, op) = Envelope::read(&object);
        self.extended |= envelope.extended || envelope.op.is_some_and(|op| op != SAY);
        let say = op.and_then(|op| match op {
            SAY => Say::read(&object),
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
            .as_ref()
            .is_some_and(|known| known.fingerprint == fingerprint && credentials.holds(known, now));
        if still_known {
            return self.say_known(waiting, now, ctx);
        }
        if let Some(verified) = credentials.recall(&fingerprint, now) {
            self.welcome(verified);
            return self.say_known(waiting, now, ctx);
        }
        let asked = self
            .house
            .auth
            .identify
            .send(Identify(OwnedCredential::from(say.credential)));
        self.carry_out(ctx, asked, move |act, outcome, ctx| {
            match outcome.unwrap_or(Err(Failure::ShuttingDown)) {
                Ok(verified) => {
                    act.welcome(verified);
                    act.say_known(waiting, Instant::now(), ctx);
                }
                Err(failure) => {
                    act.refuse_message(waiting.envelope, waiting.client_message_id, &failure);
                    act.count_refusal(&failure);
                }
            }
        });
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
        self.join(person.id, ctx);
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
        let ticket = self.chat.next_ticket;
        self.chat.next_ticket += 1;
        self.chat.posts.push_back(PostUnderWay {
            ticket,
            slot: wants_reply.then(|| self.replies.open()),
            envelope,
            client_message_id: client_message_id.clone(),
        });
        self.house.lobby.say.do_send(Post {
            connection: self.id,
            ticket,
            person,
            news,
            client_message_id,
        });
    }

    fn join(&mut self, user: UserId, ctx: &mut Context<Self>) {
        match &mut self.chat.hearing {
            Hearing::Outside => self.chat.hearing = Hearing::Joining(user),
            Hearing::Joining(known)
            | Hearing::Live(known)
            | Hearing::Behind { user: known, .. } => {
                if *known == user {
                    return;
                }
                *known = user;
            }
        }
        self.house.lobby.join.do_send(Join {
            connection: self.id,
            user,
            ear: ctx.address().recipient(),
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
    fn acknowledge(&mut self, ticket: u64, id: EntryId, time: u64) {
        let Some(post) = self.chat.settle(ticket) else {
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

    fn refuse_post(&mut self, ticket: u64, failure: &Failure) {
        let Some(post) = self.chat.settle(ticket) else {
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

    fn hear_batch(&mut self, batch: &Batch) {
        let Some(last) = batch.last() else {
            return;
        };
        let mut own = Vec::new();
        for line in batch.lines() {
            if let Some((connection, ticket)) = line.from
                && connection == self.id
            {
                own.push(line.id);
                self.acknowledge(ticket, line.id, line.time);
            }
        }
        match &mut self.chat.hearing {
            Hearing::Live(user) => {
                let user = *user;
                let follows = batch.lines()[0].id <= self.chat.cursor.next();
                if follows && self.outbound.bytes() < self.house.limits.outbound_bytes_max {
                    self.queue(batch, user);
                    self.chat.heard_up_to(last);
                } else {
                    self.chat.own.extend(own);
                    self.chat.hearing = Hearing::Behind {
                        user,
                        known_last: last,
                        reading: false,
                    };
                }
            }
            Hearing::Behind { known_last, .. } => {
                *known_last = last;
                self.chat.own.extend(own);
            }
            Hearing::Outside | Hearing::Joining(_) => {}
        }
    }

    fn queue(&mut self, batch: &Batch, user: UserId) {
        let listener = Listener {
            form: self.form(),
            connection: self.id,
            user,
            extended: self.extended,
            after: self.chat.cursor,
            own: &self.chat.own,
        };
        batch.frames(&listener, |frames| self.outbound.push(frames));
    }

    /// Behind, with nothing left to write: reads the next page of the log.
    pub(super) fn read_on_if_behind(&mut self, ctx: &mut Context<Self>) {
        let Hearing::Behind { reading, .. } = &mut self.chat.hearing else {
            return;
        };
        if *reading || !self.outbound.is_empty() || self.socket.is_none() {
            return;
        }
        *reading = true;
        let (source, after) = (Arc::clone(&self.house.reading), self.chat.cursor);
        let page = async move { source.page(RoomId::LOBBY, after).await };
        ctx.spawn(page.into_actor(self).map(|page, act, _| {
            act.hear_page(page);
            act.wake();
        }));
    }

    fn hear_page(&mut self, page: Result<Page, StorageError>) {
        let Hearing::Behind {
            user, known_last, ..
        } = self.chat.hearing
        else {
            return;
        };
        match page {
            Ok(page) if page.last > self.chat.cursor => {
                self.queue(&page.batch, user);
                self.chat.heard_up_to(page.last);
                self.chat.hearing = if page.last >= known_last {
                    Hearing::Live(user)
                } else {
                    Hearing::Behind {
                        user,
                        known_last,
                        reading: false,
                    }
                };
            }
            Ok(_) => {
                log::error!(
                    "event=log_short after={} known_last={known_last}",
                    self.chat.cursor
                );
                self.close();
            }
            Err(why) => {
                let failure = crate::storage_failure(&why);
                self.refuse(Envelope::default(), &failure);
                self.close();
            }
        }
    }
}

impl Handler<Heard> for Connection {
    type Result = ();

    fn handle(&mut self, heard: Heard, _: &mut Self::Context) {
        match heard {
            Heard::Joined(last) => {
                if let Hearing::Joining(user) = self.chat.hearing {
                    self.chat.hearing = if last > self.chat.cursor {
                        Hearing::Behind {
                            user,
                            known_last: last,
                            reading: false,
                        }
                    } else {
                        Hearing::Live(user)
                    };
                }
            }
            Heard::NotJoined(failure) => {
                self.refuse(Envelope::default(), &failure);
                self.close();
            }
            Heard::Batch(batch) => self.hear_batch(&batch),
            Heard::Repeated { ticket, id, time } => self.acknowledge(ticket, id, time),
            Heard::Refused { ticket, failure } => self.refuse_post(ticket, &failure),
        }
    }
}
