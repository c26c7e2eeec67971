//! The chat port (聊天): saying something, hearing what others said, and everything
//! about the rooms in which that happens.
//!
//! One file a noun. Requests borrow from the frame that they came in; replies and
//! pushes are read by clients through the same types by which the server writes them.
//! The exception are entries, which the server writes as a [`EntryFrame`] that borrows
//! and a client reads as an [`Entry`] that owns: a test holds the two together.

mod change;
mod enter;
mod entry;
mod history;
mod mark;
mod mentions;
mod presence;
mod push;
mod request;
mod room;
mod rooms;
mod say;
mod search;
mod words;

pub use change::{Change, Changed, MessageAsk};
pub use enter::{Enter, Entered, Gap, GapPush, Limits};
pub use entry::{
    ChangeFrame, Entry, EntryBody, EntryFrame, FileCard, FileFrame, Kind, MessageFrame, Named,
    NamedFrame, Reaction, RoomFrame, State, file_as_text,
};
pub use history::{Around, History, HistoryReply};
pub use mark::{Mark, ReadPush, SeenReply, Seer};
pub use mentions::{Mentioned, Mentions};
pub use presence::{Pong, PresencePush, Typing, TypingPush};
pub use push::Push;
pub use request::Request;
pub use room::{LOBBY, optional_room, parse_room, read_room, room_name, room_text};
pub use rooms::{
    Announcement, ListReply, ListedRoom, Member, MembersReply, MuteEnd, Overview, OverviewReply,
    Person, RoomAsk, RoomPush, RoomRequest, RosterLine, RosterReply,
};
pub use say::{Attachment, ForwardOf, Said, Say};
pub use search::{FoundFile, Search, SearchReply};
pub use words::{Access, Notify, RoomRole};

/// `op` of [`Say`], and of the entries that are messages.
pub const SAY: u64 = 0;
/// `op` of [`Enter`], and of [`GapPush`].
pub const ENTER: u64 = 1;
/// `op` of [`History`].
pub const HISTORY: u64 = 2;
/// `op` of [`RoomRequest`], of the entries that change a room, and of [`RoomPush`].
pub const ROOMS: u64 = 3;
/// `op` of [`Typing`], [`TypingPush`] and [`PresencePush`].
pub const PRESENCE: u64 = 4;
/// `op` of [`Mark`] and [`ReadPush`].
pub const MARK: u64 = 5;
/// `op` of [`Change`], and of the entries that change a message.
pub const CHANGE: u64 = 6;
/// `op` of [`Search`].
pub const SEARCH: u64 = 7;
/// `op` of a ping.
pub const PING: u64 = 8;

/// Whether the origin has this op on the chat port.
#[must_use]
pub fn is_origin_op(op: u64) -> bool {
    op == SAY
}

/// Longest `client_message_id`, in bytes.
pub const CLIENT_MESSAGE_ID_BYTES_MAX: usize = 64;
/// Most values in `mentions`.
pub const MENTIONS_MAX: usize = 100;
/// Most rooms in `resume`.
pub const RESUME_ROOMS_MAX: usize = 1_000;
/// Items of a page where a request does not say how many.
pub const LIMIT_DEFAULT: usize = 50;
/// Most items of a page.
pub const LIMIT_MAX: usize = 200;
/// Most results of a search, of each sort.
pub const SEARCH_LIMIT_MAX: usize = 50;
/// Longest `query`, in bytes.
pub const QUERY_BYTES_MAX: usize = 256;
/// Longest cursor of a search, in bytes.
pub const CURSOR_BYTES_MAX: usize = 128;
/// Longest `emoji`, in bytes.
pub const EMOJI_BYTES_MAX: usize = 32;
/// Most characters of an `emoji`: what is one picture can be a row of them.
pub const EMOJI_CHARS_MAX: usize = 8;
