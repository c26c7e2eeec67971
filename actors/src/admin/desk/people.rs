//! Accounts and their sessions.

use super::entry::Entry;
use super::{Desk, USERS_PER_PAGE};
use crate::admin::refused::Refused;
use crate::admin::reply::{Reply, SessionLine, Told};
use crate::contacts::proved_contacts;
use crate::passwords;
use qunliao_delivery::Notice;
use qunliao_protocol::{Failure, SessionId, UserId};
use qunliao_storage::Contact;
use qunliao_storage::accounts::{
    AccountRefusal, NewAccount, RegisterRefusal, Role, Standing, User,
};
use qunliao_storage::audit::By;

impl Desk {
    pub(super) async fn users(&self, after: Option<UserId>) -> Result<Reply, Refused> {
        let users = self.ask.accounts.users(after, USERS_PER_PAGE).await?;
        Ok(Reply::Users {
            more: users.len() == USERS_PER_PAGE,
            users: users.into_iter().map(Into::into).collect(),
        })
    }

    pub(super) async fn add(
        &self,
        entry: Entry,
        password: &str,
        role: Role,
        by: By,
    ) -> Result<Reply, Refused> {
        passwords::check_length(password).map_err(Failure::WeakPassword)?;
        let others = entry.guessed_first();
        let hashed = self.hasher.judge_and_hash(password, others).await?;
        let new = NewAccount {
            password_hash: hashed.map_err(Failure::WeakPassword)?,
            name: entry.name.shown,
            folded_name: entry.name.folded,
            phone: entry.phone,
            email: entry.email,
            proofs: Vec::new(),
            invite: None,
            role,
            pending: false,
            by: Some(by.actor),
            now: by.now,
        };
        let user = self
            .ask
            .accounts
            .register(new)
            .await?
            .map_err(|refusal| match refusal {
                RegisterRefusal::NameTaken => Failure::NameTaken,
                RegisterRefusal::PhoneTaken => Failure::PhoneTaken,
                RegisterRefusal::EmailTaken => Failure::EmailTaken,
                // Neither a code nor an invitation was shown.
                RegisterRefusal::WrongCode | RegisterRefusal::BadInvite => Failure::Unavailable,
            })?;
        log::info!("event=account_added user={} by={:?}", user.id, by.actor);
        Ok(changed(user))
    }

    pub(super) async fn approve(&self, user: User, by: By) -> Result<Reply, Refused> {
        match user.standing {
            Standing::Pending => {
                let approved = self.set_standing(user, true, by).await;
                approved.map(|user| self.tell_approved(user))
            }
            Standing::Active => Ok(unchanged(user)),
            Standing::Disabled => Err(disabled(&user)),
            Standing::Closed => Err(closed(&user)),
        }
    }

    pub(super) async fn enable(&self, user: User, by: By) -> Result<Reply, Refused> {
        match user.standing {
            Standing::Disabled => self.set_standing(user, true, by).await.map(changed),
            Standing::Active => Ok(unchanged(user)),
            Standing::Pending => Err(Refused::new(
                "pending",
                format!("{} waits for approval: approve it instead.", called(&user)),
            )),
            Standing::Closed => Err(closed(&user)),
        }
    }

    pub(super) async fn disable(&self, user: User, by: By) -> Result<Reply, Refused> {
        match user.standing {
            Standing::Active | Standing::Pending => {
                let id = user.id;
                let user = self.set_standing(user, false, by).await?;
                self.ask.effects.shut_out(id, None);
                Ok(changed(user))
            }
            Standing::Disabled => Ok(unchanged(user)),
            Standing::Closed => Err(closed(&user)),
        }
    }

    async fn set_standing(&self, user: User, active: bool, by: By) -> Result<User, Refused> {
        let outcome = self.ask.accounts.set_standing(user.id, active, by).await?;
        let user = outcome.map_err(|refusal| refused(refusal, &user))?;
        log::info!(
            "event=account_standing user={} standing={:?} by={:?}",
            user.id,
            user.standing,
            by.actor
        );
        Ok(user)
    }

    /// Has someone told that they can sign in now: they were told to wait.
    fn tell_approved(&self, user: User) -> Reply {
        let told = match proved_contacts(&user).into_iter().next() {
            None => Told::NoContact,
            Some(contact) => {
                let by_contact = match contact {
                    Contact::Phone(_) => Told::BySms,
                    Contact::Email(_) => Told::ByMail,
                };
                let effects = &self.ask.effects;
                if effects.tell(&user, contact, Notice::Approved) {
                    by_contact
                } else {
                    Told::NoServer
                }
            }
        };
        Reply::User {
            user: user.into(),
            changed: true,
            told: Some(told),
        }
    }

    pub(super) async fn delete(&self, user: User, by: By) -> Result<Reply, Refused> {
        if user.standing == Standing::Closed {
            return Ok(unchanged(user));
        }
        let outcome = self.ask.accounts.close_account(user.id, None, by).await?;
        outcome.map_err(|refusal| refused(refusal, &user))?;
        self.ask.effects.shut_out(user.id, None);
        log::info!("event=account_closed user={} by={:?}", user.id, by.actor);
        let now = self.ask.accounts.user(user.id).await?;
        Ok(changed(now.unwrap_or(user)))
    }

    pub(super) async fn set_role(&self, user: User, role: Role, by: By) -> Result<Reply, Refused> {
        if user.standing == Standing::Closed {
            return Err(closed(&user));
        }
        if user.role == role {
            return Ok(unchanged(user));
        }
        let outcome = self.ask.accounts.set_role(user.id, role, by).await?;
        let user = outcome.map_err(|refusal| refused(refusal, &user))?;
        log::info!(
            "event=role_given user={} role={role:?} by={:?}",
            user.id,
            by.actor
        );
        Ok(changed(user))
    }

    pub(super) async fn sessions(&self, user: User, now: u64) -> Result<Reply, Refused> {
        let sessions = self.ask.sessions.sessions_of(user.id, now).await?;
        Ok(Reply::Sessions {
            user: user.into(),
            sessions: sessions.into_iter().map(SessionLine::from).collect(),
        })
    }

    pub(super) async fn revoke(
        &self,
        user: User,
        session: Option<SessionId>,
        by: By,
    ) -> Result<Reply, Refused> {
        let sessions = &self.ask.sessions;
        let revoked = match session {
            None => sessions.end_sessions(user.id, None, by).await?,
            Some(session) if sessions.end_session(user.id, session, by).await? => 1,
            Some(session) => {
                let message = format!("{} has no session {session}.", called(&user));
                return Err(Refused::new("no_such_session", message));
            }
        };
        self.ask.effects.shut_out(user.id, session);
        log::info!(
            "event=sessions_revoked user={} count={revoked} by={:?}",
            user.id,
            by.actor
        );
        Ok(Reply::Revoked {
            user: user.into(),
            revoked,
        })
    }
}

fn changed(user: User) -> Reply {
    Reply::User {
        user: user.into(),
        changed: true,
        told: None,
    }
}

fn unchanged(user: User) -> Reply {
    Reply::User {
        user: user.into(),
        changed: false,
        told: None,
    }
}

/// How a user is spoken of.
pub(super) fn called(user: &User) -> String {
    format!("{} (#{})", user.name, user.id)
}

pub(super) fn closed(user: &User) -> Refused {
    let message = format!("The account of {} is closed for good.", called(user));
    Refused::new("closed", message)
}

pub(super) fn disabled(user: &User) -> Refused {
    let message = format!("{} is disabled: enable it first.", called(user));
    Refused::new("disabled", message)
}

fn refused(refusal: AccountRefusal, user: &User) -> Refused {
    match refusal {
        // Nobody has shown a password here.
        AccountRefusal::NoAccount | AccountRefusal::NotVerified => closed(user),
        AccountRefusal::LastOwner => Refused::new(
            "last_owner",
            format!(
                "{} is the last owner who can sign in. Make someone else an owner first: \
                 qunliao user role NAME owner.",
                called(user)
            ),
        ),
    }
}
