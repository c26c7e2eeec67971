//! A new number or address in place of the old one, once a code has proved it.

use super::records::{open_record, seal_personal, user};
use super::{Contact, ContactChange, ContactRefusal, User, confirm};
use crate::audit::{self, Action};
use crate::codes::{self, Purpose, Verdict};
use crate::error::StorageError;
use crate::keys;
use crate::seal::Seal;
use crate::transaction::{Read, Transaction};

pub(super) fn change(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    change: &ContactChange,
) -> Result<Result<Option<Contact>, ContactRefusal>, StorageError> {
    let (id, proof) = (change.user, &change.proof);
    let Some(mut record) = open_record(transaction, id)? else {
        return Ok(Err(ContactRefusal::NoAccount));
    };
    let verified = change.verified_hash.as_ref();
    if verified.is_some_and(|hash| !record.is_verified_by(hash)) {
        return Ok(Err(ContactRefusal::NotVerified));
    }
    let verdict = match proof.purpose {
        Purpose::Confirm => codes::judge(transaction, seal, proof, change.by.now)?,
        Purpose::Register | Purpose::Reset => Verdict::Wrong,
    };
    let sent_for = codes::code_user(transaction, seal, proof)?;
    if verdict == Verdict::Wrong || sent_for != Some(id) {
        return Ok(Err(ContactRefusal::WrongCode));
    }
    match transaction.number(&proof.contact.key(seal))? {
        Some(owner) if owner != id.0 => return Ok(Err(ContactRefusal::Taken)),
        // It is the user's already; or this is asked again, since the answer was lost.
        Some(_) => {
            if verdict == Verdict::Right {
                codes::spend(transaction, seal, proof, change.by.now)?;
            }
            return Ok(Ok(None));
        }
        None if verdict == Verdict::Spent => return Ok(Err(ContactRefusal::WrongCode)),
        None => {}
    }
    let mut user = user(seal, id, &record)?;
    let replaced = replace(transaction, seal, &mut user, &proof.contact)?;
    record.personal = seal_personal(seal, &user)?;
    transaction.put_record(keys::user_by_id(id), &record)?;
    codes::spend(transaction, seal, proof, change.by.now)?;
    let action = match proof.contact {
        Contact::Phone(_) => Action::PhoneChanged,
        Contact::Email(_) => Action::EmailChanged,
    };
    audit::note(transaction, change.by, action, Some(id), None)?;
    Ok(Ok(replaced))
}

/// Gives the user a contact that nobody owns, and frees the one it takes the place
/// of; answers that one if it had been verified.
fn replace(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    user: &mut User,
    new: &Contact,
) -> Result<Option<Contact>, StorageError> {
    let (old, was_verified) = match new {
        Contact::Phone(number) => {
            let old = user.phone.replace(number.clone()).map(Contact::Phone);
            (old, std::mem::replace(&mut user.phone_verified, true))
        }
        Contact::Email(address) => {
            let old = user.email.replace(address.clone()).map(Contact::Email);
            (old, std::mem::replace(&mut user.email_confirmed, true))
        }
    };
    if let Some(old @ Contact::Email(_)) = &old {
        confirm::give_up(transaction, seal, old, user.id);
    }
    let replaced = old.filter(|_| was_verified);
    if let Some(old) = &replaced {
        transaction.delete(old.key(seal));
        codes::withdraw(transaction, seal, Purpose::Reset, old)?;
    }
    match new {
        Contact::Phone(_) => transaction.put_number(new.key(seal), user.id.0),
        Contact::Email(_) => confirm::own(transaction, seal, new, user.id)?,
    }
    Ok(replaced)
}
