//! The desk: where what was asked is done.

mod data;
mod entry;
mod finding;
mod overview;
mod people;
mod tickets;

use super::authority::{self, Subject};
use super::effects::Effects;
use super::refused::Refused;
use super::reply::Reply;
use super::request::{Caller, Request};
use crate::clock::now_ms;
use crate::contacts::PhoneBook;
use crate::hasher::Hasher;
use qunliao_storage::accounts::User;
use qunliao_storage::audit::By;
use qunliao_storage::links::LinkPurpose;
use qunliao_storage::{Accounts, Audit, Codes, Links, Log, Sessions};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Users in one answer.
const USERS_PER_PAGE: usize = 500;
/// Entries of the audit trail in one answer.
const ENTRIES_PER_PAGE: usize = 500;

/// Whom the desk asks.
pub struct Neighbours {
    /// Accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Sessions.
    pub sessions: Arc<dyn Sessions>,
    /// Codes.
    pub codes: Arc<dyn Codes>,
    /// Links.
    pub links: Arc<dyn Links>,
    /// The audit trail.
    pub audit: Arc<dyn Audit>,
    /// The rooms' logs.
    pub log: Arc<dyn Log>,
    /// What only a running server can do.
    pub effects: Arc<dyn Effects>,
}

/// Where a link with this purpose and token leads.
pub type LinkUrl = Arc<dyn Fn(&LinkPurpose, &str) -> String + Send + Sync>;

/// What the desk goes by.
#[derive(Clone)]
pub struct Settings {
    /// How numbers are read.
    pub phones: PhoneBook,
    /// Where links lead.
    pub url: LinkUrl,
    /// How long a link for a new password can be used.
    pub reset_link: Duration,
    /// How long an invitation can be used, if nothing else is asked for.
    pub invitation: Duration,
    /// SMS with codes that may be sent in a day.
    pub sms_day: usize,
    /// The data folder.
    pub data_dir: PathBuf,
    /// What stays free there, in bytes.
    pub reserve_bytes: u64,
}

/// Where administration happens.
pub struct Desk {
    ask: Neighbours,
    settings: Settings,
    /// Its own: whoever runs the server does not queue with those who log in.
    hasher: Hasher,
}

impl Desk {
    /// A desk.
    #[must_use]
    pub fn new(ask: Neighbours, settings: Settings) -> Self {
        Self {
            ask,
            settings,
            hasher: Hasher::new(1, 16),
        }
    }

    /// Does what was asked, if `caller` may ask it. What is answered is durable.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn carry_out(&self, caller: Caller, request: Request) -> Result<Reply, Refused> {
        authority::may_ask(caller, &request)?;
        let by = By {
            actor: caller.actor(),
            now: now_ms(),
        };
        if let Some(typed) = whom(&request) {
            let user = self.find(typed).await?;
            let subject = Subject {
                id: user.id,
                role: user.role,
            };
            authority::may_touch(caller, &request, subject)?;
            return self.about(user, request, by).await;
        }
        match request {
            Request::Users { after } => self.users(after).await,
            Request::AddUser {
                name,
                password,
                role,
                phone,
                email,
            } => {
                let entry = entry::Entry::examine(&name, phone, email, &self.settings.phones)?;
                self.add(entry, &password, role, by).await
            }
            Request::Invite {
                role,
                note,
                lifetime_seconds,
            } => self.invite(role, note, lifetime_seconds, by).await,
            Request::Invitations => self.invitations(by.now).await,
            Request::RevokeInvitation { id } => self.revoke_invitation(caller, id, by).await,
            Request::Statistics => self.statistics(by.now).await,
            Request::Audit { before, limit, .. } => self.audit(None, before, limit).await,
            _ => unreachable!("what is about a user has been done above"),
        }
    }

    /// Does what is about one user.
    async fn about(&self, user: User, request: Request, by: By) -> Result<Reply, Refused> {
        match request {
            Request::User { .. } | Request::Sessions { .. } => self.sessions(user, by.now).await,
            Request::Approve { .. } => self.approve(user, by).await,
            Request::Disable { .. } => self.disable(user, by).await,
            Request::Enable { .. } => self.enable(user, by).await,
            Request::Delete { .. } => self.delete(user, by).await,
            Request::SetRole { role, .. } => self.set_role(user, role, by).await,
            Request::MakeResetLink { .. } => self.make_reset_link(user, by).await,
            Request::RevokeSessions { session, .. } => self.revoke(user, session, by).await,
            Request::Audit { before, limit, .. } => self.audit(Some(user.id), before, limit).await,
            _ => unreachable!("only what names a user comes here"),
        }
    }
}

/// The user that a request names.
fn whom(request: &Request) -> Option<&str> {
    match request {
        Request::User { user }
        | Request::Approve { user }
        | Request::Disable { user }
        | Request::Enable { user }
        | Request::Delete { user }
        | Request::SetRole { user, .. }
        | Request::MakeResetLink { user }
        | Request::Sessions { user }
        | Request::RevokeSessions { user, .. } => Some(user),
        Request::Audit { user, .. } => user.as_deref(),
        Request::Users { .. }
        | Request::AddUser { .. }
        | Request::Invite { .. }
        | Request::Invitations
        | Request::RevokeInvitation { .. }
        | Request::Statistics => None,
    }
}
