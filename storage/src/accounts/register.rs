//! Signing up: invitation and codes are judged, then what must be unique is looked
//! up, then the account, its index entries and all that is used up are written as one.

use super::records::{AccountRecord, seal_personal};
use super::{
    Contact, NewAccount, Profile, RegisterRefusal, Role, Standing, User, confirm, name_key, owners,
};
use crate::audit::{self, Action, Actor, By};
use crate::codes::{self, Verdict};
use crate::error::StorageError;
use crate::keys;
use crate::links::{self, LinkPurpose, Shown};
use crate::seal::Seal;
use crate::store::counters;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::{LinkId, UserId};

/// What someone who signs up has shown.
enum Entitled {
    /// Nothing but codes, if any.
    Oneself,
    /// An invitation that works, with its role.
    Invited(LinkId, links::LinkRecord, Role),
}

pub(super) fn register(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: NewAccount,
) -> Result<Result<User, RegisterRefusal>, StorageError> {
    // A sign-up whose answer was lost is sent again: it should hear that the name is
    // taken, not that its code is wrong or its invitation bad.
    let mut spent = None;
    let entitled = match judge_invite(transaction, seal, &new)? {
        Ok(entitled) => entitled,
        Err(Shown::Used) => {
            spent = Some(RegisterRefusal::BadInvite);
            Entitled::Oneself
        }
        Err(_) => return Ok(Err(RegisterRefusal::BadInvite)),
    };
    for proof in &new.proofs {
        match codes::judge(transaction, seal, proof, new.now)? {
            Verdict::Right => {}
            Verdict::Spent => spent = spent.or(Some(RegisterRefusal::WrongCode)),
            Verdict::Wrong => return Ok(Err(RegisterRefusal::WrongCode)),
        }
    }
    if let Some(refusal) = taken(transaction, seal, &new)?.or(spent) {
        return Ok(Err(refusal));
    }
    enrol(transaction, seal, new, entitled).map(Ok)
}

fn judge_invite(
    read: &impl Read,
    seal: &Seal,
    new: &NewAccount,
) -> Result<Result<Entitled, Shown>, StorageError> {
    let Some(token) = &new.invite else {
        return Ok(Ok(Entitled::Oneself));
    };
    Ok(match links::judge(read, seal, token, new.now)? {
        Shown::Works(id, record) => match record.purpose() {
            LinkPurpose::Invite(role) => Ok(Entitled::Invited(id, record, role)),
            LinkPurpose::Reset(_) => Err(Shown::Bad),
        },
        refused => Err(refused),
    })
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

/// Writes the account, and uses up the codes and the invitation.
fn enrol(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: NewAccount,
    entitled: Entitled,
) -> Result<User, StorageError> {
    let (role, standing) = match &entitled {
        Entitled::Invited(_, _, role) => (*role, Standing::Active),
        Entitled::Oneself if new.pending => (new.role, Standing::Pending),
        Entitled::Oneself => (new.role, Standing::Active),
    };
    // A code proves the contact that it was sent to, and no other.
    let proved = |contact: Contact| new.proofs.iter().any(|proof| proof.contact == contact);
    let user = User {
        id: UserId(transaction.count(counters::USERS)?),
        name: new.name.clone(),
        phone_verified: new.phone.clone().map(Contact::Phone).is_some_and(proved),
        phone: new.phone.clone(),
        email_confirmed: new.email.clone().map(Contact::Email).is_some_and(proved),
        email: new.email.clone(),
        role,
        standing,
        profile: Profile::default(),
        created: new.now,
    };
    transaction.put_number(name_key(seal, &new.folded_name), user.id.0);
    take_contacts(transaction, seal, &user)?;
    let record = AccountRecord {
        created: new.now,
        password_hash: new.password_hash,
        personal: seal_personal(seal, &user)?,
        role,
        standing,
        closed: None,
    };
    transaction.put_record(keys::user_by_id(user.id), &record)?;
    owners::follow(transaction, user.id, &record);
    for proof in &new.proofs {
        codes::spend(transaction, seal, proof, new.now)?;
    }
    let by = By {
        actor: new.by.unwrap_or(Actor::User(user.id)),
        now: new.now,
    };
    let detail = words(&user, &entitled);
    audit::note(transaction, by, Action::SignedUp, Some(user.id), detail)?;
    if let Entitled::Invited(id, link, _) = entitled {
        links::use_up(transaction, id, link)?;
    }
    Ok(user)
}

/// Makes proved contacts the user's own; an address that is not proved waits.
fn take_contacts(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    user: &User,
) -> Result<(), StorageError> {
    if let Some(phone) = user.phone.clone().filter(|_| user.phone_verified) {
        transaction.put_number(Contact::Phone(phone).key(seal), user.id.0);
    }
    match user.email.clone().map(Contact::Email) {
        Some(email) if user.email_confirmed => confirm::own(transaction, seal, &email, user.id),
        Some(email) => {
            confirm::wait_for(transaction, seal, &email, user.id);
            Ok(())
        }
        None => Ok(()),
    }
}

/// What the audit trail says of a sign-up beside that it happened.
fn words(user: &User, entitled: &Entitled) -> Option<String> {
    match entitled {
        Entitled::Invited(id, link, _) => Some(links::words(*id, link.purpose())),
        Entitled::Oneself if user.standing == Standing::Pending => Some("pending".to_owned()),
        Entitled::Oneself if user.role != Role::Member => Some(user.role.word().to_owned()),
        Entitled::Oneself => None,
    }
}
