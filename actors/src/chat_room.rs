//! The `ChatRoom` orders what is said in one room, has it made durable, and only
//! then tells everyone.
//!
//! It owns who is in the room and what waits to be written. Connections join,
//! post and leave; it tells them with [`Heard`]. While one append waits for the
//! disk, the next posts gather: one append, one batch, one message to each
//! connection. What was refused is told to the one who posted it, at once.
//! It stops when told to and the last append has been answered.

mod batch;
mod room;

pub use batch::{Batch, Line, Listener};
pub use room::{Post, Room};

use crate::admission::ConnectionId;
use crate::clock::now_ms;
use crate::person::Person;
use crate::vital::Vital;
use actix::prelude::*;
use qunliao_protocol::{EntryId, Failure, RoomId, UserId};
use qunliao_storage::{Log, StorageError};
use room::Verdict;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a room tells a connection.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub enum Heard {
    /// You are in; this is the last entry before you were. What follows is told live.
    Joined(EntryId),
    /// You cannot come in.
    NotJoined(Failure),
    /// This was said, by you among others; it is durable.
    Batch(Arc<Batch>),
    /// Your post had been said before, as this entry.
    Repeated {
        /// The connection's number of the post.
        ticket: u64,
        /// The entry.
        id: EntryId,
        /// Its time, in milliseconds since the epoch.
        time: u64,
    },
    /// Your post was not said.
    Refused {
        /// The connection's number of the post.
        ticket: u64,
        /// Why.
        failure: Failure,
    },
}

/// Let a connection hear what is said from now on. Joining again changes the user.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Join {
    /// The connection.
    pub connection: ConnectionId,
    /// Whose it is.
    pub user: UserId,
    /// Where to tell it.
    pub ear: Recipient<Heard>,
}

/// A connection hears nothing more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave(pub ConnectionId);

/// Say something.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Say {
    /// Through which connection.
    pub connection: ConnectionId,
    /// The connection's number of the post.
    pub ticket: u64,
    /// Who.
    pub person: Arc<Person>,
    /// What.
    pub news: String,
    /// The client's own id for it.
    pub client_message_id: Option<String>,
}

struct Member {
    user: UserId,
    ear: Recipient<Heard>,
}

/// The actor.
pub struct ChatRoom {
    room: Room,
    log: Arc<dyn Log>,
    members: HashMap<ConnectionId, Member>,
    of_user: HashMap<UserId, usize>,
    members_max: usize,
    last: Arc<AtomicU64>,
    stopping: bool,
    vital: Vital,
}

impl ChatRoom {
    /// Reads what a room has to know of its past, and answers the room, ready to
    /// be started. `last` tells others the last entry that has been told.
    ///
    /// # Errors
    /// Why the log cannot be read.
    pub async fn open(
        id: RoomId,
        log: Arc<dyn Log>,
        members_max: usize,
        last: Arc<AtomicU64>,
        vital: Vital,
    ) -> Result<Self, StorageError> {
        let room = Room::open(id, &*log).await?;
        last.store(room.last().0, Ordering::Release);
        Ok(Self {
            room,
            log,
            members: HashMap::new(),
            of_user: HashMap::new(),
            members_max,
            last,
            stopping: false,
            vital,
        })
    }

    fn tell(&self, connection: ConnectionId, heard: Heard) {
        if let Some(member) = self.members.get(&connection) {
            member.ear.do_send(heard);
        }
    }

    fn write_next(&mut self, ctx: &mut Context<Self>) {
        let Some(append) = self.room.next_append(now_ms()) else {
            if self.stopping && !self.room.is_writing() {
                ctx.stop();
            }
            return;
        };
        let log = Arc::clone(&self.log);
        let room = self.room.id();
        let appending = async move { log.append(room, append.after, append.entries).await };
        ctx.spawn(appending.into_actor(self).map(|outcome, act, ctx| {
            match outcome {
                Ok(Ok(())) => act.tell_everyone(),
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

    fn tell_everyone(&mut self) {
        let (batch, repeats) = self.room.appended();
        self.last.store(self.room.last().0, Ordering::Release);
        let batch = Arc::new(batch);
        for member in self.members.values() {
            member.ear.do_send(Heard::Batch(Arc::clone(&batch)));
        }
        for repeat in repeats {
            let heard = Heard::Repeated {
                ticket: repeat.ticket,
                id: repeat.id,
                time: repeat.time,
            };
            self.tell(repeat.connection, heard);
        }
    }

    fn refuse_all(&mut self, failure: &Failure) {
        for (connection, ticket) in self.room.not_appended() {
            let failure = failure.clone();
            self.tell(connection, Heard::Refused { ticket, failure });
        }
    }

    fn forget(&mut self, connection: ConnectionId) {
        let Some(member) = self.members.remove(&connection) else {
            return;
        };
        if let Some(count) = self.of_user.get_mut(&member.user) {
            *count -= 1;
            if *count == 0 {
                self.of_user.remove(&member.user);
            }
        }
    }
}

impl Actor for ChatRoom {
    type Context = Context<Self>;

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        self.vital.release();
        Running::Stop
    }
}

impl Handler<Join> for ChatRoom {
    type Result = ();

    fn handle(&mut self, join: Join, _: &mut Self::Context) {
        self.forget(join.connection);
        let is_here = self.of_user.contains_key(&join.user);
        if !is_here && self.of_user.len() >= self.members_max {
            join.ear.do_send(Heard::NotJoined(Failure::RoomFull));
            return;
        }
        *self.of_user.entry(join.user).or_default() += 1;
        join.ear.do_send(Heard::Joined(self.room.last()));
        let member = Member {
            user: join.user,
            ear: join.ear,
        };
        self.members.insert(join.connection, member);
    }
}

impl Handler<Leave> for ChatRoom {
    type Result = ();

    fn handle(&mut self, Leave(connection): Leave, _: &mut Self::Context) {
        self.forget(connection);
    }
}

impl Handler<Say> for ChatRoom {
    type Result = ();

    fn handle(&mut self, say: Say, ctx: &mut Self::Context) {
        let (connection, ticket) = (say.connection, say.ticket);
        if !self.members.contains_key(&connection) {
            // It was told that it is not in, and with that what becomes of its posts.
            return;
        }
        if self.stopping {
            let failure = Failure::ShuttingDown;
            self.tell(connection, Heard::Refused { ticket, failure });
            return;
        }
        let post = Post {
            connection,
            ticket,
            author: say.person.id,
            name: say.person.name.clone(),
            news: say.news,
            client_message_id: say.client_message_id,
        };
        match self.room.post(post) {
            Verdict::Waits => self.write_next(ctx),
            Verdict::Repeats { id, time } => {
                self.tell(connection, Heard::Repeated { ticket, id, time });
            }
        }
    }
}

impl Handler<crate::Stop> for ChatRoom {
    type Result = ();

    fn handle(&mut self, _: crate::Stop, ctx: &mut Self::Context) {
        self.stopping = true;
        self.write_next(ctx);
    }
}

impl Handler<crate::Ping> for ChatRoom {
    type Result = ();

    fn handle(&mut self, _: crate::Ping, _: &mut Self::Context) {}
}
