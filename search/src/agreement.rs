//! The index agrees with looking at every text, whatever was done to either. Windows and
//! limits are tiny here (see where they are defined), so that all ways of searching
//! come to pass.

use crate::{Among, Change, Cursor, FileName, Index, Item, Message, Page, Place, Query, Search};
use proptest::prelude::*;
use qunliao_protocol::{EntryId, FileId, RoomId, UserId};
use std::collections::BTreeMap;

/// What the index should know.
#[derive(Clone, Debug, Default)]
struct Model(BTreeMap<(RoomId, Item), (u64, UserId, String)>);

impl Model {
    fn apply(&mut self, change: &Change) {
        match change.clone() {
            Change::Message(it) => {
                let known = (it.time, it.author, it.text);
                self.0.insert((it.room, Item::Entry(it.entry)), known);
            }
            Change::File(it) => {
                let known = (it.time, it.owner, it.name);
                self.0.insert((it.room, Item::File(it.file)), known);
            }
            Change::ForgetMessage { room, entry } => _ = self.0.remove(&(room, Item::Entry(entry))),
            Change::ForgetFile { room, file } => _ = self.0.remove(&(room, Item::File(file))),
            Change::ForgetRoom(room) => self.0.retain(|(of, _), _| *of != room),
        }
    }

    fn search(&self, terms: &[Typed], search: &Search<'_>) -> Vec<Place> {
        let mut found: Vec<_> = self
            .0
            .iter()
            .filter(|((room, item), (_, author, text))| {
                search.rooms.contains(room)
                    && search.room.is_none_or(|only| only == *room)
                    && search.author.is_none_or(|only| only == *author)
                    && match search.among {
                        Among::Everything => true,
                        Among::Messages => matches!(item, Item::Entry(_)),
                        Among::Files => matches!(item, Item::File(_)),
                    }
                    && matches(terms, text)
            })
            .map(|((room, item), (time, ..))| Place {
                time: *time,
                room: *room,
                item: *item,
            })
            .collect();
        found.sort_by(|one, other| other.cmp(one));
        found
    }
}

/// A term as someone types it.
#[derive(Clone, Debug)]
struct Typed {
    text: String,
    is_quoted: bool,
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
}

/// The characters that count, and one space for whatever separates.
fn plain(text: &str) -> Vec<char> {
    let mut plain = Vec::new();
    for letter in text.chars() {
        let letter = match letter {
            'é' | 'É' => 'e',
            'Ａ' => 'a',
            _ => letter.to_ascii_lowercase(),
        };
        let counts =
            is_word(letter) || ('\u{4e00}'..='\u{9fff}').contains(&letter) || letter == '👍';
        if counts {
            plain.push(letter);
        } else if plain.last().is_some_and(|last| *last != ' ') {
            plain.push(' ');
        }
    }
    if plain.last() == Some(&' ') {
        plain.pop();
    }
    plain
}

/// Whether a text has all the terms, by looking at each place of it.
fn matches(terms: &[Typed], text: &str) -> bool {
    let text = plain(text);
    let terms: Vec<_> = terms
        .iter()
        .map(|term| (plain(&term.text), term.is_quoted))
        .filter(|(term, _)| !term.is_empty())
        .collect();
    let occurs = |term: &[char], is_quoted: bool| {
        (0..=text.len().saturating_sub(term.len())).any(|at| {
            let end = at + term.len();
            let begins_word = !is_word(term[0]) || at == 0 || !is_word(text[at - 1]);
            let ends_word = !is_quoted
                || !is_word(term[term.len() - 1])
                || text.get(end).is_none_or(|next| !is_word(*next));
            text.get(at..end) == Some(term) && begins_word && ends_word
        })
    };
    !terms.is_empty()
        && terms
            .iter()
            .all(|(term, is_quoted)| occurs(term, *is_quoted))
}

fn text() -> impl Strategy<Value = String> {
    "[你好的，。 aAbé1Ａ👍]{0,12}"
}

fn change() -> impl Strategy<Value = Change> {
    let room = || (1..5_u64).prop_map(RoomId);
    let entry = || (1..12_u64).prop_map(EntryId);
    let file = || (1..5_u64).prop_map(FileId);
    let user = || (1..4_u64).prop_map(UserId);
    let message = (room(), entry(), 0..20_u64, user(), text());
    let message = message.prop_map(|(room, entry, time, author, text)| {
        Change::Message(Message {
            room,
            entry,
            time,
            author,
            text,
        })
    });
    let shared = (room(), file(), 0..20_u64, user(), text());
    let shared = shared.prop_map(|(room, file, time, owner, name)| {
        Change::File(FileName {
            room,
            file,
            time,
            owner,
            name,
        })
    });
    prop_oneof![
        20 => message,
        5 => shared,
        3 => (room(), entry()).prop_map(|(room, entry)| Change::ForgetMessage { room, entry }),
        1 => (room(), file()).prop_map(|(room, file)| Change::ForgetFile { room, file }),
        1 => room().prop_map(Change::ForgetRoom),
    ]
}

#[derive(Clone, Debug)]
struct Asked {
    terms: Vec<Typed>,
    rooms: Vec<RoomId>,
    room: Option<RoomId>,
    author: Option<UserId>,
    among: Among,
    limit: usize,
}

fn asked() -> impl Strategy<Value = Asked> {
    let loose = "[你好的，aAbé1👍]{1,4}".prop_map(|text| Typed {
        text,
        is_quoted: false,
    });
    let quoted = "[你好的， aAbé1👍]{1,5}".prop_map(|text| Typed {
        text,
        is_quoted: true,
    });
    (
        prop::collection::vec(prop_oneof![3 => loose, 1 => quoted], 1..4),
        prop::sample::subsequence(vec![1, 2, 3, 4, 9], 0..=5),
        prop::option::weighted(0.2, 1..5_u64),
        prop::option::weighted(0.2, 1..5_u64),
        prop::sample::select(vec![Among::Everything, Among::Messages, Among::Files]),
        1..5_usize,
    )
        .prop_map(|(terms, rooms, room, author, among, limit)| Asked {
            terms,
            rooms: rooms.into_iter().map(RoomId).collect(),
            room: room.map(RoomId),
            author: author.map(UserId),
            among,
            limit,
        })
}

/// Searches page after page, and compares all of it.
fn compare(index: &Index, model: &Model, asked: &Asked) {
    let typed = asked.terms.iter().map(|term| match term.is_quoted {
        true => format!("\"{}\"", term.text),
        false => term.text.clone(),
    });
    let typed = typed.collect::<Vec<_>>().join(" ");
    let query = Query::new(&typed);
    let mut search = Search {
        query: &query,
        rooms: &asked.rooms,
        room: asked.room,
        author: asked.author,
        among: asked.among,
        before: None,
        limit: asked.limit,
    };
    let expected = model.search(&asked.terms, &search);
    let mut found = Vec::new();
    loop {
        let Page { hits, next } = index.searcher().search(&search).unwrap();
        assert!(hits.len() == asked.limit || next.is_none());
        assert_eq!(next.is_some(), expected.len() > found.len() + hits.len());
        for hit in &hits {
            let known = &model.0[&(hit.place.room, hit.place.item)];
            assert_eq!((known.0, known.1), (hit.place.time, hit.author));
            assert!(query.matches(&known.2), "{typed} in {}", known.2);
            assert!(!query.highlights(&known.2).is_empty());
        }
        found.extend(hits.iter().map(|hit| hit.place));
        search.before = next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(found, expected, "by {typed}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_search_finds_what_looking_at_every_text_finds(
        batches in prop::collection::vec(
            (prop::collection::vec(change(), 0..30), any::<bool>(), any::<bool>()), 1..6),
        asked in prop::collection::vec(asked(), 40),
    ) {
        let home = tempfile::tempdir().unwrap();
        let mut index = Index::open(home.path()).unwrap();
        let mut model = Model::default();
        for (number, (changes, is_fed_twice, is_reopened)) in (0_u8..).zip(&batches) {
            for _ in 0..=u8::from(*is_fed_twice) {
                index.apply(changes, Cursor(vec![number])).unwrap();
                changes.iter().for_each(|change| model.apply(change));
            }
            if *is_reopened {
                drop(index);
                index = Index::open(home.path()).unwrap();
            }
            prop_assert_eq!(index.cursor(), Some(&Cursor(vec![number])));
            asked.iter().for_each(|asked| compare(&index, &model, asked));
        }
    }

    #[test]
    fn a_query_matches_what_looking_at_each_place_finds(
        texts in prop::collection::vec(text(), 30),
        asked in asked(),
    ) {
        let typed = asked.terms.iter().map(|term| match term.is_quoted {
            true => format!("\"{}\"", term.text),
            false => term.text.clone(),
        });
        let query = Query::new(&typed.collect::<Vec<_>>().join(" "));
        for text in &texts {
            prop_assert_eq!(query.matches(text), matches(&asked.terms, text), "{:?} in {}", query, text);
        }
    }
}
