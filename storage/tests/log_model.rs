//! A log, whatever is done to it, reads like a list.

use crate::cast::*;
use proptest::prelude::*;
use qunliao_protocol::RoomId;
use qunliao_storage::log::Conflict;
use qunliao_storage::{Log, MemoryEngine, NewEntry, Store};
use std::cell::Cell;

#[derive(Clone, Debug)]
enum Step {
    /// Entries of these lengths.
    Append(Vec<usize>),
    /// An append that is wrong about the end by so much.
    AppendLate(u64),
    Page {
        after: u64,
        entries_max: usize,
        bytes_max: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let length = prop_oneof![6 => 0usize..40, 2 => 4_000usize..4_200, 1 => 10_000usize..40_000];
    let step = prop_oneof![
        prop::collection::vec(length, 0..40).prop_map(Step::Append),
        (1u64..5).prop_map(Step::AppendLate),
        (0u64..150, 0usize..60, 0usize..30_000).prop_map(|(after, entries_max, bytes_max)| {
            Step::Page {
                after,
                entries_max,
                bytes_max,
            }
        }),
    ];
    prop::collection::vec(step, 1..12)
}

/// What a page of the list would be.
fn model_page(
    list: &[NewEntry],
    after: u64,
    entries_max: usize,
    bytes_max: usize,
) -> Vec<NewEntry> {
    let mut bytes = 0;
    let mut page = Vec::new();
    for entry in list.iter().skip(after as usize).take(entries_max) {
        bytes += entry.kind.text_bytes();
        page.push(entry.clone());
        if bytes >= bytes_max {
            break;
        }
    }
    page
}

async fn follow(store: &Store, room: RoomId, steps: Vec<Step>) {
    let mut list: Vec<NewEntry> = Vec::new();
    for step in steps {
        let last = list.len() as u64;
        assert_eq!(crate::cast::last(store, room).await, id(last));
        match step {
            Step::Append(lengths) => {
                let new = (last + 1..).zip(lengths);
                let new: Vec<_> = new
                    .map(|(n, length)| said(n, &"字".repeat(length / 3)))
                    .collect();
                let appended = store.append(room, id(last), new.clone()).await;
                assert_eq!(appended.unwrap(), Ok(()));
                list.extend(new);
            }
            Step::AppendLate(by) => {
                let entries = vec![said(0, "late")];
                let appended = store.append(room, id(last + by), entries).await;
                assert_eq!(appended.unwrap(), Err(Conflict { last: id(last) }));
            }
            Step::Page {
                after,
                entries_max,
                bytes_max,
            } => {
                let page = store.page(room, id(after), entries_max, bytes_max).await;
                let (ids, contents): (Vec<u64>, Vec<_>) = page
                    .unwrap()
                    .into_iter()
                    .map(|entry| (entry.id.0, entry.content))
                    .unzip();
                assert!(contents == model_page(&list, after, entries_max, bytes_max));
                let expected = (after + 1..).take(ids.len());
                assert_eq!(ids, expected.collect::<Vec<_>>());
            }
        }
    }
}

/// Every case has a room of its own in one store.
fn a_log_reads_like_a_list(store: &Store, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let room = Cell::new(0);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    };
    proptest!(config, |(steps in steps())| {
        room.set(room.get() + 1);
        runtime.block_on(follow(store, RoomId(room.get()), steps));
    });
}

#[test]
fn a_log_in_memory_reads_like_a_list() {
    a_log_reads_like_a_list(&memory_store(&MemoryEngine::new()), 100);
}

#[test]
fn a_log_over_sled_reads_like_a_list() {
    let folder = tempfile::tempdir().unwrap();
    a_log_reads_like_a_list(&sled_store(folder.path()), 40);
}
