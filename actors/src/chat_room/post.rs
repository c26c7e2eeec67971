//! A post, from being asked for to being an entry.

use super::batch::Batch;
use super::deed::{Deed, Party, Subject};
use super::state::Passage;
use crate::admission::ConnectionId;
use crate::person::Person;
use qunliao_protocol::{EntryId, Failure};
use qunliao_storage::NewEntry;
use std::sync::Arc;

/// Something that someone wants to do.
#[derive(Clone)]
pub struct Post {
    /// Through which connection.
    pub connection: ConnectionId,
    /// The connection's number of the post.
    pub ticket: u64,
    /// Who.
    pub by: Arc<Person>,
    /// What.
    pub deed: Deed,
    /// Whom it concerns besides.
    pub subject: Option<Subject>,
    /// The client's own id for it.
    pub client_message_id: Option<String>,
}

impl Post {
    /// Who, in the eyes of a room.
    pub(super) fn party(&self) -> Party {
        Party {
            id: self.by.id,
            role: self.by.role(),
        }
    }
}

/// What becomes of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It waits for its turn, or for the first of its kind.
    Waits,
    /// It has been said.
    Repeats { id: EntryId, time: u64 },
    /// It is that way already.
    Done,
    /// It is not to be.
    Refused(Failure),
    /// It waits for this message to be read.
    Reads(EntryId),
    /// It waits for the repeats of the past to be read.
    ReadsPast,
}

impl Verdict {
    /// Whether that is all there is to say.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self, Self::Waits | Self::Reads(_) | Self::ReadsPast)
    }
}

/// What was decided on a post that had to wait for something to be read.
pub(super) struct Decided {
    pub(super) connection: ConnectionId,
    pub(super) ticket: u64,
    pub(super) verdict: Verdict,
}

/// Entries to append.
pub(super) struct Append {
    pub(super) after: EntryId,
    pub(super) entries: Vec<NewEntry>,
}

/// What an append that has become durable comes to.
pub(super) struct Appended {
    pub(super) batch: Batch,
    pub(super) repeats: Vec<Repeat>,
    /// Who came and went, by which entry.
    pub(super) passages: Vec<(EntryId, Passage)>,
}

/// A repeat whose first one is durable now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeat {
    pub(super) connection: ConnectionId,
    pub(super) ticket: u64,
    pub(super) id: EntryId,
    pub(super) time: u64,
}
