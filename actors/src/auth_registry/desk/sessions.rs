//! The part of the desk that begins sessions, and looks after them.

use super::{Desk, card, random_token};
use crate::admission::Network;
use crate::auth_registry::ManageSessions;
use crate::clock::now_ms;
use crate::credentials::Found;
use crate::storage_failure;
use qunliao_protocol::auth::{SessionCard, SessionsAsk, SessionsReply, SignedIn};
use qunliao_protocol::{Failure, SessionId, UserId};
use qunliao_storage::StorageError;
use qunliao_storage::accounts::User;
use qunliao_storage::audit::{Actor, By};
use qunliao_storage::sessions::{NewSession, Session};
use std::time::{Duration, Instant};

/// Bytes of randomness in a token.
const TOKEN_BYTES: usize = 32;

/// Where a session begins.
pub(super) struct Origin {
    /// What the client calls its device.
    pub(super) device: Option<String>,
    /// Where it comes from.
    pub(super) network: Network,
}

impl Desk {
    /// Begins a session of someone whose password was verified when there had been
    /// so many withdrawals.
    pub(super) async fn begin_session(
        &self,
        user: User,
        withdrawals: u64,
        origin: Origin,
    ) -> Result<SignedIn, Failure> {
        let token = random_token(TOKEN_BYTES);
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let lifetime = self
            .settings
            .session_idle
            .min(self.settings.session_lifetime);
        let new = NewSession {
            user: user.id,
            token: token.clone(),
            now: now_ms(),
            idle_ms: milliseconds(self.settings.session_idle),
            lifetime_ms: milliseconds(self.settings.session_lifetime),
            sessions_max: self.settings.sessions_max,
            device: origin.device,
            address: Some(origin.network.to_string()),
        };
        let credentials = &self.ask.credentials;
        let before = credentials.withdrawals();
        let begun = match self.ask.sessions.open_session(new).await {
            Ok(begun) => Some(begun),
            // With a full disk people still log in, to read and to make room; such
            // a session lasts as long as a credential is remembered.
            Err(StorageError::Full { .. }) => {
                let user = user.id;
                log::warn!("event=session_not_kept user={user} reason=storage_full");
                None
            }
            Err(why) => return Err(storage_failure(&why)),
        };
        // The connection that asks finds it there, without asking again.
        let (session, now) = (begun.as_ref().map(|begun| begun.id), Instant::now());
        let found = Found {
            person: self.ask.people.meet(&user),
            session,
            ends: Some(now + lifetime),
        };
        let remembered = credentials.remember_begun(&token, found, withdrawals, now);
        let others_ended = credentials.were_withdrawn(user.id, before);
        if let Some(begun) = begun.filter(|begun| !begun.ended.is_empty()) {
            self.ask.presence.end_sessions(user.id, &begun.ended);
        }
        if remembered.is_none() {
            // The password was changed while it was verified here.
            if let Some(session) = session {
                self.end_session(user.id, session).await?;
            }
            return Err(Failure::Unavailable);
        }
        if let Some(session) = session.filter(|_| others_ended) {
            self.let_go_unless_living(user.id, session).await?;
        }
        let user = card(user);
        Ok(SignedIn { token, user })
    }

    /// The session that has begun may have ended already, to make room for others that
    /// began meanwhile, when nothing of it was remembered yet that could be let go of.
    async fn let_go_unless_living(&self, user: UserId, begun: SessionId) -> Result<(), Failure> {
        let living = self.living(user).await?;
        if !living.iter().any(|session| session.id == begun) {
            self.ask.presence.end_session(user, begun);
        }
        Ok(())
    }

    /// The session whose token this is. That it is in use is noted.
    pub(super) async fn find_session(
        &self,
        token: &str,
        from: Network,
    ) -> Result<(User, Session), Failure> {
        let found = self.ask.sessions.session(token.to_owned(), now_ms()).await;
        let found = found.map_err(|why| storage_failure(&why))?;
        let (user, session) = found.ok_or(Failure::WrongCredentials)?;
        self.ask.brake.know(user.id, from, Instant::now());
        let address = Some(from.to_string());
        self.touch(user.id, session.id, address).await;
        Ok((user, session))
    }

    /// When it will be so many milliseconds since the epoch.
    pub(super) fn instant(&self, at_ms: u64) -> Instant {
        let left = Duration::from_millis(at_ms.saturating_sub(now_ms()));
        // What lies further ahead than any session lasts makes no difference.
        Instant::now() + left.min(self.settings.session_lifetime)
    }

    async fn touch(&self, user: UserId, session: SessionId, address: Option<String>) {
        let touched = self
            .ask
            .sessions
            .touch_session(user, session, now_ms(), address);
        match touched.await {
            // A session that is used while the disk is full goes on all the same.
            Ok(()) | Err(StorageError::Full { .. }) => {}
            Err(why) => log::warn!("event=session_not_touched user={user} error=\"{why}\""),
        }
    }

    async fn living(&self, user: UserId) -> Result<Vec<Session>, Failure> {
        let living = self.ask.sessions.sessions_of(user, now_ms()).await;
        living.map_err(|why| storage_failure(&why))
    }

    /// Ends one session, and what goes on by it; `false` if there is none with this id.
    async fn end_session(&self, user: UserId, session: SessionId) -> Result<bool, Failure> {
        let ended = self.ask.sessions.end_session(user, session, by(user)).await;
        let ended = ended.map_err(|why| storage_failure(&why))?;
        self.ask.presence.end_session(user, session);
        Ok(ended)
    }

    pub(in crate::auth_registry) async fn manage_sessions(
        &self,
        ask: ManageSessions,
    ) -> Result<SessionsReply, Failure> {
        let asking = self.signed_in(ask.token, ask.asked_by).await?;
        let (user, current) = (asking.person.id, asking.session);
        let mut reply = SessionsReply::default();
        match ask.ask {
            SessionsAsk::List => {
                let living = self.living(user).await?;
                let cards = living.into_iter().map(|session| shown(session, current));
                reply.sessions = Some(cards.collect());
            }
            SessionsAsk::Revoke(named) => match named.or(current) {
                Some(session) if self.end_session(user, session).await? => {
                    log::info!("event=session_revoked user={user} session={session}");
                }
                Some(_) => return Err(Failure::SessionNotFound),
                // It is remembered, and not kept anywhere.
                None => self.ask.credentials.forget(&asking.fingerprint),
            },
            SessionsAsk::RevokeAll { current: also } => {
                let kept = current.filter(|_| !also);
                let ended = self.ask.sessions.end_sessions(user, kept, by(user)).await;
                let ended = ended.map_err(|why| storage_failure(&why))?;
                self.ask.presence.end(user, kept);
                log::info!("event=sessions_revoked user={user} count={ended}");
                reply.ended = Some(ended);
            }
        }
        Ok(reply)
    }

    /// Ends connections whose session has run out, and notes that the others are
    /// in use: someone who only listens never shows a token again.
    pub(in crate::auth_registry) async fn look_after_sessions(&self) {
        for (user, connected) in self.ask.presence.sessions() {
            let living = match self.ask.sessions.sessions_of(user, now_ms()).await {
                Ok(living) => living,
                Err(why) => {
                    log::warn!("event=sessions_not_looked_after error=\"{why}\"");
                    return;
                }
            };
            let ids: Vec<_> = living.iter().map(|session| session.id).collect();
            if connected.iter().any(|session| !ids.contains(session)) {
                self.ask.presence.end_other_sessions(user, &ids);
            }
            for session in connected.into_iter().filter(|it| ids.contains(it)) {
                self.touch(user, session, None).await;
            }
        }
    }
}

/// What users do themselves, now.
pub(super) fn by(user: UserId) -> By {
    By {
        actor: Actor::User(user),
        now: now_ms(),
    }
}

fn shown(session: Session, current: Option<SessionId>) -> SessionCard {
    SessionCard {
        id: session.id,
        device: session.device,
        address: session.address,
        created: session.issued,
        last_used: session.last_used,
        expires: session.expires,
        current: current == Some(session.id),
    }
}
