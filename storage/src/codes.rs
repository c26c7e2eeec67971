//! Codes on their way to a phone or an address, and how often they may be sent.
//!
//! A code is kept as a keyed hash over its purpose, its contact and itself. Wrong
//! tries are counted per contact and purpose: a new code does not reset the
//! count, so guessing gains nothing from asking for more codes.

use crate::accounts::{self, Contact};
use crate::error::StorageError;
use crate::keys::{self, IndexHash, Kind};
use crate::seal::{Seal, Space};
use crate::store::Store;
use crate::transaction::{Read, Transaction, after, decode};
use async_trait::async_trait;
use qunliao_protocol::UserId;
use serde::{Deserialize, Serialize};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// How many expired records one sweep removes, so that it never holds up others.
const SWEEP_RECORDS_MAX: usize = 1_000;

/// The most wrong tries that a code can stand: their times must fit into a record,
/// or those beyond would not be counted.
const WRONG_TRIES_MAX: u32 = 100;

/// What a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Signing up.
    Register = 1,
    /// Confirming the address of an account.
    Confirm = 2,
}

/// A code that someone presents.
#[derive(Clone)]
pub struct Proof {
    /// What it should be good for.
    pub purpose: Purpose,
    /// Where it was sent.
    pub contact: Contact,
    /// The code itself.
    pub code: String,
}

/// How a presented code fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is right.
    Right,
    /// It was right, and has been used.
    Spent,
    /// It is wrong, expired or burnt.
    Wrong,
}

/// A code that is to be sent.
#[derive(Clone)]
pub struct NewCode {
    /// The code and what it is bound to.
    pub proof: Proof,
    /// Whose address it is to confirm.
    pub user: Option<UserId>,
    /// Milliseconds since the epoch.
    pub now: u64,
    /// How the code dies.
    pub rules: CodeRules,
    /// How often codes may be sent.
    pub sending: SendingLimits,
    /// Who asked: an IP address or network, or nobody when the server itself did.
    pub asked_by: Option<String>,
}

/// How a code dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRules {
    /// How long it lives, in milliseconds.
    pub lifetime_ms: u64,
    /// Wrong tries after which it is burnt; at most 100.
    pub wrong_tries_max: u32,
    /// How long wrong tries count, in milliseconds.
    pub wrong_tries_window_ms: u64,
}

/// How often codes may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendingLimits {
    /// Milliseconds between two codes to one contact.
    pub gap_ms: u64,
    /// Codes to one contact in an hour.
    pub per_contact_hour: usize,
    /// Codes to one contact in a day.
    pub per_contact_day: usize,
    /// Codes that one address may ask for in an hour.
    pub per_address_hour: usize,
    /// Codes in a day, all together.
    pub total_day: usize,
}

/// What becomes of a code that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    /// It is recorded; send it.
    Send,
    /// Not now: try again after so many seconds.
    TooSoon(u32),
    /// For sign-up: the contact belongs to an account already.
    Registered,
}

/// Codes.
#[async_trait]
pub trait Codes: Send + Sync {
    /// Records a code and counts its sending, if the limits allow it.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn issue(&self, new: NewCode) -> Result<Issued, StorageError>;

    /// Judges a code without spending it. A wrong one counts as a try.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn try_code(&self, proof: Proof, now: u64) -> Result<Verdict, StorageError>;

    /// Removes some of the records that no longer matter; answers how many.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn sweep_codes(&self, now: u64) -> Result<usize, StorageError>;
}

#[derive(Default, Serialize, Deserialize)]
struct CodeRecord {
    hash: String,
    expires: u64,
    #[serde(default)]
    spent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserId>,
    /// When wrong tries were made: at most as many as burn the code.
    wrong_tries: Vec<u64>,
    wrong_tries_max: u32,
    wrong_tries_window_ms: u64,
}

/// When codes were sent, oldest first; counted by minute for the last hour and by
/// quarter of an hour before that, so that a day of them fits into a record.
#[derive(Default, Serialize, Deserialize)]
struct SendingsRecord {
    /// The minute (the last one, of a quarter), and how many.
    minutes: Vec<(u64, u32)>,
    last: u64,
}

#[async_trait]
impl Codes for Store {
    async fn issue(&self, new: NewCode) -> Result<Issued, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| issue(transaction, &seal, &new))
            .await
    }

    async fn try_code(&self, proof: Proof, now: u64) -> Result<Verdict, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| judge(transaction, &seal, &proof, now))
            .await
    }

    async fn sweep_codes(&self, now: u64) -> Result<usize, StorageError> {
        let candidates = self.read(move |snapshot| outdated(snapshot, now)).await?;
        self.writer
            .transact(move |transaction| remove_outdated(transaction, candidates, now))
            .await
    }
}

fn issue(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewCode,
) -> Result<Issued, StorageError> {
    let proof = &new.proof;
    if proof.purpose == Purpose::Register && accounts::owns(transaction, seal, &proof.contact)? {
        return Ok(Issued::Registered);
    }
    if let Some(wait_ms) = count_sending(transaction, seal, new)? {
        let seconds = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
        return Ok(Issued::TooSoon(seconds.max(1)));
    }
    let key = target_key(seal, proof.purpose, &proof.contact);
    let earlier: Option<CodeRecord> = transaction.record(&key)?;
    let record = CodeRecord {
        hash: crate::content::to_hex(&code_hash(seal, proof)),
        expires: new.now.saturating_add(new.rules.lifetime_ms),
        spent: false,
        user: new.user,
        wrong_tries: earlier
            .map(|earlier| earlier.wrong_tries)
            .unwrap_or_default(),
        wrong_tries_max: new.rules.wrong_tries_max.min(WRONG_TRIES_MAX),
        wrong_tries_window_ms: new.rules.wrong_tries_window_ms,
    };
    transaction.put_record(key, &record)?;
    Ok(Issued::Send)
}

/// Judges a code; a wrong one counts.
pub(crate) fn judge(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    proof: &Proof,
    now: u64,
) -> Result<Verdict, StorageError> {
    let key = target_key(seal, proof.purpose, &proof.contact);
    let Some(mut record) = transaction.record::<CodeRecord>(&key)? else {
        return Ok(Verdict::Wrong);
    };
    let counts_from = now.saturating_sub(record.wrong_tries_window_ms);
    record.wrong_tries.retain(|tried| *tried > counts_from);
    if record.wrong_tries.len() >= record.wrong_tries_max as usize || record.expires <= now {
        return Ok(Verdict::Wrong);
    }
    // Both sides are keyed hashes: comparing them in any time tells nothing of the code.
    if record.hash == crate::content::to_hex(&code_hash(seal, proof)) {
        return Ok(if record.spent {
            Verdict::Spent
        } else {
            Verdict::Right
        });
    }
    record.wrong_tries.push(now);
    transaction.put_record(key, &record)?;
    Ok(Verdict::Wrong)
}

/// Marks a code as used. It stays known until it expires.
pub(crate) fn spend(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    proof: &Proof,
) -> Result<(), StorageError> {
    let key = target_key(seal, proof.purpose, &proof.contact);
    if let Some(mut record) = transaction.record::<CodeRecord>(&key)? {
        record.spent = true;
        record.wrong_tries.clear();
        transaction.put_record(key, &record)?;
    }
    Ok(())
}

/// For whom the last code to this contact was sent.
pub(crate) fn code_user(
    read: &impl Read,
    seal: &Seal,
    purpose: Purpose,
    contact: &Contact,
) -> Result<Option<UserId>, StorageError> {
    let record: Option<CodeRecord> = read.record(&target_key(seal, purpose, contact))?;
    Ok(record.and_then(|record| record.user))
}

/// Counts a sending under its contact, who asked, and all; or answers how long
/// to wait, in milliseconds, and counts nothing.
fn count_sending(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewCode,
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
    let mut wait = None;
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

impl SendingsRecord {
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

/// The keys of records that no longer matter, a limited number of them.
fn outdated(read: &impl Read, now: u64) -> Result<Vec<Vec<u8>>, StorageError> {
    let mut outdated = Vec::new();
    for kind in [Kind::CodeByTarget, Kind::SendingsBySubject] {
        let (mut from, to) = keys::range(&[kind as u8]);
        loop {
            let records = read.scan(&from, &to, false, SWEEP_RECORDS_MAX)?;
            for (key, value) in &records {
                if outdated.len() < SWEEP_RECORDS_MAX && is_outdated(kind, value, now)? {
                    outdated.push(key.clone());
                }
            }
            match records.last() {
                Some((key, _)) if outdated.len() < SWEEP_RECORDS_MAX => from = after(key),
                _ => break,
            }
        }
    }
    Ok(outdated)
}

fn is_outdated(kind: Kind, value: &[u8], now: u64) -> Result<bool, StorageError> {
    if kind == Kind::SendingsBySubject {
        let record: SendingsRecord = decode(value)?;
        return Ok(record.last.saturating_add(DAY_MS + MINUTE_MS) <= now);
    }
    let record: CodeRecord = decode(value)?;
    let counts_from = now.saturating_sub(record.wrong_tries_window_ms);
    let harmless = record.wrong_tries.iter().all(|tried| *tried <= counts_from);
    Ok(record.expires <= now && harmless)
}

fn remove_outdated(
    transaction: &mut Transaction<'_>,
    candidates: Vec<Vec<u8>>,
    now: u64,
) -> Result<usize, StorageError> {
    let mut removed = 0;
    for key in candidates {
        let kind = if key[0] == Kind::CodeByTarget as u8 {
            Kind::CodeByTarget
        } else {
            Kind::SendingsBySubject
        };
        // Between the reading and now a code may have been sent anew.
        if let Some(value) = transaction.get(&key)?
            && is_outdated(kind, &value, now)?
        {
            transaction.delete(key);
            removed += 1;
        }
    }
    Ok(removed)
}

fn target_key(seal: &Seal, purpose: Purpose, contact: &Contact) -> Vec<u8> {
    keys::code_by_target(purpose as u8, &contact.index(seal))
}

fn code_hash(seal: &Seal, proof: &Proof) -> IndexHash {
    let contact = proof.contact.index(seal);
    let bound = [
        &[proof.purpose as u8],
        contact.as_slice(),
        proof.code.as_bytes(),
    ]
    .concat();
    seal.index(Space::Code, &bound)
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
