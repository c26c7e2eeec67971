//! What a carrier of messages must do, once for SMS and once for mail.
//!
//! Two traits rather than one, so that a mail server cannot be put where an SMS
//! gateway belongs. A driver sends once: whether to try again is for
//! the [`Relay`](crate::Relay) to say, which asks it only whether that is harmless.

use async_trait::async_trait;

use crate::{DeliveryError, DryRun, Message};

/// Carries a message to a phone.
#[async_trait]
pub trait SmsGateway: Send + Sync {
    /// Hands `message` over once, to the E.164 number in `message.to`. `Ok`
    /// means that the gateway has accepted it, not that the phone has rung.
    /// Answers within the driver's own timeout.
    ///
    /// # Errors
    /// See [`DeliveryError`]: who may be at fault, and whether it was accepted.
    async fn send(&self, message: &Message) -> Result<(), DeliveryError>;

    /// The driver's name, as the configuration spells it.
    fn name(&self) -> &'static str;

    /// Whether the same message (the same `request_id`) given twice reaches its
    /// reader once. If not, it is never repeated when its fate is unknown: an
    /// SMS costs money, and a second code confuses.
    fn idempotent(&self) -> bool;

    /// What would be sent for `message`, and what would be signed, without sending
    /// anything. `None` where nothing would cross a network.
    ///
    /// # Errors
    /// As [`send`](Self::send), for what is wrong before anything is sent.
    fn dry_run(&self, message: &Message) -> Result<Option<DryRun>, DeliveryError> {
        let _ = message;
        Ok(None)
    }
}

/// Carries a message to a mailbox.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands `message` over once, to the address in `message.to`. `Ok` means
    /// that the mail server has taken responsibility for it (RFC 5321, 4.2.5).
    /// Answers within the driver's own timeout.
    ///
    /// # Errors
    /// See [`DeliveryError`]: who may be at fault, and whether it was accepted.
    async fn send(&self, message: &Message) -> Result<(), DeliveryError>;

    /// The driver's name, as the configuration spells it.
    fn name(&self) -> &'static str;

    /// Whether the same message (the same `request_id`) given twice reaches its
    /// reader once; see [`SmsGateway::idempotent`].
    fn idempotent(&self) -> bool;
}
