//! Links in storage: by id, and the one for a set-up or for a user's reset also by
//! what it is for.

use super::token::{self, Random};
use super::{Link, LinkPurpose, NewLink};
use crate::accounts::{self, Role};
use crate::audit::{self, Action, By};
use crate::content::to_hex;
use crate::error::StorageError;
use crate::keys::{self, Kind};
use crate::seal::{Bound, Seal, Space};
use crate::store::counters;
use crate::transaction::{Read, Transaction, decode};
use qunliao_protocol::{LinkId, UserId};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// How many links one sweep removes, so that it never holds up others.
const SWEEP_LINKS_MAX: usize = 1_000;

#[derive(Serialize, Deserialize)]
pub(crate) struct LinkRecord {
    purpose: LinkPurpose,
    made: u64,
    expires: u64,
    /// The keyed hash of the token.
    token: String,
    /// An invitation stays known until it expires: who sends a sign-up again should
    /// hear that the name is taken, not that the invitation is bad.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    used: bool,
    /// Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// What becomes of someone who shows a token.
pub(crate) enum Shown {
    /// It works.
    Works(LinkId, LinkRecord),
    /// It worked once.
    Used,
    /// It was forged or withdrawn, has expired, or what it was for is no more.
    Bad,
}

impl LinkRecord {
    pub(crate) fn purpose(&self) -> LinkPurpose {
        self.purpose
    }

    /// Whether it would work now.
    fn works(&self, read: &impl Read, now: u64) -> Result<bool, StorageError> {
        if self.used || self.expires <= now {
            return Ok(false);
        }
        match self.purpose {
            LinkPurpose::Invite(Role::Owner) => Ok(!accounts::any_owner(read)?),
            LinkPurpose::Invite(_) => Ok(true),
            LinkPurpose::Reset(user) => Ok(accounts::open_record(read, user)?.is_some()),
        }
    }

    fn link(self, seal: &Seal, id: LinkId) -> Result<Link, StorageError> {
        let open = |sealed: String| {
            let note = seal.open(Bound::Link(id), &sealed)?;
            String::from_utf8(note).map_err(StorageError::damaged)
        };
        Ok(Link {
            id,
            purpose: self.purpose,
            made: self.made,
            expires: self.expires,
            note: self.note.map(open).transpose()?,
        })
    }
}

/// Where the one link for this lies, if there is only one.
fn target_key(purpose: LinkPurpose) -> Option<Vec<u8>> {
    match purpose {
        LinkPurpose::Invite(Role::Owner) => Some(keys::link_id_for_set_up()),
        LinkPurpose::Invite(Role::Admin | Role::Member) => None,
        LinkPurpose::Reset(user) => Some(keys::link_id_for_reset(user)),
    }
}

pub(super) fn make(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: NewLink,
    random: &Random,
) -> Result<(LinkId, String), StorageError> {
    let id = LinkId(transaction.count(counters::LINKS)?);
    let token = token::make(seal, id, new.expires, random);
    if let Some(target) = target_key(new.purpose) {
        end_at(transaction, &target)?;
        transaction.put_number(target, id.0);
    }
    let note = new
        .note
        .map(|note| seal.seal(Bound::Link(id), note.as_bytes()));
    let record = LinkRecord {
        purpose: new.purpose,
        made: new.by.now,
        expires: new.expires,
        token: hash(seal, &token),
        used: false,
        note: note.transpose()?,
    };
    transaction.put_record(keys::link_by_id(id), &record)?;
    let (action, subject) = match new.purpose {
        LinkPurpose::Invite(_) => (Action::InvitationMade, None),
        LinkPurpose::Reset(user) => (Action::ResetLinkMade, Some(user)),
    };
    let detail = words(id, new.purpose);
    audit::note(transaction, new.by, action, subject, Some(detail))?;
    Ok((id, token))
}

/// What the audit trail says of a link.
pub(crate) fn words(id: LinkId, purpose: LinkPurpose) -> String {
    match purpose {
        LinkPurpose::Invite(role) => format!("{}, link {id}", role.word()),
        LinkPurpose::Reset(_) => format!("link {id}"),
    }
}

fn hash(seal: &Seal, token: &str) -> String {
    to_hex(&seal.index(Space::Link, token.as_bytes()))
}

/// Judges a token that someone shows.
pub(crate) fn judge(
    read: &impl Read,
    seal: &Seal,
    token: &str,
    now: u64,
) -> Result<Shown, StorageError> {
    let Some(id) = token::read(seal, token, now) else {
        return Ok(Shown::Bad);
    };
    let record: Option<LinkRecord> = read.record(&keys::link_by_id(id))?;
    // Both sides are keyed hashes: comparing them in any time tells nothing of the token.
    let Some(record) = record.filter(|record| record.token == hash(seal, token)) else {
        return Ok(Shown::Bad);
    };
    if record.used {
        return Ok(Shown::Used);
    }
    Ok(if record.works(read, now)? {
        Shown::Works(id, record)
    } else {
        Shown::Bad
    })
}

/// Uses up a link that works.
pub(crate) fn use_up(
    transaction: &mut Transaction<'_>,
    id: LinkId,
    mut record: LinkRecord,
) -> Result<(), StorageError> {
    match record.purpose {
        LinkPurpose::Invite(_) => {
            record.used = true;
            transaction.put_record(keys::link_by_id(id), &record)
        }
        LinkPurpose::Reset(_) => forget(transaction, id, record.purpose),
    }
}

/// Ends the link for a reset of `user`, if there is one.
pub(crate) fn end_reset(
    transaction: &mut Transaction<'_>,
    user: UserId,
) -> Result<(), StorageError> {
    end_at(transaction, &keys::link_id_for_reset(user))
}

fn end_at(transaction: &mut Transaction<'_>, target: &[u8]) -> Result<(), StorageError> {
    if let Some(id) = transaction.number(target)? {
        transaction.delete(keys::link_by_id(LinkId(id)));
        transaction.delete(target.to_vec());
    }
    Ok(())
}

fn forget(
    transaction: &mut Transaction<'_>,
    id: LinkId,
    purpose: LinkPurpose,
) -> Result<(), StorageError> {
    transaction.delete(keys::link_by_id(id));
    if let Some(target) = target_key(purpose)
        && transaction.number(&target)? == Some(id.0)
    {
        transaction.delete(target);
    }
    Ok(())
}

pub(super) fn shown(
    read: &impl Read,
    seal: &Seal,
    token: &str,
    now: u64,
) -> Result<Option<Link>, StorageError> {
    match judge(read, seal, token, now)? {
        Shown::Works(id, record) => record.link(seal, id).map(Some),
        Shown::Used | Shown::Bad => Ok(None),
    }
}

/// All that still work, the oldest first.
pub(super) fn list(read: &impl Read, seal: &Seal, now: u64) -> Result<Vec<Link>, StorageError> {
    let mut links = Vec::new();
    read.each(keys::range(&[Kind::LinkById as u8]), |key, value| {
        let record: LinkRecord = decode(value)?;
        if record.works(read, now)? {
            links.push(record.link(seal, LinkId(keys::last_number(key)?))?);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(links)
}

pub(super) fn revoke(
    transaction: &mut Transaction<'_>,
    id: LinkId,
    by: By,
) -> Result<bool, StorageError> {
    let record: Option<LinkRecord> = transaction.record(&keys::link_by_id(id))?;
    let Some(record) = record else {
        return Ok(false);
    };
    if !record.works(transaction, by.now)? {
        return Ok(false);
    }
    forget(transaction, id, record.purpose)?;
    let subject = match record.purpose {
        LinkPurpose::Invite(_) => None,
        LinkPurpose::Reset(user) => Some(user),
    };
    let detail = words(id, record.purpose);
    audit::note(transaction, by, Action::LinkRevoked, subject, Some(detail))?;
    Ok(true)
}

/// Links that have expired, a limited number of them.
pub(super) fn outdated(read: &impl Read, now: u64) -> Result<Vec<LinkId>, StorageError> {
    let mut outdated = Vec::new();
    read.each(keys::range(&[Kind::LinkById as u8]), |key, value| {
        if decode::<LinkRecord>(value)?.expires <= now {
            outdated.push(LinkId(keys::last_number(key)?));
        }
        Ok(if outdated.len() < SWEEP_LINKS_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        })
    })?;
    Ok(outdated)
}

/// Removes those of `links` that are still there; answers how many.
pub(super) fn remove(
    transaction: &mut Transaction<'_>,
    links: Vec<LinkId>,
) -> Result<usize, StorageError> {
    let mut removed = 0;
    for id in links {
        let record: Option<LinkRecord> = transaction.record(&keys::link_by_id(id))?;
        if let Some(record) = record {
            forget(transaction, id, record.purpose)?;
            removed += 1;
        }
    }
    Ok(removed)
}
