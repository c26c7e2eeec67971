//! The form of a sign-up: what has to be filled, and which codes it has to prove
//! itself with. Pure; whether codes are right and names are free is for storage to say.

use super::{Settings, SignUp, Verify};
use crate::admission::Network;
use crate::contacts::{PhoneBook, parse_email};
use crate::names::Name;
use crate::passwords;
use qunliao_protocol::Failure;
use qunliao_protocol::failure::NameFault;
use qunliao_storage::Contact;
use qunliao_storage::codes::{Proof, Purpose};

/// Longest token of an invitation that is looked at, in bytes.
const INVITE_BYTES_MAX: usize = 512;

/// A sign-up whose form is in order.
pub(super) struct Candidate {
    pub(super) name: Name,
    /// The number that the name is.
    named_number: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
    /// All of them have to be right.
    pub(super) claims: Vec<Claim>,
}

/// A code that has to be right.
pub(super) struct Claim {
    /// For this contact.
    pub(super) proof: Proof,
    /// Or, if it is not, for this one: a client of the origin has one field for a
    /// code, whichever contact it was sent to.
    pub(super) or: Option<Proof>,
}

impl Claim {
    fn of(contact: Contact, code: &str) -> Self {
        Self {
            proof: proof(contact, code),
            or: None,
        }
    }

    /// Notes who presents the codes: wrong ones count for them.
    fn present_from(&mut self, network: &Network) {
        for proof in std::iter::once(&mut self.proof).chain(&mut self.or) {
            proof.from = Some(network.to_string());
        }
    }
}

impl Candidate {
    /// Whether the name is one that the proved contacts allow.
    pub(super) fn check_name(&self, proofs: &[Proof]) -> Result<(), Failure> {
        let is_own = |number: &String| {
            let number = Contact::Phone(number.clone());
            proofs.iter().any(|proof| proof.contact == number)
        };
        match &self.named_number {
            Some(number) if !is_own(number) => Err(Failure::InvalidName(NameFault::OthersPhone)),
            _ => Ok(()),
        }
    }
}

/// Checks the form of a sign-up.
pub(super) fn examine(ask: &SignUp, settings: &Settings) -> Result<Candidate, Failure> {
    let name = Name::new(&ask.user_name).map_err(Failure::InvalidName)?;
    passwords::check_length(&ask.user_pwd).map_err(Failure::WeakPassword)?;
    let vouched = match &ask.invite {
        Some(token) if token.len() > INVITE_BYTES_MAX => return Err(Failure::BadInvite),
        Some(_) => true,
        None if settings.verify == Verify::Invite => return Err(Failure::InviteNeeded),
        None => false,
    };
    let phone = match &ask.user_phone {
        Some(written) => Some(settings.phones.parse(written).ok_or(Failure::BadPhone)?),
        None if settings.verify.phone() && !vouched => {
            return Err(Failure::MissingKey("user_phone"));
        }
        None => None,
    };
    let email = match &ask.user_email {
        Some(written) => Some(parse_email(written).ok_or(Failure::BadEmail)?),
        None if settings.verify.email() && !vouched => {
            return Err(Failure::MissingKey("user_email"));
        }
        None => None,
    };
    let mut claims = claims(ask, settings.verify, phone.as_ref(), email.as_ref())?;
    for claim in &mut claims {
        claim.present_from(&ask.asked_by);
    }
    let candidate = Candidate {
        named_number: named_number(&name, &settings.phones),
        claims,
        name,
        phone,
        email,
    };
    // What no code of this form could prove is refused before one is tried.
    let possible: Vec<Proof> = candidate
        .claims
        .iter()
        .flat_map(|claim| std::iter::once(&claim.proof).chain(&claim.or).cloned())
        .collect();
    candidate.check_name(&possible)?;
    Ok(candidate)
}

/// What someone who wants in tries first.
pub(super) fn guessed_first(ask: &SignUp, candidate: &Candidate) -> Vec<String> {
    let digits = ask.user_phone.iter().flat_map(|written| written.chars());
    let digits = digits.filter(char::is_ascii_digit).collect();
    let email = candidate.email.clone().unwrap_or_default();
    vec![candidate.name.shown.clone(), digits, email]
}

/// The number that a name is, in the folded form, so that digits of full width are
/// digits.
fn named_number(name: &Name, phones: &PhoneBook) -> Option<String> {
    phones.parse(&name.folded)
}

/// The codes that have to be right: those that are demanded, and those that were
/// given without being so: one for the address always, one for the number with an
/// invitation.
fn claims(
    ask: &SignUp,
    verify: Verify,
    phone: Option<&String>,
    email: Option<&String>,
) -> Result<Vec<Claim>, Failure> {
    let missing = Failure::MissingKey;
    let number = || phone.cloned().map(Contact::Phone);
    let address = || email.cloned().map(Contact::Email);
    let (vcode, ecode) = (ask.user_vcode.as_deref(), ask.user_ecode.as_deref());
    let by_phone = vcode.and_then(|code| Some(Claim::of(number()?, code)));
    let by_mail = ecode.and_then(|code| Some(Claim::of(address()?, code)));
    let (by_phone, by_mail) = match verify {
        _ if ask.invite.is_some() => (by_phone, by_mail),
        Verify::Sms => (Some(by_phone.ok_or(missing("user_vcode"))?), by_mail),
        Verify::Both => {
            let by_phone = by_phone.ok_or(missing("user_vcode"))?;
            (Some(by_phone), Some(by_mail.ok_or(missing("user_ecode"))?))
        }
        Verify::Email => {
            let only_field = || vcode.and_then(|code| Some(Claim::of(address()?, code)));
            let by_mail = by_mail.or_else(only_field);
            (None, Some(by_mail.ok_or(missing("user_ecode"))?))
        }
        Verify::Either => either(vcode, number(), address(), by_mail)?,
        Verify::Invite | Verify::None => (None, by_mail),
    };
    Ok(by_phone.into_iter().chain(by_mail).collect())
}

/// One of the two contacts has to be proved. `user_vcode` may be the code of
/// either, as long as the address has none of its own.
fn either(
    vcode: Option<&str>,
    number: Option<Contact>,
    address: Option<Contact>,
    by_mail: Option<Claim>,
) -> Result<(Option<Claim>, Option<Claim>), Failure> {
    let claim = |contact| vcode.map(|code| Claim::of(contact, code));
    match (number, address, by_mail) {
        (number, _, Some(by_mail)) => Ok((number.and_then(claim), Some(by_mail))),
        (None, None, None) => Err(Failure::MissingKey("user_phone")),
        (None, Some(address), None) => {
            let claim = claim(address).ok_or(Failure::MissingKey("user_ecode"))?;
            Ok((None, Some(claim)))
        }
        (Some(number), address, None) => {
            let claim = claim(number).ok_or(Failure::MissingKey("user_vcode"))?;
            let or = address.map(|address| proof(address, &claim.proof.code));
            Ok((Some(Claim { or, ..claim }), None))
        }
    }
}

fn proof(contact: Contact, code: &str) -> Proof {
    Proof {
        purpose: Purpose::Register,
        contact,
        code: code.to_owned(),
        from: None,
    }
}

#[cfg(test)]
mod tests;
