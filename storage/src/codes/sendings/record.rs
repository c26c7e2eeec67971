//! When codes were sent, as a record counts them.

use crate::codes::{DAY_MS, HOUR_MS, MINUTE_MS};
use serde::{Deserialize, Serialize};

/// When codes were sent, oldest first; counted by minute for the last hour and by
/// quarter of an hour before that, so that a day of them fits into a record.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::codes) struct SendingsRecord {
    /// The minute (the last one, of a quarter), and how many.
    minutes: Vec<(u64, u32)>,
    last: u64,
}

impl SendingsRecord {
    /// Whether no window that ends at `now` or later holds any of these.
    pub(in crate::codes) fn is_outdated(&self, now: u64) -> bool {
        self.last.saturating_add(DAY_MS + MINUTE_MS) <= now
    }

    /// How long until another may be sent, in milliseconds; `None` is now.
    pub(super) fn wait(&self, now: u64, gap_ms: u64, windows: &[(u64, usize)]) -> Option<u64> {
        let gap_ends = self.last.saturating_add(gap_ms);
        let in_gap = gap_ms > 0 && self.last > 0 && gap_ends > now;
        let after_gap = in_gap.then(|| gap_ends - now);
        let after_windows = windows.iter().filter_map(|&(window_ms, max)| {
            if max == 0 {
                return Some(window_ms);
            }
            let mut sent = 0;
            // Newest first: the sending that fills the window has to leave it, and
            // it may have been made at the very end of its minute.
            for (minute, count) in self.minutes.iter().rev() {
                let ends = end_of(*minute).saturating_add(window_ms);
                sent += *count as usize;
                if ends > now && sent >= max {
                    return Some(ends - now);
                }
            }
            None
        });
        after_gap.into_iter().chain(after_windows).max()
    }

    /// How many there were in the day before `now`, as its limits count them.
    pub(super) fn within_day(&self, now: u64) -> u64 {
        let minutes = self.minutes.iter();
        let of_day = minutes.filter(|(minute, _)| end_of(*minute).saturating_add(DAY_MS) > now);
        of_day.map(|(_, count)| u64::from(*count)).sum()
    }

    pub(super) fn count(&mut self, now: u64) {
        // Requests may overtake each other; the minutes stay in order.
        let newest = self.minutes.last().map_or(0, |(minute, _)| *minute);
        let minute = newest.max(now / MINUTE_MS);
        self.last = self.last.max(now);
        self.minutes.push((minute, 1));
        let hour_ago = minute.saturating_sub(60);
        let slot = |minute: u64| {
            (
                minute < hour_ago,
                if minute < hour_ago {
                    minute / 15
                } else {
                    minute
                },
            )
        };
        let minutes = std::mem::take(&mut self.minutes);
        for (minute, count) in minutes {
            if end_of(minute).saturating_add(DAY_MS) <= now {
                continue;
            }
            match self.minutes.last_mut() {
                Some((last, sum)) if slot(*last) == slot(minute) => {
                    *last = minute.max(*last);
                    *sum = sum.saturating_add(count);
                }
                _ => self.minutes.push((minute, count)),
            }
        }
    }

    /// Takes the newest one back. The gap then begins at the one before it, which
    /// may have been at the end of its minute.
    pub(super) fn uncount(&mut self) {
        let Some((_, count)) = self.minutes.last_mut() else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            self.minutes.pop();
        }
        let before = self.minutes.last().map(|(minute, _)| end_of(*minute) - 1);
        self.last = before.map_or(0, |before| before.min(self.last));
    }

    /// Forgets what lies in the future: the clock was wrong then. Requests that
    /// overtake each other are a little out of order, which is no such thing.
    pub(super) fn trust_clock(&mut self, now: u64) {
        let latest = now.saturating_add(HOUR_MS);
        self.minutes.retain(|(minute, _)| end_of(*minute) <= latest);
        if self.last > latest {
            self.last = 0;
        }
    }
}

fn end_of(minute: u64) -> u64 {
    minute.saturating_add(1).saturating_mul(MINUTE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;
    use proptest::prelude::*;

    const WINDOWS: [(u64, usize); 2] = [(HOUR_MS, 5), (DAY_MS, 10)];
    const GAP_MS: u64 = 60_000;

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_its_limit(pauses in prop::collection::vec(0..3 * HOUR_MS, 1..200)) {
            let mut record = SendingsRecord::default();
            let mut sent: Vec<u64> = Vec::new();
            let mut now = 1_700_000_000_000;
            for pause in pauses {
                now += pause;
                if let Some(wait) = record.wait(now, GAP_MS, &WINDOWS) {
                    prop_assert!(wait <= DAY_MS + 16 * MINUTE_MS);
                    prop_assert_eq!(record.wait(now + wait, GAP_MS, &WINDOWS), None);
                    continue;
                }
                record.count(now);
                sent.push(now);
                for (window_ms, max) in WINDOWS {
                    let within = sent.iter().filter(|at| **at + window_ms > now).count();
                    prop_assert!(within <= max);
                }
            }
        }

        #[test]
        fn sendings_fit_into_a_record_however_they_come(pauses in prop::collection::vec(0..2 * MINUTE_MS, 3_000)) {
            let mut record = SendingsRecord::default();
            let mut now = 1_700_000_000_000;
            let mut sent = Vec::new();
            for pause in pauses {
                now += pause;
                record.count(now);
                sent.push(now);
            }
            let json = serde_json::to_vec(&record).unwrap();
            prop_assert!(json.len() < keys::VALUE_BYTES_MAX);
            let counted: usize = record.minutes.iter().map(|(_, count)| *count as usize).sum();
            let within = |ms| sent.iter().filter(|at| **at + ms > now).count();
            prop_assert!(counted >= within(DAY_MS));
            prop_assert!(counted <= within(DAY_MS + 16 * MINUTE_MS));
        }
    }

    #[test]
    fn a_clock_that_was_a_year_ahead_blocks_nobody_for_a_year() {
        let mut record = SendingsRecord::default();
        let now = 1_700_000_000_000;
        for _ in 0..10 {
            record.count(now + 365 * DAY_MS);
        }
        record.trust_clock(now);
        assert_eq!(record.wait(now, GAP_MS, &WINDOWS), None);
    }

    #[test]
    fn a_limit_of_nothing_allows_nothing() {
        let record = SendingsRecord::default();
        assert_eq!(
            record.wait(1_700_000_000_000, 0, &[(HOUR_MS, 0)]),
            Some(HOUR_MS)
        );
    }

    #[test]
    fn what_is_taken_back_leaves_the_gap_of_the_one_before() {
        let mut record = SendingsRecord::default();
        let now = 1_700_000_000_000;
        record.uncount();
        record.count(now);
        record.count(now + 3 * MINUTE_MS);
        record.uncount();
        assert_eq!(record.wait(now + 2 * MINUTE_MS, GAP_MS, &WINDOWS), None);
        assert!(record.wait(now + 1, GAP_MS, &WINDOWS).is_some());
        record.uncount();
        assert_eq!(record.wait(now + 1, GAP_MS, &WINDOWS), None);
    }
}
