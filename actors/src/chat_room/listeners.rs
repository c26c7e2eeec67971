//! Who hears what happens in a room.

use super::{Batch, Heard, Notice};
use crate::admission::ConnectionId;
use actix::Recipient;
use qunliao_protocol::{Failure, UserId};
use std::collections::HashMap;
use std::sync::Arc;

/// Connections that listen, and those that only wait for answers.
pub(super) struct Listeners {
    here: HashMap<ConnectionId, Listening>,
    of_user: HashMap<UserId, usize>,
    /// Where to tell what becomes of the posts of connections that do not listen.
    answers: HashMap<(ConnectionId, u64), Recipient<Heard>>,
    /// Those who left while something of theirs was under way.
    leaving: HashMap<ConnectionId, Recipient<Heard>>,
    users_max: usize,
}

struct Listening {
    user: UserId,
    ear: Recipient<Heard>,
}

impl Listeners {
    pub(super) fn new(users_max: usize) -> Self {
        Self {
            here: HashMap::new(),
            of_user: HashMap::new(),
            answers: HashMap::new(),
            leaving: HashMap::new(),
            users_max,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.here.len()
    }

    pub(super) fn contains(&self, connection: ConnectionId) -> bool {
        self.here.contains_key(&connection)
    }

    /// Whether `user` can listen, too.
    ///
    /// # Errors
    /// [`Failure::RoomFull`].
    pub(super) fn has_place(&self, user: UserId) -> Result<(), Failure> {
        if self.of_user.contains_key(&user) || self.of_user.len() < self.users_max {
            Ok(())
        } else {
            Err(Failure::RoomFull)
        }
    }

    pub(super) fn add(&mut self, connection: ConnectionId, user: UserId, ear: Recipient<Heard>) {
        *self.of_user.entry(user).or_default() += 1;
        self.leaving.remove(&connection);
        self.here.insert(connection, Listening { user, ear });
    }

    /// Whose connection it was, if it listened. If it `waits`, it is told still what
    /// becomes of its posts, until [`Self::part`].
    pub(super) fn remove(&mut self, connection: ConnectionId, waits: bool) -> Option<UserId> {
        let Listening { user, ear } = self.here.remove(&connection)?;
        if waits {
            self.leaving.insert(connection, ear);
        }
        if let Some(count) = self.of_user.get_mut(&user) {
            *count -= 1;
            if *count == 0 {
                self.of_user.remove(&user);
            }
        }
        Some(user)
    }

    /// Nothing is under way: those who left have been told everything.
    pub(super) fn part(&mut self) {
        if !self.leaving.is_empty() {
            self.leaving = HashMap::new();
        }
    }

    /// Tells all connections of `user`, which hear nothing more.
    pub(super) fn send_out(&mut self, user: UserId, heard: &Heard) {
        if self.of_user.remove(&user).is_none() {
            return;
        }
        self.here.retain(|_, listening| {
            let stays = listening.user != user;
            if !stays {
                listening.ear.do_send(heard.clone());
            }
            stays
        });
    }

    pub(super) fn tell_batch(&mut self, batch: &Arc<Batch>) {
        for listening in self.here.values() {
            listening.ear.do_send(Heard::Batch(Arc::clone(batch)));
        }
        if self.answers.is_empty() && self.leaving.is_empty() {
            return;
        }
        for line in batch.lines() {
            let Some((connection, ticket)) = line.from else {
                continue;
            };
            let answer = self.take_answer(connection, ticket);
            // Who listens finds it in the batch.
            if !self.contains(connection) {
                let (id, time) = (line.id, line.time);
                let heard = Heard::Settled { ticket, id, time };
                self.tell(connection, answer.as_ref(), heard);
            }
        }
    }

    pub(super) fn notify(&self, notice: &Arc<Notice>) {
        for listening in self.here.values() {
            listening.ear.do_send(Heard::Notice(Arc::clone(notice)));
        }
    }

    /// Tells a connection, by its ear or else by the one for its answer.
    pub(super) fn tell(
        &self,
        connection: ConnectionId,
        answer: Option<&Recipient<Heard>>,
        heard: Heard,
    ) {
        let listening = self.here.get(&connection);
        let ear = listening.map(|listening| &listening.ear).or(answer);
        if let Some(ear) = ear.or_else(|| self.leaving.get(&connection)) {
            ear.do_send(heard);
        }
    }

    pub(super) fn await_answer(
        &mut self,
        connection: ConnectionId,
        ticket: u64,
        answer: Recipient<Heard>,
    ) {
        self.answers.insert((connection, ticket), answer);
    }

    pub(super) fn take_answer(
        &mut self,
        connection: ConnectionId,
        ticket: u64,
    ) -> Option<Recipient<Heard>> {
        if self.answers.is_empty() {
            return None;
        }
        self.answers.remove(&(connection, ticket))
    }
}
