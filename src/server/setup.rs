//! The first run: while nobody owns the server, the log says how to become its owner.

use crate::config::Config;
use crate::web::PublicUrl;
use qunliao_actors::clock::now_ms;
use qunliao_storage::accounts::Role;
use qunliao_storage::audit::{Actor, By};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{Accounts, Links, StorageError};

const PURPOSE: LinkPurpose = LinkPurpose::Invite(Role::Owner);
const HOUR_MS: u64 = 3_600_000;
/// Tells the server's own links from those that the operator made.
const NOTE: &str = "set-up";

/// Makes a link for the owner's set-up if there is no owner, and ends those that
/// were made before. It is the one secret that is meant to be in the log: whoever
/// reads that can become the owner by other means as well.
pub(super) async fn offer<S: Accounts + Links>(
    config: &Config,
    store: &S,
    public: &PublicUrl,
) -> Result<(), StorageError> {
    let hours = config.registration.setup_hours;
    match renew(store, u64::from(hours) * HOUR_MS).await {
        Ok(Some(token)) => {
            let url = public.link(&PURPOSE, &token);
            log::info!("event=setup_link url={url} expires_in_hours={hours}");
            Ok(())
        }
        Ok(None) => Ok(()),
        // With a full disk people still log in, to make room.
        Err(StorageError::Full { .. }) => {
            log::warn!("event=setup_link_not_made reason=storage_full");
            Ok(())
        }
        Err(why) => Err(why),
    }
}

/// The token of a new link, while there is no owner.
async fn renew<S: Accounts + Links>(
    store: &S,
    lifetime_ms: u64,
) -> Result<Option<String>, StorageError> {
    let now = now_ms();
    let by = By {
        actor: Actor::Server,
        now,
    };
    // Also if an owner has come in by another way meanwhile.
    for link in store.links(now).await? {
        if link.note.as_deref() == Some(NOTE) {
            store.revoke_link(link.id, by).await?;
        }
    }
    if store.account_counts(now).await?.owners > 0 {
        return Ok(None);
    }
    let new = NewLink {
        purpose: PURPOSE,
        expires: now + lifetime_ms,
        note: Some(NOTE.to_owned()),
        by,
    };
    Ok(Some(store.make_link(new).await?.1))
}
