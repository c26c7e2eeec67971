//! What a room tells, where a probe plays it.

use super::Someone;
use qunliao_actors::admission::ConnectionId;
use qunliao_actors::chat_room::{Batch, Deed, Heard, Line, Post};
use qunliao_protocol::{EntryId, Failure, RoomId};
use qunliao_storage::EntryKind;
use std::sync::Arc;

/// What was said as the entry `id`, through `from` (a connection and its ticket).
pub(crate) fn line(
    id: u64,
    author: &Someone,
    news: &str,
    from: Option<(ConnectionId, u64)>,
) -> Line {
    Line {
        id: EntryId(id),
        time: 1_700_000_000_000 + id,
        author: author.user(),
        name: author.name.to_owned(),
        kind: EntryKind::text(news),
        other: None,
        client_message_id: None,
        from,
    }
}

/// What a room tells of these lines.
pub(crate) fn told(lines: impl Into<Vec<Line>>) -> Heard {
    Heard::Batch(Arc::new(Batch::new(RoomId::LOBBY, lines.into())))
}

/// The lobby lets someone in, after the entry `last`.
pub(crate) fn joined(last: u64) -> Heard {
    Heard::Joined {
        room: RoomId::LOBBY,
        last: EntryId(last),
    }
}

/// The lobby lets someone not in.
pub(crate) fn not_joined(failure: Failure) -> Heard {
    Heard::NotJoined {
        room: RoomId::LOBBY,
        failure,
    }
}

/// What a post says.
pub(crate) fn news(post: &Post) -> &str {
    match &post.deed {
        Deed::Say(message) => &message.text,
        deed => panic!("{deed:?} says nothing"),
    }
}
