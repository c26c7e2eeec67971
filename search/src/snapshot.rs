//! The index at one moment, for those who search.
//!
//! Documents lie in segments in the order in which they were fed, mostly that of time,
//! but not wholly: a rebuilt index reads room after room, and an edited message comes
//! last with the time it was said at. So each segment is cut into windows, and each
//! window knows its times. A search goes through the windows from the newest on, and
//! stops when no other can have anything newer than what it has.

use crate::error::SearchError;
use std::collections::HashMap;
use std::sync::Arc;
use tantivy::columnar::ColumnValues;
use tantivy::index::SegmentId;
use tantivy::{DocId, Searcher, SegmentReader};

/// Documents of a window: few enough to be gone through in a millisecond, and enough
/// that finding the way to them in the postings does not count.
const WINDOW_DOCS: u32 = if cfg!(test) { 4 } else { 1 << 17 };

/// Documents of a block: of windows with a bit of every time, as in an index that was
/// built room after room, most blocks can be skipped.
const BLOCK_DOCS: u32 = if cfg!(test) { 2 } else { 1 << 10 };

/// Some documents of a segment that lie beside one another.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    /// The first.
    pub(crate) start: DocId,
    /// The one after the last.
    pub(crate) end: DocId,
    /// The time of the oldest.
    pub(crate) oldest: u64,
    /// The time of the newest.
    pub(crate) newest: u64,
}

/// A segment's columns.
pub(crate) struct Columns {
    pub(crate) time: Arc<dyn ColumnValues>,
    pub(crate) room: Arc<dyn ColumnValues>,
    pub(crate) author: Arc<dyn ColumnValues>,
    pub(crate) item: Arc<dyn ColumnValues>,
}

impl Columns {
    fn of(segment: &SegmentReader) -> Result<Self, SearchError> {
        let column = |name| {
            let column = segment.fast_fields().u64(name);
            SearchError::in_doing("opening a column", column)
                .map(|column| column.first_or_default_col(0))
        };
        Ok(Self {
            time: column("time")?,
            room: column("room")?,
            author: column("author")?,
            item: column("item")?,
        })
    }
}

/// What is known of a segment beyond what the library knows. Deleting changes none of it.
pub(crate) struct Part {
    pub(crate) columns: Columns,
    pub(crate) windows: Vec<Window>,
    /// The time of the newest document of each block.
    blocks: Vec<u64>,
}

impl Part {
    /// The time of the newest document of the block that `doc` is in, and where the next
    /// block begins.
    pub(crate) fn block(&self, doc: DocId) -> (u64, DocId) {
        let number = doc / BLOCK_DOCS;
        (self.blocks[number as usize], (number + 1) * BLOCK_DOCS)
    }

    fn of(segment: &SegmentReader) -> Result<Self, SearchError> {
        let columns = Columns::of(segment)?;
        let (mut windows, mut blocks) = (Vec::<Window>::new(), Vec::new());
        let mut times = vec![0; BLOCK_DOCS as usize];
        for start in (0..segment.max_doc()).step_by(BLOCK_DOCS as usize) {
            let end = segment.max_doc().min(start + BLOCK_DOCS);
            let times = &mut times[..(end - start) as usize];
            columns.time.get_range(u64::from(start), times);
            let oldest = times.iter().copied().fold(u64::MAX, u64::min);
            let newest = times.iter().copied().fold(0, u64::max);
            blocks.push(newest);
            match windows.last_mut() {
                Some(window) if end - window.start <= WINDOW_DOCS => {
                    window.end = end;
                    window.oldest = window.oldest.min(oldest);
                    window.newest = window.newest.max(newest);
                }
                _ => windows.push(Window {
                    start,
                    end,
                    oldest,
                    newest,
                }),
            }
        }
        Ok(Self {
            columns,
            windows,
            blocks,
        })
    }
}

/// The index at one moment.
pub(crate) struct Snapshot {
    pub(crate) searcher: Searcher,
    /// What is known of each segment, in the searcher's order.
    pub(crate) parts: Vec<Arc<Part>>,
    /// The windows of all segments, the newest first, with their segment's number.
    pub(crate) windows: Vec<(usize, Window)>,
}

impl Snapshot {
    /// The moment that a searcher shows. What is known of segments is taken over from
    /// the moment before.
    pub(crate) fn new(searcher: Searcher, before: Option<&Self>) -> Result<Self, SearchError> {
        let known: HashMap<SegmentId, &Arc<Part>> = before
            .iter()
            .flat_map(|before| before.searcher.segment_readers().iter().zip(&before.parts))
            .map(|(segment, part)| (segment.segment_id(), part))
            .collect();
        let parts = searcher
            .segment_readers()
            .iter()
            .map(|segment| match known.get(&segment.segment_id()) {
                Some(part) => Ok(Arc::clone(part)),
                None => Part::of(segment).map(Arc::new),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let of_all = parts.iter().enumerate();
        let mut windows: Vec<_> = of_all
            .flat_map(|(number, part)| part.windows.iter().map(move |it| (number, it.clone())))
            .collect();
        windows.sort_by_key(|(_, window)| std::cmp::Reverse(window.newest));
        Ok(Self {
            searcher,
            parts,
            windows,
        })
    }
}
