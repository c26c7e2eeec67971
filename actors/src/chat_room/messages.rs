//! What a [`ChatRoom`](super::ChatRoom) is told, and what it tells connections.

use super::{Batch, Notice, Post};
use crate::admission::ConnectionId;
use crate::person::Person;
use actix::prelude::*;
use qunliao_protocol::chat::RoomPush;
use qunliao_protocol::{EntryId, Failure, RoomId, UserId};
use std::sync::Arc;

/// What a room tells a connection.
#[derive(Clone, Message)]
#[rtype(result = "()")]
pub enum Heard {
    /// You are in; this is the last entry before you were. What follows is told live.
    Joined {
        /// Where.
        room: RoomId,
        /// The entry.
        last: EntryId,
    },
    /// You cannot listen here.
    NotJoined {
        /// Where.
        room: RoomId,
        /// Why.
        failure: Failure,
    },
    /// You hear nothing more of this room: the user is not in it any more.
    Out {
        /// Which.
        room: RoomId,
        /// How that came, as clients are told.
        removed: RoomPush,
    },
    /// This has happened, by you among others; it is durable.
    Batch(Arc<Batch>),
    /// Your post is this entry: it had been said before, or you do not listen here.
    Settled {
        /// The connection's number of the post.
        ticket: u64,
        /// The entry.
        id: EntryId,
        /// Its time, in milliseconds since the epoch.
        time: u64,
    },
    /// What you asked for is that way already.
    Done {
        /// The connection's number of the post.
        ticket: u64,
    },
    /// What you asked for is not to be.
    Refused {
        /// The connection's number of the post.
        ticket: u64,
        /// Why.
        failure: Failure,
    },
    /// This is so for the moment; it is in no log.
    Notice(Arc<Notice>),
}

/// Let a connection hear what happens from now on. Joining again changes the user.
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
pub struct Leave {
    /// The connection.
    pub connection: ConnectionId,
    /// Whether it still is to be told what becomes of its posts.
    pub waits: bool,
}

/// Do something.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Act {
    /// By whom, what.
    pub post: Post,
    /// Where to tell what becomes of it, for a connection that does not listen here.
    pub answer: Option<Recipient<Heard>>,
}

/// Someone has read up to an entry.
#[derive(Message)]
#[rtype(result = "()")]
pub struct MarkRead {
    /// Through which connection.
    pub connection: ConnectionId,
    /// Its number of the request, which is answered once that is durable.
    pub ticket: u64,
    /// Who.
    pub user: UserId,
    /// The entry.
    pub id: EntryId,
}

/// Tell everyone something that is in no log.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Tell(pub Arc<Notice>);

/// An account has been closed: its owner leaves.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Depart(pub Arc<Person>);

/// A room has stopped.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Drained(pub RoomId);
