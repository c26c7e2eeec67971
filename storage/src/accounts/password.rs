//! Changing a password, by someone who knows the old one or who proves to be the
//! user otherwise. Whatever else could set another one then ends.

use super::records::{AccountRecord, open_record, user};
use super::{Contact, PasswordChange, PasswordReset, ResetProof, User};
use crate::audit::{self, Action, Actor, By};
use crate::codes::{self, Proof, Purpose, Verdict};
use crate::error::StorageError;
use crate::keys;
use crate::links::{self, LinkPurpose, Shown};
use crate::seal::Seal;
use crate::sessions;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::{SessionId, UserId};

pub(super) fn change(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    change: PasswordChange,
) -> Result<bool, StorageError> {
    let record = open_record(transaction, change.user)?;
    let Some(record) = record.filter(|record| record.is_verified_by(&change.verified_hash)) else {
        return Ok(false);
    };
    let (by, keep) = (change.by, change.keep);
    let user = user(seal, change.user, &record)?;
    put(transaction, seal, &user, record, change.password_hash)?;
    end_sessions(
        transaction,
        user.id,
        keep,
        by,
        Action::PasswordChanged,
        None,
    )?;
    Ok(true)
}

pub(super) fn reset(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    reset: PasswordReset,
) -> Result<Option<User>, StorageError> {
    let (entitled, way) = match &reset.proof {
        ResetProof::Code(proof) => (by_code(transaction, seal, proof, reset.now)?, "code"),
        ResetProof::Link(token) => (by_link(transaction, seal, token, reset.now)?, "link"),
    };
    let Some(id) = entitled else {
        return Ok(None);
    };
    let Some(record) = open_record(transaction, id)? else {
        return Ok(None);
    };
    if let ResetProof::Code(proof) = &reset.proof {
        codes::spend(transaction, seal, proof, reset.now)?;
    }
    let user = user(seal, id, &record)?;
    put(transaction, seal, &user, record, reset.password_hash)?;
    let by = By {
        actor: Actor::User(id),
        now: reset.now,
    };
    let way = Some(way.to_owned());
    end_sessions(transaction, id, None, by, Action::PasswordReset, way)?;
    Ok(Some(user))
}

/// Whom a code entitles: the owner of the contact that it was sent to. An address
/// that nobody has confirmed has no owner.
fn by_code(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    proof: &Proof,
    now: u64,
) -> Result<Option<UserId>, StorageError> {
    if proof.purpose != Purpose::Reset
        || codes::judge(transaction, seal, proof, now)? != Verdict::Right
    {
        return Ok(None);
    }
    let owner = transaction.number(&proof.contact.key(seal))?.map(UserId);
    // The contact may have changed hands since the code was sent.
    let sent_for = codes::code_user(transaction, seal, proof)?;
    Ok(owner.filter(|owner| sent_for.is_none_or(|user| user == *owner)))
}

/// Whom a link entitles.
fn by_link(
    read: &impl Read,
    seal: &Seal,
    token: &str,
    now: u64,
) -> Result<Option<UserId>, StorageError> {
    Ok(match links::judge(read, seal, token, now)? {
        Shown::Works(_, record) => match record.purpose() {
            LinkPurpose::Reset(user) => Some(user),
            LinkPurpose::Invite(_) => None,
        },
        Shown::Used | Shown::Bad => None,
    })
}

/// Writes the new password, and ends the reset link and codes of the user.
fn put(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    user: &User,
    mut record: AccountRecord,
    password_hash: String,
) -> Result<(), StorageError> {
    record.password_hash = password_hash;
    transaction.put_record(keys::user_by_id(user.id), &record)?;
    end_resets(transaction, seal, user)
}

/// Ends the reset link and codes of the user.
pub(super) fn end_resets(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    user: &User,
) -> Result<(), StorageError> {
    links::end_reset(transaction, user.id)?;
    let phone = user.phone.clone().filter(|_| user.phone_verified);
    let email = user.email.clone().filter(|_| user.email_confirmed);
    let contacts = [phone.map(Contact::Phone), email.map(Contact::Email)];
    for contact in contacts.into_iter().flatten() {
        codes::withdraw(transaction, seal, Purpose::Reset, &contact)?;
    }
    Ok(())
}

/// Ends the user's sessions but one, and notes what was done.
fn end_sessions(
    transaction: &mut Transaction<'_>,
    user: UserId,
    keep: Option<SessionId>,
    by: By,
    action: Action,
    detail: Option<String>,
) -> Result<(), StorageError> {
    sessions::end_all(transaction, user, keep, by.now)?;
    audit::note(transaction, by, action, Some(user), detail)
}
