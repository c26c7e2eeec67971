//! Places on the web port: a share for each network, so that none takes the port
//! from the others, and an end for whoever holds one without using it.

use qunliao_actors::Limits;
use qunliao_actors::admission::{Caps, ConnectionId, Door, Ticket};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Gives places out. A network whose share is used up gives up its oldest.
#[derive(Clone)]
pub(crate) struct Places {
    strangers: Room,
    /// Trusted proxies speak for many, so they have no share: all of it is theirs.
    proxies: Room,
    stall: Duration,
    lifetime: Duration,
}

/// A door, and how those behind it are told to leave.
#[derive(Clone)]
struct Room {
    door: Door,
    inside: Arc<Mutex<HashMap<ConnectionId, CancellationToken>>>,
}

/// A connection's place; given back when dropped.
pub(crate) struct Place {
    ticket: Ticket,
    room: Room,
    dismissal: CancellationToken,
}

/// Ends a connection that was dismissed, does not read what it asked for, or is old.
pub(super) struct Watch {
    dismissed: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Until when it may stay: proxies keep connections for others.
    lifetime: Option<Pin<Box<Sleep>>>,
    stall: Duration,
    /// Since a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Given back when the connection is gone.
    _place: Place,
}

impl Places {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (all, share) = (
            limits.web_connections_max,
            limits.web_connections_per_address_max,
        );
        Self {
            strangers: Room::new(all, share),
            proxies: Room::new(all, all),
            stall: limits.write_timeout(),
            lifetime: limits.web_connection_time(),
        }
    }

    /// How many connections there can be with these limits.
    pub(crate) fn count_max(limits: &Limits) -> usize {
        limits.web_connections_max.saturating_mul(2)
    }

    /// A place for a connection from `address`; one that is older may lose its own.
    pub(super) fn take(&self, address: IpAddr, is_proxy: bool) -> io::Result<Place> {
        let room = if is_proxy {
            &self.proxies
        } else {
            &self.strangers
        };
        room.take(address)
            .ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
    }

    /// Watches over the connection that has this place.
    pub(super) fn watch(&self, place: Place, is_proxy: bool) -> Watch {
        Watch {
            dismissed: Box::pin(place.dismissal.clone().cancelled_owned()),
            lifetime: (!is_proxy).then(|| Box::pin(sleep(self.lifetime))),
            stall: self.stall,
            stalled: None,
            _place: place,
        }
    }
}

impl Room {
    fn new(all: usize, per_network: usize) -> Self {
        Self {
            door: Door::new(Caps { all, per_network }),
            inside: Arc::default(),
        }
    }

    fn take(&self, address: IpAddr) -> Option<Place> {
        let mut inside = self.lock();
        // One worker looks after all of them: the host.
        let (ticket, dismissed) = self.door.admit(address, 0)?;
        if let Some(dismissed) = dismissed
            && let Some(dismissal) = inside.remove(&dismissed.connection)
        {
            dismissal.cancel();
        }
        let dismissal = CancellationToken::new();
        inside.insert(ticket.connection(), dismissal.clone());
        drop(inside);
        Some(Place {
            ticket,
            room: self.clone(),
            dismissal,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, CancellationToken>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits for `work`, unless the place is lost before it is done.
    pub(super) async fn hold<T>(&self, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        tokio::select! {
            biased;
            () = self.dismissal.cancelled() => Err(io::ErrorKind::ConnectionAborted.into()),
            done = work => done,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.lock().remove(&self.ticket.connection());
    }
}

impl Watch {
    /// Whether the connection may go on; wakes the task when it no longer may.
    pub(super) fn allow(&mut self, task: &mut Context<'_>) -> io::Result<()> {
        if self.dismissed.as_mut().poll(task).is_ready() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let timers = [self.lifetime.as_mut(), self.stalled.as_mut()];
        for timer in timers.into_iter().flatten() {
            if timer.as_mut().poll(task).is_ready() {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// Notes whether a write had to wait.
    pub(super) fn wrote<T>(
        &mut self,
        task: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
        } else if self.stalled.is_none() {
            let mut timer = Box::pin(sleep(self.stall));
            if timer.as_mut().poll(task).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.stalled = Some(timer);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn places() -> Places {
        Places::new(&Limits {
            web_connections_max: 3,
            web_connections_per_address_max: 2,
            ..Limits::default()
        })
    }

    #[test]
    fn a_network_displaces_its_own_oldest_and_nobody_elses() {
        let places = places();
        let take = |address| places.take(address, false).unwrap();
        let away = take(AWAY);
        let homes: Vec<Place> = (0..5).map(|_| take(HOME)).collect();
        let lost = homes.iter().map(|place| place.dismissal.is_cancelled());
        assert_eq!(lost.collect::<Vec<_>>(), [true, true, true, false, false]);
        assert!(!away.dismissal.is_cancelled());
        drop(homes);
        drop(away);
        assert_eq!(places.strangers.door.count(), 0);
        assert!(places.strangers.lock().is_empty());
    }

    #[test]
    fn a_proxy_has_no_share_and_takes_nobody_elses_place() {
        let places = places();
        let stranger = places.take(HOME, false).unwrap();
        let take = |_| places.take(AWAY, true).unwrap();
        let proxied: Vec<Place> = (0..4).map(take).collect();
        let lost = proxied.iter().map(|place| place.dismissal.is_cancelled());
        assert_eq!(lost.collect::<Vec<_>>(), [true, false, false, false]);
        assert!(!stranger.dismissal.is_cancelled());
    }
}
