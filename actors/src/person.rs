//! A user who is here: what all connections of that user share.

use crate::pace::{Pace, Rate};
use qunliao_protocol::UserId;
use qunliao_storage::accounts::User;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// A user with at least one connection, or one that was here a moment ago.
pub struct Person {
    /// The id.
    pub id: UserId,
    /// The name that others see.
    pub name: String,
    pace: Mutex<Pace>,
}

impl Person {
    /// Takes one message from the user's allowance, or tells how long to wait.
    ///
    /// # Errors
    /// The time until the next message may be sent.
    pub fn take_message(&self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.take(rate, now)
    }
}

/// The people who are here, each once.
#[derive(Default)]
pub struct People {
    here: Mutex<HashMap<UserId, Weak<Person>>>,
}

impl People {
    /// The one [`Person`] of `user`.
    pub fn meet(&self, user: &User) -> Arc<Person> {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(person) = here.get(&user.id).and_then(Weak::upgrade)
            && person.name == user.name
        {
            return person;
        }
        // Those who left are forgotten when the map would have to grow anyway.
        if here.len() == here.capacity() {
            here.retain(|_, person| person.strong_count() > 0);
        }
        let person = Arc::new(Person {
            id: user.id,
            name: user.name.clone(),
            pace: Mutex::default(),
        });
        here.insert(user.id, Arc::downgrade(&person));
        person
    }
}
