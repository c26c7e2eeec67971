//! The ways to phones: one word, or a list of them.

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use std::fmt;

/// A way to phones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmsDriver {
    /// A file in the data folder.
    Outbox,
    /// A signed POST to a URL.
    Webhook,
    /// Alibaba Cloud.
    Aliyun,
    /// Tencent Cloud.
    Tencent,
    /// NetEase Yunxin.
    Yunxin,
    /// Twilio.
    Twilio,
    /// Kannel.
    Kannel,
}

impl SmsDriver {
    const ALL: [(&'static str, Self); 7] = [
        ("outbox", Self::Outbox),
        ("webhook", Self::Webhook),
        ("aliyun", Self::Aliyun),
        ("tencent", Self::Tencent),
        ("yunxin", Self::Yunxin),
        ("twilio", Self::Twilio),
        ("kannel", Self::Kannel),
    ];
}

/// Ways to phones, in the order in which they are tried; none of them is written
/// `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsDrivers(pub Vec<SmsDriver>);

impl Default for SmsDrivers {
    fn default() -> Self {
        Self(vec![SmsDriver::Outbox])
    }
}

impl<'de> Deserialize<'de> for SmsDrivers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrWords)
    }
}

struct WordOrWords;

impl<'de> Visitor<'de> for WordOrWords {
    type Value = SmsDrivers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = SmsDriver::ALL.iter().map(|(word, _)| *word).collect();
        write!(f, "none, one of {}, or a list of them", words.join(", "))
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<SmsDrivers, E> {
        if word == "none" {
            return Ok(SmsDrivers(Vec::new()));
        }
        let found = SmsDriver::ALL.iter().find(|(name, _)| *name == word);
        let (_, driver) = found.ok_or_else(|| {
            E::custom(format_args!(
                "must be {}",
                &self as &dyn serde::de::Expected
            ))
        })?;
        Ok(SmsDrivers(vec![*driver]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<SmsDrivers, A::Error> {
        let mut drivers = Vec::new();
        while let Some(driver) = words.next_element()? {
            if drivers.contains(&driver) {
                return Err(A::Error::custom("must not name a way twice"));
            }
            drivers.push(driver);
        }
        Ok(SmsDrivers(drivers))
    }
}
