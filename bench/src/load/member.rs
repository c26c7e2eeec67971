//! One member of the crowd: a socket, and what goes in and out.

use super::ear::{Ear, Listener};
use super::payload::Payload;
use super::poller::Poller;
use super::protocols::Speech;
use anyhow::{Context as _, bail, ensure};
use socket2::{SockRef, Socket};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Bytes of one read, at most.
const READ_BYTES: usize = 256 << 10;
/// Room before them for what the last read left of an unfinished frame.
const CARRY_BYTES: usize = 64 << 10;

/// What all members read into.
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    pub(crate) fn new() -> Self {
        Self(vec![0; CARRY_BYTES + READ_BYTES])
    }
}

/// A member.
pub(crate) struct Member {
    socket: TcpStream,
    speech: Box<dyn Speech>,
    /// An unfinished frame.
    carry: Vec<u8>,
    outgoing: Vec<u8>,
    /// Whether what is outgoing waits for the socket.
    is_blocked: bool,
    /// Whether it reads what comes.
    pub(crate) is_reading: bool,
    /// Whether the server has let it in.
    pub(crate) is_in: bool,
    /// Messages heard, and said, ever.
    pub(crate) heard: u64,
    pub(crate) said: u32,
    /// Messages that were not acknowledged yet.
    pub(crate) on_way: usize,
    pub(crate) listener: Option<Box<Listener>>,
}

/// What one read came to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Received {
    pub(crate) bytes: usize,
    pub(crate) deliveries: u64,
    /// The server has let it in just now.
    pub(crate) came_in: bool,
}

impl Member {
    /// Connects, and says what has to be said first. With `receive_bytes`, its socket
    /// keeps no more than that unread.
    pub(crate) fn connect(
        address: SocketAddr,
        mut speech: Box<dyn Speech>,
        receive_bytes: Option<usize>,
    ) -> anyhow::Result<Self> {
        let domain = socket2::Domain::for_address(address);
        let socket = Socket::new(domain, socket2::Type::STREAM, None)?;
        if let Some(bytes) = receive_bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.connect(&address.into()).context("connecting")?;
        let socket = TcpStream::from(socket);
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut outgoing = Vec::new();
        speech.greet(&mut outgoing);
        Ok(Self {
            socket,
            speech,
            carry: Vec::new(),
            outgoing,
            is_blocked: false,
            is_reading: true,
            is_in: false,
            heard: 0,
            said: 0,
            on_way: 0,
            listener: None,
        })
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Has one more message go out with the next [`Member::flush`].
    pub(crate) fn say(&mut self, sender: u16, time: u64) {
        let payload = Payload {
            sender,
            number: self.said,
            time,
        };
        self.speech.say(payload, &mut self.outgoing);
        self.said += 1;
        self.on_way += 1;
    }

    /// Writes what is due, as far as the socket takes it.
    pub(crate) fn flush(&mut self, poller: &Poller, token: usize) -> anyhow::Result<()> {
        let mut written = 0;
        while written < self.outgoing.len() {
            match self.socket.write(&self.outgoing[written..]) {
                Ok(0) => bail!("closed while being written to"),
                Ok(bytes) => written += bytes,
                Err(why) if why.kind() == ErrorKind::WouldBlock => break,
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(why).context("writing"),
            }
        }
        self.outgoing.drain(..written);
        if self.outgoing.capacity() > READ_BYTES && self.outgoing.is_empty() {
            self.outgoing = Vec::new();
        }
        let is_blocked = !self.outgoing.is_empty();
        if is_blocked != self.is_blocked {
            self.is_blocked = is_blocked;
            self.interest(poller, token)?;
        }
        Ok(())
    }

    /// Tells the poller what this member waits for.
    pub(crate) fn interest(&self, poller: &Poller, token: usize) -> std::io::Result<()> {
        poller.change(&self.socket, token, (self.is_reading, self.is_blocked))
    }

    /// Reads once, and takes in what is whole.
    pub(crate) fn receive(
        &mut self,
        Buffer(buffer): &mut Buffer,
        clock: Option<Instant>,
    ) -> anyhow::Result<Received> {
        let start = CARRY_BYTES - self.carry.len();
        let read = match self.socket.read(&mut buffer[CARRY_BYTES..]) {
            Ok(0) => bail!("closed by the server"),
            Ok(read) => read,
            Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Ok(Received::default());
            }
            Err(why) => return Err(why).context("reading"),
        };
        buffer[start..CARRY_BYTES].copy_from_slice(&self.carry);
        let bytes = &buffer[start..CARRY_BYTES + read];
        let now = clock.map_or(0, nanoseconds);
        let mut ear = Ear::new(&mut self.outgoing, self.listener.as_deref_mut(), now);
        let taken = self.speech.hear(bytes, &mut ear)?;
        let (deliveries, came_in) = (ear.deliveries, ear.is_in && !self.is_in);
        let acks = usize::try_from(ear.acks)?;
        let on_way = self.on_way.checked_sub(acks);
        self.on_way = on_way.context("acknowledged what was not said")?;
        self.heard += deliveries;
        self.is_in |= came_in;
        ensure!(bytes.len() - taken <= CARRY_BYTES, "a frame without an end");
        if taken < bytes.len() || !self.carry.is_empty() {
            self.carry.clear();
            self.carry.extend_from_slice(&bytes[taken..]);
        }
        if let Some(complaint) = self.listener.as_mut().and_then(|ear| ear.complaint.take()) {
            bail!("{complaint}");
        }
        Ok(Received {
            bytes: read,
            deliveries,
            came_in,
        })
    }

    pub(crate) fn has_to_answer(&self) -> bool {
        !self.outgoing.is_empty() && !self.is_blocked
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // A reset: ten thousand ports that wait for two minutes would be missing later.
        let _ = SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
    }
}

/// The time on a clock that began then.
pub(crate) fn nanoseconds(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
