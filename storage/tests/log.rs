//! The rooms' logs: dense ids, and pages from anywhere.

use crate::cast::*;
use qunliao_protocol::{RoomId, UserId};
use qunliao_storage::log::Conflict;
use qunliao_storage::{Entry, EntryKind, Log, NewEntry, Store};

over_every_engine!(
    a_room_begins_empty,
    entries_get_the_ids_that_follow,
    everything_about_an_entry_is_kept,
    an_append_that_expected_another_end_changes_nothing,
    of_appends_at_once_one_goes_through,
    rooms_do_not_meet,
    a_page_begins_anywhere_within_a_packed_record,
    a_page_begins_anywhere_among_long_entries,
    a_page_ends_once_its_texts_are_long_enough,
    a_page_of_nothing_is_empty,
    a_page_beyond_the_end_is_empty,
    a_log_longer_than_one_scan_is_paged_to_its_end,
);

async fn append(store: &Store, after: u64, entries: Vec<NewEntry>) {
    let appended = store.append(LOBBY, id(after), entries).await;
    assert_eq!(appended.unwrap(), Ok(()));
}

async fn page(store: &Store, after: u64, entries_max: usize, bytes_max: usize) -> Vec<Entry> {
    let page = store.page(LOBBY, id(after), entries_max, bytes_max);
    page.await.unwrap()
}

/// The texts of a page, and its ids checked.
async fn texts(store: &Store, after: u64, entries_max: usize) -> Vec<String> {
    let page = page(store, after, entries_max, usize::MAX).await;
    for (expected, entry) in (after + 1..).zip(&page) {
        assert_eq!(entry.id.0, expected);
    }
    let said = page.iter().map(|entry| words(&entry.content).to_owned());
    said.collect()
}

async fn a_room_begins_empty(store: Store) {
    assert_eq!(last(&store, LOBBY).await, id(0));
    assert_eq!(page(&store, 0, 10, 1_000).await, []);
}

async fn entries_get_the_ids_that_follow(store: Store) {
    append(&store, 0, vec![said(1, "早")]).await;
    append(&store, 1, vec![said(2, "早上好"), said(1, "吃了吗")]).await;
    append(&store, 3, Vec::new()).await;
    append(&store, 3, vec![said(3, "hi")]).await;
    assert_eq!(last(&store, LOBBY).await, id(4));
    assert_eq!(texts(&store, 0, 10).await, ["早", "早上好", "吃了吗", "hi"]);
}

async fn everything_about_an_entry_is_kept(store: Store) {
    let full = NewEntry {
        time: u64::MAX,
        kind: EntryKind::text("😀\0\n"),
        author: UserId(u64::MAX),
        client_message_id: Some("消息-1".into()),
    };
    let empty = NewEntry {
        time: 0,
        ..said(0, "")
    };
    let later = NewEntry {
        kind: EntryKind::Unknown(77),
        ..said(0, "")
    };
    append(&store, 0, vec![full.clone(), empty.clone(), later.clone()]).await;
    let page = page(&store, 0, 10, 1_000).await;
    let contents = page.into_iter().map(|entry| entry.content);
    assert_eq!(contents.collect::<Vec<_>>(), [full, empty, later]);
}

async fn an_append_that_expected_another_end_changes_nothing(store: Store) {
    append(&store, 0, vec![said(1, "a"), said(1, "b")]).await;
    for expected in [0, 1, 3, u64::MAX] {
        let entries = vec![said(2, "too late")];
        let appended = store.append(LOBBY, id(expected), entries).await;
        assert_eq!(appended.unwrap(), Err(Conflict { last: id(2) }));
    }
    assert_eq!(texts(&store, 0, 10).await, ["a", "b"]);
}

async fn of_appends_at_once_one_goes_through(store: Store) {
    let appends = (0..32).map(|author| {
        let store = store.clone();
        let entries = vec![said(author, "first"), said(author, "second")];
        tokio::spawn(async move { store.append(LOBBY, id(0), entries).await })
    });
    let mut through = 0;
    for appended in appends.collect::<Vec<_>>() {
        match appended.await.unwrap().unwrap() {
            Ok(()) => through += 1,
            Err(conflict) => assert_eq!(conflict.last, id(2)),
        }
    }
    assert_eq!(through, 1);
    assert_eq!(texts(&store, 0, 10).await, ["first", "second"]);
}

async fn rooms_do_not_meet(store: Store) {
    let rooms = [0, 1, 2, 255, 256, u64::MAX].map(RoomId);
    for room in rooms {
        let entries = vec![said(room.0, "one"), said(room.0, &"long".repeat(5_000))];
        store.append(room, id(0), entries).await.unwrap().unwrap();
    }
    for room in rooms {
        assert_eq!(last(&store, room).await, id(2));
        let page = store.page(room, id(0), 10, usize::MAX).await.unwrap();
        let authors: Vec<u64> = page.iter().map(|entry| entry.content.author.0).collect();
        assert_eq!(authors, [room.0, room.0]);
    }
}

async fn a_page_begins_anywhere_within_a_packed_record(store: Store) {
    let entries = (1..=300).map(|number| said(1, &number.to_string()));
    append(&store, 0, entries.collect()).await;
    assert_eq!(last(&store, LOBBY).await, id(300));
    for after in 0..300 {
        let expected: Vec<String> = (after + 1..=300).take(3).map(|n| n.to_string()).collect();
        assert_eq!(texts(&store, after, 3).await, expected);
    }
}

async fn a_page_begins_anywhere_among_long_entries(store: Store) {
    let lengths = [
        10, 4_096, 16_384, 0, 65_536, 4_080, 4_081, 4_082, 4_083, 4_084, 5,
    ];
    let text = |at: usize| char::from(b'a' + at as u8).to_string().repeat(lengths[at]);
    let entries = (0..lengths.len()).map(|at| said(1, &text(at)));
    append(&store, 0, entries.collect()).await;
    append(&store, lengths.len() as u64, vec![said(1, "the end")]).await;
    for after in 0..lengths.len() {
        let mut expected: Vec<String> = (after..lengths.len()).map(text).collect();
        expected.push("the end".into());
        assert!(texts(&store, after as u64, 100).await == expected);
        assert!(texts(&store, after as u64, 1).await == expected[..1]);
    }
}

async fn a_page_ends_once_its_texts_are_long_enough(store: Store) {
    let entries = (0..100).map(|_| said(1, &"x".repeat(10)));
    append(&store, 0, entries.collect()).await;
    append(
        &store,
        100,
        vec![said(1, &"y".repeat(20_000)), said(1, "z")],
    )
    .await;
    for (after, bytes_max, entries) in [(0, 100, 10), (5, 95, 10), (0, 1, 1), (0, 0, 1)] {
        assert_eq!(page(&store, after, 1_000, bytes_max).await.len(), entries);
    }
    // An entry longer than a page is a page of its own.
    assert_eq!(page(&store, 100, 1_000, 4_000).await.len(), 1);
    assert_eq!(page(&store, 99, 1_000, 4_000).await.len(), 2);
}

async fn a_page_of_nothing_is_empty(store: Store) {
    append(&store, 0, vec![said(1, "a")]).await;
    assert_eq!(page(&store, 0, 0, 1_000).await, []);
}

async fn a_page_beyond_the_end_is_empty(store: Store) {
    append(&store, 0, vec![said(1, "a"), said(1, &"b".repeat(10_000))]).await;
    for after in [2, 3, 1_000, u64::MAX - 1, u64::MAX] {
        assert_eq!(page(&store, after, 10, 1_000).await, []);
    }
}

async fn a_log_longer_than_one_scan_is_paged_to_its_end(store: Store) {
    for number in 0..200 {
        append(&store, number, vec![said(1, &number.to_string())]).await;
    }
    let expected: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    assert_eq!(texts(&store, 0, 1_000).await, expected);
    let mut walked = Vec::new();
    loop {
        let next = texts(&store, walked.len() as u64, 7).await;
        if next.is_empty() {
            break;
        }
        walked.extend(next);
    }
    assert_eq!(walked, expected);
}
