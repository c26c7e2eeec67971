//! Which changes bring something new, so that nothing has to be replaced.
//!
//! Replacing costs a look-up in every segment, and nearly all that comes is new. Numbers
//! of entries and files only grow, so what is above all that a room has is new.

use crate::change::{Change, Item};
use crate::error::SearchError;
use crate::matching::of_rooms;
use crate::schema::Fields;
use crate::snapshot::Snapshot;
use qunliao_protocol::RoomId;
use std::collections::HashMap;

/// The highest numbers that rooms have, or had.
#[derive(Default)]
pub(crate) struct Newest {
    /// The numbers of the newest message and of the newest file, plus one each.
    by_room: HashMap<RoomId, [u64; 2]>,
}

impl Newest {
    /// Whether a change brings something that the index cannot have yet. `before` is
    /// the index without what was applied by a batch of which this is part.
    pub(crate) fn is_new(
        &mut self,
        change: &Change,
        before: &Snapshot,
        fields: &Fields,
    ) -> Result<bool, SearchError> {
        let (room, item) = match change {
            Change::Message(it) => (it.room, Item::Entry(it.entry)),
            Change::File(it) => (it.room, Item::File(it.file)),
            _ => return Ok(false),
        };
        let numbers = match self.by_room.entry(room) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(unknown) => {
                unknown.insert(of_room(room, before, fields)?)
            }
        };
        let newest = &mut numbers[usize::from(item.is_file())];
        let number = (item.number() >> 1) + 1;
        let is_new = number > *newest;
        *newest = number.max(*newest);
        Ok(is_new)
    }
}

fn of_room(room: RoomId, before: &Snapshot, fields: &Fields) -> Result<[u64; 2], SearchError> {
    let mut numbers = [0_u64; 2];
    let segments = before.searcher.segment_readers();
    for (segment, part) in segments.iter().zip(&before.parts) {
        let docs = of_rooms(segment, fields, &[room], usize::MAX)
            .map_err(|why| SearchError::io("reading the search index", &why))?;
        for doc in docs.into_iter().flatten() {
            let item = Item::of_number(part.columns.item.get_val(doc));
            let newest = &mut numbers[usize::from(item.is_file())];
            *newest = (*newest).max((item.number() >> 1) + 1);
        }
    }
    Ok(numbers)
}
