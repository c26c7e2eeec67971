//! A `ChatRoom` orders what happens in one room, has it made durable, and only then
//! tells everyone.
//!
//! It owns who listens, what may happen next, and what waits to be written.
//! Connections join, act and leave; it tells them with [`Heard`]. While one append
//! waits for the disk, the next acts gather: one append, one batch, one message to
//! each connection. What was refused is told to the one who asked, at once. How far
//! people have read is gathered too, and written and told a few times a second.
//!
//! [`Rooms`](crate::rooms::Rooms) starts it. It stops when told to, once everything
//! taken in has been answered.

mod batch;
mod deed;
mod line;
mod listeners;
mod looking_back;
mod marking;
mod marks;
mod messages;
mod notice;
mod post;
mod repeats;
mod room;
mod rules;
mod state;
mod targets;
mod tempo;

pub use batch::{Batch, Listener};
pub use deed::{Deed, Party, Subject};
pub use line::{Line, other};
pub use messages::{Act, Depart, Drained, Heard, Join, Leave, MarkRead, Tell};
pub use notice::Notice;
pub use post::Post;
pub use room::Room;
pub use rules::RoomRules;
pub use tempo::Tempo;

use crate::admission::ConnectionId;
use crate::clock::now_ms;
use crate::finder::News;
use crate::online::{ComingsAndGoings, Online};
use crate::presence::Presence;
use crate::reading::Reading;
use crate::vital::Vital;
use actix::prelude::*;
use listeners::Listeners;
use marks::Marks;
use post::{Decided, Verdict};
use qunliao_protocol::chat::{RoomPush, State};
use qunliao_protocol::reply::Speaker;
use qunliao_protocol::{EntryId, Failure, RoomId};
use qunliao_storage::rooms::RoomState;
use qunliao_storage::{Log, Rooms as RoomStore};
use state::Passage;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a room needs to know, and whom it speaks to.
#[derive(Clone)]
pub struct Neighbours {
    /// The log.
    pub log: Arc<dyn Log>,
    /// What is kept of rooms.
    pub rooms: Arc<dyn RoomStore>,
    /// Who has to know of having come into a room.
    pub presence: Arc<Presence>,
    /// Who is there, as the lobby tells it.
    pub online: Arc<Online>,
    /// Whose names are whose.
    pub reading: Arc<Reading>,
    /// Who has to know that something has happened.
    pub news: Arc<News>,
    /// What goes.
    pub rules: RoomRules,
    /// How often what changes with everyone is told.
    pub tempo: Tempo,
}

/// The actor.
pub struct ChatRoom {
    room: Room,
    neighbours: Neighbours,
    listeners: Listeners,
    marks: Marks,
    /// The last entry that has been told.
    last: Arc<AtomicU64>,
    drained: Option<Recipient<Drained>>,
    /// A notice of who came and who left has been arranged.
    tells_presence: bool,
    stopping: bool,
    vital: Vital,
}

impl ChatRoom {
    /// A room as storage knows it, ready to be started. `last` tells others the last
    /// entry that has been told, `drained` is told when the room has stopped.
    #[must_use]
    pub fn new(
        state: &RoomState,
        neighbours: Neighbours,
        last: Arc<AtomicU64>,
        drained: Option<Recipient<Drained>>,
        vital: Vital,
    ) -> Self {
        let room = Room::new(state, neighbours.rules);
        last.store(room.last().0, Ordering::Release);
        Self {
            listeners: Listeners::new(neighbours.rules.members_max),
            marks: Marks::new(state),
            room,
            neighbours,
            last,
            drained,
            tells_presence: false,
            stopping: false,
            vital,
        }
    }

    fn is_lobby(&self) -> bool {
        self.room.id() == RoomId::LOBBY
    }

    /// Does what a verdict asks for. `answer` reaches a connection that does not listen.
    fn carry_out(
        &mut self,
        connection: ConnectionId,
        ticket: u64,
        verdict: Verdict,
        answer: Option<&Recipient<Heard>>,
        ctx: &mut Context<Self>,
    ) {
        let heard = match verdict {
            Verdict::Waits => return self.write_next(ctx),
            Verdict::Reads(target) => return self.read_target(target, ctx),
            Verdict::ReadsPast => return self.read_past(ctx),
            Verdict::Repeats { id, time } => Heard::Settled { ticket, id, time },
            Verdict::Done => Heard::Done { ticket },
            Verdict::Refused(failure) => Heard::Refused { ticket, failure },
        };
        self.listeners.tell(connection, answer, heard);
    }

    fn decide(&mut self, decided: Vec<Decided>, ctx: &mut Context<Self>) {
        for one in decided {
            let answer = if one.verdict.is_final() {
                self.listeners.take_answer(one.connection, one.ticket)
            } else {
                None
            };
            self.carry_out(
                one.connection,
                one.ticket,
                one.verdict,
                answer.as_ref(),
                ctx,
            );
        }
        self.write_next(ctx);
    }

    fn write_next(&mut self, ctx: &mut Context<Self>) {
        let Some(append) = self.room.next_append(now_ms()) else {
            if self.room.is_settled() && self.marks.is_settled() {
                self.listeners.part();
                if self.stopping {
                    ctx.stop();
                }
            }
            return;
        };
        let log = Arc::clone(&self.neighbours.log);
        let room = self.room.id();
        let appending = async move { log.append(room, append.after, append.entries).await };
        ctx.spawn(appending.into_actor(self).map(|outcome, act, ctx| {
            match outcome {
                Ok(Ok(())) => act.tell_everyone(ctx),
                Ok(Err(conflict)) => {
                    // Someone else writes to this log: our ids would not be dense.
                    panic!(
                        "the log of room {} ends at {}",
                        act.room.id(),
                        conflict.last
                    );
                }
                Err(why) => act.refuse_all(&crate::storage_failure(&why)),
            }
            act.write_next(ctx);
        }));
    }

    fn tell_everyone(&mut self, ctx: &mut Context<Self>) {
        let appended = self.room.appended();
        self.last.store(self.room.last().0, Ordering::Release);
        // Who speaks has read what came before.
        for line in appended.batch.lines() {
            if line.is_message() {
                self.marks.note(line.author, line.id);
            }
        }
        self.neighbours.news.note(self.room.id());
        let batch = Arc::new(appended.batch);
        self.listeners.tell_batch(&batch);
        for repeat in appended.repeats {
            let heard = Heard::Settled {
                ticket: repeat.ticket,
                id: repeat.id,
                time: repeat.time,
            };
            let answer = self.listeners.take_answer(repeat.connection, repeat.ticket);
            self.listeners
                .tell(repeat.connection, answer.as_ref(), heard);
        }
        for (id, passage) in appended.passages {
            self.let_pass(&batch, id, passage);
        }
        self.schedule_marks(ctx);
    }

    fn let_pass(&mut self, batch: &Batch, id: EntryId, passage: Passage) {
        let room = self.room.id();
        match passage {
            Passage::In(user) => self.neighbours.presence.brought_in(user, room, id),
            // Unless back in already.
            Passage::Out(user) if !self.room.is_member(user) => {
                let line = batch.lines().iter().find(|line| line.id == id);
                let Some(line) = line else {
                    return;
                };
                let removed = RoomPush::Removed {
                    room,
                    kind: line.frame(room, State::default(), false).kind(),
                    user: line.author,
                    speaker: Speaker {
                        name: line.name.clone(),
                    },
                };
                self.listeners.send_out(user, &Heard::Out { room, removed });
            }
            Passage::Out(_) => {}
        }
    }

    fn refuse_all(&mut self, failure: &Failure) {
        for (connection, ticket) in self.room.not_appended() {
            let failure = failure.clone();
            let answer = self.listeners.take_answer(connection, ticket);
            self.listeners.tell(
                connection,
                answer.as_ref(),
                Heard::Refused { ticket, failure },
            );
        }
    }

    fn forget(&mut self, connection: ConnectionId, waits: bool, ctx: &mut Context<Self>) {
        if let Some(user) = self.listeners.remove(connection, waits)
            && self.is_lobby()
        {
            self.neighbours.online.left(user);
            self.schedule_presence(ctx);
        }
    }

    /// Who came and who left is told to everyone once a second, not each by each.
    fn schedule_presence(&mut self, ctx: &mut Context<Self>) {
        if self.tells_presence || !self.neighbours.online.has_changed() {
            return;
        }
        self.tells_presence = true;
        ctx.run_later(self.neighbours.tempo.presence, |act, _| {
            act.tells_presence = false;
            let changes = act.neighbours.online.take_changes();
            if changes != ComingsAndGoings::default() {
                let notice = Notice::presence(changes.online, changes.offline);
                act.listeners.notify(&Arc::new(notice));
            }
        });
    }
}

impl Actor for ChatRoom {
    type Context = Context<Self>;

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        self.vital.release();
        Running::Stop
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        if let Some(drained) = &self.drained {
            drained.do_send(Drained(self.room.id()));
        }
    }
}

impl Handler<Join> for ChatRoom {
    type Result = ();

    fn handle(&mut self, join: Join, ctx: &mut Self::Context) {
        let room = self.room.id();
        self.forget(join.connection, false, ctx);
        let refused = if self.room.is_member(join.user) {
            self.listeners.has_place(join.user).err()
        } else {
            Some(Failure::NotAMember)
        };
        if let Some(failure) = refused {
            join.ear.do_send(Heard::NotJoined { room, failure });
            return;
        }
        let last = self.room.last();
        join.ear.do_send(Heard::Joined { room, last });
        self.listeners.add(join.connection, join.user, join.ear);
        if self.is_lobby() {
            self.neighbours.online.came(join.user);
            self.schedule_presence(ctx);
        }
    }
}

impl Handler<Leave> for ChatRoom {
    type Result = ();

    fn handle(&mut self, leave: Leave, ctx: &mut Self::Context) {
        self.forget(leave.connection, leave.waits, ctx);
    }
}

impl Handler<Tell> for ChatRoom {
    type Result = ();

    fn handle(&mut self, Tell(notice): Tell, _: &mut Self::Context) {
        self.listeners.notify(&notice);
    }
}

impl Handler<Depart> for ChatRoom {
    type Result = ();

    fn handle(&mut self, Depart(person): Depart, ctx: &mut Self::Context) {
        let heir = self.room.heir(person.id);
        let reading = Arc::clone(&self.neighbours.reading);
        let names = async move { reading.names(heir.into_iter().collect()).await };
        ctx.spawn(names.into_actor(self).map(move |names, act, ctx| {
            let named = names.ok().and_then(|names| names.into_iter().next());
            act.room.depart(&person, named);
            act.write_next(ctx);
        }));
    }
}

impl Handler<crate::Stop> for ChatRoom {
    type Result = ();

    fn handle(&mut self, _: crate::Stop, ctx: &mut Self::Context) {
        self.stopping = true;
        if self.marks.has_changed() && self.marks.is_idle() {
            self.write_marks(ctx);
        }
        self.write_next(ctx);
    }
}

impl Handler<crate::Ping> for ChatRoom {
    type Result = ();

    fn handle(&mut self, _: crate::Ping, _: &mut Self::Context) {}
}

impl Handler<Act> for ChatRoom {
    type Result = ();

    fn handle(&mut self, act: Act, ctx: &mut Self::Context) {
        let (connection, ticket) = (act.post.connection, act.post.ticket);
        if act.answer.is_none() && !self.listeners.contains(connection) {
            // It was told that it is not in, and with that what becomes of its posts.
            return;
        }
        let verdict = if self.stopping {
            Verdict::Refused(Failure::ShuttingDown)
        } else {
            // Also for those who listen: they may have to leave meanwhile.
            if let Some(answer) = act.answer.clone() {
                self.listeners.await_answer(connection, ticket, answer);
            }
            self.room.post(act.post, now_ms())
        };
        let answer = if verdict.is_final() {
            let awaited = self.listeners.take_answer(connection, ticket);
            awaited.or(act.answer)
        } else {
            None
        };
        self.carry_out(connection, ticket, verdict, answer.as_ref(), ctx);
    }
}
