//! Identifiers: each noun has its own type, so that one cannot stand for another.
//!
//! On the wire an id is a JSON number below 2^53, the largest range in which
//! every reader (a browser, say) keeps integers exact.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The first integer that a reader with 64-bit floats can no longer hold exactly.
pub const ID_LIMIT: u64 = 1 << 53;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A user, for ever: ids of closed accounts are not given out again.
    UserId
);
id!(
    /// A room. The lobby is [`RoomId::LOBBY`].
    RoomId
);
id!(
    /// An entry's place in its room's log: dense, beginning with 1; 0 is "before the first".
    EntryId
);
id!(
    /// One version of a file.
    FileId
);
id!(
    /// A folder of shared files.
    FolderId
);

id!(
    /// A session. Not secret: its token is.
    SessionId
);
id!(
    /// A link that an administrator or the server made: an invitation, a set-up, a reset.
    LinkId
);

impl RoomId {
    /// The room that exists from the beginning and that plain clients talk in.
    pub const LOBBY: RoomId = RoomId(1);
}

impl EntryId {
    /// The entry after this one.
    #[must_use]
    pub fn next(self) -> Self {
        EntryId(self.0 + 1)
    }
}
