//! What a failure in the conversation with a mail server means.
//!
//! Reply codes are RFC 5321's, the enhanced ones (`5.1.1`) RFC 3463's. What the
//! server writes beside them is left out: it likes to repeat the address.

use std::error::Error as StdError;
use std::fmt;

use lettre::transport::smtp::Error;

use crate::DeliveryError;
use crate::settings::{io_failure, is_untrusted_certificate};

/// How far the conversation had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Greeting,
    StartTls,
    SignIn,
    Sender,
    Recipient,
    Data,
    /// The mail itself is being, or has been, handed over.
    Letter,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "the greeting",
            Self::StartTls => "STARTTLS",
            Self::SignIn => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Data => "DATA",
            Self::Letter => "the mail",
        })
    }
}

/// What `error`, met at `stage`, means for the message.
pub(super) fn verdict(stage: Stage, error: &Error) -> DeliveryError {
    if let Some(code) = error.status() {
        let text = error.source().map(ToString::to_string);
        return judge_reply(stage, code.into(), text.as_deref().unwrap_or_default());
    }
    if stage == Stage::Letter {
        return DeliveryError::TimedOut;
    }
    if is_untrusted_certificate(error) {
        return DeliveryError::Refused(String::from(
            "the mail server's certificate is not trusted for its name",
        ));
    }
    // The library's own objection: the server does not offer it, or in no way
    // that we have.
    if error.is_client() && matches!(stage, Stage::StartTls | Stage::SignIn) {
        return DeliveryError::Refused(format!("the mail server does not offer {stage}"));
    }
    DeliveryError::Unavailable(format!(
        "the mail server was lost at {stage}: {}",
        io_failure(error)
    ))
}

fn judge_reply(stage: Stage, code: u16, text: &str) -> DeliveryError {
    let enhanced = enhanced_status(text);
    let said = match enhanced {
        Some((subject, detail)) => format!("{code} {}.{subject}.{detail}", code / 100),
        None => code.to_string(),
    };
    let said = format!("the mail server answered {said} to {stage}");
    match code / 100 {
        5 if is_about_recipient(stage, code, enhanced) => DeliveryError::BadRecipient,
        5 => DeliveryError::Refused(said),
        _ => DeliveryError::Unavailable(said),
    }
}

/// A 550 to RCPT TO says "no such mailbox" as well as "you may not relay here":
/// where the server gives the finer code, that one decides.
fn is_about_recipient(stage: Stage, code: u16, enhanced: Option<(u16, u16)>) -> bool {
    match enhanced {
        // X.1.7 and X.1.8 are about the sender's address.
        Some((1, detail)) => {
            matches!(stage, Stage::Recipient | Stage::Letter) && !matches!(detail, 7 | 8)
        }
        // X.7: policy, such as relaying denied or the sender not being the user.
        Some((7, _)) => false,
        _ => stage == Stage::Recipient && matches!(code, 501 | 550 | 551 | 553 | 556),
    }
}

/// The subject and detail of the enhanced status code that `text` opens with.
fn enhanced_status(text: &str) -> Option<(u16, u16)> {
    let mut parts = text.split_whitespace().next()?.split('.');
    let class = parts.next()?;
    let subject = parts.next()?.parse().ok()?;
    let detail = parts.next()?.parse().ok()?;
    (matches!(class, "4" | "5") && parts.next().is_none()).then_some((subject, detail))
}

#[cfg(test)]
mod tests {
    use super::{Stage, enhanced_status, judge_reply};
    use crate::DeliveryError::{BadRecipient, Refused, Unavailable};

    #[test]
    fn a_mailbox_that_is_not_there_is_the_recipients_fault() {
        for (code, text) in [
            (550, "no such user"),
            (550, "5.1.1 <alice@example.org>: unknown"),
            (553, "5.1.3 bad syntax"),
            (551, "user not local"),
            (501, "syntax"),
            (556, "5.1.10 null MX"),
        ] {
            assert_eq!(judge_reply(Stage::Recipient, code, text), BadRecipient);
        }
        assert_eq!(judge_reply(Stage::Letter, 550, "5.1.1 gone"), BadRecipient);
    }

    #[test]
    fn a_server_that_will_not_have_us_is_not_the_recipients_fault() {
        for (stage, code, text) in [
            (Stage::Recipient, 550, "5.7.1 relaying denied"),
            (Stage::Recipient, 553, "5.7.1 sender not owned by user"),
            (Stage::Recipient, 550, "5.1.8 sender's domain unknown"),
            (Stage::Recipient, 554, "no"),
            (Stage::Sender, 550, "no such sender"),
            (Stage::SignIn, 535, "5.7.8 wrong password"),
            (Stage::Letter, 550, "spam"),
            (Stage::Letter, 554, "5.6.0 malformed"),
        ] {
            let error = judge_reply(stage, code, text);
            assert!(matches!(error, Refused(_)), "{code} {text}: {error:?}");
        }
    }

    #[test]
    fn a_4xx_may_work_later_at_any_stage() {
        for stage in [Stage::Greeting, Stage::Recipient, Stage::Letter] {
            let error = judge_reply(stage, 450, "4.1.1 later");
            assert!(matches!(error, Unavailable(_)), "{error:?}");
        }
    }

    #[test]
    fn a_reply_is_told_by_its_codes_and_not_by_its_words() {
        let error = judge_reply(Stage::SignIn, 535, "5.7.8 alice@example.org: go away");
        assert_eq!(
            error.to_string(),
            "refused: the mail server answered 535 5.7.8 to AUTH"
        );
    }

    #[test]
    fn only_an_enhanced_status_code_is_read_as_one() {
        assert_eq!(enhanced_status("5.1.10 x"), Some((1, 10)));
        for text in [
            "",
            "5.1",
            "5.1.1.1 x",
            "2.1.5 ok",
            "10.0.0.1 blocked",
            "x 5.1.1",
        ] {
            assert_eq!(enhanced_status(text), None, "{text}");
        }
    }
}
