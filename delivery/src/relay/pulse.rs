//! Which carriers are known to be failing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// When a carrier counts as failing, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Failures in a row after which it does. 0 counts as 1.
    pub failures: u32,
    /// For how long it then is tried last. Afterwards it has its old place, and one
    /// more failure loses it again.
    pub rest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            failures: 3,
            rest: Duration::from_secs(60),
        }
    }
}

/// One carrier's health, as its last sendings tell it.
#[derive(Debug)]
pub(super) struct Pulse {
    name: &'static str,
    patience: Patience,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    resting_until: Option<Instant>,
}

impl Pulse {
    pub(super) fn new(name: &'static str, patience: Patience) -> Self {
        Self {
            name,
            patience,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_alive(&self) -> bool {
        let until = self.state().resting_until;
        until.is_none_or(|until| Instant::now() >= until)
    }

    pub(super) fn is_well(&self) {
        let mut state = self.state();
        if state.resting_until.is_some() {
            log::info!("event=driver_recovered driver={}", self.name);
        }
        *state = State::default();
    }

    pub(super) fn failed(&self) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures < self.patience.failures {
            return;
        }
        if state.resting_until.is_none() {
            log::error!(
                "event=driver_failing driver={} failures={} rest_seconds={}",
                self.name,
                state.failures,
                self.patience.rest.as_secs()
            );
        }
        state.resting_until = Some(Instant::now() + self.patience.rest);
    }
}

/// One way to reach people, phones or mailboxes: whether there is one, and whether
/// it works. Cheap to clone, and to ask from any thread.
#[derive(Clone, Debug)]
pub struct Rung(Arc<[Arc<Pulse>]>);

impl Rung {
    pub(super) fn of<'a>(pulses: impl Iterator<Item = &'a Arc<Pulse>>) -> Self {
        Self(pulses.map(Arc::clone).collect())
    }

    /// Whether anything is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether at least one carrier is not known to be failing.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.0.iter().any(|pulse| pulse.is_alive())
    }
}
