//! What is found, and what is not.

use crate::{cursor, found, open, page, said, shared};
use qunliao_protocol::{EntryId, FileId, RoomId, UserId};
use qunliao_search::{Among, Change, PAGE_HITS_MAX, Page, Query, Search};
use std::time::{Duration, Instant};

#[test]
fn every_part_of_a_text_is_found_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let mut index = open(home.path());
    let text = "我们明天发布v2版本，Deployment在15:30开始👍";
    let changes = [said(1, 1, text), said(1, 2, "今天不发布"), said(9, 3, text)];
    index.apply(&changes, cursor(1)).unwrap();
    let letters: Vec<char> = text.chars().collect();
    let is_word = |letter: char| letter.is_ascii_alphanumeric();
    for start in 0..letters.len() {
        for end in start + 1..=letters.len() {
            let part: String = letters[start..end].iter().collect();
            let is_within_word =
                start > 0 && is_word(letters[start]) && is_word(letters[start - 1]);
            let is_searchable = part.chars().any(|it| !matches!(it, '，' | ':'));
            let begins = !is_within_word && is_searchable;
            let has = found(&index, &part).contains(&(1, 1));
            assert_eq!(has, begins, "{part}");
        }
    }
    assert_eq!(found(&index, "发布"), [(1, 2), (1, 1)]);
    assert_eq!(found(&index, "发 布 天"), [(1, 2), (1, 1)]);
    assert_eq!(found(&index, "布发"), []);
    assert_eq!(found(&index, "DEPLOY 版本"), [(1, 1)]);
    assert_eq!(found(&index, "\"deploy\""), []);
    assert_eq!(found(&index, "明天今天"), []);
}

#[test]
fn an_edit_replaces_and_a_recall_removes() {
    let home = tempfile::tempdir().unwrap();
    let mut index = open(home.path());
    let first = [
        said(1, 1, "苹果"),
        said(1, 2, "苹果"),
        shared(1, 1, "苹果.pdf"),
    ];
    index.apply(&first, cursor(1)).unwrap();
    assert_eq!(found(&index, "苹果"), [(1, 2), (1, -1), (1, 1)]);
    let edits = [
        said(1, 1, "香蕉"),
        shared(1, 1, "香蕉.pdf"),
        said(1, 1, "橘子"),
    ];
    index.apply(&edits, cursor(2)).unwrap();
    assert_eq!(found(&index, "苹果"), [(1, 2)]);
    assert_eq!(found(&index, "香蕉"), [(1, -1)]);
    assert_eq!(found(&index, "橘子"), [(1, 1)]);
    let (room, entry, file) = (RoomId(1), EntryId(2), FileId(1));
    let recalled = [
        Change::ForgetMessage { room, entry },
        Change::ForgetFile { room, file },
    ];
    index.apply(&recalled, cursor(3)).unwrap();
    assert_eq!(found(&index, "苹果"), []);
    assert_eq!(found(&index, "pdf"), []);
    assert_eq!(found(&index, "橘子"), [(1, 1)]);
    let gone = [
        Change::ForgetRoom(room),
        said(1, 9, "橘子"),
        said(2, 1, "橘子"),
    ];
    index.apply(&gone, cursor(4)).unwrap();
    assert_eq!(found(&index, "橘子"), [(1, 9), (2, 1)]);
}

#[test]
fn the_same_batch_fed_again_after_reopening_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let batches: Vec<Vec<Change>> = (0..4)
        .map(|batch| {
            (1..6)
                .map(|it| said(1, batch * 5 + it, "再来一次"))
                .collect()
        })
        .collect();
    for (number, batch) in (1..).zip(&batches) {
        let mut index = open(home.path());
        index.apply(batch, cursor(number)).unwrap();
    }
    let expected = found(&open(home.path()), "一次");
    assert_eq!(expected.len(), 20);
    for (number, batch) in (1..).zip(&batches) {
        let mut index = open(home.path());
        index.apply(batch, cursor(number)).unwrap();
        assert_eq!(found(&index, "一次"), expected);
        assert_eq!(index.cursor(), Some(&cursor(number)));
    }
}

#[test]
fn pages_follow_one_another_without_gap_or_repeat() {
    let home = tempfile::tempdir().unwrap();
    let mut index = open(home.path());
    // All of one moment: then place decides.
    let same_time = |change| match change {
        Change::Message(message) => Change::Message(qunliao_search::Message { time: 7, ..message }),
        other => other,
    };
    let changes = (0..120).map(|it| same_time(said(1 + it % 3, it / 3 + 1, "页")));
    let changes: Vec<_> = changes.collect();
    let (first, second) = changes.split_at(50);
    index.apply(first, cursor(1)).unwrap();
    index.apply(second, cursor(2)).unwrap();
    let searcher = index.searcher();
    let query = Query::new("页");
    let mut search = Search {
        query: &query,
        rooms: &[RoomId(1), RoomId(2), RoomId(3)],
        room: None,
        author: None,
        among: Among::Messages,
        before: None,
        limit: 1_000,
    };
    let mut places = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let Page { hits, next } = searcher.search(&search).unwrap();
        sizes.push(hits.len());
        places.extend(hits.iter().map(|hit| hit.place));
        search.before = next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [PAGE_HITS_MAX, PAGE_HITS_MAX, 20]);
    assert!(places.is_sorted_by(|one, next| one > next));
    assert_eq!(places.len(), 120);
}

#[test]
fn nothing_comes_from_rooms_that_the_reader_may_not_see() {
    let home = tempfile::tempdir().unwrap();
    let mut index = open(home.path());
    let changes = (1..=200).map(|room| said(room, 1, "秘密"));
    index
        .apply(&changes.collect::<Vec<_>>(), cursor(1))
        .unwrap();
    let searcher = index.searcher();
    let query = Query::new("秘密");
    let ask = |rooms: &[RoomId], room: Option<u64>| {
        let search = Search {
            query: &query,
            rooms,
            room: room.map(RoomId),
            author: Some(UserId(1)),
            among: Among::Everything,
            before: None,
            limit: 50,
        };
        let hits = searcher.search(&search).unwrap().hits;
        let mut rooms: Vec<_> = hits.iter().map(|hit| hit.place.room.0).collect();
        rooms.sort_unstable();
        rooms
    };
    assert_eq!(ask(&[], None), [0; 0]);
    assert_eq!(ask(&[], Some(1)), [0; 0]);
    assert_eq!(ask(&[RoomId(2)], Some(1)), [0; 0]);
    assert_eq!(ask(&[RoomId(2), RoomId(2), RoomId(900)], None), [2]);
    assert_eq!(ask(&[RoomId(7), RoomId(8)], Some(8)), [8]);
    let many: Vec<_> = (100..5_000)
        .chain([u64::MAX, 1 << 40])
        .map(RoomId)
        .collect();
    assert_eq!(ask(&many, None), (151..=200).collect::<Vec<_>>());
    assert_eq!(ask(&many, Some(99)), [0; 0]);
}

#[test]
fn hostile_queries_and_texts_are_answered_soon() {
    let home = tempfile::tempdir().unwrap();
    let mut index = open(home.path());
    let hostile = [
        "版".repeat(100_000),
        "a".repeat(100_000),
        "a b ".repeat(30_000),
        "e\u{301}\u{302}".repeat(10_000),
        "👨\u{200d}👩\u{200d}👧".repeat(5_000),
        "\0\x01\u{202e}\u{feff}\u{fffd}\u{10ffff}".repeat(2_000),
        "\" ' \\ ( ) [ ] { } * ? ~ ^ : + - && || !".repeat(300),
        "text:* AND (room:[1 TO *] OR \\\"~2^9) NOT".repeat(300),
        String::new(),
    ];
    let changes = (1..)
        .zip(&hostile)
        .map(|(entry, text)| said(1, entry, text));
    index
        .apply(&changes.collect::<Vec<_>>(), cursor(1))
        .unwrap();
    let begun = Instant::now();
    for (entry, text) in (1..).zip(&hostile) {
        let is_found = found(&index, text).contains(&(1, entry));
        assert_eq!(
            is_found,
            !Query::new(text).is_empty(),
            "the text of entry {entry}"
        );
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_index_can_be_empty_and_a_query_too() {
    let home = tempfile::tempdir().unwrap();
    let mut index = open(&home.path().join("within/folders"));
    assert_eq!(index.cursor(), None);
    assert_eq!(found(&index, "什么"), []);
    index.apply(&[], cursor(1)).unwrap();
    assert_eq!(index.cursor(), Some(&cursor(1)));
    index.apply(&[said(1, 1, "")], cursor(2)).unwrap();
    assert_eq!(page(&index.searcher(), " ，"), Page::default());
}
