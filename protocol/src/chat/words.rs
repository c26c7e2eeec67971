//! Words that requests, replies and entries have in common.

use crate::failure::Failure;
use serde::{Deserialize, Serialize};

/// Who may come into a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Everyone with an account is in it, always: the lobby.
    Everyone,
    /// Whoever finds it.
    Open,
    /// Whoever is invited.
    Closed,
    /// Two people, for ever.
    Direct,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomRole {
    /// Speak.
    #[default]
    Member,
    /// Keep order.
    Admin,
    /// All of it.
    Owner,
}

/// Of what a member wants to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Of everything.
    #[default]
    All,
    /// Of what means them.
    Mentions,
    /// Of nothing (消息免打扰).
    None,
}

impl RoomRole {
    pub(super) fn read(word: &str) -> Result<Self, Failure> {
        match word {
            "owner" => Ok(Self::Owner),
            "admin" => Ok(Self::Admin),
            "member" => Ok(Self::Member),
            _ => Err(Failure::MistypedKey("role")),
        }
    }
}

impl Notify {
    pub(super) fn read(word: &str) -> Result<Self, Failure> {
        match word {
            "all" => Ok(Self::All),
            "mentions" => Ok(Self::Mentions),
            "none" => Ok(Self::None),
            _ => Err(Failure::MistypedKey("notify")),
        }
    }
}

impl Access {
    /// Reads what a room can be made with.
    pub(super) fn read(word: &str) -> Result<Self, Failure> {
        match word {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            _ => Err(Failure::MistypedKey("access")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for role in [RoomRole::Owner, RoomRole::Admin, RoomRole::Member] {
            assert_eq!(RoomRole::read(&written(role)), Ok(role));
        }
        for notify in [Notify::All, Notify::Mentions, Notify::None] {
            assert_eq!(Notify::read(&written(notify)), Ok(notify));
        }
        for access in [Access::Open, Access::Closed] {
            assert_eq!(Access::read(&written(access)), Ok(access));
        }
        for access in [Access::Everyone, Access::Direct] {
            let refused = Access::read(&written(access));
            assert_eq!(refused, Err(Failure::MistypedKey("access")));
        }
    }

    fn written(word: impl Serialize) -> String {
        let value = serde_json::to_value(word).unwrap();
        value.as_str().unwrap().to_owned()
    }
}
