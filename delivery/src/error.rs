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
    /// A no that will be a no again: the provider's (a wrong password, an empty
    /// account), or ours to a server whose certificate is not trusted. Not
    /// accepted.
    #[error("refused: {0}")]
    Refused(String),
    /// Did not work now and may work later. Certainly not accepted.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// No answer in time, or none that could be understood: whether the message
    /// was accepted is unknown.
    #[error("no clear answer in time")]
    TimedOut,
}

impl DeliveryError {
    /// Whether sending the same message again can do no harm, given whether the
    /// driver is [idempotent](crate::SmsGateway::idempotent). What is refused
    /// is never repeated: the answer would be the same.
    #[must_use]
    pub fn repeating_is_safe(&self, idempotent: bool) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::TimedOut => idempotent,
            Self::BadRecipient | Self::Refused(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryError::{self, BadRecipient, Refused, TimedOut, Unavailable};

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
        assert_eq!(safe(Refused(String::new())), [false, false]);
        assert_eq!(safe(BadRecipient), [false, false]);
    }
}
