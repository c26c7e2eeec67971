//! The pump: one future per connection that does all its reading and writing.
//!
//! It is polled when the socket is ready and after every turn of the mailbox, so
//! whatever the handlers of one turn queued leaves in one vectored write. It
//! reads into a buffer that all connections of a thread share, and a connection
//! keeps bytes of its own only while a frame is incomplete.
//!
//! A connection has one deadline, for whatever it waits for: a blocked write, an
//! unfinished frame, or (except on the chat port) the next request.

use super::gate::Gate;
use super::socket::Socket;
use super::{Connection, Phase, Port};
use actix::{Actor, ActorContext, ActorFuture, Context};
use bytes::BytesMut;
use qunliao_protocol::{Envelope, Failure};
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Instant;

/// Bytes read at once.
const READ_BYTES: usize = 64 << 10;
/// Bytes that wait for a client who has not authenticated.
const STRANGERS_UNSENT_BYTES_MAX: usize = 16 << 10;
/// Reads of one turn, after which others have theirs.
const READS_PER_TURN: usize = 8;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// The future.
pub(super) struct Pump;

impl ActorFuture<Connection> for Pump {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        act: &mut Connection,
        ctx: &mut Context<Connection>,
        task: &mut task::Context<'_>,
    ) -> Poll<()> {
        if !act
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(task.waker()))
        {
            act.waker = Some(task.waker().clone());
        }
        if let Err(why) = act.turn(ctx, task) {
            log::debug!("event=connection_lost error={:?}", why.kind());
            act.phase = Phase::Closed;
        }
        if act.phase == Phase::Closed {
            act.socket = None;
            ctx.stop();
            return Poll::Ready(());
        }
        act.set_deadline();
        Poll::Pending
    }
}

impl Connection {
    fn turn(
        &mut self,
        ctx: &mut <Self as Actor>::Context,
        task: &mut task::Context<'_>,
    ) -> io::Result<()> {
        for _ in 0..READS_PER_TURN {
            self.pass_gate(task)?;
            let exhausted = self.take_requests(ctx);
            self.write(task)?;
            self.read_on_if_behind(ctx);
            if !exhausted && self.may_take_request() {
                // Writing made room for requests that are here already.
                continue;
            }
            self.advance_phase(task, exhausted)?;
            if !self.may_read() || self.read(task)?.is_pending() {
                // Reading may have given TLS something to say.
                return self.write(task);
            }
        }
        task.waker().wake_by_ref();
        Ok(())
    }

    /// Carries out the requests that have arrived whole; answers whether that was
    /// all of them, or something has to happen first.
    fn take_requests(&mut self, ctx: &mut <Self as Actor>::Context) -> bool {
        if self.gate != Gate::Passed {
            return true;
        }
        let (mut taken, mut exhausted) = (false, false);
        while !exhausted && self.may_take_request() {
            match self.decoder.decode(&mut self.inbound) {
                Ok(Some(body)) => {
                    taken = true;
                    self.request(&body, ctx);
                }
                Ok(None) => exhausted = true,
                Err(error) => self.broken(error),
            }
        }
        if self.inbound.is_empty() {
            self.inbound = BytesMut::new();
            self.frame_since = None;
            exhausted = true;
        } else if taken || self.frame_since.is_none() {
            self.frame_since = Some(Instant::now());
        }
        exhausted
    }

    fn may_take_request(&self) -> bool {
        self.phase == Phase::Open
            && self.socket.is_some()
            && !self.busy
            && self.replies.count() + self.posts.count() < self.house.limits.open_requests_max
            && self.unsent_bytes() < self.unsent_bytes_max()
            && !self.ears.are_hoarding()
    }

    /// Bytes that wait to be written.
    pub(super) fn unsent_bytes(&self) -> usize {
        self.outbound.bytes() + self.socket.as_ref().map_or(0, Socket::held)
    }

    /// Bytes that may wait to be written before no more is done for this client:
    /// few for someone who has not said who they are, and none on the files port,
    /// where the next request may take the socket away.
    fn unsent_bytes_max(&self) -> usize {
        let max = self.house.limits.outbound_bytes_max;
        match (self.port, &self.known) {
            (Port::Files, _) => 1,
            (_, Some(_)) => max,
            (_, None) => max.min(STRANGERS_UNSENT_BYTES_MAX),
        }
    }

    fn may_read(&self) -> bool {
        match self.phase {
            Phase::Open => !self.ended && self.gate != Gate::Shaking && self.may_take_request(),
            Phase::Discarding { .. } => true,
            Phase::Closing { .. } | Phase::Closed => false,
        }
    }

    fn read(&mut self, task: &mut task::Context<'_>) -> io::Result<Poll<()>> {
        let Some(socket) = &mut self.socket else {
            return Ok(Poll::Pending);
        };
        let read = SCRATCH.with_borrow_mut(|scratch| {
            loop {
                let read = match self.phase {
                    Phase::Open => socket.try_read(scratch),
                    _ => socket.try_discard(scratch),
                };
                match read {
                    Ok(read) => {
                        if matches!(self.phase, Phase::Open) {
                            self.inbound.extend_from_slice(&scratch[..read]);
                        }
                        return Ok(Some(read));
                    }
                    Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                        // Asked for only now, since TLS may have had something left.
                        if socket.poll_read_ready(task)?.is_pending() {
                            return io::Result::Ok(None);
                        }
                    }
                    Err(why) if why.kind() == io::ErrorKind::Interrupted => {
                        task.waker().wake_by_ref();
                        return Ok(None);
                    }
                    Err(why) => return Err(why),
                }
            }
        })?;
        match (read, &mut self.phase) {
            (None, _) => return Ok(Poll::Pending),
            (Some(0), Phase::Discarding { .. }) => self.phase = Phase::Closed,
            (Some(0), _) => self.ended = true,
            (Some(read), Phase::Discarding { left, .. }) => match left.checked_sub(read as u64) {
                Some(rest) => *left = rest,
                None => self.phase = Phase::Closed,
            },
            (Some(_), _) => self.moved_at = Instant::now(),
        }
        Ok(Poll::Ready(()))
    }

    fn write(&mut self, task: &mut task::Context<'_>) -> io::Result<()> {
        if matches!(self.phase, Phase::Discarding { .. }) {
            // Our side is shut. What is said now would be an error, and cut short
            // the time that the last answer has to arrive.
            self.outbound.take();
        }
        let Some(socket) = &mut self.socket else {
            return Ok(());
        };
        while !self.outbound.is_empty() || socket.held() > 0 {
            let written = if self.outbound.is_empty() {
                socket.flush()
            } else {
                self.outbound.write(socket)
            };
            match written {
                Ok(()) => self.blocked_since = None,
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                    if socket.poll_write_ready(task)?.is_pending() {
                        self.blocked_since.get_or_insert_with(Instant::now);
                        return Ok(());
                    }
                }
                Err(why) => return Err(why),
            }
        }
        self.blocked_since = None;
        Ok(())
    }

    /// Goes on to the next phase of ending, where this one is done.
    fn advance_phase(&mut self, task: &mut task::Context<'_>, exhausted: bool) -> io::Result<()> {
        let quiet = !self.busy && self.outbound.is_empty() && self.replies.count() == 0;
        if self.phase == Phase::Open && self.ended && exhausted && quiet && self.is_owed_nothing() {
            // Who speaks TLS is told that this is the end, and no cut.
            let is_tls = self.socket.as_ref().is_some_and(Socket::is_tls);
            self.phase = if is_tls {
                Phase::Closing { discard_bytes: 0 }
            } else {
                Phase::Closed
            };
        }
        if let Phase::Closing { discard_bytes } = self.phase
            && quiet
        {
            if let Some(socket) = &mut self.socket {
                socket.say_goodbye();
            }
            self.write(task)?;
            if self.unsent_bytes() > 0 {
                return Ok(());
            }
            if let Some(socket) = &mut self.socket {
                socket.shut(task)?;
            }
            self.phase = if discard_bytes == 0 || self.ended {
                Phase::Closed
            } else {
                Phase::Discarding {
                    left: discard_bytes,
                    until: Instant::now() + self.house.limits.discard_time(),
                }
            };
            self.inbound = BytesMut::new();
        }
        Ok(())
    }

    /// A client that has shut its side still gets what it asked for before.
    fn is_owed_nothing(&self) -> bool {
        self.posts.count() == 0 && !self.ears.are_catching_up()
    }

    fn set_deadline(&mut self) {
        let at = self.deadline();
        self.roster.borrow_mut().deadlines.set(self.id, at);
    }

    /// The earliest of what this connection waits for.
    fn deadline(&self) -> Option<Instant> {
        let limits = &self.house.limits;
        if let Phase::Discarding { until, .. } = self.phase {
            return Some(until);
        }
        if self.phase == Phase::Open && self.gate != Gate::Passed {
            return self.gate_deadline();
        }
        let write = self
            .blocked_since
            .map(|since| since + limits.write_timeout());
        if self.busy || !self.may_take_request() {
            return write;
        }
        let idle = match (self.frame_since, self.port) {
            (Some(since), _) => Some(since + limits.frame_timeout()),
            (None, Port::Chat) => None,
            (None, _) => Some(self.moved_at + limits.idle_timeout()),
        };
        write.into_iter().chain(idle).min()
    }

    /// A deadline has passed: act on it, unless things have moved meanwhile.
    pub(super) fn expire(&mut self, now: Instant) {
        if self.deadline().is_none_or(|at| at > now) {
            return;
        }
        let is_blocked = self.blocked_since.is_some();
        if self.phase != Phase::Open || is_blocked {
            log::debug!("event=connection_closed reason=timeout");
            self.phase = Phase::Closed;
        } else if self.gate == Gate::Shaking {
            log::debug!("event=connection_closed reason=tls_handshake");
            self.phase = Phase::Closed;
        } else if self.gate == Gate::Tls {
            // Who waits for us to begin does not speak TLS.
            self.refuse_plain();
        } else if self.frame_since.is_some() {
            self.refuse(Envelope::default(), &Failure::FrameTimeout);
            self.close();
        } else {
            self.close_discarding(0);
        }
    }
}
