//! What the registry goes by, as the configuration sets it.

use super::Verify;
use crate::breaker::BreakerLimits;
use crate::contacts::PhoneBook;
use qunliao_storage::codes::{CodeRules, SendingLimits};
use serde::Deserialize;
use std::time::Duration;

/// The section `codes` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodeSettings {
    /// How long a code lives.
    pub lifetime_seconds: u64,
    /// Wrong tries that burn it: of the network that asked for it, and of all
    /// others together.
    pub wrong_tries_max: u32,
    /// How long wrong tries count.
    pub wrong_tries_window_seconds: u64,
    /// Between two codes to one contact.
    pub gap_seconds: u64,
    /// To one contact.
    pub per_contact_hour: usize,
    /// To one contact.
    pub per_contact_day: usize,
    /// Of those to one contact, asked for by one /24 (IPv6: /48).
    pub per_contact_and_prefix_hour: usize,
    /// Of those to one contact, asked for by one /24 (IPv6: /48).
    pub per_contact_and_prefix_day: usize,
    /// Asked for by one address (one /64 with IPv6).
    pub per_address_hour: usize,
    /// Asked for by one /24 (IPv6: /48).
    pub per_prefix_hour: usize,
    /// All together.
    pub total_day: usize,
    /// To phones, all together.
    pub sms_day: usize,
    /// Codes to phones that the breaker looks back on.
    pub breaker_sample: usize,
    /// The percentage of them entered rightly, below which sign-up by SMS pauses.
    pub breaker_ratio_percent: usize,
    /// How long it pauses.
    pub breaker_pause_seconds: u64,
    /// Between two messages after the pause, until one is answered.
    pub breaker_probe_seconds: u64,
}

impl Default for CodeSettings {
    fn default() -> Self {
        Self {
            lifetime_seconds: 300,
            wrong_tries_max: 5,
            wrong_tries_window_seconds: 3600,
            gap_seconds: 60,
            per_contact_hour: 5,
            per_contact_day: 10,
            per_contact_and_prefix_hour: 3,
            per_contact_and_prefix_day: 6,
            per_address_hour: 10,
            per_prefix_hour: 30,
            total_day: 1_000,
            sms_day: 300,
            breaker_sample: 40,
            breaker_ratio_percent: 10,
            breaker_pause_seconds: 1_800,
            breaker_probe_seconds: 300,
        }
    }
}

impl CodeSettings {
    /// How codes die.
    #[must_use]
    pub fn rules(&self) -> CodeRules {
        CodeRules {
            lifetime_ms: self.lifetime_seconds * 1_000,
            wrong_tries_max: self.wrong_tries_max,
            wrong_tries_window_ms: self.wrong_tries_window_seconds * 1_000,
        }
    }

    /// How often codes are sent.
    #[must_use]
    pub fn sending(&self) -> SendingLimits {
        SendingLimits {
            gap_ms: self.gap_seconds * 1_000,
            per_contact_hour: self.per_contact_hour,
            per_contact_day: self.per_contact_day,
            per_contact_and_prefix_hour: self.per_contact_and_prefix_hour,
            per_contact_and_prefix_day: self.per_contact_and_prefix_day,
            per_address_hour: self.per_address_hour,
            per_prefix_hour: self.per_prefix_hour,
            total_day: self.total_day,
            sms_day: self.sms_day,
        }
    }

    /// What the breaker of sign-up messages goes by.
    #[must_use]
    pub fn breaker(&self) -> BreakerLimits {
        BreakerLimits {
            sample: self.breaker_sample,
            ratio_percent: self.breaker_ratio_percent,
            pause: Duration::from_secs(self.breaker_pause_seconds),
            probe_every: Duration::from_secs(self.breaker_probe_seconds),
            lifetime: Duration::from_secs(self.lifetime_seconds),
        }
    }
}

/// What the registry goes by.
#[derive(Clone)]
pub struct Settings {
    /// What a sign-up has to prove.
    pub verify: Verify,
    /// Whether accounts made without an invitation wait for approval.
    pub approval: bool,
    /// How numbers are read, and which get codes.
    pub phones: PhoneBook,
    /// How codes live and how often they are sent.
    pub codes: CodeSettings,
    /// How long a session lasts that is not used.
    pub session_idle: Duration,
    /// How long a session lasts at most.
    pub session_lifetime: Duration,
    /// Sessions of one user.
    pub sessions_max: usize,
    /// How long the audit trail is kept.
    pub audit_kept: Duration,
    /// What users may say of themselves.
    pub bio_bytes_max: usize,
    /// The language of messages and mails.
    pub language: qunliao_protocol::Language,
}
