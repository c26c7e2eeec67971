//! What the tests share: the cast, the probes, the stores and the house.

pub(crate) mod accounts;
pub(crate) mod cast;
pub(crate) mod client;
pub(crate) mod logs;
pub(crate) mod parts;
pub(crate) mod probe;
pub(crate) mod rooms;
pub(crate) mod stores;
pub(crate) mod told;
pub(crate) mod universe;

pub(crate) use cast::{ALICE, BOB, CAROL, Someone};
pub(crate) use probe::{Asks, Probe};

use qunliao_actors::vital::OnLoss;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// What has to happen happens sooner than this, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(20);

/// The outcome of `event`, which has to come.
#[track_caller]
pub(crate) fn within<F: Future>(event: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        let outcome = tokio::time::timeout(PATIENCE, event).await;
        outcome.unwrap_or_else(|_| panic!("nothing came, awaited at {caller}"))
    }
}

/// Waits until `holds`, for what tells nobody that it has happened.
#[track_caller]
pub(crate) fn until(holds: impl Fn() -> bool) -> impl Future<Output = ()> {
    within(async move {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
}

/// An alarm bell for an actor, and who rang it.
pub(crate) fn bell() -> (OnLoss, UnboundedReceiver<&'static str>) {
    let (ring, rung) = unbounded_channel();
    let on_loss = move |name| {
        let _ = ring.send(name);
    };
    (Arc::new(on_loss), rung)
}
