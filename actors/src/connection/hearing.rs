//! Hearing what is said in the lobby.
//!
//! It reaches a connection in one of two ways. *Live*, the room's batches go
//! straight into the outbound queue. *Behind*, they are passed over, and the
//! connection reads on from the log, a page at a time, whenever its queue has
//! drained. A connection is behind when it has just authenticated (it is owed what
//! was said since it connected) and when it reads too slowly; in both cases its
//! cursor says how far it got, so nothing is lost or told twice.

use super::{Connection, Phase};
use crate::chat_room::{Batch, Heard, Join, Listener};
use crate::person::{Person, Seat};
use crate::reading::Page;
use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use qunliao_protocol::{EntryId, Envelope, Failure, RoomId, UserId};
use qunliao_storage::StorageError;
use std::sync::Arc;

/// Own messages that a connection may have passed over unheard, before it has to
/// read on to be read from.
const OWN_UNHEARD_MAX: usize = 1_024;

/// A connection's ear in the lobby.
pub(super) struct Ear {
    hearing: Hearing,
    /// The last entry heard.
    cursor: EntryId,
    /// Own entries after the cursor: the log does not tell them apart.
    own: Vec<EntryId>,
    /// The user's seat in the lobby.
    seat: Option<Seat>,
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

impl Hearing {
    /// Whose ear it is.
    fn user(self) -> Option<UserId> {
        match self {
            Self::Outside => None,
            Self::Joining(user) | Self::Live(user) | Self::Behind { user, .. } => Some(user),
        }
    }
}

impl Ear {
    /// An ear for what is said after this entry.
    pub(super) fn open_after(last: u64) -> Self {
        Self {
            hearing: Hearing::Outside,
            cursor: EntryId(last),
            own: Vec::new(),
            seat: None,
        }
    }

    /// Whether it has passed over so much of its own that it may say no more.
    pub(super) fn is_hoarding(&self) -> bool {
        self.own.len() >= OWN_UNHEARD_MAX
    }

    /// Whether it is owed what has been said already.
    pub(super) fn is_catching_up(&self) -> bool {
        matches!(self.hearing, Hearing::Joining(_) | Hearing::Behind { .. })
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
    /// Has the room tell us what is said, from the first sign-in on.
    ///
    /// # Errors
    /// [`Failure::TooManyRooms`].
    pub(super) fn join(
        &mut self,
        person: &Arc<Person>,
        ctx: &mut Context<Self>,
    ) -> Result<(), Failure> {
        let user = person.id;
        if self.ear.hearing.user() == Some(user) {
            return Ok(());
        }
        let rooms_max = self.house.limits.rooms_per_user_max;
        let seat = person.enter(RoomId::LOBBY, rooms_max);
        self.ear.seat = Some(seat.ok_or(Failure::TooManyRooms)?);
        match &mut self.ear.hearing {
            Hearing::Outside => self.ear.hearing = Hearing::Joining(user),
            Hearing::Joining(known)
            | Hearing::Live(known)
            | Hearing::Behind { user: known, .. } => *known = user,
        }
        self.house.lobby.join.do_send(Join {
            connection: self.id,
            user,
            ear: ctx.address().recipient(),
        });
        Ok(())
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
        let unsent = self.unsent_bytes();
        match &mut self.ear.hearing {
            Hearing::Live(user) => {
                let user = *user;
                let follows = batch.lines()[0].id <= self.ear.cursor.next();
                if follows && unsent < self.house.limits.outbound_bytes_max {
                    self.queue(batch, user, last);
                } else {
                    self.ear.own.extend(own);
                    self.ear.hearing = Hearing::Behind {
                        user,
                        known_last: last,
                        reading: false,
                    };
                }
            }
            Hearing::Behind { known_last, .. } => {
                *known_last = last;
                self.ear.own.extend(own);
            }
            Hearing::Outside | Hearing::Joining(_) => {}
        }
    }

    /// Queues what of a batch is new, up to this entry, which then is heard.
    fn queue(&mut self, batch: &Batch, user: UserId, up_to: EntryId) {
        let listener = Listener {
            form: self.form(),
            connection: self.id,
            user,
            extended: self.extended,
            after: self.ear.cursor,
            up_to,
            own: &self.ear.own,
        };
        batch.frames(&listener, |frames| self.outbound.push(frames));
        self.ear.heard_up_to(up_to);
    }

    /// Behind, with nothing left to write: reads the next page of the log.
    pub(super) fn read_on_if_behind(&mut self, ctx: &mut Context<Self>) {
        let is_drained = self.unsent_bytes() == 0;
        let Hearing::Behind { reading, .. } = &mut self.ear.hearing else {
            return;
        };
        if *reading || !is_drained || self.phase != Phase::Open {
            return;
        }
        *reading = true;
        let (source, after) = (Arc::clone(&self.house.reading), self.ear.cursor);
        let page = async move { source.page(RoomId::LOBBY, after).await };
        ctx.spawn(page.into_actor(self).map(|page, act, _| {
            act.hear_page(page);
            act.wake();
        }));
    }

    fn hear_page(&mut self, page: Result<Page, StorageError>) {
        let Hearing::Behind {
            user, known_last, ..
        } = self.ear.hearing
        else {
            return;
        };
        if self.phase != Phase::Open {
            return;
        }
        match page {
            Ok(page) if page.last > self.ear.cursor => {
                // The log may be ahead of what the room has told us. Which of that
                // is our own we do not know yet, so it waits for being told.
                let up_to = page.last.min(known_last);
                self.queue(&page.batch, user, up_to);
                self.ear.hearing = if up_to == known_last {
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
                    self.ear.cursor
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
                if let Hearing::Joining(user) = self.ear.hearing {
                    self.ear.hearing = if last > self.ear.cursor {
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
                if self.posts.count() == 0 {
                    self.refuse(Envelope::default(), &failure);
                }
                self.refuse_posts(&failure);
                self.close();
            }
            Heard::Batch(batch) => self.hear_batch(&batch),
            Heard::Repeated { ticket, id, time } => self.acknowledge(ticket, id, time),
            Heard::Refused { ticket, failure } => self.refuse_post(ticket, &failure),
        }
    }
}
