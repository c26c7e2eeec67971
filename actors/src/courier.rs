//! The `Courier` carries codes: by SMS or by mail, with repeats where repeating is
//! safe, and never more at once than it may.
//!
//! It owns the gateways. `AuthRegistry` asks it and waits for the outcome
//! ([`Carry`]); nobody else speaks to it. It stops with the server, which does not
//! wait for what is under way: a code can be asked for again.

use crate::vital::Vital;
use actix::prelude::*;
use qunliao_delivery::{DeliveryError, Mailer, Message as Parcel, Retry, SmsGateway};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How a code travels.
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

/// The actor.
pub struct Courier {
    sms: Arc<dyn SmsGateway>,
    mail: Arc<dyn Mailer>,
    retry: Retry,
    under_way: Arc<AtomicUsize>,
    under_way_max: usize,
    vital: Vital,
}

impl Courier {
    /// A courier with these gateways, carrying at most `under_way_max` at once.
    #[must_use]
    pub fn new(
        sms: Arc<dyn SmsGateway>,
        mail: Arc<dyn Mailer>,
        retry: Retry,
        under_way_max: usize,
        vital: Vital,
    ) -> Self {
        Self {
            sms,
            mail,
            retry,
            under_way: Arc::default(),
            under_way_max,
            vital,
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
        let (sms, mail, retry) = (Arc::clone(&self.sms), Arc::clone(&self.mail), self.retry);
        Box::pin(async move {
            let _load = load;
            let (driver, outcome) = match channel {
                Channel::Sms => (sms.name(), retry.sms(&*sms, &parcel).await),
                Channel::Mail => (mail.name(), retry.mail(&*mail, &parcel).await),
            };
            let id = &parcel.request_id;
            match &outcome {
                Ok(()) => {
                    log::info!("event=code_sent channel={channel:?} driver={driver} request={id}");
                }
                Err(why) => log::warn!(
                    "event=code_not_sent channel={channel:?} driver={driver} request={id} error=\"{why}\""
                ),
            }
            outcome
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
