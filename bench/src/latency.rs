//! Latency: how long a message takes from who says it to each of those who hear it,
//! at a pace that leaves the server time.

use crate::commits::microseconds;
use crate::figures::Figures;
use crate::load::Crowd;
use crate::systems::{Stage, System};
use std::time::{Duration, Instant};

/// Before a message is due, the clock is watched instead of slept by: the system
/// would wake us too late.
const WATCH: Duration = Duration::from_millis(1);

/// How it is talked.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) members: usize,
    /// Messages in a second, of all members in turn.
    pub(crate) messages: u32,
    pub(crate) time: Duration,
}

/// Starts a system and measures; in microseconds.
pub(crate) fn measure(stage: &Stage, system: System, pace: Pace) -> anyhow::Result<Figures> {
    let running = system.start(stage)?;
    let mut crowd = running.gather(pace.members)?;
    crowd.time(0..pace.members);
    talk(&mut crowd, pace.members, pace.messages, pace.time / 5)?;
    crowd.take_times();
    talk(&mut crowd, pace.members, pace.messages, pace.time)?;
    crowd.settle()?;
    Ok(times(&mut crowd))
}

/// How long messages took, in microseconds.
pub(crate) fn times(crowd: &mut Crowd) -> Figures {
    let mut figures = Figures::default();
    for nanoseconds in crowd.take_times() {
        figures.add(microseconds(Duration::from_nanos(nanoseconds)));
    }
    figures
}

/// The first so many members talk, in turn, at this pace.
pub(crate) fn talk(
    crowd: &mut Crowd,
    senders: usize,
    messages: u32,
    time: Duration,
) -> anyhow::Result<()> {
    let pause = Duration::from_secs(1) / messages;
    let begun = Instant::now();
    let (mut next, mut sender) = (begun + pause, 0);
    while next < begun + time {
        let left = next.saturating_duration_since(Instant::now());
        if left.is_zero() {
            crowd.say(sender % senders, 1)?;
            sender += 1;
            next += pause;
        }
        crowd.turn(Some(left.saturating_sub(WATCH)))?;
    }
    Ok(())
}
