//! How often codes were sent: to a contact, for who asked, and all together.
//!
//! Of what a contact may be sent, one network's prefix may use a part alone, so
//! that nobody can use up another's codes from one place.

mod record;

pub(super) use record::SendingsRecord;

use super::{CodeCounts, DAY_MS, HOUR_MS, NewCode, NewNotice, Purpose, SendingLimits};
use crate::accounts::Contact;
use crate::error::StorageError;
use crate::keys;
use crate::seal::{Seal, Space};
use crate::transaction::{Read, Transaction};

/// How often one address is told that a contact is registered, for each code it
/// may ask for.
const TELLINGS_PER_SENDING: usize = 10;

/// All codes that are sent.
const ALL: &str = "all";
/// Those of them to phones.
const ALL_SMS: &str = "all sms";
/// All codes that are entered rightly; nothing limits these.
const ENTERED: &str = "entered";
/// One in so many of the day's totals is kept for resets and notices.
const KEPT_PART: usize = 5;

/// Something that sendings are counted under.
struct Subject {
    name: String,
    gap_ms: u64,
    /// How long, and how many in it.
    windows: Vec<(u64, usize)>,
    /// Whether a sending that failed through no fault of its asker is forgotten.
    given_back: bool,
}

impl Subject {
    fn new(name: String, windows: &[(u64, usize)]) -> Self {
        Self {
            name,
            gap_ms: 0,
            windows: windows.to_vec(),
            given_back: true,
        }
    }

    fn key(&self, seal: &Seal) -> Vec<u8> {
        keys::sendings_by_subject(&seal.index(Space::Sending, self.name.as_bytes()))
    }
}

/// What the sending of `new` counts under.
fn subjects(new: &NewCode) -> Vec<Subject> {
    let limits = &new.sending;
    let mut to_contact = to_contact(&new.proof.contact, limits);
    to_contact.gap_ms = limits.gap_ms;
    let contact = to_contact.name.clone();
    let mut subjects = vec![to_contact];
    if !new.discreet {
        subjects.extend(totals(&new.proof.contact, &for_newcomers(limits)));
    }
    if let Some(asker) = new.asked_by.as_ref().filter(|asker| asker.counted) {
        let (address, prefix) = (&asker.network, &asker.prefix);
        subjects.push(Subject::new(
            format!("address {address}"),
            &[(HOUR_MS, limits.per_address_hour)],
        ));
        subjects.push(Subject::new(
            format!("prefix {prefix}"),
            &[(HOUR_MS, limits.per_prefix_hour)],
        ));
        subjects.push(Subject::new(
            format!("{contact} from {prefix}"),
            &[
                (HOUR_MS, limits.per_contact_and_prefix_hour),
                (DAY_MS, limits.per_contact_and_prefix_day),
            ],
        ));
    }
    subjects
}

/// The limits for all that is neither a code for a reset nor a notice: a part of
/// the day's totals is kept for these, so that newcomers cannot use it up.
fn for_newcomers(limits: &SendingLimits) -> SendingLimits {
    SendingLimits {
        total_day: newcomers_part(limits.total_day),
        sms_day: newcomers_part(limits.sms_day),
        ..*limits
    }
}

/// How much of a total of the day newcomers can use up.
#[must_use]
pub fn newcomers_part(total: usize) -> usize {
    total - total / KEPT_PART
}

/// All that goes to this contact.
fn to_contact(contact: &Contact, limits: &SendingLimits) -> Subject {
    let windows = [
        (HOUR_MS, limits.per_contact_hour),
        (DAY_MS, limits.per_contact_day),
    ];
    Subject::new(contact_name(contact), &windows)
}

/// All that goes out, of which this contact's is a part.
fn totals(contact: &Contact, limits: &SendingLimits) -> Vec<Subject> {
    let total = |name: &str, max| Subject {
        given_back: false,
        ..Subject::new(name.to_owned(), &[(DAY_MS, max)])
    };
    let mut totals = vec![total(ALL, limits.total_day)];
    if matches!(contact, Contact::Phone(_)) {
        totals.push(total(ALL_SMS, limits.sms_day));
    }
    totals
}

fn contact_name(contact: &Contact) -> String {
    match contact {
        Contact::Phone(number) => format!("phone {number}"),
        Contact::Email(address) => format!("email {address}"),
    }
}

/// Counts under all of `subjects`; or answers how long to wait, in milliseconds,
/// and counts nothing. `least` is the least to wait.
fn count(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    subjects: &[Subject],
    now: u64,
    least: Option<u64>,
) -> Result<Option<u64>, StorageError> {
    let mut counted = Vec::with_capacity(subjects.len());
    let mut wait = least;
    for subject in subjects {
        let key = subject.key(seal);
        let mut sendings: SendingsRecord = transaction.record(&key)?.unwrap_or_default();
        sendings.trust_clock(now);
        wait = wait.max(sendings.wait(now, subject.gap_ms, &subject.windows));
        sendings.count(now);
        counted.push((key, sendings));
    }
    if wait.is_none() {
        for (key, sendings) in counted {
            transaction.put_record(key, &sendings)?;
        }
    }
    Ok(wait)
}

/// Counts a sending under its contact, who asked, and all; or answers how long
/// to wait, in milliseconds, and counts nothing. `burnt_for` is the least to wait.
pub(super) fn count_sending(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewCode,
    burnt_for: Option<u64>,
) -> Result<Option<u64>, StorageError> {
    count(transaction, seal, &subjects(new), new.now, burnt_for)
}

/// Counts a discreet code in the totals, if it is an account's; answers whether it
/// may be sent. Whoever asked learns nothing of it.
pub(super) fn count_discreet(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewCode,
) -> Result<bool, StorageError> {
    if !new.discreet || new.user.is_none() {
        return Ok(true);
    }
    let limits = match new.proof.purpose {
        Purpose::Reset => new.sending,
        Purpose::Register | Purpose::Confirm => for_newcomers(&new.sending),
    };
    let totals = totals(&new.proof.contact, &limits);
    Ok(count(transaction, seal, &totals, new.now, None)?.is_none())
}

/// Counts a notice under its contact and all; or answers how long to wait, in
/// milliseconds, and counts nothing. It keeps no gap: else asking for a code right
/// before would keep it from its owner.
pub(super) fn count_notice(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewNotice,
) -> Result<Option<u64>, StorageError> {
    let mut subjects = vec![to_contact(&new.contact, &new.sending)];
    subjects.extend(totals(&new.contact, &new.sending));
    count(transaction, seal, &subjects, new.now, None)
}

/// Counts an answer that tells someone that a contact is registered, which has to
/// be told but not without end; or answers how long to wait, in milliseconds.
pub(super) fn count_telling(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewCode,
) -> Result<Option<u64>, StorageError> {
    let Some(asker) = &new.asked_by else {
        return Ok(None);
    };
    let max = new.sending.per_address_hour;
    let max = max.saturating_mul(TELLINGS_PER_SENDING);
    let told = Subject::new(format!("told {}", asker.network), &[(HOUR_MS, max)]);
    count(transaction, seal, &[told], new.now, None)
}

/// Counts a code that was entered rightly.
pub(super) fn count_entered(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    now: u64,
) -> Result<(), StorageError> {
    let entered = Subject::new(ENTERED.to_owned(), &[]);
    count(transaction, seal, &[entered], now, None).map(drop)
}

/// How many were sent and entered in the last day.
pub(super) fn counts(read: &impl Read, seal: &Seal, now: u64) -> Result<CodeCounts, StorageError> {
    let within_day = |name: &str| {
        let key = Subject::new(name.to_owned(), &[]).key(seal);
        let record: Option<SendingsRecord> = read.record(&key)?;
        Ok::<_, StorageError>(record.map_or(0, |record| record.within_day(now)))
    };
    Ok(CodeCounts {
        sent: within_day(ALL)?,
        sent_to_phones: within_day(ALL_SMS)?,
        entered: within_day(ENTERED)?,
    })
}

/// Takes back a sending that our own gateway failed, but for the totals: a robot
/// that meets a broken gateway must not ask without end. For the same reason a
/// contact and an asker get back as many in an hour as they may have, no more.
/// Answers whether it was taken back.
pub(super) fn give_back(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewCode,
) -> Result<bool, StorageError> {
    let returned = |name: &str, max| Subject::new(format!("returned {name}"), &[(HOUR_MS, max)]);
    let mut returns = vec![returned(
        &contact_name(&new.proof.contact),
        new.sending.per_contact_hour,
    )];
    if let Some(asker) = &new.asked_by {
        let max = new.sending.per_address_hour;
        returns.push(returned(&asker.network, max));
    }
    if count(transaction, seal, &returns, new.now, None)?.is_some() {
        return Ok(false);
    }
    let given_back = |subject: &Subject| subject.given_back;
    for subject in subjects(new).into_iter().filter(given_back) {
        let key = subject.key(seal);
        if let Some(mut sendings) = transaction.record::<SendingsRecord>(&key)? {
            sendings.uncount();
            transaction.put_record(key, &sendings)?;
        }
    }
    Ok(true)
}
