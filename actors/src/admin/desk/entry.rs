//! An account that someone makes for someone else: the form of it. Pure.

use crate::admin::refused::Refused;
use crate::contacts::{PhoneBook, parse_email};
use crate::names::Name;
use qunliao_protocol::Failure;
use qunliao_protocol::failure::NameFault;

/// What is in order about it.
pub(super) struct Entry {
    pub(super) name: Name,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
}

impl Entry {
    /// Checks it by the rules of a sign-up.
    pub(super) fn examine(
        name: &str,
        phone: Option<String>,
        email: Option<String>,
        phones: &PhoneBook,
    ) -> Result<Self, Refused> {
        let name = Name::new(name).map_err(Failure::InvalidName)?;
        let phone = match phone {
            Some(written) => Some(phones.parse(&written).ok_or(Failure::BadPhone)?),
            None => None,
        };
        let email = match email {
            Some(written) => Some(parse_email(&written).ok_or(Failure::BadEmail)?),
            None => None,
        };
        // Such a name has to be the own, verified number; here nothing is verified.
        if phones.parse(&name.folded).is_some() {
            return Err(Failure::InvalidName(NameFault::OthersPhone).into());
        }
        Ok(Self { name, phone, email })
    }

    /// What someone who wants in tries first.
    pub(super) fn guessed_first(&self) -> Vec<String> {
        let contacts = [&self.phone, &self.email].into_iter().flatten().cloned();
        contacts.chain([self.name.shown.clone()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examine(name: &str, phone: Option<&str>, email: Option<&str>) -> Result<Entry, String> {
        let phones = PhoneBook::new("CN", vec!["+86".into()]).unwrap();
        Entry::examine(
            name,
            phone.map(str::to_owned),
            email.map(str::to_owned),
            &phones,
        )
        .map_err(|refused| refused.code)
    }

    #[test]
    fn the_form_is_that_of_a_sign_up() {
        let entry = examine("小明", Some("186 7128 9536"), Some("Ming@Example.org"));
        let entry = entry.unwrap();
        assert_eq!(entry.phone.as_deref(), Some("+8618671289536"));
        assert_eq!(entry.email.as_deref(), Some("ming@example.org"));
        for (name, phone, email, code) in [
            ("系统", None, None, "invalid_name"),
            ("18671289536", Some("18671289536"), None, "invalid_name"),
            ("小明", Some("123"), None, "bad_phone"),
            ("小明", None, Some("ming"), "bad_email"),
        ] {
            assert_eq!(examine(name, phone, email).err().as_deref(), Some(code));
        }
    }
}
