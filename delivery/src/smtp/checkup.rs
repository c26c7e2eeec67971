//! What a failure to reach the mail server means to an operator, and what to do.

use lettre::transport::smtp::Error;

use super::verdict::{Stage, verdict};
use crate::DeliveryError;
use crate::settings::{io_failure, is_untrusted_certificate};

/// For a server that says nothing in time.
pub(super) const SILENT: &str = "the mail server does not answer in time: \
    check host and port, and that tls fits them (465 goes with implicit, 587 with starttls)";

/// The verdict on `error`, with what to do about it.
pub(super) fn explain(stage: Stage, error: &Error) -> DeliveryError {
    let advice = advice(stage, error);
    match verdict(stage, error) {
        DeliveryError::Refused(said) => DeliveryError::Refused(format!("{said}: {advice}")),
        DeliveryError::Unavailable(said) => DeliveryError::Unavailable(format!("{said}: {advice}")),
        other => other,
    }
}

fn advice(stage: Stage, error: &Error) -> &'static str {
    let code: Option<u16> = error.status().map(Into::into);
    match (stage, code) {
        _ if is_untrusted_certificate(error) => {
            "host must be the name in it, and its issuer be known or stand in ca_file"
        }
        (Stage::StartTls, _) => "choose tls: implicit, with its port (465 as a rule)",
        (Stage::SignIn, Some(530 | 534 | 538)) => "it wants to be signed in to in another way",
        (Stage::SignIn, Some(500..=599)) => {
            "check user and password; some providers want one made for programs"
        }
        (Stage::SignIn, None) if error.is_client() => {
            "without AUTH PLAIN or LOGIN: leave user and password empty, or check the port"
        }
        (_, Some(421)) => "it is busy, or does not want connections from here",
        (_, Some(_)) => "it does not want connections from here",
        (_, None) if io_failure(error) == "connection refused" => {
            "nothing listens there: check host and port"
        }
        (_, None) => {
            "check host and port, and that tls fits them (465 goes with implicit, 587 with starttls)"
        }
    }
}
