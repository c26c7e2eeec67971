//! A connection's posts on their way to the disk, and what becomes of them.

use super::Connection;
use super::replies::Slot;
use qunliao_protocol::chat::{Changed, MARK, SAY, Said};
use qunliao_protocol::reply::{Nothing, Reply};
use qunliao_protocol::{EntryId, Envelope, Failure, RoomId};
use std::collections::VecDeque;

/// A connection's posts on their way to the disk.
#[derive(Default)]
pub(super) struct Posts {
    under_way: VecDeque<PostUnderWay>,
    next_ticket: u64,
}

/// What a request was, as far as its answer repeats it.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) envelope: Envelope,
    pub(super) client_message_id: Option<String>,
}

impl From<Envelope> for Asked {
    fn from(envelope: Envelope) -> Self {
        Self {
            envelope,
            client_message_id: None,
        }
    }
}

impl Asked {
    /// Whether a success is answered: a message need not be.
    pub(super) fn wants_reply(&self) -> bool {
        self.envelope.op != Some(SAY)
            || self.envelope.seq.is_some()
            || self.client_message_id.is_some()
    }
}

/// A post on its way to the disk.
struct PostUnderWay {
    ticket: u64,
    /// The reply that is due.
    slot: Option<Slot>,
    asked: Asked,
    room: RoomId,
    /// Whether it is through our ear in the room that we are told of it.
    by_ear: bool,
}

impl Posts {
    pub(super) fn count(&self) -> usize {
        self.under_way.len()
    }

    /// Whether our ear in this room is to tell us of any.
    pub(super) fn wait_for(&self, room: RoomId) -> bool {
        let mut posts = self.under_way.iter();
        posts.any(|post| post.by_ear && post.room == room)
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
    /// Answers the ticket of a new post in `room`, of which our ear there tells us
    /// (`by_ear`) or the room itself.
    pub(super) fn begin_post(&mut self, asked: Asked, room: RoomId, by_ear: bool) -> u64 {
        let slot = asked.wants_reply().then(|| self.replies.open());
        let ticket = self.posts.next_ticket;
        self.posts.next_ticket += 1;
        self.posts.under_way.push_back(PostUnderWay {
            ticket,
            slot,
            asked,
            room,
            by_ear,
        });
        ticket
    }

    /// A post of ours has become an entry, now or earlier.
    pub(super) fn acknowledge(&mut self, ticket: u64, id: EntryId, time: u64) {
        if let Some(post) = self.posts.settle(ticket) {
            self.answer_post(post, Some((id, time)));
        }
    }

    /// What a post of ours asked for is so, without an entry.
    pub(super) fn acknowledge_nothing_new(&mut self, ticket: u64) {
        if let Some(post) = self.posts.settle(ticket) {
            self.answer_post(post, None);
        }
    }

    fn answer_post(&mut self, post: PostUnderWay, entry: Option<(EntryId, u64)>) {
        let Some(slot) = post.slot else {
            return;
        };
        let (id, time) = entry.unzip();
        let (op, seq) = (
            post.asked.envelope.op.unwrap_or(SAY),
            post.asked.envelope.seq,
        );
        match op {
            SAY => {
                let said = Said {
                    client_message_id: post.asked.client_message_id,
                    room: Some(post.room),
                    id,
                    time,
                };
                self.fill(slot, &Reply::ok(op, seq, said));
            }
            MARK => self.fill(slot, &Reply::ok(op, seq, Nothing {})),
            _ => {
                let room = post.room;
                self.fill(slot, &Reply::ok(op, seq, Changed { room, id, time }));
            }
        }
    }

    /// None of our posts will become an entry any more.
    pub(super) fn refuse_posts(&mut self, failure: &Failure) {
        while let Some(ticket) = self.posts.under_way.front().map(|post| post.ticket) {
            self.refuse_post(ticket, failure);
        }
    }

    /// The same of those in a room that we have no ear in any more; answers whether
    /// there were any.
    pub(super) fn refuse_unheard_posts(&mut self, room: RoomId, failure: &Failure) -> bool {
        let unheard = |post: &&PostUnderWay| post.by_ear && post.room == room;
        let of_room = self.posts.under_way.iter().filter(unheard);
        let tickets: Vec<_> = of_room.map(|post| post.ticket).collect();
        for ticket in &tickets {
            self.refuse_post(*ticket, failure);
        }
        !tickets.is_empty()
    }

    pub(super) fn refuse_post(&mut self, ticket: u64, failure: &Failure) {
        let Some(post) = self.posts.settle(ticket) else {
            return;
        };
        match post.slot {
            Some(slot) => {
                let reply = self.refusal_of(post.asked, failure);
                self.fill(slot, &reply);
            }
            None => self.refuse_asked(post.asked, failure),
        }
    }

    /// Refuses a request of the chat port.
    pub(super) fn refuse_asked(&mut self, asked: Asked, failure: &Failure) {
        let reply = self.refusal_of(asked, failure);
        self.reply(&reply);
    }

    fn refusal_of(
        &self,
        asked: Asked,
        failure: &Failure,
    ) -> Reply<qunliao_protocol::reply::Refusal> {
        let mut refusal = self.refusal(failure);
        refusal.client_message_id = asked.client_message_id;
        let (op, seq) = (asked.envelope.op.unwrap_or(0), asked.envelope.seq);
        Reply::refused(op, seq, failure, refusal)
    }
}
