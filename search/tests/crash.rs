//! A process that is killed: the index is at a cursor that was committed, with exactly
//! what belongs to it.

use crate::{cursor, found, open, said};
use qunliao_search::{Change, Index};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Names the folder to the process that is going to be killed.
const FOLDER: &str = "QUNLIAO_SEARCH_CRASH_FOLDER";

fn batch(number: u64) -> Vec<Change> {
    let new = (1..=5).map(|it| said(1, number * 5 + it, "崩溃测试"));
    // Each batch takes back a part of the one before.
    let changed = (1..=2).filter(|_| number > 0);
    let changed = changed.map(|it| said(1, (number - 1) * 5 + it, "改了"));
    new.chain(changed).collect()
}

/// What is found once so many batches are in.
fn expect(index: &Index, batches: u64) {
    let is_changed = |entry: u64| entry <= (batches - 1) * 5 && matches!(entry % 5, 1 | 2);
    let newest_first = (1..=batches * 5).rev();
    let expected = newest_first.filter(|entry| !is_changed(*entry));
    let expected: Vec<_> = expected
        .map(|entry| (1, entry.cast_signed()))
        .take(50)
        .collect();
    assert_eq!(found(index, "测试"), expected, "after {batches} batches");
    let changed = (1..=batches * 5).rev().filter(|entry| is_changed(*entry));
    let changed: Vec<_> = changed
        .map(|entry| (1, entry.cast_signed()))
        .take(50)
        .collect();
    assert_eq!(found(index, "改"), changed, "after {batches} batches");
}

fn batches_in(index: &Index) -> u64 {
    index.cursor().map_or(0, |cursor| {
        u64::from_be_bytes(cursor.0.clone().try_into().unwrap())
    })
}

/// What the process does that is going to be killed; in the suite itself, nothing.
#[test]
fn feeds_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let mut index = open(folder.as_ref());
    for number in batches_in(&index).. {
        index.apply(&batch(number), cursor(number + 1)).unwrap();
        println!("\napplied {}", number + 1);
    }
}

#[test]
fn a_killed_process_leaves_whole_batches() {
    let home = tempfile::tempdir().unwrap();
    let mut before = 0;
    for round in 1..=4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::feeds_until_it_is_killed", "--nocapture"])
            .env(FOLDER, home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut applied = lines.filter_map(|line| {
            line.unwrap()
                .strip_prefix("applied ")
                .map(|it| it.parse::<u64>().unwrap())
        });
        let last = applied.by_ref().take(2 * round).last().unwrap();
        // In the middle of the next batch, and with someone still listening.
        child.kill().unwrap();
        child.wait().unwrap();
        let index = open(home.path());
        let batches = batches_in(&index);
        assert!(
            batches >= last && batches > before,
            "{batches} after {last} and {before}"
        );
        expect(&index, batches);
        before = batches;
    }
}

#[test]
fn an_index_that_is_dropped_at_any_batch_goes_on_from_there() {
    let home = tempfile::tempdir().unwrap();
    for number in 0..6 {
        let mut index = open(home.path());
        assert_eq!(batches_in(&index), number);
        index.apply(&batch(number), cursor(number + 1)).unwrap();
        expect(&index, number + 1);
    }
}
