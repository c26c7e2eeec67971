//! What can become of a message that did not get through.
//!
//! The kinds answer the two questions a caller has: is it the recipient's fault
//! (then say so to who typed it), and may it be tried again?

use thiserror::Error;

/// Why a message was not, or may not have been, accepted. The texts are for the
/// operator's log: they hold status codes and kinds of failure, never what the
/// other side wrote, which may repeat the number, the address or the code.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DeliveryError {
    /// The number or address is not one that can be sent to. Not accepted.
    #[error("the recipient was not accepted")]
    BadRecipient,
    /// A no to this message alone, which another carrier may well take: the
    /// number has had enough for today, the country is not served, the template
    /// is missing. The carrier itself is well. Not accepted.
    #[error("declined: {0}")]
    Declined(String),
    /// A no that will be a no again, to any message: the provider's (a wrong
    /// password, an empty account), or ours to a server whose certificate is not
    /// trusted. Not accepted.
    #[error("refused: {0}")]
    Refused(String),
    /// Did not work now and may work later. Certainly not accepted.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// No answer in time, or none that could be understood: whether the message
    /// was accepted is unknown.
    #[error("no clear answer in time")]
    TimedOut,
    /// An answer that leaves open whether the message was accepted.
    #[error("perhaps accepted: {0}")]
    Unclear(String),
}

impl DeliveryError {
    /// Whether sending the same message again can do no harm, given whether the
    /// driver is [idempotent](crate::SmsGateway::idempotent). What is refused
    /// is never repeated: the answer would be the same.
    #[must_use]
    pub fn repeating_is_safe(&self, idempotent: bool) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::TimedOut | Self::Unclear(_) => idempotent,
            Self::BadRecipient | Self::Declined(_) | Self::Refused(_) => false,
        }
    }

    /// Whether the message may have been accepted all the same.
    #[must_use]
    pub fn leaves_doubt(&self) -> bool {
        matches!(self, Self::TimedOut | Self::Unclear(_))
    }

    /// Whether it says something about the carrier, and not about the message.
    #[must_use]
    pub fn is_the_carriers(&self) -> bool {
        !matches!(self, Self::BadRecipient | Self::Declined(_))
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryError::{
        self, BadRecipient, Declined, Refused, TimedOut, Unavailable, Unclear,
    };

    #[test]
    fn only_what_cannot_arrive_twice_is_repeated() {
        let safe = |error: DeliveryError| {
            [
                error.repeating_is_safe(false),
                error.repeating_is_safe(true),
            ]
        };
        assert_eq!(safe(Unavailable(String::new())), [true, true]);
        assert_eq!(safe(TimedOut), [false, true]);
        assert_eq!(safe(Unclear(String::new())), [false, true]);
        assert_eq!(safe(Declined(String::new())), [false, false]);
        assert_eq!(safe(Refused(String::new())), [false, false]);
        assert_eq!(safe(BadRecipient), [false, false]);
    }
}
