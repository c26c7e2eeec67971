//! A `Connection` owns one socket: it cuts what arrives into requests, asks
//! others to carry them out, and writes what is due back, in order.
//!
//! The [`pump`] reads and writes; each port has its own file for what its requests
//! mean. The room tells it what is said ([`Heard`](crate::chat_room::Heard)), its
//! host when a deadline has passed or it has to go ([`Summons`]). It stops when
//! its socket is done, or when the socket has been handed to a transfer.

mod account;
mod auth;
mod chat;
mod entering;
mod files;
mod gate;
mod hearing;
mod history;
mod identity;
mod marks;
mod outbound;
mod posts;
mod pump;
mod replies;
mod rooms;
mod saying;
mod searching;
mod socket;

pub use gate::Security;

use crate::admission::{ConnectionId, Ticket};
use crate::credentials::Verified;
use crate::host::Welcome;
use crate::house::House;
use crate::presence::Here;
use crate::roster::{Roster, Summons};
use actix::prelude::*;
use bytes::{Bytes, BytesMut};
use gate::Gate;
use hearing::Ears;
use outbound::Outbound;
use posts::Posts;
use pump::Pump;
use qunliao_protocol::json::Object;
use qunliao_protocol::reply::{Refusal, Reply};
use qunliao_protocol::{Decoder, EntryId, Envelope, Failure, FrameError, HeaderForm, Language};
use qunliao_protocol::{auth as auth_wire, chat as chat_wire, files as files_wire};
use replies::{Replies, Slot};
use serde::Serialize;
use socket::Socket;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;
use tokio::net::TcpStream;

/// Which of the three services a connection came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Sign-in and sign-up.
    Auth,
    /// Chat.
    Chat,
    /// Files.
    Files,
}

/// Where a connection stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Reading requests, writing replies.
    Open,
    /// Writing what is left, then shutting our side and throwing away what still
    /// comes, up to so many bytes.
    Closing { discard_bytes: u64 },
    /// Our side is shut; throwing away what still comes.
    Discarding { left: u64, until: Instant },
    /// Over.
    Closed,
}

/// The actor.
pub struct Connection {
    id: ConnectionId,
    house: Arc<House>,
    roster: Rc<RefCell<Roster>>,
    port: Port,
    /// `None` once it has been handed to a transfer, as the ticket.
    socket: Option<Socket>,
    ticket: Option<Ticket>,
    gate: Gate,
    decoder: Decoder,
    inbound: BytesMut,
    outbound: Outbound,
    replies: Replies,
    phase: Phase,
    /// The client has shut its side.
    ended: bool,
    /// Whether the client showed that it knows more than the origin.
    extended: bool,
    /// A request is being carried out that the next one has to wait for.
    busy: bool,
    known: Option<Verified>,
    /// Its entry among those of whoever is known.
    here: Option<Here>,
    /// The language that whoever is known chose.
    speaks: Option<Language>,
    /// Whoever was known is signed out, which is told once the request under way
    /// has been answered.
    signed_out: bool,
    wrong_credentials: u32,
    /// Since when a frame is unfinished.
    frame_since: Option<Instant>,
    /// Since when the socket takes nothing of what is due.
    blocked_since: Option<Instant>,
    /// When the last bytes came or the last request was done.
    moved_at: Instant,
    waker: Option<Waker>,
    posts: Posts,
    ears: Ears,
    /// The last entry of the lobby that had been told when it came.
    opened_after: EntryId,
    /// When it was last told that someone types here.
    typed_at: Option<Instant>,
}

impl Connection {
    /// A connection over the socket of `welcome`, for its host to start.
    pub(crate) fn new(
        house: Arc<House>,
        roster: Rc<RefCell<Roster>>,
        welcome: Welcome,
    ) -> io::Result<Self> {
        let socket = TcpStream::from_std(welcome.socket)?;
        Ok(Self {
            id: welcome.ticket.connection(),
            gate: welcome.security.into(),
            decoder: Decoder::new(house.limits.frame_bytes_max),
            posts: Posts::default(),
            ears: Ears::default(),
            opened_after: EntryId(welcome.last_told),
            typed_at: None,
            house,
            roster,
            port: welcome.port,
            socket: Some(Socket::Plain(socket)),
            ticket: Some(welcome.ticket),
            inbound: welcome.leading.into(),
            outbound: Outbound::default(),
            replies: Replies::default(),
            phase: Phase::Open,
            ended: false,
            extended: false,
            busy: false,
            known: None,
            here: None,
            speaks: None,
            signed_out: false,
            wrong_credentials: 0,
            frame_since: None,
            blocked_since: None,
            moved_at: Instant::now(),
            waker: None,
        })
    }

    /// One whole request has arrived.
    fn request(&mut self, body: &Bytes, ctx: &mut Context<Self>) {
        let body = match Object::parse(body) {
            Ok(body) => body,
            Err(failure) => return self.refuse(Envelope::default(), &failure),
        };
        let (envelope, op) = Envelope::read(&body);
        let is_origin_op = match self.port {
            Port::Auth => auth_wire::is_origin_op,
            Port::Chat => chat_wire::is_origin_op,
            Port::Files => files_wire::is_origin_op,
        };
        self.extended |= envelope.extended || envelope.op.is_some_and(|op| !is_origin_op(op));
        match self.port {
            Port::Auth => self.auth_request(envelope, op, &body, ctx),
            Port::Chat => self.chat_request(envelope, op, &body, ctx),
            Port::Files => self.files_request(envelope, op, &body, ctx),
        }
    }

    /// The bytes that arrived are no frames: say so, and end it.
    fn broken(&mut self, error: FrameError) {
        let failure = match error {
            FrameError::TooLong { limit, .. } => Failure::FrameTooLarge(limit),
            _ => Failure::BadHeader,
        };
        self.refuse(Envelope::default(), &failure);
        self.close();
    }

    /// Runs `work` beside the mailbox; the next request waits for it.
    fn carry_out<F>(
        &mut self,
        ctx: &mut Context<Self>,
        work: F,
        then: impl FnOnce(&mut Self, F::Output, &mut Context<Self>) + 'static,
    ) where
        F: Future + 'static,
    {
        self.busy = true;
        ctx.spawn(work.into_actor(self).map(|outcome, act, ctx| {
            act.busy = false;
            // The client does not answer for the time that we took.
            act.moved_at = Instant::now();
            act.frame_since = act.frame_since.map(|_| act.moved_at);
            then(act, outcome, ctx);
            if act.signed_out {
                act.end_signed_out();
            }
            act.wake();
        }));
    }

    /// Has the pump look at what has changed.
    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    fn form(&self) -> HeaderForm {
        // Where no header was read, an error goes out with the text header.
        self.decoder.form().unwrap_or(HeaderForm::Text)
    }

    /// A reply to a request that was answered at once.
    fn reply<T: Serialize>(&mut self, reply: &Reply<T>) {
        let slot = self.replies.open();
        self.fill(slot, reply);
    }

    /// A reply whose body was made elsewhere.
    fn reply_body(&mut self, body: &[u8]) {
        let slot = self.replies.open();
        self.replies.fill(slot, self.form().encode(body));
        self.send_ready_replies();
    }

    /// A reply to a request that was answered in its own time.
    fn fill<T: Serialize>(&mut self, slot: Slot, reply: &Reply<T>) {
        let frame = self.form().encode(&reply.to_json());
        self.replies.fill(slot, frame);
        self.send_ready_replies();
    }

    fn send_ready_replies(&mut self) {
        while let Some(frame) = self.replies.next_ready() {
            self.outbound.push(frame);
        }
    }

    fn refuse(&mut self, envelope: Envelope, failure: &Failure) {
        let refusal = self.refusal(failure);
        self.reply(&Reply::refused(
            envelope.op.unwrap_or(0),
            envelope.seq,
            failure,
            refusal,
        ));
    }

    /// A refusal that this client can read.
    fn refusal(&self, failure: &Failure) -> Refusal {
        let language = self.speaks.unwrap_or(self.house.language);
        let refusal = Refusal::new(failure, language);
        if self.port == Port::Chat && !self.extended {
            refusal.readable(language)
        } else {
            refusal
        }
    }

    /// Ends the connection once everything due has been written.
    fn close(&mut self) {
        self.close_discarding(self.house.limits.frame_bytes_max as u64);
    }

    fn close_discarding(&mut self, discard_bytes: u64) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing { discard_bytes };
        }
    }
}

impl Actor for Connection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.spawn(Pump);
    }
}

/// Cleans up also after a panic, which ends the actor without its being told.
impl Drop for Connection {
    fn drop(&mut self) {
        // Within a panic the roster may be borrowed still; then it keeps an entry
        // that does nothing.
        if let Ok(mut roster) = self.roster.try_borrow_mut() {
            roster.deadlines.set(self.id, None);
            roster.turnstile.leave(self.id);
            roster.connections.remove(&self.id);
        }
        self.leave_rooms();
    }
}

impl Handler<Summons> for Connection {
    type Result = ();

    fn handle(&mut self, summons: Summons, ctx: &mut Self::Context) {
        match summons {
            Summons::Expire => self.expire(Instant::now()),
            Summons::SignedOut => self.sign_out(),
            Summons::Evict => self.phase = Phase::Closed,
            Summons::BroughtIn(room, since) => self.brought_in(room, since, ctx),
            Summons::Farewell => {
                // Rooms that are gone have told all that they will: what waits was not said.
                if !self.house.lobby.act.connected() {
                    self.refuse_posts(&Failure::ShuttingDown);
                }
                // A request under way is answered first; one half arrived is not waited for.
                self.close_discarding(0);
            }
        }
    }
}
