//! How many accounts and sessions there are, and accounts page by page.

use super::records::{AccountRecord, user};
use super::{AccountCounts, Standing, User};
use crate::error::StorageError;
use crate::keys::{self, Kind};
use crate::seal::Seal;
use crate::sessions::SessionRecord;
use crate::transaction::{Read, decode};
use qunliao_protocol::UserId;
use std::ops::ControlFlow;

/// Looks through all of them, a page at a time, and opens nothing that is sealed.
pub(super) fn count(read: &impl Read, now: u64) -> Result<AccountCounts, StorageError> {
    let mut counts = AccountCounts::default();
    read.each(keys::range(&[Kind::UserById as u8]), |_, value| {
        let record: AccountRecord = decode(value)?;
        *match record.standing() {
            Standing::Active => &mut counts.active,
            Standing::Pending => &mut counts.pending,
            Standing::Disabled => &mut counts.disabled,
            Standing::Closed => &mut counts.closed,
        } += 1;
        counts.owners += usize::from(record.is_active_owner());
        Ok(ControlFlow::Continue(()))
    })?;
    read.each(keys::range(&[Kind::SessionByToken as u8]), |_, value| {
        let is_alive = decode::<SessionRecord>(value)?.is_alive(now);
        counts.sessions += usize::from(is_alive);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(counts)
}

pub(super) fn users(
    read: &impl Read,
    seal: &Seal,
    after: Option<UserId>,
    limit: usize,
) -> Result<Vec<User>, StorageError> {
    let (mut from, to) = keys::range(&[Kind::UserById as u8]);
    if let Some(after) = after {
        from = keys::range(&keys::user_by_id(after)).1;
    }
    let page = read.scan(&from, &to, false, limit)?;
    page.iter()
        .map(|(key, value)| user(seal, UserId(keys::last_number(key)?), &decode(value)?))
        .collect()
}
