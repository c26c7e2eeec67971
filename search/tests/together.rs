//! Searching while the index is fed.

use crate::{cursor, open, page, said};
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn who_searches_while_it_is_fed_sees_whole_batches_alone() {
    const BATCH: u64 = 7;
    let home = tempfile::tempdir().unwrap();
    let mut index = open(home.path());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let searcher = index.searcher();
                let is_over = &is_over;
                scope.spawn(move || {
                    let (mut last, mut pages) = (0, 0);
                    while !is_over.load(Ordering::Acquire) {
                        let hits = page(&searcher, "一起 to").hits;
                        let newest = hits.first().map_or(0, |hit| hit.place.time / 1_000);
                        assert_eq!(newest % BATCH, 0, "a batch in part");
                        assert_eq!(hits.len() as u64, newest.min(50));
                        assert!(newest >= last, "something was unsaid");
                        (last, pages) = (newest, pages + 1);
                    }
                    pages
                })
            })
            .collect();
        for batch in 0..20 {
            let changes = (1..=BATCH).map(|it| said(1, batch * BATCH + it, "一起 together"));
            index
                .apply(&changes.collect::<Vec<_>>(), cursor(batch))
                .unwrap();
        }
        is_over.store(true, Ordering::Release);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
    // A searcher outlives the index, and shows it as it was.
    let searcher = index.searcher();
    drop(index);
    assert_eq!(page(&searcher, "一起").hits.len(), 50);
}
