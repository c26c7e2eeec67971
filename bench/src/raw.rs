//! The floor: a broadcaster around one epoll, on one thread. It parses nothing but the
//! lengths of our frames, stores nothing, and sends what one turn of its loop brought
//! to each connection in one write. What a connection said itself it does not get
//! back, but an acknowledgement, as with our server.
//!
//! With a folder it is *durable*: one bare commit for each turn, before anyone is told.

use crate::commits::Commits;
use crate::load::poller::Poller;
use crate::load::protocols::ours::{bodies, raw_acknowledgement};
use anyhow::Context as _;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice, Write as _};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

/// Bytes of one read, at most.
const READ_BYTES: usize = 64 << 10;
/// Slices of one vectored write, at most.
const SLICES_MAX: usize = 64;
/// The listener's token; connections have the ones after it.
const LISTENER: usize = 0;

/// A connection.
struct Peer {
    socket: TcpStream,
    /// An unfinished frame.
    carry: Vec<u8>,
    /// What the socket did not take yet, in order.
    due: VecDeque<(Rc<Vec<u8>>, Range<usize>)>,
    /// Whether the poller tells of room for writing.
    is_blocked: bool,
}

/// What one connection brought in this turn.
struct Chunk {
    token: usize,
    range: Range<usize>,
    messages: usize,
}

struct Broadcaster {
    listener: TcpListener,
    poller: Poller,
    /// By token.
    peers: Vec<Option<Peer>>,
    acknowledgement: Vec<u8>,
    scratch: Vec<u8>,
    commits: Option<Commits>,
}

/// Serves until `is_over`, which is asked after each turn.
pub(crate) fn serve(
    listener: TcpListener,
    durable: Option<&Path>,
    mut is_over: impl FnMut() -> bool,
) -> anyhow::Result<()> {
    listener.set_nonblocking(true)?;
    let poller = Poller::new()?;
    poller.add(&listener, LISTENER)?;
    let mut broadcaster = Broadcaster {
        listener,
        poller,
        peers: Vec::from([None]),
        acknowledgement: raw_acknowledgement(),
        scratch: vec![0; READ_BYTES],
        commits: durable.map(Commits::open).transpose()?,
    };
    while !is_over() {
        broadcaster.turn()?;
    }
    Ok(())
}

impl Broadcaster {
    fn turn(&mut self) -> anyhow::Result<()> {
        let mut said = Vec::new();
        let mut chunks: Vec<Chunk> = Vec::new();
        for ready in self.poller.wait(None)? {
            if ready.token == LISTENER {
                self.accept()?;
                continue;
            }
            if ready.writable {
                self.write_due(ready.token)?;
            }
            if ready.readable {
                self.read(ready.token, &mut said, &mut chunks)?;
            }
        }
        if chunks.is_empty() {
            return Ok(());
        }
        if let Some(commits) = &mut self.commits {
            commits.commit(&said)?;
        }
        self.tell_everyone(said, &chunks)
    }

    fn accept(&mut self) -> anyhow::Result<()> {
        loop {
            let socket = match self.listener.accept() {
                Ok((socket, _)) => socket,
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(why) => return Err(why).context("accepting"),
            };
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            self.poller.add(&socket, self.peers.len())?;
            // Who is told so is in.
            (&socket).write_all(&self.acknowledgement)?;
            self.peers.push(Some(Peer {
                socket,
                carry: Vec::new(),
                due: VecDeque::new(),
                is_blocked: false,
            }));
        }
    }

    /// Reads once; whole frames are appended to what was said in this turn.
    fn read(
        &mut self,
        token: usize,
        said: &mut Vec<u8>,
        chunks: &mut Vec<Chunk>,
    ) -> anyhow::Result<()> {
        let Some(peer) = &mut self.peers[token] else {
            return Ok(());
        };
        let read = recv(&peer.socket, &mut self.scratch[..], RecvFlags::DONTWAIT);
        let read = match read {
            Ok((_, read)) if read > 0 => read,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
            _ => {
                // It is gone, in whatever way.
                self.peers[token] = None;
                return Ok(());
            }
        };
        let start = said.len();
        said.append(&mut peer.carry);
        said.extend_from_slice(&self.scratch[..read]);
        let mut messages = 0;
        let whole = start
            + bodies(&said[start..], |_| {
                messages += 1;
                Ok(())
            })?;
        peer.carry.extend_from_slice(&said[whole..]);
        said.truncate(whole);
        if messages > 0 {
            chunks.push(Chunk {
                token,
                range: start..whole,
                messages,
            });
        }
        Ok(())
    }

    fn tell_everyone(&mut self, said: Vec<u8>, chunks: &[Chunk]) -> anyhow::Result<()> {
        let said = Rc::new(said);
        let mut by_token: Vec<&Chunk> = chunks.iter().collect();
        by_token.sort_by_key(|chunk| chunk.token);
        let mut own = by_token.into_iter().peekable();
        for token in LISTENER + 1..self.peers.len() {
            let own = own.next_if(|chunk| chunk.token == token);
            let Some(peer) = &mut self.peers[token] else {
                continue;
            };
            let is_first = peer.due.is_empty();
            match own {
                None => peer.due.push_back((Rc::clone(&said), 0..said.len())),
                Some(chunk) => {
                    let acks = Rc::new(self.acknowledgement.repeat(chunk.messages));
                    let length = acks.len();
                    peer.due.push_back((Rc::clone(&said), 0..chunk.range.start));
                    peer.due.push_back((acks, 0..length));
                    let rest = chunk.range.end..said.len();
                    peer.due.push_back((Rc::clone(&said), rest));
                    peer.due.retain(|(_, range)| !range.is_empty());
                }
            }
            if is_first {
                self.write_due(token)?;
            }
        }
        Ok(())
    }

    /// Writes what is due, as far as the socket takes it.
    fn write_due(&mut self, token: usize) -> anyhow::Result<()> {
        let Some(peer) = &mut self.peers[token] else {
            return Ok(());
        };
        let is_gone = loop {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            for (slice, (bytes, range)) in slices.iter_mut().zip(&peer.due) {
                *slice = IoSlice::new(&bytes[range.clone()]);
            }
            let count = peer.due.len().min(SLICES_MAX);
            if count == 0 {
                peer.due = VecDeque::new();
                break false;
            }
            let written = match (&peer.socket).write_vectored(&slices[..count]) {
                Ok(written) => written,
                Err(why) if why.kind() == ErrorKind::WouldBlock => break false,
                Err(_) => break true,
            };
            advance(&mut peer.due, written);
        };
        if is_gone {
            self.peers[token] = None;
        } else if peer.is_blocked == peer.due.is_empty() {
            peer.is_blocked = !peer.is_blocked;
            let interest = (true, peer.is_blocked);
            self.poller.change(&peer.socket, token, interest)?;
        }
        Ok(())
    }
}

fn advance(due: &mut VecDeque<(Rc<Vec<u8>>, Range<usize>)>, mut written: usize) {
    while let Some((_, range)) = due.front_mut() {
        if range.len() > written {
            range.start += written;
            return;
        }
        written -= range.len();
        due.pop_front();
    }
}
