//! The index from outside: what is fed, found, reopened, damaged, killed.

// clippy.toml allows it in tests, but does not know that all of this is one.
#![allow(clippy::unwrap_used)]

mod crash;
mod damage;
mod finding;
mod together;

use qunliao_protocol::{EntryId, FileId, RoomId, UserId};
use qunliao_search::{
    Among, Change, Cursor, FileName, Index, Item, Message, Page, Query, Search, Searcher,
};
use std::path::Path;

/// A message by 小明 in a room: what most tests say.
fn said(room: u64, entry: u64, text: &str) -> Change {
    Change::Message(Message {
        room: RoomId(room),
        entry: EntryId(entry),
        time: 1_000 * entry,
        author: UserId(1),
        text: text.into(),
    })
}

fn shared(room: u64, file: u64, name: &str) -> Change {
    Change::File(FileName {
        room: RoomId(room),
        file: FileId(file),
        time: 1_000 * file + 1,
        owner: UserId(2),
        name: name.into(),
    })
}

fn cursor(number: u64) -> Cursor {
    Cursor(number.to_be_bytes().to_vec())
}

fn open(folder: &Path) -> Index {
    Index::open(folder).expect("an index")
}

/// All that is found in rooms 1 to 3, the newest first.
fn page(searcher: &Searcher, typed: &str) -> Page {
    let query = Query::new(typed);
    let search = Search {
        query: &query,
        rooms: &[RoomId(1), RoomId(2), RoomId(3)],
        room: None,
        author: None,
        among: Among::Everything,
        before: None,
        limit: 50,
    };
    searcher.search(&search).expect("a page")
}

/// The rooms and numbers of what is found; files have negative ones.
fn found(index: &Index, typed: &str) -> Vec<(u64, i64)> {
    let hits = page(&index.searcher(), typed).hits;
    let place = |item| match item {
        Item::Entry(entry) => entry.0.cast_signed(),
        Item::File(file) => -file.0.cast_signed(),
    };
    let hits = hits.into_iter();
    hits.map(|hit| (hit.place.room.0, place(hit.place.item)))
        .collect()
}
