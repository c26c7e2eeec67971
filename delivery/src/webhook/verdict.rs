//! What the endpoint's answer, or the lack of one, means for the message.

use std::io::ErrorKind;

use ureq::http::Response;
use ureq::{Body, Error};

use crate::DeliveryError;
use crate::settings::is_untrusted_certificate;

/// What came of a request. The body of an answer is never looked at.
pub(super) fn verdict(answer: Result<Response<Body>, Error>) -> Result<(), DeliveryError> {
    match answer {
        Ok(response) => judge_status(response.status().as_u16()),
        Err(error) => Err(judge_failure(&error)),
    }
}

fn judge_status(status: u16) -> Result<(), DeliveryError> {
    let said = format!("the SMS webhook answered {status}");
    match status {
        200..=299 => Ok(()),
        400 | 422 => Err(DeliveryError::BadRecipient),
        429 | 500..=599 => Err(DeliveryError::Unavailable(said)),
        _ => Err(DeliveryError::Refused(said)),
    }
}

/// Sorts failures by whether the request can have been sent. Where that is not
/// plain, and where an answer came that is no HTTP, the message may have been
/// accepted.
fn judge_failure(error: &Error) -> DeliveryError {
    if is_untrusted_certificate(error) || wraps_untrusted_certificate(error) {
        return DeliveryError::Refused(String::from(
            "the SMS webhook's certificate is not trusted for its name",
        ));
    }
    let unreachable = match error {
        Error::HostNotFound => "its name is unknown".to_owned(),
        Error::ConnectionFailed => "no connection".to_owned(),
        Error::Io(error) if precedes_sending(error.kind()) => error.kind().to_string(),
        _ => return DeliveryError::TimedOut,
    };
    DeliveryError::Unavailable(format!("the SMS webhook cannot be reached: {unreachable}"))
}

/// `ureq::Error` shows what it wraps, but does not name it as its source.
fn wraps_untrusted_certificate(error: &Error) -> bool {
    matches!(error, Error::Io(inner) if is_untrusted_certificate(inner))
}

/// Kinds that only connecting can end with.
fn precedes_sending(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::AddrNotAvailable
    )
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};

    use ureq::Error;

    use super::{judge_failure, judge_status};
    use crate::DeliveryError::{BadRecipient, Refused, TimedOut, Unavailable};

    #[test]
    fn every_status_has_its_meaning() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(judge_status(status), Ok(()), "{status}");
        }
        for status in [400, 422] {
            assert_eq!(judge_status(status), Err(BadRecipient), "{status}");
        }
        for status in [429, 500, 502, 503, 599] {
            let verdict = judge_status(status);
            assert!(matches!(verdict, Err(Unavailable(_))), "{status}");
        }
        for status in [301, 302, 307, 308, 401, 403, 404, 410, 600] {
            let verdict = judge_status(status);
            assert!(matches!(verdict, Err(Refused(_))), "{status}");
        }
    }

    #[test]
    fn a_connection_lost_on_the_way_leaves_a_doubt() {
        for kind in [
            ErrorKind::ConnectionReset,
            ErrorKind::BrokenPipe,
            ErrorKind::UnexpectedEof,
        ] {
            let error = Error::Io(io::Error::from(kind));
            assert_eq!(judge_failure(&error), TimedOut, "{kind}");
        }
        let refused = Error::Io(io::Error::from(ErrorKind::ConnectionRefused));
        assert!(matches!(judge_failure(&refused), Unavailable(_)));
    }
}
