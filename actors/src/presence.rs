//! Who is here: which connections belong to which user, and by which session.
//!
//! A connection enters when someone has authenticated on it, and is gone when it
//! ends. When a session is revoked, a password changed, or an account disabled or
//! closed, [`Presence::end`] withdraws what is remembered of its credentials and
//! closes its connections at once, transfers among them.
//!
//! A verification can be under way meanwhile. What it verified does not stand
//! then, and a connection that enters with it is turned away: it enters first and
//! looks afterwards, while `end` withdraws first and looks afterwards, so that one
//! of the two sees the other.

use crate::admission::ConnectionId;
use crate::credentials::{Credentials, Ending, Verified};
use crate::file_vault::transfer::Transfers;
use crate::roster::Summons;
use actix::Recipient;
use qunliao_protocol::{EntryId, Failure, RoomId, SessionId, UserId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who is here.
pub struct Presence {
    credentials: Arc<Credentials>,
    transfers: Transfers,
    guests: Mutex<BTreeMap<(UserId, ConnectionId), Guest>>,
}

struct Guest {
    session: Option<SessionId>,
    reach: Recipient<Summons>,
}

/// A connection's entry; gone when dropped.
pub struct Here {
    presence: Arc<Presence>,
    user: UserId,
    connection: ConnectionId,
}

impl Here {
    /// Whether it has not been ended.
    #[must_use]
    pub fn is_welcome(&self) -> bool {
        let key = (self.user, self.connection);
        self.presence.lock().contains_key(&key)
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        let key = (self.user, self.connection);
        self.presence.lock().remove(&key);
    }
}

impl Presence {
    /// Nobody yet.
    #[must_use]
    pub fn new(credentials: Arc<Credentials>, transfers: Transfers) -> Self {
        Self {
            credentials,
            transfers,
            guests: Mutex::default(),
        }
    }

    /// Enters a connection on which someone has authenticated.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] if the credential was withdrawn meanwhile: asked for
    /// again, it is verified anew.
    pub fn enter(
        self: &Arc<Self>,
        verified: &Verified,
        connection: ConnectionId,
        reach: Recipient<Summons>,
    ) -> Result<Here, Failure> {
        let user = verified.person.id;
        let guest = Guest {
            session: verified.session,
            reach,
        };
        self.lock().insert((user, connection), guest);
        let here = Here {
            presence: Arc::clone(self),
            user,
            connection,
        };
        if self.credentials.stands(verified) {
            Ok(here)
        } else {
            Err(Failure::Unavailable)
        }
    }

    /// Ends everything that goes on in the name of `user`, by password or session,
    /// except by the session `except`. To be called once storage has ended it.
    pub fn end(&self, user: UserId, except: Option<SessionId>) {
        self.carry_out(user, Ending::AllBut(except));
    }

    /// Ends what goes on by one session.
    pub fn end_session(&self, user: UserId, session: SessionId) {
        self.end_sessions(user, &[session]);
    }

    /// Ends what goes on by these sessions.
    pub fn end_sessions(&self, user: UserId, sessions: &[SessionId]) {
        self.carry_out(user, Ending::Sessions(sessions));
    }

    /// Ends what goes on by sessions other than `living`.
    pub fn end_other_sessions(&self, user: UserId, living: &[SessionId]) {
        self.carry_out(user, Ending::SessionsBut(living));
    }

    /// The sessions by which someone is connected.
    #[must_use]
    pub fn sessions(&self) -> BTreeMap<UserId, Vec<SessionId>> {
        let mut sessions: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for ((user, _), guest) in &*self.lock() {
            if let Some(session) = guest.session {
                let of_user = sessions.entry(*user).or_default();
                if !of_user.contains(&session) {
                    of_user.push(session);
                }
            }
        }
        sessions
    }

    /// Through how many connections `user` is here.
    #[must_use]
    pub fn connections(&self, user: UserId) -> usize {
        self.lock().range(of(user)).count()
    }

    /// Tells the connections of `user` that the user has come into `room` by the
    /// entry `since`.
    pub fn brought_in(&self, user: UserId, room: RoomId, since: EntryId) {
        for guest in self.lock().range(of(user)).map(|(_, guest)| guest) {
            guest.reach.do_send(Summons::BroughtIn(room, since));
        }
    }

    fn carry_out(&self, user: UserId, ending: Ending<'_>) {
        self.credentials.withdraw(user, ending);
        let mut ended = Vec::new();
        let mut guests = self.lock();
        let covered = guests.range(of(user));
        let covered = covered.filter(|(_, guest)| ending.covers(guest.session));
        let covered: Vec<_> = covered.map(|(key, _)| *key).collect();
        for key in covered {
            ended.extend(guests.remove(&key).map(|guest| (key.1, guest.reach)));
        }
        drop(guests);
        for (connection, reach) in ended {
            reach.do_send(Summons::SignedOut);
            self.transfers.end_of(connection);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(UserId, ConnectionId), Guest>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keys of all connections of `user`.
fn of(user: UserId) -> std::ops::RangeInclusive<(UserId, ConnectionId)> {
    (user, ConnectionId(0))..=(user, ConnectionId(u64::MAX))
}
