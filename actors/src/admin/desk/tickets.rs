//! Links: invitations, and those for a new password.

use super::Desk;
use super::people::{called, closed, disabled};
use crate::admin::authority;
use crate::admin::refused::Refused;
use crate::admin::reply::{Invitation, Link, Reply};
use crate::admin::request::Caller;
use qunliao_protocol::LinkId;
use qunliao_storage::accounts::{Role, Standing, User};
use qunliao_storage::audit::By;
use qunliao_storage::links::{self, LinkPurpose, NewLink};
use std::time::Duration;

/// Longest time for which an invitation can be used.
const LIFETIME_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Most characters of a note.
const NOTE_CHARS_MAX: usize = 200;

impl Desk {
    pub(super) async fn make_reset_link(&self, user: User, by: By) -> Result<Reply, Refused> {
        match user.standing {
            Standing::Active => {}
            Standing::Closed => return Err(closed(&user)),
            Standing::Disabled => return Err(disabled(&user)),
            Standing::Pending => {
                let message = format!("{} waits for approval: approve it first.", called(&user));
                return Err(Refused::new("pending", message));
            }
        }
        let purpose = LinkPurpose::Reset(user.id);
        let link = self
            .make(purpose, self.settings.reset_link, None, by)
            .await?;
        log::info!("event=reset_link_made user={} by={:?}", user.id, by.actor);
        Ok(Reply::ResetLink {
            user: user.into(),
            link,
        })
    }

    pub(super) async fn invite(
        &self,
        role: Role,
        note: Option<String>,
        lifetime_seconds: Option<u64>,
        by: By,
    ) -> Result<Reply, Refused> {
        let lifetime = lifetime_seconds.map_or(self.settings.invitation, Duration::from_secs);
        if lifetime.is_zero() || lifetime > LIFETIME_MAX {
            let message = "An invitation can be used for between a second and 366 days.";
            return Err(Refused::new("bad_lifetime", message));
        }
        let is_bad = |note: &String| {
            note.chars().count() > NOTE_CHARS_MAX || note.chars().any(char::is_control)
        };
        if note.as_ref().is_some_and(is_bad) {
            let message = format!("A note is one line of at most {NOTE_CHARS_MAX} characters.");
            return Err(Refused::new("bad_note", message));
        }
        if role == Role::Owner && self.ask.accounts.account_counts(by.now).await?.owners > 0 {
            let message = "Links make an owner only as long as there is none. Invite a member, \
                then: qunliao user role NAME owner.";
            return Err(Refused::new("owner_exists", message));
        }
        let purpose = LinkPurpose::Invite(role);
        let link = self.make(purpose, lifetime, note.clone(), by).await?;
        log::info!(
            "event=invitation_made link={} role={role:?} by={:?}",
            link.id,
            by.actor
        );
        let invitation = Invitation {
            id: link.id,
            role,
            note,
            made: by.now,
            expires: link.expires,
        };
        Ok(Reply::Invited { invitation, link })
    }

    async fn make(
        &self,
        purpose: LinkPurpose,
        lifetime: Duration,
        note: Option<String>,
        by: By,
    ) -> Result<Link, Refused> {
        let lifetime_ms = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
        let expires = by.now.saturating_add(lifetime_ms);
        let new = NewLink {
            purpose,
            expires,
            note,
            by,
        };
        let (id, token) = self.ask.links.make_link(new).await?;
        Ok(Link {
            id,
            url: (self.settings.url)(&purpose, &token),
            token,
            expires,
        })
    }

    pub(super) async fn invitations(&self, now: u64) -> Result<Reply, Refused> {
        let links = self.ask.links.links(now).await?;
        let invitations = links.into_iter().filter_map(invitation).collect();
        Ok(Reply::Invitations { invitations })
    }

    /// Withdraws an invitation; of one who may not give its role, none.
    pub(super) async fn revoke_invitation(
        &self,
        caller: Caller,
        id: LinkId,
        by: By,
    ) -> Result<Reply, Refused> {
        let links = self.ask.links.links(by.now).await?;
        let found = links
            .into_iter()
            .filter(|link| link.id == id)
            .find_map(invitation);
        let none = || {
            Refused::new(
                "no_such_invitation",
                format!("There is no invitation {id}."),
            )
        };
        let found = found.ok_or_else(none)?;
        if let Caller::User { role, .. } = caller {
            authority::may_give(role, found.role)?;
        }
        if !self.ask.links.revoke_link(id, by).await? {
            return Err(none());
        }
        log::info!("event=invitation_revoked link={id} by={:?}", by.actor);
        Ok(Reply::Withdrawn { id })
    }
}

fn invitation(link: links::Link) -> Option<Invitation> {
    let LinkPurpose::Invite(role) = link.purpose else {
        return None;
    };
    Some(Invitation {
        id: link.id,
        role,
        note: link.note,
        made: link.made,
        expires: link.expires,
    })
}
