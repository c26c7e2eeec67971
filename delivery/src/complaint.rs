//! What a provider says went wrong, and what an operator can do about it.
//!
//! Each provider has a table of its error codes. Of its answers the code alone is
//! repeated, cleaned: the sentences beside it are theirs, and like to repeat the
//! number or the code that was sent.

use std::fmt;

use crate::DeliveryError;

/// What a provider's error means for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The number is no good.
    BadNumber,
    /// Not this message, here and now.
    Declined,
    /// No message at all, until someone does something about it.
    Refused,
    /// Not now. Certainly not accepted.
    Later,
    /// Perhaps accepted.
    Unclear,
}

/// A line of a provider's table.
pub(crate) struct Row {
    /// The provider's code; with a `*` at its end, all that begin so.
    pub(crate) code: &'static str,
    pub(crate) fate: Fate,
    /// What it means, and what to do.
    pub(crate) advice: &'static str,
}

/// Shortens the tables.
pub(crate) const fn row(code: &'static str, fate: Fate, advice: &'static str) -> Row {
    Row { code, fate, advice }
}

/// A provider's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) gateway: &'static str,
    /// Cleaned.
    pub(crate) code: String,
    pub(crate) fate: Fate,
    pub(crate) advice: &'static str,
}

impl Complaint {
    /// What `code`, given along with `status`, means by `table`. A code that is not
    /// in it is a refusal if the status says so (RFC 9110, 15.5: the fault is in the
    /// request); else nothing is certain.
    pub(crate) fn read(gateway: &'static str, table: &[Row], code: &str, status: u16) -> Self {
        let found = table.iter().find(|row| match row.code.strip_suffix('*') {
            Some(beginning) => code.starts_with(beginning),
            None => code == row.code,
        });
        let (fate, advice) = match (found, status) {
            (Some(row), _) => (row.fate, row.advice),
            (None, 429) => (Fate::Later, "requests come too fast"),
            (None, 400..=499) => (Fate::Refused, UNKNOWN),
            (None, _) => (Fate::Unclear, UNKNOWN),
        };
        Self {
            gateway,
            code: cleaned(code),
            fate,
            advice,
        }
    }

    /// What an answer means that says nothing we can read, by its status.
    pub(crate) fn unreadable(gateway: &'static str, status: u16) -> Self {
        let (fate, advice) = match status {
            200..=299 => (Fate::Unclear, "its answer is not of its usual form"),
            300..=399 => (
                Fate::Refused,
                "a redirect, which is not followed: check url",
            ),
            401 | 403 => (
                Fate::Refused,
                "it does not accept who we are: check the credentials",
            ),
            404 | 405 => (Fate::Refused, "that is not where it listens: check url"),
            429 => (Fate::Later, "requests come too fast"),
            408 | 499 => (Fate::Unclear, "it gave up waiting"),
            400..=499 => (Fate::Refused, "it does not understand us: check url"),
            _ => (
                Fate::Unclear,
                "it is out of order: see the provider's status page",
            ),
        };
        Self {
            gateway,
            code: status.to_string(),
            fate,
            advice,
        }
    }

    /// Tells the operator, and answers with what it means for the message.
    pub(crate) fn tell(self, request_id: &str) -> DeliveryError {
        let Self {
            gateway,
            code,
            advice,
            ..
        } = &self;
        log::warn!(
            "event=gateway_error gateway={gateway} request={request_id} code={code} advice=\"{advice}\""
        );
        self.into()
    }
}

const UNKNOWN: &str = "look the code up in the provider's documentation";

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            gateway,
            code,
            advice,
            ..
        } = self;
        write!(f, "{gateway} answered {code}: {advice}")
    }
}

impl From<Complaint> for DeliveryError {
    fn from(complaint: Complaint) -> Self {
        let said = complaint.to_string();
        match complaint.fate {
            Fate::BadNumber => Self::BadRecipient,
            Fate::Declined => Self::Declined(said),
            Fate::Refused => Self::Refused(said),
            Fate::Later => Self::Unavailable(said),
            Fate::Unclear => Self::Unclear(said),
        }
    }
}

/// A code as it may be written down: one short word, in which no telephone number
/// and no code of ours can hide.
fn cleaned(code: &str) -> String {
    const CHARS_MAX: usize = 64;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let mut digits = code.split(|c: char| !c.is_ascii_digit());
    let is_harmless = !code.is_empty()
        && code.len() <= CHARS_MAX
        && code.chars().all(is_plain)
        && digits.all(|digits| digits.len() < 6);
    if is_harmless {
        code.to_owned()
    } else {
        String::from("(not a code)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Complaint, Fate, Row, cleaned, row};
    use crate::DeliveryError;

    const TABLE: &[Row] = &[
        row("isv.AMOUNT_NOT_ENOUGH", Fate::Refused, "top up"),
        row("Throttling*", Fate::Later, "slow down"),
    ];

    fn fate(code: &str, status: u16) -> Fate {
        Complaint::read("aliyun", TABLE, code, status).fate
    }

    #[test]
    fn a_known_code_says_what_to_do() {
        let complaint = Complaint::read("aliyun", TABLE, "isv.AMOUNT_NOT_ENOUGH", 200);
        assert_eq!(
            DeliveryError::from(complaint),
            DeliveryError::Refused(String::from(
                "aliyun answered isv.AMOUNT_NOT_ENOUGH: top up"
            ))
        );
        assert_eq!(fate("Throttling.User", 400), Fate::Later);
        assert_eq!(fate("Throttling", 503), Fate::Later);
    }

    #[test]
    fn an_unknown_code_is_believed_to_be_a_no_only_where_the_status_says_so() {
        assert_eq!(fate("isv.NEW", 400), Fate::Refused);
        assert_eq!(fate("isv.NEW", 429), Fate::Later);
        for status in [200, 302, 500, 503] {
            assert_eq!(fate("isv.NEW", status), Fate::Unclear, "{status}");
        }
    }

    #[test]
    fn an_unreadable_answer_is_judged_by_its_status() {
        let fate = |status| Complaint::unreadable("aliyun", status).fate;
        for status in [200, 201, 204, 408, 500, 502, 503, 504] {
            assert_eq!(fate(status), Fate::Unclear, "{status}");
        }
        for status in [301, 302, 307, 400, 401, 403, 404, 418] {
            assert_eq!(fate(status), Fate::Refused, "{status}");
        }
        assert_eq!(fate(429), Fate::Later);
    }

    #[test]
    fn nothing_of_the_message_and_no_line_of_its_own_comes_from_a_provider() {
        for code in ["isv.OK", "21211", "LimitExceeded.X-1_b"] {
            assert_eq!(cleaned(code), code);
        }
        for code in [
            "",
            "482913",
            "E13800138000",
            "a\nevent=forged",
            "a b",
            "a\"",
            "群",
            &"x".repeat(65),
        ] {
            assert_eq!(cleaned(code), "(not a code)", "{code}");
        }
    }
}
