//! The crowd: all members of a room, and the loop that moves them.

use super::member::{Buffer, Member, Received, nanoseconds};
use super::poller::Poller;
use super::protocols::{Acknowledgement, Speech};
use anyhow::{Context as _, bail, ensure};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Members who have connected and were not let in yet, at most.
const COMING_MAX: usize = 1_000;
/// Members who connect at once: some servers let no more than ten wait, and who is
/// turned away tries again only after a second.
const AT_ONCE: usize = 8;
/// How long the next ones wait for the server to have let these in.
const BREATH: Duration = Duration::from_millis(4);
/// How long nothing may happen while something is due.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a server is spoken to.
pub(crate) struct Manners<'a> {
    /// What each member speaks, by its number.
    pub(crate) speech: &'a dyn Fn(usize) -> Box<dyn Speech>,
    pub(crate) acknowledgement: Acknowledgement,
    /// Whether members hear what they say themselves.
    pub(crate) echo: bool,
}

/// What has come so far, of all members.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) deliveries: u64,
    pub(crate) bytes: u64,
}

/// Members of a room.
pub(crate) struct Crowd {
    address: SocketAddr,
    poller: Poller,
    buffer: Buffer,
    members: Vec<Member>,
    in_count: usize,
    acknowledgement: Acknowledgement,
    echo: bool,
    clock: Instant,
    /// Whether arrivals are timed.
    is_timing: bool,
    said: u64,
    tally: Tally,
}

impl Crowd {
    /// Nobody yet.
    pub(crate) fn new(address: SocketAddr, manners: &Manners<'_>) -> anyhow::Result<Self> {
        Ok(Self {
            address,
            poller: Poller::new()?,
            buffer: Buffer::new(),
            members: Vec::new(),
            in_count: 0,
            acknowledgement: manners.acknowledgement,
            echo: manners.echo,
            clock: Instant::now(),
            is_timing: false,
            said: 0,
            tally: Tally::default(),
        })
    }

    /// So many members come in; answers when all of them are.
    pub(crate) fn gather(
        address: SocketAddr,
        manners: &Manners<'_>,
        members: usize,
    ) -> anyhow::Result<Self> {
        let mut crowd = Self::new(address, manners)?;
        crowd.admit(manners, members, None)?;
        Ok(crowd)
    }

    /// More members come in. With `receive_bytes`, their sockets keep no more unread.
    pub(crate) fn admit(
        &mut self,
        manners: &Manners<'_>,
        more: usize,
        receive_bytes: Option<usize>,
    ) -> anyhow::Result<()> {
        let all = self.members.len() + more;
        let mut moved = Instant::now();
        while self.in_count < all {
            let coming = self.members.len() - self.in_count;
            let next = AT_ONCE
                .min(all - self.members.len())
                .min(COMING_MAX.saturating_sub(coming));
            for _ in 0..next {
                let token = self.members.len();
                let speech = (manners.speech)(token);
                let mut member = Member::connect(self.address, speech, receive_bytes)?;
                self.poller.add(member.socket(), token)?;
                member.flush(&self.poller, token)?;
                self.members.push(member);
            }
            let before = self.in_count;
            self.turn(Some(BREATH))?;
            if self.in_count > before {
                moved = Instant::now();
            }
            ensure!(moved.elapsed() < PATIENCE, "{before} of {all} came in");
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Messages that were said so far.
    pub(crate) fn said(&self) -> u64 {
        self.said
    }

    /// Has this member listen closely.
    pub(crate) fn listen_to(&mut self, member: usize) {
        self.members[member].listener.get_or_insert_default();
    }

    /// Has the last member listen closely, and, where only they can tell that a
    /// message came, the witnesses.
    pub(crate) fn listen(&mut self, senders: usize) {
        let count = self.members.len();
        self.listen_to(count - 1);
        if self.acknowledgement == Acknowledgement::ByWitness {
            for sender in 0..senders {
                self.listen_to(witness(sender, count));
            }
        }
    }

    /// Has these members tell how long messages take.
    pub(crate) fn time(&mut self, members: std::ops::Range<usize>) {
        self.is_timing = true;
        for member in &mut self.members[members] {
            member.listener.get_or_insert_default().times = Some(Vec::new());
        }
    }

    /// How long messages took since the last time that this was asked, in nanoseconds.
    pub(crate) fn take_times(&mut self) -> Vec<u64> {
        let listeners = self.members.iter_mut().filter_map(|m| m.listener.as_mut());
        let times = listeners.filter_map(|listener| listener.times.as_mut());
        times.flat_map(std::mem::take).collect()
    }

    /// Each of the first `senders` fills its window.
    pub(crate) fn top_up(&mut self, senders: usize, window: usize) -> anyhow::Result<()> {
        for sender in 0..senders {
            let room = window.saturating_sub(self.members[sender].on_way);
            if room > 0 {
                self.say(sender, room)?;
            }
        }
        Ok(())
    }

    /// Has a member say so many messages.
    pub(crate) fn say(&mut self, sender: usize, messages: usize) -> anyhow::Result<()> {
        let member = &mut self.members[sender];
        let time = if self.is_timing {
            nanoseconds(self.clock)
        } else {
            0
        };
        let number = u16::try_from(sender).context("a sender's number")?;
        for _ in 0..messages {
            member.say(number, time);
        }
        self.said += messages as u64;
        let flushed = member.flush(&self.poller, sender);
        flushed.with_context(|| format!("member {sender}"))
    }

    /// Waits for something to happen, and deals with it.
    pub(crate) fn turn(&mut self, time: Option<Duration>) -> anyhow::Result<()> {
        for ready in self.poller.wait(time)? {
            let token = ready.token;
            let dealt = self.deal(token, ready.readable, ready.writable);
            dealt.with_context(|| format!("member {token}"))?;
        }
        Ok(())
    }

    fn deal(&mut self, token: usize, readable: bool, writable: bool) -> anyhow::Result<()> {
        let member = &mut self.members[token];
        if readable && member.is_reading {
            let clock = self.is_timing.then_some(self.clock);
            let received = member.receive(&mut self.buffer, clock)?;
            if member.has_to_answer() {
                member.flush(&self.poller, token)?;
            }
            self.note(token, received);
        }
        if writable {
            self.members[token].flush(&self.poller, token)?;
        }
        Ok(())
    }

    fn note(&mut self, token: usize, received: Received) {
        self.tally.bytes += received.bytes as u64;
        self.tally.deliveries += received.deliveries;
        self.in_count += usize::from(received.came_in);
        let count = self.members.len();
        let Some(listener) = &mut self.members[token].listener else {
            return;
        };
        let heard = std::mem::take(&mut listener.heard);
        if self.acknowledgement == Acknowledgement::ByWitness {
            for sender in &heard {
                let sender = usize::from(*sender);
                if witness(sender, count) == token {
                    // Its own echo does not count, so no more than were said can come.
                    let member = &mut self.members[sender];
                    member.on_way = member.on_way.saturating_sub(1);
                }
            }
        }
        // Given back, so that it need not be allocated anew.
        if let Some(listener) = &mut self.members[token].listener {
            listener.heard = heard;
            listener.heard.clear();
        }
    }

    /// Has these members read nothing more, or read on.
    pub(crate) fn set_reading(
        &mut self,
        members: std::ops::Range<usize>,
        is_reading: bool,
    ) -> anyhow::Result<()> {
        for token in members {
            self.members[token].is_reading = is_reading;
            self.members[token].interest(&self.poller, token)?;
        }
        Ok(())
    }

    /// Waits until everyone who reads has heard exactly what was due, and everything
    /// said is acknowledged.
    pub(crate) fn settle(&mut self) -> anyhow::Result<()> {
        let mut moved = Instant::now();
        loop {
            let Some(lacking) = self.first_lacking()? else {
                return Ok(());
            };
            let before = self.tally.bytes;
            self.turn(Some(Duration::from_millis(100)))?;
            if self.tally.bytes > before {
                moved = Instant::now();
            } else if moved.elapsed() > PATIENCE {
                bail!("messages were lost: {lacking}");
            }
        }
    }

    /// Someone who has not heard everything yet.
    fn first_lacking(&self) -> anyhow::Result<Option<String>> {
        for (number, member) in self.members.iter().enumerate() {
            if !member.is_reading {
                continue;
            }
            let own = if self.echo { 0 } else { u64::from(member.said) };
            let (due, heard) = (self.said - own, member.heard);
            ensure!(
                heard <= due,
                "member {number} heard {heard} where {due} were due"
            );
            let on_way = member.on_way;
            if heard < due || on_way > 0 {
                return Ok(Some(format!(
                    "member {number} heard {heard} of {due}, and {on_way} of its own are on their way"
                )));
            }
        }
        Ok(None)
    }
}

/// Who tells that a sender's messages came: the next one.
fn witness(sender: usize, members: usize) -> usize {
    (sender + 1) % members
}
