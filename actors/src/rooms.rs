//! `Rooms` alone starts and stops [`ChatRoom`]s.
//!
//! Connections ask it for a room and get a [`RoomLink`]. As long as anyone has a link,
//! the room runs; one that nobody has a link to for a while is stopped. It is started
//! again only after the old one has reported that it stopped, since two of them would
//! give out the same ids. All of them live on the thread of this actor, which stops,
//! when told to, once they have.

use crate::chat_room::{Act, ChatRoom, Depart, Drained, Join, Leave, MarkRead, Neighbours, Tell};
use crate::vital::{OnLoss, Vital};
use actix::prelude::*;
use qunliao_protocol::{Failure, RoomId};
use qunliao_storage::rooms::RoomState;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long rooms run that nobody has a link to.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// How long a room runs on after the last link to it is gone.
    pub idle: Duration,
    /// How often that is looked at.
    pub sweep_every: Duration,
}

impl Default for Lease {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            sweep_every: Duration::from_secs(10),
        }
    }
}

/// Open a room: start it, unless it runs.
///
/// Refused with [`Failure::RoomNotFound`], [`Failure::ShuttingDown`], or what storage
/// fails with.
#[derive(Message)]
#[rtype(result = "Result<Arc<RoomLink>, Failure>")]
pub struct Open(pub RoomId);

/// A way to a room, which runs as long as anyone has one.
pub struct RoomLink {
    /// Which room.
    pub id: RoomId,
    /// Begin to hear.
    pub join: Recipient<Join>,
    /// Hear no more.
    pub leave: Recipient<Leave>,
    /// Do something.
    pub act: Recipient<Act>,
    /// Note how far someone has read.
    pub mark_read: Recipient<MarkRead>,
    /// Tell everyone something that is in no log.
    pub tell: Recipient<Tell>,
    /// A closed account leaves.
    pub depart: Recipient<Depart>,
    /// The last entry that has been told.
    pub last: Arc<AtomicU64>,
}

type Opened = Result<Arc<RoomLink>, Failure>;

/// Those who wait for a room to be opened.
type Waiting = Vec<oneshot::Sender<Opened>>;

enum Slot {
    /// It is being read.
    Opening(Waiting),
    Open {
        link: Arc<RoomLink>,
        room: Addr<ChatRoom>,
        /// Since when nobody else has the link, as far as was looked.
        idle_since: Option<Instant>,
    },
    /// It has been told to stop.
    Draining(Waiting),
}

/// The actor.
pub struct Rooms {
    neighbours: Neighbours,
    lease: Lease,
    slots: HashMap<RoomId, Slot>,
    on_loss: OnLoss,
    stopping: bool,
    vital: Vital,
}

impl Rooms {
    /// Rooms of which none runs. `on_loss` is told when one of them panics.
    #[must_use]
    pub fn new(neighbours: Neighbours, lease: Lease, on_loss: OnLoss) -> Self {
        Self {
            neighbours,
            lease,
            slots: HashMap::new(),
            vital: Vital::new("rooms", Arc::clone(&on_loss)),
            on_loss,
            stopping: false,
        }
    }

    fn begin_opening(&mut self, id: RoomId, waiting: Waiting, ctx: &mut Context<Self>) {
        self.slots.insert(id, Slot::Opening(waiting));
        let store = Arc::clone(&self.neighbours.rooms);
        let reading = async move { store.room(id).await };
        ctx.spawn(reading.into_actor(self).map(move |read, act, ctx| {
            let Some(Slot::Opening(waiting)) = act.slots.remove(&id) else {
                return;
            };
            let opened = match read {
                _ if act.stopping => Err(Failure::ShuttingDown),
                Ok(Some(state)) => Ok(act.start_room(&state, ctx)),
                Ok(None) => Err(Failure::RoomNotFound),
                Err(why) => Err(crate::storage_failure(&why)),
            };
            let opened = opened.map(|(room, last)| {
                let link = link(id, &room, last);
                let slot = Slot::Open {
                    link: Arc::clone(&link),
                    room,
                    idle_since: None,
                };
                act.slots.insert(id, slot);
                link
            });
            tell(waiting, &opened);
            act.stop_if_done(ctx);
        }));
    }

    fn start_room(
        &self,
        state: &RoomState,
        ctx: &mut Context<Self>,
    ) -> (Addr<ChatRoom>, Arc<AtomicU64>) {
        let last = Arc::new(AtomicU64::new(0));
        let room = ChatRoom::new(
            state,
            self.neighbours.clone(),
            Arc::clone(&last),
            Some(ctx.address().recipient()),
            Vital::new("chat_room", Arc::clone(&self.on_loss)),
        );
        (room.start(), last)
    }

    fn sweep(&mut self, now: Instant) {
        for slot in self.slots.values_mut() {
            let Slot::Open {
                link,
                room,
                idle_since,
            } = slot
            else {
                continue;
            };
            if Arc::strong_count(link) > 1 {
                *idle_since = None;
                continue;
            }
            // Links are given out here alone, so nobody gets one meanwhile.
            if now.duration_since(*idle_since.get_or_insert(now)) >= self.lease.idle {
                room.do_send(crate::Stop);
                *slot = Slot::Draining(Vec::new());
            }
        }
    }

    fn stop_if_done(&self, ctx: &mut Context<Self>) {
        if self.stopping && self.slots.is_empty() {
            ctx.stop();
        }
    }
}

fn link(id: RoomId, room: &Addr<ChatRoom>, last: Arc<AtomicU64>) -> Arc<RoomLink> {
    Arc::new(RoomLink {
        id,
        join: room.clone().recipient(),
        leave: room.clone().recipient(),
        act: room.clone().recipient(),
        mark_read: room.clone().recipient(),
        tell: room.clone().recipient(),
        depart: room.clone().recipient(),
        last,
    })
}

fn tell(waiting: Waiting, opened: &Opened) {
    for one in waiting {
        // Who asked may be gone.
        let _ = one.send(opened.clone());
    }
}

impl Actor for Rooms {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(self.lease.sweep_every, |act, _| act.sweep(Instant::now()));
    }

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        self.vital.release();
        Running::Stop
    }
}

impl Handler<Open> for Rooms {
    type Result = ResponseFuture<Opened>;

    fn handle(&mut self, Open(id): Open, ctx: &mut Self::Context) -> Self::Result {
        if self.stopping {
            return Box::pin(async { Err(Failure::ShuttingDown) });
        }
        let (opened, opening) = oneshot::channel();
        match self.slots.get_mut(&id) {
            Some(Slot::Open { link, .. }) => {
                let link = Arc::clone(link);
                return Box::pin(async { Ok(link) });
            }
            Some(Slot::Opening(waiting) | Slot::Draining(waiting)) => waiting.push(opened),
            None => self.begin_opening(id, vec![opened], ctx),
        }
        Box::pin(async { opening.await.unwrap_or(Err(Failure::ShuttingDown)) })
    }
}

impl Handler<Drained> for Rooms {
    type Result = ();

    fn handle(&mut self, Drained(id): Drained, ctx: &mut Self::Context) {
        if let Some(Slot::Draining(waiting)) = self.slots.remove(&id) {
            if self.stopping {
                tell(waiting, &Err(Failure::ShuttingDown));
            } else if !waiting.is_empty() {
                self.begin_opening(id, waiting, ctx);
            }
        }
        self.stop_if_done(ctx);
    }
}

impl Handler<crate::Stop> for Rooms {
    type Result = ();

    fn handle(&mut self, _: crate::Stop, ctx: &mut Self::Context) {
        self.stopping = true;
        for slot in self.slots.values_mut() {
            if let Slot::Open { room, .. } = slot {
                room.do_send(crate::Stop);
                *slot = Slot::Draining(Vec::new());
            }
        }
        self.stop_if_done(ctx);
    }
}

impl Handler<crate::Ping> for Rooms {
    type Result = ();

    fn handle(&mut self, _: crate::Ping, _: &mut Self::Context) {}
}
