//! Slow readers: what a hundred who never read cost the others, and whether one of
//! them that wakes up gets everything, in order.

use crate::fan_out::{Row, talk_until};
use crate::figures::Figures;
use crate::latency;
use crate::load::Crowd;
use crate::systems::{Stage, System};
use anyhow::ensure;
use std::time::{Duration, Instant};

/// How it is measured.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Members who read.
    pub(crate) readers: usize,
    /// Members who do not.
    pub(crate) sleepers: usize,
    /// Messages in a second while latency is measured.
    pub(crate) messages: u32,
    pub(crate) time: Duration,
    /// Bytes that are said, at least, while the sleepers sleep.
    pub(crate) flood_bytes: u64,
}

/// What it came to.
pub(crate) struct Slow {
    /// How long messages took, in microseconds: with everyone awake, and beside sleepers.
    pub(crate) alone: Figures,
    pub(crate) beside: Figures,
    /// Growth of the server's resident memory beside sleepers, in bytes: to the end,
    /// and at most.
    pub(crate) growth: u64,
    pub(crate) growth_most: u64,
    /// The same growth by the same flood while everyone read.
    pub(crate) growth_alone: u64,
    /// What one of them had to read up on, and how long that took.
    pub(crate) missed: u64,
    pub(crate) woken: Duration,
}

/// Members who talk.
const SENDERS: usize = 10;
/// Messages that each of them has on the way in the flood.
const WINDOW: usize = 8;
/// What the sleepers' sockets keep of their own.
const RECEIVE_BYTES: usize = 8 << 10;

pub(crate) fn measure(stage: &Stage, plan: Plan) -> anyhow::Result<Slow> {
    let running = System::Ours.start(stage)?;
    let mut crowd = running.gather(plan.readers)?;
    running.admit(&mut crowd, plan.sleepers, RECEIVE_BYTES)?;
    let all = plan.readers + plan.sleepers;
    crowd.time(0..plan.readers);
    let memory = || running.process.memory();
    // Once for what grows in any case: the database's cache, the buffers of a flood.
    flood(&mut crowd, plan)?;
    crowd.settle()?;
    let (first, _) = memory()?;
    flood(&mut crowd, plan)?;
    crowd.settle()?;
    let (awake, most_awake) = memory()?;
    let alone = paced(&mut crowd, plan)?;

    crowd.set_reading(plan.readers..all, false)?;
    let before = crowd.said();
    flood(&mut crowd, plan)?;
    let beside = paced(&mut crowd, plan)?;
    let (asleep, most) = memory()?;

    let (sleeper, missed) = (plan.readers, crowd.said() - before);
    crowd.listen_to(sleeper);
    let begun = Instant::now();
    crowd.set_reading(sleeper..sleeper + 1, true)?;
    // Fails unless it hears exactly what was due, in order.
    crowd.settle()?;
    let woken = begun.elapsed();
    crowd.set_reading(sleeper + 1..all, true)?;
    crowd.settle()?;
    Ok(Slow {
        alone,
        beside,
        growth: asleep.saturating_sub(awake),
        growth_most: most.saturating_sub(most_awake),
        growth_alone: awake.saturating_sub(first),
        missed,
        woken,
    })
}

/// Everyone talks as fast as they are acknowledged, until so much was said.
fn flood(crowd: &mut Crowd, plan: Plan) -> anyhow::Result<()> {
    let until = crowd.said() + plan.flood_bytes / crate::load::PAYLOAD_BYTES as u64;
    let room = Row::new(crowd.len(), SENDERS, WINDOW);
    talk_until(crowd, room, |crowd| crowd.said() >= until)
}

fn paced(crowd: &mut Crowd, plan: Plan) -> anyhow::Result<Figures> {
    crowd.settle()?;
    crowd.take_times();
    latency::talk(crowd, SENDERS, plan.messages, plan.time)?;
    crowd.settle()?;
    let times = latency::times(crowd);
    ensure!(times.count() > 0, "nobody heard anything");
    Ok(times)
}
