//! Which user someone means.

use super::{Desk, USERS_PER_PAGE};
use crate::admin::refused::Refused;
use crate::contacts::parse_email;
use crate::names;
use qunliao_protocol::UserId;
use qunliao_storage::Contact;
use qunliao_storage::accounts::{Login, Standing, User};

/// Longest thing that is looked up, in bytes.
const TYPED_BYTES_MAX: usize = 256;

impl Desk {
    /// The user that `typed` means: an id, a name, a number or an address; closed
    /// accounts too, if no open one is meant.
    pub(super) async fn find(&self, typed: &str) -> Result<User, Refused> {
        let typed = typed.trim();
        if typed.is_empty() || typed.len() > TYPED_BYTES_MAX {
            return Err(Refused::no_user());
        }
        if let Some(id) = id(typed) {
            let user = self.ask.accounts.user(id).await?;
            return user.ok_or_else(Refused::no_user);
        }
        let sought = Sought {
            name: names::fold(typed),
            phone: self.settings.phones.parse(typed),
            email: parse_email(typed),
        };
        let mut found: Vec<User> = Vec::new();
        for login in sought.logins() {
            let account = self.ask.accounts.find(login).await?;
            let user = account.map(|account| account.user);
            // One may be called what is another's number by now.
            found.extend(user.filter(|user| found.iter().all(|other| other.id != user.id)));
        }
        if found.is_empty() {
            return self.find_unindexed(&sought).await;
        }
        the_one(found)
    }

    /// Numbers and addresses that nobody proved, and closed accounts, are in no
    /// index. A team is small enough to be read through.
    async fn find_unindexed(&self, sought: &Sought) -> Result<User, Refused> {
        let mut found: Vec<User> = Vec::new();
        let mut after = None;
        loop {
            let page = self.ask.accounts.users(after, USERS_PER_PAGE).await?;
            after = page.last().map(|user| user.id);
            let is_last = page.len() < USERS_PER_PAGE;
            found.extend(page.into_iter().filter(|user| sought.fits(user)));
            if is_last {
                break;
            }
        }
        if found.iter().any(|user| user.standing != Standing::Closed) {
            found.retain(|user| user.standing != Standing::Closed);
        }
        the_one(found)
    }
}

/// The user that is meant, if it is one.
fn the_one(mut found: Vec<User>) -> Result<User, Refused> {
    match found.len() {
        0 => Err(Refused::no_user()),
        1 => Ok(found.remove(0)),
        _ => {
            let ids: Vec<String> = found.iter().map(|user| format!("#{}", user.id)).collect();
            let message = format!(
                "This could be any of {}. Name one of them by id.",
                ids.join(", ")
            );
            Err(Refused::new("ambiguous", message))
        }
    }
}

/// `#5` and `id:5`: neither is a name that could not be told from an id.
fn id(typed: &str) -> Option<UserId> {
    let digits = typed
        .strip_prefix('#')
        .or_else(|| typed.strip_prefix("id:"))?;
    digits.parse().ok().map(UserId)
}

/// What `typed` may stand for.
struct Sought {
    name: String,
    phone: Option<String>,
    email: Option<String>,
}

impl Sought {
    fn logins(&self) -> Vec<Login> {
        let mut logins = vec![Login::Name(self.name.clone())];
        logins.extend(
            self.phone
                .clone()
                .map(|it| Login::Contact(Contact::Phone(it))),
        );
        logins.extend(
            self.email
                .clone()
                .map(|it| Login::Contact(Contact::Email(it))),
        );
        logins
    }

    fn fits(&self, user: &User) -> bool {
        names::fold(&user.name) == self.name
            || (self.phone.is_some() && user.phone == self.phone)
            || (self.email.is_some() && user.email == self.email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_from_a_name() {
        assert_eq!(id("#5"), Some(UserId(5)));
        assert_eq!(id("id:5"), Some(UserId(5)));
        for other in ["5", "#", "#x", "id:", "小明", "#-1"] {
            assert_eq!(id(other), None, "{other}");
        }
    }
}
