//! Codes on their way to a phone or an address, and how often they may be sent.
//!
//! A code is kept as a keyed hash over its purpose, its contact and itself. Codes
//! that several networks asked for lie side by side, and wrong tries are counted
//! for each of these networks by itself, and for all others together: whoever
//! guesses from elsewhere can neither use up the tries of the one who asked, nor
//! have more of them than one asker has. A new code does not reset the count, so
//! guessing gains nothing from asking for more codes. While a network's count is
//! full it is sent no code, since none would work.

mod issue;
mod judge;
mod record;
mod sendings;
mod sweep;
mod withdraw;

pub(crate) use judge::{code_user, judge, spend};
pub use sendings::newcomers_part;
pub(crate) use withdraw::{withdraw, withdraw_of};

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
    /// Confirming a contact of an account.
    Confirm = 2,
    /// Setting a new password without the old one.
    Reset = 3,
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
    /// Who presents it: an IP address or network, as [`Asker::network`]; `None`
    /// counts as somebody who asked for no code.
    pub from: Option<String>,
}

/// Who asks for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The IP address, or its /64: it has tries of its own at the code.
    pub network: String,
    /// The wider network that it belongs to, which shares limits of sending.
    pub prefix: String,
    /// Whether it counts for them; not so a code that follows from one that did.
    pub counted: bool,
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
    /// Whose code it is; nobody's for signing up, and where one is asked for that no
    /// account is there to use.
    pub user: Option<UserId>,
    /// Whether the answer must not tell if it is anybody's: it then knows no totals.
    pub discreet: bool,
    /// Milliseconds since the epoch.
    pub now: u64,
    /// How the code dies.
    pub rules: CodeRules,
    /// How often codes may be sent.
    pub sending: SendingLimits,
    /// Who asked; nobody when the server itself did.
    pub asked_by: Option<Asker>,
}

/// A notice to the owner of a contact that is to be sent.
#[derive(Clone)]
pub struct NewNotice {
    /// Where to.
    pub contact: Contact,
    /// Milliseconds since the epoch.
    pub now: u64,
    /// How often codes and notices may be sent.
    pub sending: SendingLimits,
}

/// How a code dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRules {
    /// How long it lives, in milliseconds.
    pub lifetime_ms: u64,
    /// Wrong tries after which it is burnt for who made them; at most 20.
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
    /// Codes to one contact in an hour that one prefix may ask for.
    pub per_contact_and_prefix_hour: usize,
    /// Codes to one contact in a day that one prefix may ask for.
    pub per_contact_and_prefix_day: usize,
    /// Codes that one address may ask for in an hour.
    pub per_address_hour: usize,
    /// Codes that one prefix may ask for in an hour.
    pub per_prefix_hour: usize,
    /// Codes in a day, all together.
    pub total_day: usize,
    /// Codes to phones in a day, all together.
    pub sms_day: usize,
}

/// What becomes of a code that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    /// It is recorded; send it.
    Send,
    /// Recorded and counted for who asks, who must not learn that it is not to be
    /// sent: the day's total is used up.
    HeldBack,
    /// Not now: try again after so many seconds. Either a limit of sending is
    /// reached, or wrong tries of who asks have burnt the contact for them.
    TooSoon(u32),
    /// For sign-up: the contact belongs to an account already.
    Registered,
}

/// Codes in the last 24 hours, give or take a quarter of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeCounts {
    /// Those that were sent, or should have been.
    pub sent: u64,
    /// Those of them that went to phones.
    pub sent_to_phones: u64,
    /// Those that were entered rightly.
    pub entered: u64,
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

    /// Takes back the counting of a code that our own gateway failed to send, but
    /// not from the totals; answers whether it did, which is limited, too.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn give_back(&self, new: NewCode) -> Result<bool, StorageError>;

    /// Counts a notice as codes are counted, under its contact and in the totals;
    /// answers whether it may be sent. One that may not counts nowhere.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn count_notice(&self, new: NewNotice) -> Result<bool, StorageError>;

    /// Judges a code without spending it. A wrong one counts as a try.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn try_code(&self, proof: Proof, now: u64) -> Result<Verdict, StorageError>;

    /// How many there were.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn code_counts(&self, now: u64) -> Result<CodeCounts, StorageError>;

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

    async fn give_back(&self, new: NewCode) -> Result<bool, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| sendings::give_back(transaction, &seal, &new))
            .await
    }

    async fn count_notice(&self, new: NewNotice) -> Result<bool, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| {
                let wait = sendings::count_notice(transaction, &seal, &new)?;
                Ok(wait.is_none())
            })
            .await
    }

    async fn try_code(&self, proof: Proof, now: u64) -> Result<Verdict, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| judge(transaction, &seal, &proof, now))
            .await
    }

    async fn code_counts(&self, now: u64) -> Result<CodeCounts, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| sendings::counts(snapshot, &seal, now))
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
