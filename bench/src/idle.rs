//! Connections that are there and do nothing: how much memory each takes, and how
//! fast they come.

use crate::systems::{Stage, System};
use std::time::{Duration, Instant};

/// What an idle crowd takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Idle {
    /// Bytes of resident memory for each.
    pub(crate) bytes: f64,
    /// Resident memory in all, in bytes.
    pub(crate) all: u64,
    /// Connections in a second, until everyone was in the room.
    pub(crate) rate: f64,
    /// Of the server's core, for a second, while they did nothing.
    pub(crate) load: f64,
}

/// How long they do nothing before it counts.
const QUIET: Duration = Duration::from_secs(2);

/// Starts a system and lets so many connections come.
pub(crate) fn measure(stage: &Stage, system: System, members: usize) -> anyhow::Result<Idle> {
    let running = system.start(stage)?;
    // What the first ones cause is not theirs.
    let mut first = running.gather_idle(1)?;
    wait(&mut first)?;
    drop(first);
    let (before, _) = running.process.memory()?;
    let begun = Instant::now();
    let mut crowd = running.gather_idle(members)?;
    let rate = members as f64 / begun.elapsed().as_secs_f64();
    wait(&mut crowd)?;
    let spent = running.process.cpu_time()?;
    wait(&mut crowd)?;
    let spent = running.process.cpu_time()?.saturating_sub(spent);
    crowd.settle()?;
    let (all, _) = running.process.memory()?;
    Ok(Idle {
        bytes: all.saturating_sub(before) as f64 / members as f64,
        all,
        rate,
        load: spent.as_secs_f64() / QUIET.as_secs_f64(),
    })
}

fn wait(crowd: &mut crate::load::Crowd) -> anyhow::Result<()> {
    let until = Instant::now() + QUIET;
    while Instant::now() < until {
        crowd.turn(Some(Duration::from_millis(100)))?;
    }
    Ok(())
}
