//! A search: the newest documents that match and that the reader may see.

use crate::backstage::survive;
use crate::change::{Item, Place};
use crate::error::SearchError;
use crate::matching::{Plan, of_rooms};
use crate::query::Query;
use crate::rooms::RoomSet;
use crate::schema::Fields;
use crate::snapshot::{Part, Snapshot, Window};
use qunliao_protocol::{RoomId, UserId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use tantivy::{DocId, SegmentReader, Term};

/// Hits of a page, at most.
pub const PAGE_HITS_MAX: usize = 50;

/// Rooms whose documents are gathered beforehand, at most: each costs a look-up in each
/// segment, a microsecond or so.
const GATHERED_ROOMS_MAX: usize = if cfg!(test) { 3 } else { 4_096 };
/// Documents that are gathered beforehand, in each segment. Where rooms have more, the
/// search comes by one of theirs soon enough.
const GATHERED_DOCS_MAX: usize = if cfg!(test) { 4 } else { 50_000 };

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// The terms, all of which must occur.
    pub query: &'a Query,
    /// The rooms that the reader may see: nothing from elsewhere is found.
    pub rooms: &'a [RoomId],
    /// Only this one of them.
    pub room: Option<RoomId>,
    /// Only what this user said or shared.
    pub author: Option<UserId>,
    /// Messages, files or both.
    pub among: Among,
    /// Only what stands before this place: [`Page::next`] of the page before.
    pub before: Option<Place>,
    /// How many hits to find; more than [`PAGE_HITS_MAX`] count as so many.
    pub limit: usize,
}

/// Where to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Among {
    /// In messages and names of files.
    #[default]
    Everything,
    /// In messages.
    Messages,
    /// In names of files.
    Files,
}

/// Something found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// What, where and when.
    pub place: Place,
    /// Who said or shared it.
    pub author: UserId,
}

/// What was found, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The hits.
    pub hits: Vec<Hit>,
    /// Where the next page begins, if there is more.
    pub next: Option<Place>,
}

/// Searches the index as of the last batch applied to it.
///
/// It can be cloned and used from several threads at once; a search never waits for a
/// batch, nor a batch for a search.
#[derive(Clone)]
pub struct Searcher {
    pub(crate) fields: Fields,
    pub(crate) latest: Arc<RwLock<Arc<Snapshot>>>,
}

impl Searcher {
    /// Searches. This reads from the disk, and is no work for an arbiter.
    ///
    /// # Errors
    /// [`SearchError::Damaged`], [`SearchError::Io`]: the index should be opened again.
    pub fn search(&self, search: &Search<'_>) -> Result<Page, SearchError> {
        let limit = search.limit.min(PAGE_HITS_MAX);
        let may_see = search.room.is_none_or(|room| search.rooms.contains(&room));
        if search.query.is_empty() || !may_see || limit == 0 {
            return Ok(Page::default());
        }
        let snapshot = self.latest();
        let mut run = Run {
            search,
            others: self.others(search),
            fields: &self.fields,
            rooms: RoomSet::new(search.rooms),
            best: BinaryHeap::with_capacity(limit + 2),
            wanted: limit + 1,
        };
        // The files are whole when they are opened, yet one may have changed since.
        survive("searching", || {
            let done = run.go(&snapshot);
            done.map_err(|why| SearchError::io("searching", &why))
        })?;
        Ok(run.page(limit))
    }

    /// The moment that searches see.
    pub(crate) fn latest(&self) -> Arc<Snapshot> {
        let latest = self.latest.read();
        Arc::clone(&latest.unwrap_or_else(PoisonError::into_inner))
    }

    fn others(&self, search: &Search<'_>) -> Vec<Term> {
        let of_room = |room: RoomId| Term::from_field_u64(self.fields.room, room.0);
        let of_author = |author: UserId| Term::from_field_u64(self.fields.author, author.0);
        let of_files = Term::from_field_u64(self.fields.is_file, 1);
        let room = search.room.map(of_room);
        let author = search.author.map(of_author);
        let files = (search.among == Among::Files).then_some(of_files);
        room.into_iter().chain(author).chain(files).collect()
    }
}

/// A search under way.
struct Run<'a> {
    search: &'a Search<'a>,
    others: Vec<Term>,
    fields: &'a Fields,
    rooms: RoomSet,
    /// The newest hits so far, at most `wanted`, the oldest of them on top.
    best: BinaryHeap<Reverse<Hit>>,
    /// One more than shall be shown, to know whether there is more.
    wanted: usize,
}

impl Run<'_> {
    fn go(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let segments = snapshot.searcher.segment_readers();
        let mut plans: Vec<Option<Option<Plan>>> = Vec::new();
        plans.resize_with(segments.len(), || None);
        for (number, window) in &snapshot.windows {
            if self
                .oldest()
                .is_some_and(|oldest| oldest.place.time > window.newest)
            {
                break;
            }
            let is_too_new = |before: Place| before.time < window.oldest;
            if self.search.before.is_some_and(is_too_new) {
                continue;
            }
            let (segment, part) = (&segments[*number], &snapshot.parts[*number]);
            let plan = match &mut plans[*number] {
                Some(plan) => plan,
                unknown => unknown.insert(self.plan(segment)?),
            };
            if let Some(plan) = plan {
                self.look_into(window, plan, segment, part)?;
            }
        }
        Ok(())
    }

    fn plan(&self, segment: &SegmentReader) -> io::Result<Option<Plan>> {
        let search = self.search;
        let plan = Plan::new(segment, self.fields, search.query, &self.others)?;
        let Some(mut plan) = plan else {
            return Ok(None);
        };
        // One room is among the others. Of a few documents, each can be asked for its room.
        let gathers = search.room.is_none() && search.rooms.len() <= GATHERED_ROOMS_MAX;
        if gathers && plan.docs() > GATHERED_DOCS_MAX {
            let docs = of_rooms(segment, self.fields, search.rooms, GATHERED_DOCS_MAX)?;
            if let Some(docs) = docs {
                plan.look_at(&docs);
            }
        }
        Ok(Some(plan))
    }

    fn look_into(
        &mut self,
        window: &Window,
        plan: &Plan,
        segment: &SegmentReader,
        part: &Part,
    ) -> io::Result<()> {
        let alive = segment.alive_bitset();
        let mut walk = plan.walk(window.start)?;
        while let Some(doc) = walk.doc(window.end) {
            let (newest, end) = part.block(doc);
            if self
                .oldest()
                .is_some_and(|oldest| oldest.place.time > newest)
            {
                walk.skip_to(end);
                continue;
            }
            if alive.is_none_or(|alive| alive.is_alive(doc)) && walk.are_in_place() {
                self.consider(doc, part);
            }
            walk.advance();
        }
        Ok(())
    }

    fn consider(&mut self, doc: DocId, part: &Part) {
        let columns = &part.columns;
        let time = columns.time.get_val(doc);
        let oldest = self.oldest();
        if oldest.is_some_and(|oldest| time < oldest.place.time) {
            return;
        }
        let room = RoomId(columns.room.get_val(doc));
        if !self.rooms.has(room) {
            return;
        }
        let item = Item::of_number(columns.item.get_val(doc));
        let place = Place { time, room, item };
        if self.search.among == Among::Messages && item.is_file()
            || self.search.before.is_some_and(|before| place >= before)
            || oldest.is_some_and(|oldest| place < oldest.place)
        {
            return;
        }
        let author = UserId(columns.author.get_val(doc));
        self.best.push(Reverse(Hit { place, author }));
        if self.best.len() > self.wanted {
            self.best.pop();
        }
    }

    /// The oldest of the hits, once there are enough.
    fn oldest(&self) -> Option<Hit> {
        let oldest = self.best.peek().map(|Reverse(hit)| *hit);
        oldest.filter(|_| self.best.len() == self.wanted)
    }

    fn page(self, limit: usize) -> Page {
        let mut hits: Vec<Hit> = self.best.into_iter().map(|Reverse(hit)| hit).collect();
        hits.sort_unstable_by(|one, other| other.cmp(one));
        let has_more = hits.len() > limit;
        hits.truncate(limit);
        let last = hits.last().map(|hit| hit.place);
        Page {
            next: last.filter(|_| has_more),
            hits,
        }
    }
}
