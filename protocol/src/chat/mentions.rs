//! Whom a message means: on the wire one array of user ids, and `"all"`.

use super::MENTIONS_MAX;
use crate::failure::Failure;
use crate::ids::{ID_LIMIT, UserId};
use crate::json::{Object, Value};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Means everyone in the room.
const ALL: &str = "all";

/// Whom a message means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Everyone in the room.
    pub everyone: bool,
    /// These, each once, in ascending order of their ids where a request was read.
    pub users: Vec<UserId>,
}

/// [`Mentions`], borrowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mentioned<'a> {
    /// Everyone in the room.
    pub everyone: bool,
    /// These.
    pub users: &'a [UserId],
}

impl Mentions {
    /// Reads `mentions`; nobody, if it is absent. Repeated ones are dropped.
    ///
    /// # Errors
    /// [`Failure::MistypedKey`], also for more than [`MENTIONS_MAX`].
    pub fn read(body: &Object<'_>) -> Result<Self, Failure> {
        const KEY: &str = "mentions";
        let mistyped = Failure::MistypedKey(KEY);
        let mut mentions = Self::default();
        let items = body.optional_array(KEY)?.unwrap_or_default();
        if items.len() > MENTIONS_MAX {
            return Err(mistyped);
        }
        for item in items {
            match item {
                Value::Unsigned(id) if *id < ID_LIMIT => mentions.users.push(UserId(*id)),
                Value::Text(text) if text == ALL => mentions.everyone = true,
                _ => return Err(mistyped),
            }
        }
        mentions.users.sort_unstable();
        mentions.users.dedup();
        Ok(mentions)
    }

    /// Whether nobody is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_ref().is_empty()
    }

    /// Whether this user is meant.
    #[must_use]
    pub fn include(&self, user: UserId) -> bool {
        self.everyone || self.users.contains(&user)
    }

    /// The same, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> Mentioned<'_> {
        Mentioned {
            everyone: self.everyone,
            users: &self.users,
        }
    }
}

impl Mentioned<'_> {
    /// Whether nobody is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.everyone && self.users.is_empty()
    }
}

impl Serialize for Mentioned<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Item<'a> {
            All(&'a str),
            User(UserId),
        }
        let all = self.everyone.then_some(Item::All(ALL));
        let users = self.users.iter().copied().map(Item::User);
        to.collect_seq(all.into_iter().chain(users))
    }
}

impl Serialize for Mentions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Mentions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Item {
            User(UserId),
            Other(String),
        }
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = Mentions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("user ids and \"all\"")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Mentions, A::Error> {
                let mut mentions = Mentions::default();
                while let Some(item) = items.next_element()? {
                    match item {
                        Item::User(user) => mentions.users.push(user),
                        Item::Other(word) if word == ALL => mentions.everyone = true,
                        Item::Other(_) => return Err(A::Error::custom("nobody's id")),
                    }
                }
                Ok(mentions)
            }
        }
        from.deserialize_seq(Items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mentions: &str) -> Result<Mentions, Failure> {
        let body = format!("{{\"mentions\":{mentions}}}");
        Mentions::read(&Object::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn repeated_mentions_are_dropped_and_all_means_everyone() {
        let mentions = read(r#"[5,"all",3,5,"all"]"#).unwrap();
        assert!(mentions.everyone);
        assert_eq!(mentions.users, [UserId(3), UserId(5)]);
        assert!(read("null").unwrap().is_empty() && read("[]").unwrap().is_empty());
        let three = read("[3]").unwrap();
        assert!(three.include(UserId(3)) && !three.include(UserId(5)) && !three.is_empty());
        assert!(mentions.include(UserId(7)));
    }

    #[test]
    fn what_means_nobody_is_refused() {
        let many = format!("[{}]", vec!["1"; MENTIONS_MAX + 1].join(","));
        for wrong in [
            "7",
            "[-1]",
            r#"["everyone"]"#,
            "[[1]]",
            "[9007199254740992]",
            &many,
        ] {
            assert_eq!(
                read(wrong),
                Err(Failure::MistypedKey("mentions")),
                "{wrong}"
            );
        }
        let just = format!("[{}]", vec!["1"; MENTIONS_MAX].join(","));
        assert!(read(&just).is_ok());
    }

    #[test]
    fn mentions_are_read_as_they_are_written() {
        for text in ["[]", r#"["all"]"#, r#"["all",3,5]"#, "[3]"] {
            let mentions: Mentions = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&mentions).unwrap(), text);
            assert_eq!(read(text), Ok(mentions));
        }
        assert!(serde_json::from_str::<Mentions>(r#"["some"]"#).is_err());
    }
}
