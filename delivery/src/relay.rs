//! Several carriers in a row: the next takes over when one fails, where the message
//! was certainly not accepted.
//!
//! A message makes rounds. In a round, each carrier is tried once, in the order of
//! the configuration, those that have failed several times in a row last. What one
//! declines, refuses or cannot take now goes on to the next. A message whose fate is
//! unknown never does: it stays with its carrier, which tries again only if repeats
//! are harmless there. After a round in which nobody took it, those who may later
//! are asked again after a pause. All of it ends at one deadline, because someone
//! waits for the answer.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::retry::repeat;
use crate::{DeliveryError, Mailer, Message, Retry, SmsGateway};
use pulse::Pulse;

mod pulse;

pub use pulse::{Patience, Rung};

/// The carriers of one kind of message, and how they take turns.
pub struct Relay {
    stations: Vec<Station>,
    retry: Retry,
}

struct Station {
    carrier: Carrier,
    pulse: Arc<Pulse>,
}

enum Carrier {
    Sms(Arc<dyn SmsGateway>),
    Mail(Arc<dyn Mailer>),
}

impl Carrier {
    fn name(&self) -> &'static str {
        match self {
            Self::Sms(gateway) => gateway.name(),
            Self::Mail(mailer) => mailer.name(),
        }
    }

    fn idempotent(&self) -> bool {
        match self {
            Self::Sms(gateway) => gateway.idempotent(),
            Self::Mail(mailer) => mailer.idempotent(),
        }
    }

    async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        match self {
            Self::Sms(gateway) => gateway.send(message).await,
            Self::Mail(mailer) => mailer.send(message).await,
        }
    }
}

impl Relay {
    /// To phones, by these gateways, the first one first. None of them means that
    /// nothing can be sent.
    #[must_use]
    pub fn sms(gateways: Vec<Arc<dyn SmsGateway>>, retry: Retry, patience: Patience) -> Self {
        let carriers = gateways.into_iter().map(Carrier::Sms);
        Self::new(carriers, retry, patience)
    }

    /// To mailboxes, by these mailers, the first one first.
    #[must_use]
    pub fn mail(mailers: Vec<Arc<dyn Mailer>>, retry: Retry, patience: Patience) -> Self {
        let carriers = mailers.into_iter().map(Carrier::Mail);
        Self::new(carriers, retry, patience)
    }

    fn new(carriers: impl Iterator<Item = Carrier>, retry: Retry, patience: Patience) -> Self {
        let station = |carrier: Carrier| Station {
            pulse: Arc::new(Pulse::new(carrier.name(), patience)),
            carrier,
        };
        Self {
            stations: carriers.map(station).collect(),
            retry,
        }
    }

    /// What others may know of it.
    #[must_use]
    pub fn rung(&self) -> Rung {
        Rung::of(self.stations.iter().map(|station| &station.pulse))
    }

    /// Sends `message`, and answers with the name of the carrier that took it.
    ///
    /// # Errors
    /// The last carrier's word; but [`DeliveryError::TimedOut`] where that is "not
    /// now" and an earlier attempt leaves a doubt.
    pub async fn send(&self, message: &Message) -> Result<&'static str, DeliveryError> {
        let journey = Journey {
            relay: self,
            message,
            course: Mutex::default(),
        };
        let may_repeat = |error: &DeliveryError| error.repeating_is_safe(journey.is_bound());
        repeat(&self.retry, may_repeat, || journey.round()).await
    }

    /// The stations in the order in which they are tried now.
    fn in_turn(&self) -> Vec<usize> {
        let mut turns: Vec<usize> = (0..self.stations.len()).collect();
        turns.sort_by_key(|turn| !self.stations[*turn].pulse.is_alive());
        turns
    }
}

/// One message's way.
struct Journey<'a> {
    relay: &'a Relay,
    message: &'a Message,
    course: Mutex<Course>,
}

#[derive(Default)]
struct Course {
    /// Who said no for good.
    out: BTreeSet<usize>,
    /// Who may have it, and may be given it again. Nobody else may, from then on.
    bound: Option<usize>,
}

impl Journey<'_> {
    fn course(&self) -> std::sync::MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_bound(&self) -> bool {
        self.course().bound.is_some()
    }

    /// Whom this round asks.
    fn turns(&self) -> Vec<usize> {
        let course = self.course();
        match course.bound {
            Some(turn) => vec![turn],
            None => {
                let mut turns = self.relay.in_turn();
                turns.retain(|turn| !course.out.contains(turn));
                turns
            }
        }
    }

    async fn round(&self) -> Result<&'static str, DeliveryError> {
        let (mut later, mut never) = (None, None);
        for turn in self.turns() {
            let Station { carrier, pulse } = &self.relay.stations[turn];
            let error = match carrier.send(self.message).await {
                Ok(()) => {
                    pulse.is_well();
                    return Ok(carrier.name());
                }
                Err(error) => error,
            };
            if error.is_the_carriers() {
                pulse.failed();
            } else {
                pulse.is_well();
            }
            if error.leaves_doubt() {
                self.course().bound = carrier.idempotent().then_some(turn);
                return Err(error);
            }
            if self.is_bound() || error == DeliveryError::BadRecipient {
                return Err(error);
            }
            log::warn!(
                "event=not_carried driver={} request={} error=\"{error}\"",
                carrier.name(),
                self.message.request_id
            );
            match error {
                DeliveryError::Unavailable(_) => later = Some(error),
                _ => {
                    self.course().out.insert(turn);
                    never = Some(error);
                }
            }
        }
        // Whoever may take it later keeps the hope up.
        Err(later.or(never).unwrap_or_else(|| {
            DeliveryError::Refused(String::from("no way to send it is configured"))
        }))
    }
}

#[cfg(test)]
mod tests;
