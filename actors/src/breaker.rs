//! A breaker for sign-up messages to phones: they cost money, and robots that ask
//! for them enter no codes.
//!
//! It counts how many of the last codes, those that can no longer be entered, were
//! entered rightly. When that collapses, sign-up messages pause; then one at a time
//! goes out again, until somebody enters such a code. Codes to numbers that an
//! account has are not its business, and who is invited needs none.
//!
//! A message takes its place among them before anything is done about it, so that
//! many that are asked for at once do not all pass. The place is given up when the
//! message certainly did not go out; one that may have arrived keeps it.
//!
//! What it has counted is gone with the process: after a restart it begins anew.
//! The budget of the day, in storage, holds all the same.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Codes waited for at once; those beyond push out the oldest.
const WAITED_FOR_MAX: usize = 10_000;
/// Messages that go out one at a time, before it pauses again.
const PROBES: usize = 5;

/// What the breaker goes by.
#[derive(Clone, Copy, Debug)]
pub struct BreakerLimits {
    /// How many codes it looks back on.
    pub sample: usize,
    /// The percentage of them below which messages pause.
    pub ratio_percent: usize,
    /// How long they pause.
    pub pause: Duration,
    /// Between two messages after the pause.
    pub probe_every: Duration,
    /// How long a code can be entered.
    pub lifetime: Duration,
}

/// Whether sign-up messages to phones go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsState {
    /// They do.
    Sending,
    /// They do not, for so many seconds yet.
    Paused {
        /// How many.
        seconds: u64,
    },
    /// One at a time does.
    Probing,
}

/// How the breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmsStatus {
    /// Whether messages go out.
    pub state: SmsState,
    /// Codes that it looks back on.
    pub sent: usize,
    /// Those of them that were entered rightly.
    pub entered: usize,
}

/// The breaker.
pub struct SmsBreaker {
    limits: BreakerLimits,
    numbers: RandomState,
    record: Mutex<Record>,
}

struct Record {
    /// Codes that can still be entered, oldest first.
    waited_for: VecDeque<Sent>,
    /// Whether those before them were.
    judged: VecDeque<bool>,
    mode: Mode,
    /// Places that were taken so far.
    places: u64,
}

struct Sent {
    place: u64,
    number: u64,
    at: Instant,
    entered: bool,
}

/// A message's place among those that count. It is kept unless it is given up.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a message that did not go out gives its place up"]
pub struct Place {
    id: u64,
    /// When it was taken.
    at: Instant,
    /// When the next message may go out since this one did, one at a time.
    next: Option<Instant>,
}

#[derive(Clone, Copy)]
enum Mode {
    Sending,
    Paused { until: Instant },
    Probing { next: Instant },
}

impl SmsBreaker {
    /// A breaker that lets messages through.
    #[must_use]
    pub fn new(limits: BreakerLimits) -> Self {
        Self {
            limits,
            numbers: RandomState::new(),
            record: Mutex::new(Record {
                waited_for: VecDeque::new(),
                judged: VecDeque::new(),
                mode: Mode::Sending,
                places: 0,
            }),
        }
    }

    /// Whether a sign-up message could go out now: for those who only want to know.
    ///
    /// # Errors
    /// How long it would have to wait.
    pub fn check(&self, now: Instant) -> Result<(), Duration> {
        self.lock().check(&self.limits, now)
    }

    /// Takes the place of a sign-up message to `number`, which then may go out.
    ///
    /// # Errors
    /// How long it has to wait.
    pub fn take_place(&self, number: &str, now: Instant) -> Result<Place, Duration> {
        let number = self.numbers.hash_one(number);
        let mut record = self.lock();
        record.check(&self.limits, now)?;
        record.places += 1;
        let mut place = Place {
            id: record.places,
            at: now,
            next: None,
        };
        if let Mode::Probing { next } = &mut record.mode {
            *next = now + self.limits.probe_every;
            place.next = Some(*next);
        }
        if record.waited_for.len() >= WAITED_FOR_MAX {
            record.waited_for.pop_front();
        }
        record.waited_for.push_back(Sent {
            place: place.id,
            number,
            at: now,
            entered: false,
        });
        Ok(place)
    }

    /// The message certainly did not go out: it counts nowhere, and another one may
    /// go out in its turn.
    pub fn give_up(&self, Place { id, at, next: turn }: Place) {
        let mut record = self.lock();
        record.waited_for.retain(|sent| sent.place != id);
        if let Mode::Probing { next } = &mut record.mode
            && turn == Some(*next)
        {
            *next = at;
        }
    }

    /// The code of one was entered rightly; those that were sent to the same number
    /// before it had a human at the other end, too.
    pub fn entered(&self, number: &str, now: Instant) {
        let number = self.numbers.hash_one(number);
        let mut record = self.lock();
        record.judge(&self.limits, now);
        let mut any = false;
        for sent in &mut record.waited_for {
            if sent.number == number {
                sent.entered = true;
                any = true;
            }
        }
        if any && matches!(record.mode, Mode::Probing { .. }) {
            record.mode = Mode::Sending;
            log::info!("event=sms_resumed");
        }
    }

    /// How it stands, for administrators.
    #[must_use]
    pub fn status(&self, now: Instant) -> SmsStatus {
        let mut record = self.lock();
        record.judge(&self.limits, now);
        SmsStatus {
            state: match record.mode {
                Mode::Sending => SmsState::Sending,
                Mode::Paused { until } => SmsState::Paused {
                    seconds: (until - now).as_secs() + 1,
                },
                Mode::Probing { .. } => SmsState::Probing,
            },
            sent: record.judged.len(),
            entered: record.entered(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn check(&mut self, limits: &BreakerLimits, now: Instant) -> Result<(), Duration> {
        self.judge(limits, now);
        match self.mode {
            Mode::Paused { until: next } | Mode::Probing { next } if next > now => Err(next - now),
            _ => Ok(()),
        }
    }

    /// Judges the codes that can no longer be entered, and what they come to.
    fn judge(&mut self, limits: &BreakerLimits, now: Instant) {
        while let Some(sent) = self.waited_for.front()
            && now.saturating_duration_since(sent.at) >= limits.lifetime
        {
            self.judged.push_back(sent.entered);
            self.waited_for.pop_front();
        }
        while self.judged.len() > limits.sample {
            self.judged.pop_front();
        }
        match self.mode {
            Mode::Sending => {
                let too_few = self.entered() * 100 < limits.ratio_percent * limits.sample;
                if self.judged.len() >= limits.sample && too_few {
                    self.pause(limits, now);
                }
            }
            Mode::Paused { until } if until <= now => self.mode = Mode::Probing { next: now },
            // Had one been entered, it would not be probing any more.
            Mode::Probing { .. } if self.judged.len() >= PROBES.min(limits.sample) => {
                self.pause(limits, now);
            }
            Mode::Paused { .. } | Mode::Probing { .. } => {}
        }
    }

    fn pause(&mut self, limits: &BreakerLimits, now: Instant) {
        log::warn!(
            "event=sms_paused sent={} entered={} seconds={} hint=\"robots ask for codes and enter none; codes for accounts still go out, invitations need none\"",
            self.judged.len(),
            self.entered(),
            limits.pause.as_secs()
        );
        self.mode = Mode::Paused {
            until: now + limits.pause,
        };
        self.judged.clear();
        self.waited_for.clear();
    }

    fn entered(&self) -> usize {
        self.judged.iter().filter(|entered| **entered).count()
    }
}

#[cfg(test)]
mod tests;
