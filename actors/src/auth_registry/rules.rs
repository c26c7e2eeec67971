//! What sign-up demands, and the pure part of deciding on one.

use super::SignUp;
use crate::contacts::{PhoneBook, parse_email};
use crate::names::Name;
use crate::passwords;
use qunliao_protocol::Failure;
use qunliao_protocol::auth::Registration;
use qunliao_protocol::failure::NameFault;
use qunliao_storage::Contact;
use qunliao_storage::codes::{CodeRules, Proof, Purpose, SendingLimits};
use serde::Deserialize;
use std::time::Duration;

/// Which contacts a sign-up has to prove with a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// The phone number.
    #[default]
    Sms,
    /// The e-mail address.
    Email,
    /// Both.
    Both,
    /// Neither.
    None,
}

impl Verify {
    fn phone(self) -> bool {
        matches!(self, Self::Sms | Self::Both)
    }

    fn email(self) -> bool {
        matches!(self, Self::Email | Self::Both)
    }

    /// What op 9 tells of it.
    #[must_use]
    pub fn described(self) -> Registration {
        let word = match self {
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Both => "both",
            Self::None => "none",
        };
        let mut needs = vec!["user_name", "user_pwd"];
        needs.extend(match self {
            Self::Sms => &["user_phone", "user_vcode"][..],
            Self::Email => &["user_email", "user_ecode"],
            Self::Both => &["user_phone", "user_vcode", "user_email", "user_ecode"],
            Self::None => &[],
        });
        Registration {
            verify: word.to_owned(),
            needs: needs.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// The section `registration` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationSettings {
    /// What a sign-up has to prove.
    pub verify: Verify,
    /// The region that numbers without a country code belong to (ISO 3166).
    pub phone_region: String,
    /// Codes go to numbers with these prefixes alone; none means to all.
    pub phone_prefixes: Vec<String>,
}

impl Default for RegistrationSettings {
    fn default() -> Self {
        Self {
            verify: Verify::Sms,
            phone_region: "CN".into(),
            phone_prefixes: vec!["+86".into()],
        }
    }
}

/// The section `codes` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodeSettings {
    /// How long a code lives.
    pub lifetime_seconds: u64,
    /// Wrong tries that burn it.
    pub wrong_tries_max: u32,
    /// How long wrong tries count.
    pub wrong_tries_window_seconds: u64,
    /// Between two codes to one contact.
    pub gap_seconds: u64,
    /// To one contact.
    pub per_contact_hour: usize,
    /// To one contact.
    pub per_contact_day: usize,
    /// Asked for by one address (one /64 with IPv6).
    pub per_address_hour: usize,
    /// All together.
    pub total_day: usize,
}

impl Default for CodeSettings {
    fn default() -> Self {
        Self {
            lifetime_seconds: 300,
            wrong_tries_max: 5,
            wrong_tries_window_seconds: 3600,
            gap_seconds: 60,
            per_contact_hour: 5,
            per_contact_day: 10,
            per_address_hour: 10,
            total_day: 1_000,
        }
    }
}

impl CodeSettings {
    pub(super) fn rules(&self) -> CodeRules {
        CodeRules {
            lifetime_ms: self.lifetime_seconds * 1_000,
            wrong_tries_max: self.wrong_tries_max,
            wrong_tries_window_ms: self.wrong_tries_window_seconds * 1_000,
        }
    }

    pub(super) fn sending(&self) -> SendingLimits {
        SendingLimits {
            gap_ms: self.gap_seconds * 1_000,
            per_contact_hour: self.per_contact_hour,
            per_contact_day: self.per_contact_day,
            per_address_hour: self.per_address_hour,
            total_day: self.total_day,
        }
    }
}

/// What the registry goes by.
#[derive(Clone)]
pub struct Settings {
    /// What a sign-up has to prove.
    pub verify: Verify,
    /// How numbers are read, and which get codes.
    pub phones: PhoneBook,
    /// How codes live and how often they are sent.
    pub codes: CodeSettings,
    /// How long a session lasts.
    pub session_lifetime: Duration,
    /// Sessions of one user.
    pub sessions_max: usize,
    /// The language of messages and mails.
    pub language: qunliao_protocol::Language,
}

/// A sign-up whose form is in order; whether its codes are right and its name is
/// free is for storage to say.
pub(super) struct Candidate {
    pub(super) name: Name,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
    pub(super) proofs: Vec<Proof>,
}

/// Checks the form of a sign-up.
pub(super) fn examine(ask: &SignUp, settings: &Settings) -> Result<Candidate, Failure> {
    let name = Name::new(&ask.user_name).map_err(Failure::InvalidName)?;
    passwords::check_length(&ask.user_pwd).map_err(Failure::WeakPassword)?;
    let phone = examine_phone(ask, settings)?;
    let email = match &ask.user_email {
        Some(written) => Some(parse_email(written).ok_or(Failure::BadEmail)?),
        None if settings.verify.email() => return Err(Failure::MissingKey("user_email")),
        None => None,
    };
    let proofs = proofs(ask, settings.verify, phone.as_ref(), email.as_ref())?;
    let own = proofs.iter().find_map(|proof| match &proof.contact {
        Contact::Phone(number) => Some(number),
        Contact::Email(_) => None,
    });
    // The folded form, so that digits of full width are digits.
    if let Some(number) = settings.phones.parse(&name.folded)
        && own != Some(&number)
    {
        return Err(Failure::InvalidName(NameFault::OthersPhone));
    }
    Ok(Candidate {
        name,
        phone,
        email,
        proofs,
    })
}

/// What someone who wants in tries first.
pub(super) fn guessed_first(ask: &SignUp, candidate: &Candidate) -> Vec<String> {
    let digits = ask.user_phone.iter().flat_map(|written| written.chars());
    let digits = digits.filter(char::is_ascii_digit).collect();
    let email = candidate.email.clone().unwrap_or_default();
    vec![candidate.name.shown.clone(), digits, email]
}

fn examine_phone(ask: &SignUp, settings: &Settings) -> Result<Option<String>, Failure> {
    match &ask.user_phone {
        Some(written) => match settings.phones.parse(written) {
            Some(number) => Ok(Some(number)),
            None => Err(Failure::BadPhone),
        },
        None if settings.verify.phone() => Err(Failure::MissingKey("user_phone")),
        None => Ok(None),
    }
}

/// The codes that have to be right: those the configuration demands, and with an
/// address also one that was given without being demanded.
fn proofs(
    ask: &SignUp,
    verify: Verify,
    phone: Option<&String>,
    email: Option<&String>,
) -> Result<Vec<Proof>, Failure> {
    let proof = |contact: Contact, code: &str| Proof {
        purpose: Purpose::Register,
        contact,
        code: code.to_owned(),
    };
    let mut proofs = Vec::new();
    if let Some(number) = phone.filter(|_| verify.phone()) {
        let code = ask
            .user_vcode
            .as_deref()
            .ok_or(Failure::MissingKey("user_vcode"))?;
        proofs.push(proof(Contact::Phone(number.clone()), code));
    }
    if let Some(address) = email {
        // With e-mail alone, a client of the origin has one field for a code.
        let only_field = ask
            .user_vcode
            .as_deref()
            .filter(|_| verify == Verify::Email);
        match ask.user_ecode.as_deref().or(only_field) {
            Some(code) => proofs.push(proof(Contact::Email(address.clone()), code)),
            None if verify.email() => return Err(Failure::MissingKey("user_ecode")),
            None => {}
        }
    }
    Ok(proofs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(verify: Verify) -> Settings {
        Settings {
            verify,
            phones: PhoneBook::new("CN", vec!["+86".into()]).unwrap(),
            codes: CodeSettings::default(),
            session_lifetime: Duration::from_secs(60),
            sessions_max: 8,
            language: qunliao_protocol::Language::English,
        }
    }

    fn ask() -> SignUp {
        SignUp {
            user_name: "小明".into(),
            user_pwd: "correct horse battery".into(),
            user_phone: Some("186 7128 9536".into()),
            user_vcode: Some("123456".into()),
            user_email: Some("Ming@Example.org".into()),
            user_ecode: None,
            asked_by: crate::admission::Network::of([192, 0, 2, 1].into()),
        }
    }

    fn refusal(ask: &SignUp, verify: Verify) -> Failure {
        match examine(ask, &settings(verify)) {
            Err(failure) => failure,
            Ok(_) => panic!("must be refused"),
        }
    }

    #[test]
    fn with_sms_the_number_is_proved_and_the_address_only_noted() {
        let candidate = examine(&ask(), &settings(Verify::Sms)).unwrap();
        assert_eq!(candidate.phone.as_deref(), Some("+8618671289536"));
        assert_eq!(candidate.email.as_deref(), Some("ming@example.org"));
        assert_eq!(candidate.proofs.len(), 1);
    }

    #[test]
    fn with_email_the_one_code_of_the_origin_proves_the_address() {
        let candidate = examine(&ask(), &settings(Verify::Email)).unwrap();
        assert!(matches!(
            &candidate.proofs[..],
            [Proof {
                contact: Contact::Email(_),
                ..
            }]
        ));
        let both = refusal(&ask(), Verify::Both);
        assert_eq!(both, Failure::MissingKey("user_ecode"));
    }

    #[test]
    fn a_name_that_is_a_number_must_be_ones_own_verified_one() {
        let own = SignUp {
            user_name: "18671289536".into(),
            ..ask()
        };
        assert!(examine(&own, &settings(Verify::Sms)).is_ok());
        let fault = Failure::InvalidName(NameFault::OthersPhone);
        assert_eq!(refusal(&own, Verify::Email), fault);
        for other in [
            "13912345678",
            "+86 139 1234 5678",
            "＋８６１３９１２３４５６７８",
        ] {
            let others = SignUp {
                user_name: other.into(),
                ..ask()
            };
            assert_eq!(refusal(&others, Verify::Sms), fault, "{other}");
        }
    }

    #[test]
    fn what_is_missing_or_bad_is_named() {
        let without = SignUp {
            user_phone: None,
            ..ask()
        };
        assert_eq!(
            refusal(&without, Verify::Sms),
            Failure::MissingKey("user_phone")
        );
        let without = SignUp {
            user_vcode: None,
            ..ask()
        };
        assert_eq!(
            refusal(&without, Verify::Sms),
            Failure::MissingKey("user_vcode")
        );
        let bad = SignUp {
            user_phone: Some("123".into()),
            ..ask()
        };
        assert_eq!(refusal(&bad, Verify::Sms), Failure::BadPhone);
        let bad = SignUp {
            user_email: Some("ming".into()),
            ..ask()
        };
        assert_eq!(refusal(&bad, Verify::Sms), Failure::BadEmail);
        let short = SignUp {
            user_pwd: "1867128".into(),
            ..ask()
        };
        assert!(matches!(
            refusal(&short, Verify::Sms),
            Failure::WeakPassword(_)
        ));
        let candidate = examine(&ask(), &settings(Verify::Sms)).unwrap();
        let first = guessed_first(&ask(), &candidate);
        assert_eq!(first, ["小明", "18671289536", "ming@example.org"]);
    }
}
