//! Addresses that wait to be confirmed. Several users may wait for one; the
//! first to confirm it owns it.

use super::records::{AccountRecord, seal_personal, user};
use super::{Contact, contact};
use crate::audit::{self, Action, Actor, By};
use crate::codes::{self, Proof, Verdict};
use crate::error::StorageError;
use crate::keys;
use crate::seal::Seal;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::UserId;

/// How many that wait for one address are forgotten at once.
const PENDING_CLEARED_MAX: usize = 1_000;

/// Notes that `user` waits to confirm `email`.
pub(super) fn wait_for(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    email: &Contact,
    user: UserId,
) {
    transaction.mark(keys::user_id_by_pending_email(&email.index(seal), user));
}

/// Forgets that `user` waits to confirm `email`.
pub(super) fn give_up(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    email: &Contact,
    user: UserId,
) {
    transaction.delete(keys::user_id_by_pending_email(&email.index(seal), user));
}

/// The newest of those who wait for `email`, while nobody owns it.
pub(super) fn awaiting(
    read: &impl Read,
    seal: &Seal,
    email: &Contact,
) -> Result<Option<UserId>, StorageError> {
    if contact::owns(read, seal, email)? {
        return Ok(None);
    }
    let pending = read.last(&keys::pending_email(&email.index(seal)))?;
    Ok(pending
        .and_then(|(key, _)| keys::number(key.last_chunk::<8>()?))
        .map(UserId))
}

pub(super) fn confirm(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    proof: &Proof,
    now: u64,
) -> Result<Option<UserId>, StorageError> {
    let verdict = codes::judge(transaction, seal, proof, now)?;
    if verdict == Verdict::Wrong {
        return Ok(None);
    }
    let Some(id) = codes::code_user(transaction, seal, proof)? else {
        return Ok(None);
    };
    let key = proof.contact.key(seal);
    if verdict == Verdict::Spent {
        // Asked again, since the answer was lost.
        return Ok(transaction
            .number(&key)?
            .filter(|owner| *owner == id.0)
            .map(UserId));
    }
    let Some(mut record) = transaction.record::<AccountRecord>(&keys::user_by_id(id))? else {
        return Ok(None);
    };
    let mut user = user(seal, id, &record)?;
    let is_theirs = record.closed.is_none()
        && user
            .email
            .as_ref()
            .is_some_and(|email| Contact::Email(email.clone()) == proof.contact);
    let is_free = transaction.number(&key)?.is_none_or(|owner| owner == id.0);
    if !is_theirs || !is_free {
        return Ok(None);
    }
    user.email_confirmed = true;
    record.personal = seal_personal(seal, &user)?;
    transaction.put_record(keys::user_by_id(id), &record)?;
    own(transaction, seal, &proof.contact, id)?;
    codes::spend(transaction, seal, proof, now)?;
    let actor = Actor::User(id);
    let detail = Some("confirmed".to_owned());
    audit::note(
        transaction,
        By { actor, now },
        Action::EmailChanged,
        Some(id),
        detail,
    )?;
    Ok(Some(id))
}

/// Makes `email` the user's own, and forgets who else waits for it. Those beyond
/// the limit wait in vain until the owner is gone.
pub(super) fn own(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    email: &Contact,
    owner: UserId,
) -> Result<(), StorageError> {
    transaction.put_number(email.key(seal), owner.0);
    let (from, to) = keys::range(&keys::pending_email(&email.index(seal)));
    for (pending, _) in transaction.scan(&from, &to, false, PENDING_CLEARED_MAX)? {
        transaction.delete(pending);
    }
    Ok(())
}
