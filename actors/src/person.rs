//! A user who is here: what all connections of that user share.

use crate::finder::Finder;
use crate::pace::{Pace, Rate};
use qunliao_protocol::{Language, UserId};
use qunliao_storage::accounts::{Role, User};
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
    /// What the user may do on the server.
    role: Mutex<Role>,
    pace: Mutex<Pace>,
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

    /// What this user may do on the server.
    #[must_use]
    pub fn role(&self) -> Role {
        *self.role.lock().unwrap_or_else(PoisonError::into_inner)
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
    finder: Option<Arc<Finder>>,
}

impl People {
    /// People whom others can find.
    #[must_use]
    pub fn found_by(finder: Arc<Finder>) -> Self {
        Self {
            here: Mutex::default(),
            finder: Some(finder),
        }
    }

    /// The one [`Person`] of `user`, who is spoken to in the language that is chosen now.
    pub fn meet(&self, user: &User) -> Arc<Person> {
        if let Some(finder) = &self.finder {
            finder.meet(user);
        }
        let language = language_of(user);
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(person) = here.get(&user.id).and_then(Weak::upgrade)
            && person.name == user.name
        {
            *person.lock_language() = language;
            *person.role.lock().unwrap_or_else(PoisonError::into_inner) = user.role;
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
            role: Mutex::new(user.role),
            pace: Mutex::default(),
        });
        here.insert(user.id, Arc::downgrade(&person));
        person
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qunliao_storage::accounts::{Profile, Standing};

    #[test]
    fn who_is_met_again_is_the_same_person_in_the_role_of_now() {
        let people = People::default();
        let mut alice = User {
            id: UserId(1),
            name: "小爱".into(),
            phone: None,
            phone_verified: false,
            email: None,
            email_confirmed: false,
            role: Role::Member,
            standing: Standing::default(),
            profile: Profile::default(),
            created: 0,
        };
        let met = people.meet(&alice);
        alice.role = Role::Admin;
        assert!(Arc::ptr_eq(&people.meet(&alice), &met));
        assert_eq!(met.role(), Role::Admin);
    }
}
