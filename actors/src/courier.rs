//! The `Courier` carries codes and notices: by SMS or by mail, and never more at
//! once than it may.
//!
//! It owns the relays, which know the gateways, what may be repeated and what goes
//! on to the next. `AuthRegistry` asks it and waits for the outcome ([`Carry`]);
//! nobody else speaks to it, but whoever holds its [`Rungs`] sees whether phones and
//! mailboxes can be reached. It stops with the server, which does not wait for what
//! is under way: a code can be asked for again.

use crate::vital::Vital;
use actix::prelude::*;
use qunliao_delivery::{DeliveryError, Message as Parcel, Relay, Rung};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How a parcel travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// To a phone.
    Sms,
    /// To an address.
    Mail,
}

/// Carry a parcel, and say how it went.
#[derive(Message)]
#[rtype(result = "Result<(), DeliveryError>")]
pub struct Carry {
    /// How.
    pub channel: Channel,
    /// What, and to whom.
    pub parcel: Parcel,
}

/// The ways to people: whether they are configured, and alive. For whoever tells
/// clients how they can sign up; cheap to clone, and to ask from any thread.
#[derive(Clone, Debug)]
pub struct Rungs {
    /// To phones.
    pub sms: Rung,
    /// To addresses.
    pub mail: Rung,
}

/// The actor.
pub struct Courier {
    sms: Arc<Relay>,
    mail: Arc<Relay>,
    under_way: Arc<AtomicUsize>,
    under_way_max: usize,
    vital: Vital,
}

impl Courier {
    /// A courier with these relays, carrying at most `under_way_max` at once.
    #[must_use]
    pub fn new(sms: Relay, mail: Relay, under_way_max: usize, vital: Vital) -> Self {
        Self {
            sms: Arc::new(sms),
            mail: Arc::new(mail),
            under_way: Arc::default(),
            under_way_max,
            vital,
        }
    }

    /// What others may know of its ways.
    #[must_use]
    pub fn rungs(&self) -> Rungs {
        Rungs {
            sms: self.sms.rung(),
            mail: self.mail.rung(),
        }
    }
}

impl Actor for Courier {
    type Context = Context<Self>;

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        self.vital.release();
        Running::Stop
    }
}

/// Counts a parcel until it is delivered or given up.
struct Load(Arc<AtomicUsize>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Handler<Carry> for Courier {
    type Result = ResponseFuture<Result<(), DeliveryError>>;

    fn handle(&mut self, Carry { channel, parcel }: Carry, _: &mut Self::Context) -> Self::Result {
        let before = self.under_way.fetch_add(1, Ordering::Relaxed);
        let load = Load(Arc::clone(&self.under_way));
        if before >= self.under_way_max {
            log::warn!("event=delivery_refused reason=too_many_under_way count={before}");
            return Box::pin(async move {
                drop(load);
                Err(DeliveryError::Unavailable(
                    "too many deliveries under way".into(),
                ))
            });
        }
        let relay = match channel {
            Channel::Sms => Arc::clone(&self.sms),
            Channel::Mail => Arc::clone(&self.mail),
        };
        Box::pin(async move {
            let _load = load;
            let outcome = relay.send(&parcel).await;
            let (kind, id) = (parcel.kind().word(), &parcel.request_id);
            match &outcome {
                Ok(driver) => log::info!(
                    "event=code_sent channel={channel:?} driver={driver} kind={kind} request={id}"
                ),
                Err(why) => log::warn!(
                    "event=code_not_sent channel={channel:?} kind={kind} request={id} error=\"{why}\""
                ),
            }
            outcome.map(drop)
        })
    }
}

impl Handler<crate::Stop> for Courier {
    type Result = ();

    fn handle(&mut self, _: crate::Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<crate::Ping> for Courier {
    type Result = ();

    fn handle(&mut self, _: crate::Ping, _: &mut Self::Context) {}
}
