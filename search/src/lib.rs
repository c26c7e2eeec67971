//! The full-text index: messages and names of files on disk, people in memory.
//!
//! [`Index`] is fed with [`Change`]s in batches, each with a [`Cursor`] that is kept with
//! it, so whoever follows the log goes on from [`Index::cursor`], and begins anew if it
//! is `None`. [`Searcher`] finds [`Hit`]s by a [`Query`], the newest first, in rooms that
//! the reader may see. Hits are ids: the caller reads the entry, checks it anew and shows
//! it, with [`Query::highlights`]. [`People`] finds users by their names and pinyin.
//! Everything here waits for the disk or the processor: call it on blocking threads.
//!
//! # What is found
//!
//! [`Query`] says what a query means; [`Query::matches`] decides it for one text, and the
//! index answers the same for all. Texts are folded: width and form (NFKC), case, accents
//! of Latin, Greek and Cyrillic letters. Chinese is found by any part of a text, of one
//! character too; Latin words and numbers by how they begin; traditional and simplified
//! characters remain two.
//!
//! # How
//!
//! ```text
//! text ─▶ fold ─▶ tokens ─┬─▶ spelling ─▶ terms of the index ─┐
//!                         └─▶ query ─────▶ lists of documents ─▶ matching ─▶ searching
//!                                          (snapshot: windows, the newest first)
//! ```
//!
//! A document is found by single characters, pairs of them, and beginnings of words, all
//! with positions, so that each token of a query is *one* list of documents, and a longer
//! term is an intersection of rare lists with their positions compared. A window of
//! documents that cannot have anything newer than what was found is not looked at
//! (`snapshot`). Ranking is by time alone.
//!
//! # On disk
//!
//! A folder of files for the server's user alone, which can be removed at any time. It
//! has no texts, but their terms with positions, which amounts to the same; the log
//! beside it is not sealed either. What was recalled is no longer found at once, and
//! leaves the disk when its segment is merged. Names of people are sealed in storage, so
//! they are not written here. An index that is damaged, or of another format, is found
//! out by checksums when it is opened, and is begun anew.
//!
//! # Measured
//!
//! `cargo run --release -p qunliao-search --example measure -- <folder> 10000000`, on a
//! virtual machine of two cores that compiled other things meanwhile (load 10): ten
//! million messages of 55 bytes in 2 000 rooms, words after Zipf's law.
//!
//! | search, 50 hits | first | median of 30 |
//! | --- | --- | --- |
//! | one common character | 0.17 ms | 0.05 ms |
//! | the same in ten quiet rooms, in one, in the largest | 1.1, 1.3, 0.07 ms | 0.7, 0.09, 0.05 ms |
//! | the same by one of many people | 1.5 ms | 0.3 ms |
//! | the same in 2 000 rooms that have nothing | 2.3 ms | 1.9 ms |
//! | the same, 101st page | 0.4 ms | 0.4 ms |
//! | rare pair; phrase of four common characters | 1.1; 1.9 ms | 0.02; 0.5 ms |
//! | two Latin words; one letter; beginning of a number | 0.5; 0.05; 0.7 ms | 0.03; 0.02; 0.02 ms |
//! | sixteen of the most common characters, all | 28 ms | 23 ms |
//!
//! On disk: 1 390 MB, so 139 bytes a message. Opening, with all checksums: 0.9 s (0.06 s
//! with a million). Memory: 7 MB of its own once open; while ten million are fed, up to
//! 126 MB, of which 30 MB wait to be written, the rest is for merging. Feeding batches
//! of 20 000: 46 000 messages a second for the first million, 52 000 a second of
//! processor time; in that run of ten million, with 0.3 of a core left over by others,
//! 9 100 a second. Fed room after room (`by-room`) it is as fast, and the 101st page of
//! the common character takes 5 ms among two million. A batch of 20 messages takes 20 ms
//! of processor time, and 150 ms until it is durable.
//!
//! Postings in sled, which storage uses, were the other choice:
//! `--example postings_in_sled -- <folder> 200000` fed 2 100 messages a second and left
//! 7 600 bytes a message, without beginnings of words, positions or deleting. Hence
//! tantivy, of which the query parser, scoring, stemmers and stored documents are not
//! used.
mod backstage;
mod change;
mod error;
mod fold;
mod folder;
mod index;
mod matching;
mod newest;
mod people;
mod pinyin;
mod query;
mod rooms;
mod schema;
mod searching;
mod snapshot;
mod spelling;
mod tokens;

#[cfg(test)]
mod agreement;

pub use change::{Change, Cursor, FileName, Item, Message, Place};
pub use error::SearchError;
pub use index::Index;
pub use people::{PEOPLE_HITS_MAX, People};
pub use query::{QUERY_CHARS_MAX, QUERY_TERMS_MAX, Query};
pub use searching::{Among, Hit, PAGE_HITS_MAX, Page, Search, Searcher};
pub use tokens::{TEXT_CHARS_MAX, WORD_CHARS_MAX};
