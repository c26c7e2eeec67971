//! Signing up: codes are judged, then what must be unique is looked up, then the
//! account, its index entries and the spent codes are written as one.

use super::records::{AccountRecord, seal_personal};
use super::{Contact, NewAccount, RegisterRefusal, User, confirm, name_key};
use crate::codes::{self, Verdict};
use crate::error::StorageError;
use crate::keys;
use crate::seal::Seal;
use crate::store::counters;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::UserId;

pub(super) fn register(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: NewAccount,
) -> Result<Result<User, RegisterRefusal>, StorageError> {
    let mut spent = false;
    for proof in &new.proofs {
        match codes::judge(transaction, seal, proof, new.now)? {
            Verdict::Right => {}
            // A sign-up whose answer was lost is sent again: it should hear that
            // the name is taken, not that its code is wrong.
            Verdict::Spent => spent = true,
            Verdict::Wrong => return Ok(Err(RegisterRefusal::WrongCode)),
        }
    }
    if let Some(refusal) = taken(transaction, seal, &new)? {
        return Ok(Err(refusal));
    }
    if spent {
        return Ok(Err(RegisterRefusal::WrongCode));
    }
    enrol(transaction, seal, new).map(Ok)
}

/// What of the account is another's already.
fn taken(
    read: &impl Read,
    seal: &Seal,
    new: &NewAccount,
) -> Result<Option<RegisterRefusal>, StorageError> {
    let name = Some(name_key(seal, &new.folded_name));
    let phone = new.phone.clone().map(Contact::Phone);
    let email = new.email.clone().map(Contact::Email);
    for (key, refusal) in [
        (name, RegisterRefusal::NameTaken),
        (
            phone.map(|contact| contact.key(seal)),
            RegisterRefusal::PhoneTaken,
        ),
        (
            email.map(|contact| contact.key(seal)),
            RegisterRefusal::EmailTaken,
        ),
    ] {
        if let Some(key) = key
            && read.get(&key)?.is_some()
        {
            return Ok(Some(refusal));
        }
    }
    Ok(None)
}

/// Writes the account, and spends the codes that proved its contacts.
fn enrol(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: NewAccount,
) -> Result<User, StorageError> {
    // A code proves the contact that it was sent to, and no other.
    let proved = |contact: Contact| new.proofs.iter().any(|proof| proof.contact == contact);
    let user = User {
        id: UserId(transaction.count(counters::USERS)?),
        name: new.name.clone(),
        phone_verified: new.phone.clone().map(Contact::Phone).is_some_and(proved),
        phone: new.phone.clone(),
        email_confirmed: new.email.clone().map(Contact::Email).is_some_and(proved),
        email: new.email.clone(),
    };
    transaction.put_number(name_key(seal, &new.folded_name), user.id.0);
    if let Some(phone) = user.phone.clone().filter(|_| user.phone_verified) {
        transaction.put_number(Contact::Phone(phone).key(seal), user.id.0);
    }
    if let Some(email) = user.email.clone().map(Contact::Email) {
        if user.email_confirmed {
            confirm::own(transaction, seal, &email, user.id)?;
        } else {
            confirm::wait_for(transaction, seal, &email, user.id);
        }
    }
    let record = AccountRecord {
        created: new.now,
        password_hash: new.password_hash,
        personal: seal_personal(seal, &user)?,
        closed: None,
    };
    transaction.put_record(keys::user_by_id(user.id), &record)?;
    for proof in &new.proofs {
        codes::spend(transaction, seal, proof)?;
    }
    Ok(user)
}
