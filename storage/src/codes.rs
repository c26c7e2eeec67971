//! Codes on their way to a phone or an address, and how often they may be sent.
//!
//! A code is kept as a keyed hash over its purpose, its contact and itself. Wrong
//! tries are counted per contact and purpose: a new code does not reset the
//! count, so guessing gains nothing from asking for more codes. While the count is
//! full no code is sent, since none would work.

mod issue;
mod judge;
mod sendings;
mod sweep;

pub(crate) use judge::{code_user, judge, spend};

use crate::accounts::Contact;
use crate::error::StorageError;
use crate::store::Store;
use async_trait::async_trait;
use qunliao_protocol::UserId;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

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
    /// Not now: try again after so many seconds. Either a limit of sending is
    /// reached, or wrong tries have burnt the contact and no code would work.
    TooSoon(u32),
    /// For sign-up: the contact belongs to an account already.
    Registered,
}

/// Codes.
#[async_trait]
pub trait Codes: Send + Sync {
    /// Records a code and counts its sending, if the limits allow it and the code
    /// could work. One that is refused counts nowhere, and the code before it stays.
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

#[async_trait]
impl Codes for Store {
    async fn issue(&self, new: NewCode) -> Result<Issued, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| issue::issue(transaction, &seal, &new))
            .await
    }

    async fn try_code(&self, proof: Proof, now: u64) -> Result<Verdict, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| judge(transaction, &seal, &proof, now))
            .await
    }

    async fn sweep_codes(&self, now: u64) -> Result<usize, StorageError> {
        let candidates = self
            .read(move |snapshot| sweep::outdated(snapshot, now))
            .await?;
        self.writer
            .transact(move |transaction| sweep::remove_outdated(transaction, candidates, now))
            .await
    }
}
