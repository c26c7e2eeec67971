//! A user who is here: what all connections of that user share.

use crate::pace::{Pace, Rate};
use qunliao_protocol::{Language, RoomId, UserId};
use qunliao_storage::accounts::User;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// A user with at least one connection, or one that was here a moment ago.
pub struct Person {
    /// The id.
    pub id: UserId,
    /// The name that others see.
    pub name: String,
    /// The language to be spoken to in, if one was chosen.
    language: Mutex<Option<Language>>,
    pace: Mutex<Pace>,
    /// The rooms this user is in, and through how many connections.
    rooms: Mutex<HashMap<RoomId, usize>>,
}

/// A connection's seat in a room: the user is in the room until the last is dropped.
pub struct Seat {
    person: Arc<Person>,
    room: RoomId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut rooms = self.person.lock_rooms();
        if let Some(seats) = rooms.get_mut(&self.room) {
            *seats -= 1;
            if *seats == 0 {
                rooms.remove(&self.room);
            }
        }
    }
}

impl Person {
    /// The language to be spoken to in, if one was chosen.
    #[must_use]
    pub fn language(&self) -> Option<Language> {
        *self.lock_language()
    }

    fn lock_language(&self) -> MutexGuard<'_, Option<Language>> {
        self.language.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat in `room`; `None` if the user is in `rooms_max` others.
    pub fn enter(self: &Arc<Self>, room: RoomId, rooms_max: usize) -> Option<Seat> {
        let mut rooms = self.lock_rooms();
        if rooms.len() >= rooms_max && !rooms.contains_key(&room) {
            return None;
        }
        *rooms.entry(room).or_default() += 1;
        Some(Seat {
            person: Arc::clone(self),
            room,
        })
    }

    fn lock_rooms(&self) -> MutexGuard<'_, HashMap<RoomId, usize>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one message from the user's allowance, or tells how long to wait.
    ///
    /// # Errors
    /// The time until the next message may be sent.
    pub fn take_message(&self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.take(rate, now)
    }
}

/// The language that a user chose to be spoken to in.
#[must_use]
pub fn language_of(user: &User) -> Option<Language> {
    let code = user.profile.language.as_deref();
    code.and_then(Language::from_code)
}

/// The people who are here, each once.
#[derive(Default)]
pub struct People {
    here: Mutex<HashMap<UserId, Weak<Person>>>,
}

impl People {
    /// The one [`Person`] of `user`, who is spoken to in the language that is chosen now.
    pub fn meet(&self, user: &User) -> Arc<Person> {
        let language = language_of(user);
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(person) = here.get(&user.id).and_then(Weak::upgrade)
            && person.name == user.name
        {
            *person.lock_language() = language;
            return person;
        }
        // Those who left are forgotten when the map would have to grow anyway.
        if here.len() == here.capacity() {
            here.retain(|_, person| person.strong_count() > 0);
        }
        let person = Arc::new(Person {
            id: user.id,
            name: user.name.clone(),
            language: Mutex::new(language),
            pace: Mutex::default(),
            rooms: Mutex::default(),
        });
        here.insert(user.id, Arc::downgrade(&person));
        person
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qunliao_storage::accounts::{Profile, Role, Standing};

    #[test]
    fn a_user_is_in_so_many_rooms_through_any_number_of_connections() {
        let alice = People::default().meet(&User {
            id: UserId(1),
            name: "小爱".into(),
            phone: None,
            phone_verified: false,
            email: None,
            email_confirmed: false,
            role: Role::default(),
            standing: Standing::default(),
            profile: Profile::default(),
            created: 0,
        });
        let desk = alice.enter(RoomId::LOBBY, 1);
        let phone = alice.enter(RoomId::LOBBY, 1);
        assert!(desk.is_some() && phone.is_some());
        assert!(alice.enter(RoomId(2), 1).is_none());
        drop(desk);
        assert!(
            alice.enter(RoomId(2), 1).is_none(),
            "the phone is still there"
        );
        drop(phone);
        assert!(alice.enter(RoomId(2), 1).is_some());
    }
}
