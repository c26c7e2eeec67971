//! Phone numbers and e-mail addresses, as people write them.

use phonenumber::{Mode, country};
use qunliao_storage::Contact;
use qunliao_storage::accounts::User;

/// Longest number or address that is looked at, in bytes (RFC 5321 allows 254 for an address).
const CONTACT_BYTES_MAX: usize = 254;

/// How phone numbers are read, and to which of them codes go.
#[derive(Clone)]
pub struct PhoneBook {
    region: country::Id,
    prefixes: Vec<String>,
}

impl PhoneBook {
    /// Reads numbers without a country code as numbers of `region` (ISO 3166, such
    /// as `CN`). Codes go to numbers that begin with one of `prefixes` (such as
    /// `+86`); none means to all.
    ///
    /// # Errors
    /// The region, if there is none of that name.
    pub fn new(region: &str, prefixes: Vec<String>) -> Result<Self, String> {
        Ok(Self {
            region: region.parse().map_err(|_| region.to_owned())?,
            prefixes,
        })
    }

    /// The number in E.164 form, if it is a valid one.
    #[must_use]
    pub fn parse(&self, written: &str) -> Option<String> {
        // The parser also finds a number within words: 明85996f93 would be one.
        let is_only_number = |c: char| c.is_ascii_digit() || " +-().".contains(c);
        if written.len() > CONTACT_BYTES_MAX || !written.chars().all(is_only_number) {
            return None;
        }
        let number = phonenumber::parse(Some(self.region), written).ok()?;
        let plain = number.extension().is_none() && phonenumber::is_valid(&number);
        plain.then(|| number.format().mode(Mode::E164).to_string())
    }

    /// Whether codes may be sent to this number.
    #[must_use]
    pub fn may_send(&self, e164: &str) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| e164.starts_with(prefix))
    }
}

/// The address in the form in which it is kept: its domain, and with it the whole
/// address, in lower case.
///
/// Mail systems that tell capitals in the local part apart have all but died out,
/// while people who write their own address in two ways have not.
#[must_use]
pub fn parse_email(written: &str) -> Option<String> {
    if written.len() > CONTACT_BYTES_MAX
        || written.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return None;
    }
    let (local, domain) = written.rsplit_once('@')?;
    // An internationalised or quoted local part is legal, and in practice a mistake or an attack.
    let is_atom = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    let is_host = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.len() <= 63
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let valid = local.len() <= 64
        && local.split('.').all(is_atom)
        && domain.contains('.')
        && domain.split('.').all(is_host);
    valid.then(|| written.to_ascii_lowercase())
}

/// The contacts that are proved to be the user's: the address first, since a mail
/// costs nothing.
pub(crate) fn proved_contacts(user: &User) -> Vec<Contact> {
    let email = user.email.clone().filter(|_| user.email_confirmed);
    let phone = user.phone.clone().filter(|_| user.phone_verified);
    let email = email.map(Contact::Email);
    email.into_iter().chain(phone.map(Contact::Phone)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> PhoneBook {
        PhoneBook::new("CN", vec!["+86".into(), "+852".into()]).unwrap()
    }

    #[test]
    fn a_number_is_one_however_it_is_written() {
        for written in [
            "18671289536",
            "+8618671289536",
            "186 7128 9536",
            "0086-186-7128-9536",
            " 18671289536",
        ] {
            assert_eq!(
                book().parse(written).as_deref(),
                Some("+8618671289536"),
                "{written}"
            );
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for written in [
            "",
            "1867128953",
            "小明",
            "12345",
            "+",
            "186********",
            "18671289536 ext. 3",
            "18671289536\0",
            "18671289536;x",
            "call 18671289536",
            "明85996f93",
            "00000000000",
            &"1".repeat(500),
        ] {
            assert_eq!(book().parse(written), None, "{written}");
        }
    }

    #[test]
    fn codes_go_to_allowed_countries_alone() {
        assert!(book().may_send("+8618671289536"));
        assert!(!book().may_send("+14155552671"));
        assert!(
            PhoneBook::new("CN", vec![])
                .unwrap()
                .may_send("+14155552671")
        );
        assert_eq!(PhoneBook::new("XX", vec![]).err().as_deref(), Some("XX"));
    }

    #[test]
    fn addresses_are_folded_and_checked() {
        assert_eq!(
            parse_email("Ann.Lee+x@Example.ORG").as_deref(),
            Some("ann.lee+x@example.org")
        );
        for written in [
            "",
            "a",
            "@",
            "a@",
            "@b.c",
            "a@b",
            "a b@c.de",
            "a@b..c",
            "a@-b.c",
            "a..b@c.de",
            "a@c.de\r\nBcc: x@y.z",
            "\"a b\"@c.de",
            "a@b@",
            &format!("{}@c.de", "a".repeat(65)),
        ] {
            assert_eq!(parse_email(written), None, "{written}");
        }
    }
}
