//! What the lack of an answer means for the message.

use std::io::ErrorKind;

use ureq::{Error, Timeout};

use crate::DeliveryError;
use crate::settings::is_untrusted_certificate;

/// Sorts failures by whether the request can have been sent. Where that is not
/// plain, and where an answer came that is no HTTP, the message may have been
/// accepted.
pub(super) fn judge(name: &str, error: &Error) -> DeliveryError {
    if is_untrusted_certificate(error) || wraps_untrusted_certificate(error) {
        return DeliveryError::Refused(format!("{name}'s certificate is not trusted for its name"));
    }
    let unreachable = match error {
        Error::HostNotFound => "its name is unknown".to_owned(),
        Error::ConnectionFailed => "no connection".to_owned(),
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => "no connection in time".to_owned(),
        Error::Io(error) if precedes_sending(error.kind()) => error.kind().to_string(),
        _ => return DeliveryError::TimedOut,
    };
    DeliveryError::Unavailable(format!("{name} cannot be reached: {unreachable}"))
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

    use ureq::{Error, Timeout};

    use super::judge;
    use crate::DeliveryError::{TimedOut, Unavailable};

    #[test]
    fn a_connection_lost_on_the_way_leaves_a_doubt() {
        for kind in [
            ErrorKind::ConnectionReset,
            ErrorKind::BrokenPipe,
            ErrorKind::UnexpectedEof,
        ] {
            let error = Error::Io(io::Error::from(kind));
            assert_eq!(judge("aliyun", &error), TimedOut, "{kind}");
        }
        for late in [Timeout::Global, Timeout::SendRequest, Timeout::RecvResponse] {
            assert_eq!(judge("aliyun", &Error::Timeout(late)), TimedOut, "{late}");
        }
    }

    #[test]
    fn a_connection_that_never_was_leaves_none() {
        for error in [
            Error::Io(io::Error::from(ErrorKind::ConnectionRefused)),
            Error::Timeout(Timeout::Resolve),
            Error::Timeout(Timeout::Connect),
            Error::HostNotFound,
        ] {
            let verdict = judge("aliyun", &error);
            assert!(matches!(verdict, Unavailable(_)), "{error}: {verdict}");
            assert!(verdict.to_string().contains("aliyun cannot be reached"));
        }
    }
}
