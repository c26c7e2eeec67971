//! How far the index has read: the last entry of each room, and the last file.

use qunliao_protocol::{EntryId, FileId, RoomId};
use qunliao_search::Cursor;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far the index has read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    rooms: BTreeMap<RoomId, EntryId>,
    pub(super) file: FileId,
}

impl Progress {
    /// As the index kept it; from the beginning if it cannot be read.
    pub(super) fn of(cursor: Option<&Cursor>) -> Self {
        let read = cursor.map(|cursor| serde_json::from_slice(&cursor.0));
        read.and_then(Result::ok).unwrap_or_default()
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor(serde_json::to_vec(self).expect("numbers and a map of them are JSON"))
    }

    pub(super) fn of_room(&self, room: RoomId) -> EntryId {
        self.rooms.get(&room).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, room: RoomId, last: EntryId) {
        self.rooms.insert(room, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_back_and_what_is_none_is_the_beginning() {
        let mut progress = Progress::default();
        progress.set(RoomId::LOBBY, EntryId(7));
        progress.file = FileId(3);
        assert_eq!(Progress::of(Some(&progress.cursor())), progress);
        assert_eq!(Progress::of(None), Progress::default());
        let broken = Cursor(b"{".to_vec());
        assert_eq!(Progress::of(Some(&broken)), Progress::default());
    }
}
