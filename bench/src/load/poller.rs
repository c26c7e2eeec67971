//! Waiting for many sockets at once.

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::time::Timespec;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::Duration;

/// Events that one wait brings, at most.
const EVENTS_MAX: usize = 1_024;

/// An epoll, level-triggered: what was not read to its end is told again.
pub(crate) struct Poller {
    epoll: OwnedFd,
    events: Vec<Event>,
}

/// A socket that can be read from, or written to, or both.
#[derive(Clone, Copy)]
pub(crate) struct Ready {
    pub(crate) token: usize,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

impl Poller {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(EVENTS_MAX),
        })
    }

    /// Tells from now on when there is something to read.
    pub(crate) fn add(&self, source: impl AsFd, token: usize) -> std::io::Result<()> {
        let data = EventData::new_u64(token as u64);
        Ok(epoll::add(&self.epoll, source, data, EventFlags::IN)?)
    }

    /// Whether to tell of reading, and of room for writing.
    pub(crate) fn change(
        &self,
        source: &TcpStream,
        token: usize,
        (read, write): (bool, bool),
    ) -> std::io::Result<()> {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, read);
        flags.set(EventFlags::OUT, write);
        let data = EventData::new_u64(token as u64);
        Ok(epoll::modify(&self.epoll, source, data, flags)?)
    }

    /// Waits for at least one, or until the time is over.
    pub(crate) fn wait(
        &mut self,
        time: Option<Duration>,
    ) -> std::io::Result<impl Iterator<Item = Ready> + use<>> {
        let time = time.map(|time| Timespec {
            tv_sec: time.as_secs().cast_signed(),
            tv_nsec: time.subsec_nanos().into(),
        });
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), time.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(why) => return Err(why.into()),
        }
        let writing = EventFlags::OUT;
        let ready = self.events.iter().map(move |event| {
            // The event is packed: its fields are copied, not referred to.
            let (flags, data) = (event.flags, event.data);
            Ready {
                token: usize::try_from(data.u64()).unwrap_or(usize::MAX),
                // An error or an end is found out by reading.
                readable: !(flags - writing).is_empty(),
                writable: flags.contains(writing),
            }
        });
        Ok(ready.collect::<Vec<_>>().into_iter())
    }
}
