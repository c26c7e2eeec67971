//! What can be asked of a room.

use qunliao_protocol::{EntryId, UserId};
use qunliao_storage::accounts::Role;
use qunliao_storage::{Message, MessageChange, RoomRole};

/// Something that someone wants to do in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Say something.
    Say(Message),
    /// Change something that was said.
    Change {
        /// The message.
        target: EntryId,
        /// How.
        change: MessageChange,
    },
    /// Come in.
    Join,
    /// Leave.
    Leave,
    /// Bring someone in.
    Invite,
    /// Have someone leave.
    Kick,
    /// Have someone leave for good.
    Ban,
    /// Let someone come back.
    Unban,
    /// Have someone be silent.
    Mute {
        /// Until when, in milliseconds since the epoch.
        until: u64,
    },
    /// Let someone speak again.
    Unmute,
    /// Give someone a role.
    GiveRole(RoomRole),
    /// Give the room a title.
    Title(String),
    /// Announce something; nothing, to take back what is announced.
    Announce(String),
}

/// Someone in the eyes of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// Who.
    pub id: UserId,
    /// What they may do on the server, which decides in the lobby.
    pub role: Role,
}

/// Whom a deed concerns besides the one who does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Who; the author, if something is forwarded.
    pub party: Party,
    /// Under which name.
    pub name: String,
}

impl Deed {
    /// The message that has to be known before this can be judged.
    #[must_use]
    pub fn target(&self) -> Option<EntryId> {
        match self {
            Self::Change { target, .. } => Some(*target),
            _ => None,
        }
    }
}
