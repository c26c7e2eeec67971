//! Fan-out: how many deliveries a second come out of a room in which some members
//! talk as fast as they are acknowledged.

use crate::load::Crowd;
use crate::process::{Process, own_cpu_time};
use crate::systems::{Stage, System};
use anyhow::ensure;
use std::time::{Duration, Instant};

/// A room, and how it is talked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) members: usize,
    /// Members who talk.
    pub(crate) senders: usize,
    /// Messages that each of them has on the way at once.
    pub(crate) window: usize,
}

impl Row {
    pub(crate) const fn new(members: usize, senders: usize, window: usize) -> Self {
        Self {
            members,
            senders,
            window,
        }
    }

    /// As it stands in tables.
    pub(crate) fn name(self) -> String {
        let Self {
            members,
            senders,
            window,
        } = self;
        format!("{members} members, s{senders} w{window}")
    }
}

/// The rows of the table.
pub(crate) const ROWS: [Row; 6] = [
    Row::new(10, 10, 64),
    Row::new(100, 1, 1),
    Row::new(100, 10, 1),
    Row::new(100, 1, 64),
    Row::new(100, 10, 64),
    Row::new(1_000, 10, 64),
];

/// For how long.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FanOut {
    /// Deliveries in a second.
    pub(crate) rate: f64,
    /// Of the server's core, nanoseconds for a delivery.
    pub(crate) cpu_ns: f64,
    /// From the server, bytes for a delivery.
    pub(crate) wire_bytes: f64,
    /// The part of its core that the generator used: near 1, it was the generator
    /// that was measured.
    pub(crate) generator_load: f64,
}

/// Starts a system and measures one row of it.
pub(crate) fn measure(
    stage: &Stage,
    system: System,
    row: Row,
    time: Time,
) -> anyhow::Result<FanOut> {
    let running = system.start(stage)?;
    let mut crowd = running.gather(row.members)?;
    load(&mut crowd, &running.process, row, time)
}

/// Loads a room that is full already.
pub(crate) fn load(
    crowd: &mut Crowd,
    server: &Process,
    row: Row,
    time: Time,
) -> anyhow::Result<FanOut> {
    ensure!(
        crowd.len() == row.members && row.senders <= row.members,
        "not this row's room"
    );
    crowd.listen(row.senders);
    talk(crowd, row, time.warm_up)?;
    let before = (server.cpu_time()?, own_cpu_time()?, crowd.tally());
    let begun = Instant::now();
    talk(crowd, row, time.measured)?;
    let (seconds, tally) = (begun.elapsed().as_secs_f64(), crowd.tally());
    let (cpu, own) = (server.cpu_time()?, own_cpu_time()?);
    crowd.settle()?;
    let deliveries = (tally.deliveries - before.2.deliveries) as f64;
    ensure!(deliveries > 0.0, "nothing came");
    Ok(FanOut {
        rate: deliveries / seconds,
        cpu_ns: cpu.saturating_sub(before.0).as_secs_f64() * 1e9 / deliveries,
        wire_bytes: (tally.bytes - before.2.bytes) as f64 / deliveries,
        generator_load: own.saturating_sub(before.1).as_secs_f64() / seconds,
    })
}

fn talk(crowd: &mut Crowd, row: Row, time: Duration) -> anyhow::Result<()> {
    let until = Instant::now() + time;
    talk_until(crowd, row, |_| Instant::now() >= until)
}

/// The senders keep their windows full until it is enough.
pub(crate) fn talk_until(
    crowd: &mut Crowd,
    row: Row,
    is_enough: impl Fn(&Crowd) -> bool,
) -> anyhow::Result<()> {
    while !is_enough(crowd) {
        crowd.top_up(row.senders, row.window)?;
        crowd.turn(Some(Duration::from_millis(10)))?;
    }
    Ok(())
}
