//! Hearing what happens in rooms.
//!
//! It reaches a connection in one of two ways. *Live*, a room's batches go straight
//! into the outbound queue. *Behind*, they are passed over, and the connection reads
//! on from the log, a page at a time, whenever its queue has drained. A connection is
//! behind when it has just come in (it is owed what was said since it connected, or
//! since it was here last) and when it reads too slowly; in both cases its cursor says
//! how far it got, so nothing is lost or told twice.

use super::{Connection, Phase};
use crate::chat_room::{Batch, Heard, Join, Leave, Listener, Notice};
use crate::reading::Page;
use crate::rooms::RoomLink;
use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use qunliao_protocol::chat::{ROOMS, RoomPush};
use qunliao_protocol::{EntryId, Envelope, Failure, RoomId, UserId};
use qunliao_storage::StorageError;
use std::sync::Arc;

/// Own messages that a connection may have passed over unheard, before it has to
/// read on to be read from.
const OWN_UNHEARD_MAX: usize = 1_024;
/// Bytes that may wait for a client who still is told what is in no log.
const NOTICES_UNSENT_BYTES_MAX: usize = 64 << 10;

/// A connection's ears, one in each room that it hears.
#[derive(Default)]
pub(super) struct Ears {
    here: Vec<Ear>,
    /// The ear whose turn it is to read on.
    turn: usize,
    /// A page is being read.
    reading: bool,
    /// The client knows of rooms, and hears whichever its user comes into.
    pub(super) entered: bool,
    /// Rooms that the user came into, and by which entries, while the client was about
    /// to be told of the others.
    pub(super) entering: Option<Vec<(RoomId, EntryId)>>,
}

/// An ear in a room.
struct Ear {
    room: Arc<RoomLink>,
    user: UserId,
    hearing: Hearing,
    /// The last entry heard.
    cursor: EntryId,
    /// Own entries after the cursor: the log does not tell them apart.
    own: Vec<EntryId>,
}

/// How an ear hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hearing {
    /// The room has been asked.
    Joining,
    /// As it happens.
    Live,
    /// From the log, up to at least this entry.
    Behind { known_last: EntryId },
}

impl Ears {
    /// Whether it has passed over so much of its own that it may say no more.
    pub(super) fn are_hoarding(&self) -> bool {
        self.here.iter().any(|ear| ear.own.len() >= OWN_UNHEARD_MAX)
    }

    /// Whether they are owed what has happened already.
    pub(super) fn are_catching_up(&self) -> bool {
        self.here.iter().any(|ear| ear.hearing != Hearing::Live)
    }

    /// Whether there is one in this room, for this user.
    pub(super) fn hear(&self, room: RoomId, user: UserId) -> bool {
        let ear = self.here.iter().find(|ear| ear.room.id == room);
        ear.is_some_and(|ear| ear.user == user)
    }

    /// The way to a room that is heard.
    pub(super) fn link(&self, room: RoomId) -> Option<&Arc<RoomLink>> {
        let ear = self.here.iter().find(|ear| ear.room.id == room);
        ear.map(|ear| &ear.room)
    }

    fn find(&mut self, room: RoomId) -> Option<&mut Ear> {
        self.here.iter_mut().find(|ear| ear.room.id == room)
    }

    fn remove(&mut self, room: RoomId) {
        self.here.retain(|ear| ear.room.id != room);
    }
}

impl Ear {
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
    /// Has a room tell us what happens after the entry `after`, or from now on. If we
    /// hear it already, that stays as it is.
    pub(super) fn listen(
        &mut self,
        room: &Arc<RoomLink>,
        user: UserId,
        after: EntryId,
        ctx: &mut Context<Self>,
    ) {
        match self.ears.find(room.id) {
            Some(ear) if ear.user == user => return,
            Some(ear) => ear.user = user,
            None => self.ears.here.push(Ear {
                room: Arc::clone(room),
                user,
                hearing: Hearing::Joining,
                cursor: after,
                own: Vec::new(),
            }),
        }
        room.join.do_send(Join {
            connection: self.id,
            user,
            ear: ctx.address().recipient(),
        });
    }

    /// The connection is another user's from now on, for whom is not what the one
    /// before was told of. The lobby is everyone's: what has been heard of it has.
    pub(super) fn change_hands(&mut self, user: UserId, ctx: &mut Context<Self>) {
        self.ears.entered = false;
        self.ears.entering = None;
        let ears = std::mem::take(&mut self.ears.here).into_iter();
        let (lobby, others): (Vec<_>, _) = ears.partition(|ear| ear.room.id == RoomId::LOBBY);
        self.ears.here = lobby;
        for ear in others {
            let (connection, waits) = (self.id, self.posts.wait_for(ear.room.id));
            ear.room.leave.do_send(Leave { connection, waits });
        }
        if !self.ears.here.is_empty() {
            self.listen_to_lobby(user, ctx);
        }
    }

    /// Hears nothing more of any room: the connection is over.
    pub(super) fn leave_rooms(&mut self) {
        let (connection, waits) = (self.id, false);
        for ear in self.ears.here.drain(..) {
            ear.room.leave.do_send(Leave { connection, waits });
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
        if self.phase != Phase::Open {
            return;
        }
        let has_room = self.unsent_bytes() < self.house.limits.outbound_bytes_max;
        let Some(ear) = self.ears.find(batch.room()) else {
            return;
        };
        match &mut ear.hearing {
            Hearing::Live if has_room && batch.lines()[0].id <= ear.cursor.next() => {
                self.queue(batch, last);
            }
            Hearing::Live => {
                ear.own.extend(own);
                ear.hearing = Hearing::Behind { known_last: last };
            }
            Hearing::Behind { known_last } => {
                *known_last = last;
                ear.own.extend(own);
            }
            Hearing::Joining => {}
        }
    }

    /// Queues what of a batch is new, up to this entry, which then is heard.
    fn queue(&mut self, batch: &Batch, up_to: EntryId) {
        let (form, extended, connection) = (self.form(), self.extended, self.id);
        let language = self.speaks.unwrap_or(self.house.language);
        let Some(ear) = self.ears.find(batch.room()) else {
            return;
        };
        let listener = Listener {
            form,
            connection,
            user: ear.user,
            extended,
            language,
            after: ear.cursor,
            up_to,
            own: &ear.own,
        };
        batch.frames(&listener, |frames| self.outbound.push(frames));
        ear.heard_up_to(up_to);
    }

    /// Behind, with nothing left to write: reads the next page of a log.
    pub(super) fn read_on_if_behind(&mut self, ctx: &mut Context<Self>) {
        if self.ears.reading || self.phase != Phase::Open || self.unsent_bytes() > 0 {
            return;
        }
        let ears = &mut self.ears;
        let count = ears.here.len();
        let is_behind = |index: &usize| {
            let hearing = ears.here[*index].hearing;
            matches!(hearing, Hearing::Behind { .. })
        };
        // One room after the other, so that a busy one does not hide the rest.
        let turns = (0..count).map(|offset| (ears.turn + offset) % count);
        let Some(index) = turns.into_iter().find(is_behind) else {
            return;
        };
        ears.turn = index + 1;
        ears.reading = true;
        let (room, after) = (ears.here[index].room.id, ears.here[index].cursor);
        let source = Arc::clone(&self.house.reading);
        let page = async move { source.page(room, after).await };
        ctx.spawn(page.into_actor(self).map(move |page, act, _| {
            act.ears.reading = false;
            act.hear_page(room, after, page);
            act.wake();
        }));
    }

    /// The page after the entry `after`.
    fn hear_page(&mut self, room: RoomId, after: EntryId, page: Result<Page, StorageError>) {
        let is_open = self.phase == Phase::Open;
        let Some(ear) = self.ears.find(room).filter(|_| is_open) else {
            return;
        };
        let Hearing::Behind { known_last } = ear.hearing else {
            return;
        };
        if ear.cursor != after {
            // Out and in again meanwhile: this page was for the ear before.
            return;
        }
        match page {
            Ok(page) if page.last > ear.cursor => {
                // The log may be ahead of what the room has told us. Which of that
                // is our own we do not know yet, so it waits for being told.
                let up_to = page.last.min(known_last);
                if up_to == known_last {
                    ear.hearing = Hearing::Live;
                }
                self.queue(&page.batch, up_to);
            }
            Ok(_) => {
                let cursor = ear.cursor;
                log::error!("event=log_short room={room} after={cursor} known_last={known_last}");
                self.close();
            }
            Err(why) => {
                let failure = crate::storage_failure(&why);
                self.refuse(Envelope::default(), &failure);
                self.close();
            }
        }
    }

    fn joined(&mut self, room: RoomId, last: EntryId) {
        let Some(ear) = self.ears.find(room) else {
            return;
        };
        if ear.hearing == Hearing::Joining {
            // Nobody can have heard more than there is.
            ear.cursor = ear.cursor.min(last);
            ear.hearing = if last > ear.cursor {
                Hearing::Behind { known_last: last }
            } else {
                Hearing::Live
            };
        }
    }

    fn not_joined(&mut self, room: RoomId, failure: &Failure) {
        self.ears.remove(room);
        let had_posts = self.refuse_unheard_posts(room, failure);
        if room == RoomId::LOBBY {
            if !had_posts {
                self.refuse(Envelope::default(), failure);
            }
            self.close();
        }
    }

    /// The user is not in a room any more.
    fn sent_out(&mut self, room: RoomId, removed: RoomPush) {
        self.ears.remove(room);
        self.refuse_unheard_posts(room, &Failure::NotAMember);
        if self.ears.entered && self.phase == Phase::Open {
            self.push(ROOMS, removed);
        }
    }

    fn notice(&mut self, notice: &Notice) {
        let is_for_us = self.ears.entered
            && self.phase == Phase::Open
            && notice.is_for(self.id, self.known.as_ref().map(|known| known.person.id));
        // Those who read slowly have enough to read.
        if is_for_us && self.unsent_bytes() < NOTICES_UNSENT_BYTES_MAX {
            let frame = notice.frame(self.form());
            self.outbound.push(frame);
        }
    }
}

impl Handler<Heard> for Connection {
    type Result = ();

    fn handle(&mut self, heard: Heard, _: &mut Self::Context) {
        match heard {
            Heard::Joined { room, last } => self.joined(room, last),
            Heard::NotJoined { room, failure } => self.not_joined(room, &failure),
            Heard::Out { room, removed } => self.sent_out(room, removed),
            Heard::Batch(batch) => self.hear_batch(&batch),
            Heard::Settled { ticket, id, time } => self.acknowledge(ticket, id, time),
            Heard::Done { ticket } => self.acknowledge_nothing_new(ticket),
            Heard::Refused { ticket, failure } => self.refuse_post(ticket, &failure),
            Heard::Notice(notice) => self.notice(&notice),
        }
    }
}
