//! How often codes were sent: to a contact, for who asked, and all together.

use super::{DAY_MS, HOUR_MS, MINUTE_MS, NewCode};
use crate::accounts::Contact;
use crate::error::StorageError;
use crate::keys;
use crate::seal::{Seal, Space};
use crate::transaction::{Read, Transaction};
use serde::{Deserialize, Serialize};

/// When codes were sent, oldest first; counted by minute for the last hour and by
/// quarter of an hour before that, so that a day of them fits into a record.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct SendingsRecord {
    /// The minute (the last one, of a quarter), and how many.
    minutes: Vec<(u64, u32)>,
    last: u64,
}

/// How often one address is told that a contact is registered, for each code it
/// may ask for.
const TELLINGS_PER_SENDING: usize = 10;

/// Counts a sending under its contact, who asked, and all; or answers how long
/// to wait, in milliseconds, and counts nothing. `burnt_for` is the least to wait.
pub(super) fn count_sending(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewCode,
    burnt_for: Option<u64>,
) -> Result<Option<u64>, StorageError> {
    let limits = &new.sending;
    let contact = match &new.proof.contact {
        Contact::Phone(number) => format!("phone {number}"),
        Contact::Email(address) => format!("email {address}"),
    };
    let hour_and_day: &[_] = &[
        (HOUR_MS, limits.per_contact_hour),
        (DAY_MS, limits.per_contact_day),
    ];
    let mut subjects = vec![
        (contact, limits.gap_ms, hour_and_day.to_vec()),
        ("all".to_owned(), 0, vec![(DAY_MS, limits.total_day)]),
    ];
    if let Some(address) = &new.asked_by {
        let rule = vec![(HOUR_MS, limits.per_address_hour)];
        subjects.push((format!("address {address}"), 0, rule));
    }
    let mut counted = Vec::new();
    let mut wait = burnt_for;
    for (subject, gap_ms, windows) in subjects {
        let key = keys::sendings_by_subject(&seal.index(Space::Sending, subject.as_bytes()));
        let mut sendings: SendingsRecord = transaction.record(&key)?.unwrap_or_default();
        sendings.trust_clock(new.now);
        wait = wait.max(sendings.wait(new.now, gap_ms, &windows));
        sendings.count(new.now);
        counted.push((key, sendings));
    }
    if wait.is_none() {
        for (key, sendings) in counted {
            transaction.put_record(key, &sendings)?;
        }
    }
    Ok(wait)
}

/// Counts an answer that tells someone that a contact is registered, which has to
/// be told but not without end; or answers how long to wait, in milliseconds.
pub(super) fn count_telling(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewCode,
) -> Result<Option<u64>, StorageError> {
    let Some(address) = &new.asked_by else {
        return Ok(None);
    };
    let subject = format!("told {address}");
    let key = keys::sendings_by_subject(&seal.index(Space::Sending, subject.as_bytes()));
    let mut tellings: SendingsRecord = transaction.record(&key)?.unwrap_or_default();
    tellings.trust_clock(new.now);
    let max = new
        .sending
        .per_address_hour
        .saturating_mul(TELLINGS_PER_SENDING);
    let wait = tellings.wait(new.now, 0, &[(HOUR_MS, max)]);
    if wait.is_none() {
        tellings.count(new.now);
        transaction.put_record(key, &tellings)?;
    }
    Ok(wait)
}

impl SendingsRecord {
    /// Whether no window that ends at `now` or later holds any of these.
    pub(super) fn is_outdated(&self, now: u64) -> bool {
        self.last.saturating_add(DAY_MS + MINUTE_MS) <= now
    }

    /// How long until another may be sent, in milliseconds; `None` is now.
    fn wait(&self, now: u64, gap_ms: u64, windows: &[(u64, usize)]) -> Option<u64> {
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

    fn count(&mut self, now: u64) {
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

    /// Forgets what lies in the future: the clock was wrong then. Requests that
    /// overtake each other are a little out of order, which is no such thing.
    fn trust_clock(&mut self, now: u64) {
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
}
