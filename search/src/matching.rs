//! Which documents of a segment have what is searched for.

use crate::query::{Phrase, Query};
use crate::schema::Fields;
use crate::spelling::{pairs, whole};
use crate::tokens::Kind;
use qunliao_protocol::RoomId;
use std::io;
use std::sync::Arc;
use tantivy::postings::{Postings, SegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, InvertedIndexReader, SegmentReader, TERMINATED, Term};

/// Documents of a segment that a document has to be among.
struct List {
    source: Source,
    /// How many there are.
    docs: u32,
    /// The term of the query it belongs to and its position there, where that counts.
    place: Option<(usize, u32)>,
}

enum Source {
    Index(Arc<InvertedIndexReader>, TermInfo),
    Gathered(Arc<[DocId]>),
}

/// How the documents of one segment are found.
pub(crate) struct Plan {
    /// The rarest first, never empty.
    lists: Vec<List>,
    phrases: usize,
}

impl Plan {
    /// What has all terms of the query and `others`. `None` if the segment has nothing of
    /// it.
    pub(crate) fn new(
        segment: &SegmentReader,
        fields: &Fields,
        query: &Query,
        others: &[Term],
    ) -> io::Result<Option<Self>> {
        let mut lists = Vec::new();
        for (phrase, of_query) in query.terms.iter().enumerate() {
            let terms = terms(of_query);
            let is_alone = terms.len() == 1;
            for (text, position) in terms {
                let term = Term::from_field_text(fields.text, &text);
                let Some(mut list) = List::of(segment, &term)? else {
                    return Ok(None);
                };
                list.place = (!is_alone).then_some((phrase, position));
                lists.push(list);
            }
        }
        for term in others {
            let Some(list) = List::of(segment, term)? else {
                return Ok(None);
            };
            lists.push(list);
        }
        lists.sort_by_key(|list| list.docs);
        Ok((!lists.is_empty()).then_some(Self {
            lists,
            phrases: query.terms.len(),
        }))
    }

    /// How many documents have to be looked at, at most.
    pub(crate) fn docs(&self) -> usize {
        self.lists[0].docs as usize
    }

    /// Looks at no other documents than these, which are in order.
    pub(crate) fn look_at(&mut self, docs: &[DocId]) {
        let list = List {
            docs: docs.len() as u32,
            source: Source::Gathered(docs.into()),
            place: None,
        };
        self.lists.insert(0, list);
    }

    /// Goes to the first document from `start` on.
    pub(crate) fn walk(&self, start: DocId) -> io::Result<Together<'_>> {
        let mut lists = Vec::with_capacity(self.lists.len());
        for list in &self.lists {
            lists.push(list.open()?);
        }
        lists[0].seek(start);
        Ok(Together {
            plan: self,
            lists,
            begins: vec![None; self.phrases],
            positions: Vec::new(),
        })
    }
}

impl List {
    fn of(segment: &SegmentReader, term: &Term) -> io::Result<Option<Self>> {
        let index = match segment.inverted_index(term.field()) {
            Ok(index) => index,
            Err(why) => return Err(io::Error::new(io::ErrorKind::InvalidData, why.to_string())),
        };
        Ok(index.get_term_info(term)?.map(|info| Self {
            docs: info.doc_freq,
            source: Source::Index(index, info),
            place: None,
        }))
    }

    fn open(&self) -> io::Result<Walk> {
        let option = match self.place {
            Some(_) => IndexRecordOption::WithFreqsAndPositions,
            None => IndexRecordOption::Basic,
        };
        match &self.source {
            Source::Index(index, info) => index
                .read_postings_from_terminfo(info, option)
                .map(|postings| Walk::Postings(Box::new(postings))),
            Source::Gathered(docs) => Ok(Walk::Gathered(Arc::clone(docs), 0)),
        }
    }
}

/// A walk along one list.
enum Walk {
    Postings(Box<SegmentPostings>),
    Gathered(Arc<[DocId]>, usize),
}

impl Walk {
    fn doc(&self) -> DocId {
        match self {
            Self::Postings(postings) => postings.doc(),
            Self::Gathered(docs, at) => docs.get(*at).copied().unwrap_or(TERMINATED),
        }
    }

    fn advance(&mut self) {
        match self {
            Self::Postings(postings) => _ = postings.advance(),
            Self::Gathered(_, at) => *at += 1,
        }
    }

    /// The first document that is not before `doc`, nor before where the walk has come.
    fn seek(&mut self, doc: DocId) -> DocId {
        match self {
            Self::Postings(postings) if postings.doc() < doc => postings.seek(doc),
            Self::Postings(postings) => postings.doc(),
            Self::Gathered(docs, at) => {
                *at += docs[*at..].partition_point(|other| *other < doc);
                self.doc()
            }
        }
    }

    fn positions(&mut self, positions: &mut Vec<u32>) {
        match self {
            Self::Postings(postings) => postings.positions(positions),
            Self::Gathered(..) => positions.clear(),
        }
    }
}

/// The documents of rooms in a segment, in order; `None` if these are more than `limit`.
pub(crate) fn of_rooms(
    segment: &SegmentReader,
    fields: &Fields,
    rooms: &[RoomId],
    limit: usize,
) -> io::Result<Option<Vec<DocId>>> {
    let mut lists = Vec::new();
    let mut count = 0;
    for room in rooms {
        if let Some(list) = List::of(segment, &Term::from_field_u64(fields.room, room.0))? {
            count += list.docs as usize;
            if count > limit {
                return Ok(None);
            }
            lists.push(list);
        }
    }
    let mut docs = Vec::with_capacity(count);
    for list in lists {
        let mut walk = list.open()?;
        while walk.doc() != TERMINATED {
            docs.push(walk.doc());
            walk.advance();
        }
    }
    docs.sort_unstable();
    docs.dedup();
    Ok(Some(docs))
}

/// The terms by which a phrase is found, and their places in it. Together they cover
/// each token and each step from one to the next.
fn terms(phrase: &Phrase) -> Vec<(String, u32)> {
    let tokens = &phrase.tokens;
    let mut terms = Vec::with_capacity(tokens.list.len());
    let mut is_covered = false;
    for (number, token) in tokens.list.iter().enumerate() {
        let text = tokens.text(token);
        let next = tokens.list.get(number + 1);
        if let Some(next) = next.filter(|next| pairs(token, next)) {
            terms.push((tokens.pair(token, next).to_owned(), token.position));
            is_covered = true;
            continue;
        }
        if token.kind == Kind::Word && !phrase.may_go_on(token) {
            terms.push((whole(text), token.position));
        } else if !is_covered {
            terms.push((text.to_owned(), token.position));
        }
        is_covered = false;
    }
    terms
}

/// Walks along all lists of a plan together.
pub(crate) struct Together<'a> {
    plan: &'a Plan,
    lists: Vec<Walk>,
    /// Where each phrase may begin, while they are looked at.
    begins: Vec<Option<Vec<u32>>>,
    positions: Vec<u32>,
}

impl Together<'_> {
    /// The document that all lists have, here or further on, but before `end`.
    pub(crate) fn doc(&mut self, end: DocId) -> Option<DocId> {
        'next: loop {
            let doc = self.lists[0].doc();
            if doc == TERMINATED || doc >= end {
                return None;
            }
            for number in 1..self.lists.len() {
                let other = self.lists[number].seek(doc);
                if other != doc {
                    self.lists[0].seek(other);
                    continue 'next;
                }
            }
            return Some(doc);
        }
    }

    /// Goes on to the next document.
    pub(crate) fn advance(&mut self) {
        self.lists[0].advance();
    }

    /// Goes on to `doc` or, if that is not there, to what comes next.
    pub(crate) fn skip_to(&mut self, doc: DocId) {
        self.lists[0].seek(doc);
    }

    /// Whether what has to stand together in the document does.
    pub(crate) fn are_in_place(&mut self) -> bool {
        self.begins.fill(None);
        for (list, walk) in self.plan.lists.iter().zip(&mut self.lists) {
            let Some((phrase, position)) = list.place else {
                continue;
            };
            walk.positions(&mut self.positions);
            let begins = self.positions.iter();
            let begins = begins.filter_map(|it| it.checked_sub(position));
            let left = match self.begins[phrase].take() {
                None => begins.collect(),
                Some(before) => common(&before, begins),
            };
            if left.is_empty() {
                return false;
            }
            self.begins[phrase] = Some(left);
        }
        true
    }
}

/// What two ascending sequences have in common.
fn common(one: &[u32], other: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut one = one.iter().copied().peekable();
    let is_in_both = |it: &u32| {
        while one.next_if(|own| own < it).is_some() {}
        one.peek() == Some(it)
    };
    other.filter(is_in_both).collect()
}
