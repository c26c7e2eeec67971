//! What the desk does while nobody waits for it: how it fares is nobody's answer,
//! and how long it takes tells nobody anything.

use super::Desk;
use crate::auth_registry::Later;
use crate::person::language_of;
use qunliao_delivery::Notice;
use qunliao_protocol::{Failure, Language, UserId};
use qunliao_storage::Contact;
use qunliao_storage::accounts::User;
use qunliao_storage::codes::{Proof, Purpose};

/// Something to be done later.
pub(in crate::auth_registry) enum Errand {
    /// Ask someone to confirm an address.
    Confirm(Later),
    /// Send a code that was recorded. It stays counted whatever comes of it, as one
    /// that is nobody's does.
    Send {
        /// Whose.
        user: UserId,
        /// The code, and where to.
        proof: Proof,
    },
    /// Tell a user what has happened to the account.
    Tell {
        /// Whom.
        user: UserId,
        /// Where: by the first of these that may be sent one more.
        contacts: Vec<Contact>,
        /// What.
        notice: Notice,
        /// The language of its user.
        language: Language,
    },
}

impl From<Later> for Errand {
    fn from(later: Later) -> Self {
        Self::Confirm(later)
    }
}

impl Desk {
    pub(in crate::auth_registry) async fn run(&self, errand: Errand) {
        let (event, user, done) = match errand {
            Errand::Confirm(later) => return self.ask_to_confirm(later).await,
            Errand::Send { user, proof } => {
                let event = match proof.purpose {
                    Purpose::Reset => "reset_code_not_sent",
                    Purpose::Confirm | Purpose::Register => "confirmation_not_sent",
                };
                let language = self.language_spoken_by(user).await;
                let sent = self.carry_code(&proof, language).await;
                (event, user, sent.map_err(Failure::from))
            }
            Errand::Tell {
                user,
                contacts,
                notice,
                language,
            } => {
                let told = self.send_notice(user, contacts, notice, language);
                ("notice_not_sent", user, told.await)
            }
        };
        if let Err(failure) = done {
            log::warn!("event={event} user={user} error={}", failure.slug());
        }
    }

    /// Tells `user` by the first of these contacts that may be sent one more.
    pub(in crate::auth_registry) fn tell(
        &self,
        user: &User,
        contacts: Vec<Contact>,
        notice: Notice,
    ) -> Errand {
        Errand::Tell {
            user: user.id,
            contacts,
            notice,
            language: self.language_for(user),
        }
    }

    /// The language that a user is written to in.
    pub(super) fn language_for(&self, user: &User) -> Language {
        language_of(user).unwrap_or(self.settings.language)
    }
}
