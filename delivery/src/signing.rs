//! What signed requests are made of: hashes, hexadecimal, percent-encoding, UTC.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::clock::milliseconds_now;

/// When a request is made, and a number used once. Passed in, so that what signs
/// with them is a pure function.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    /// Milliseconds since 1970.
    pub(crate) time: u64,
    /// 32 hexadecimal digits.
    pub(crate) nonce: String,
}

impl Stamp {
    /// Now, and a nonce that never was.
    pub(crate) fn now() -> Self {
        let mut random = [0; 16];
        getrandom::fill(&mut random).expect("the system has random bytes");
        Self {
            time: milliseconds_now(),
            nonce: hex(&random),
        }
    }

    /// Whole seconds since 1970.
    pub(crate) fn seconds(&self) -> u64 {
        self.time / 1000
    }

    /// `2023-10-26`, in UTC.
    pub(crate) fn date(&self) -> String {
        let (year, month, day) = civil_from_days(self.seconds() / 86_400);
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// `2023-10-26T10:22:32Z`.
    pub(crate) fn date_time(&self) -> String {
        let second = self.seconds() % 86_400;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{}T{hour:02}:{minute:02}:{second:02}Z", self.date())
    }
}

/// Year, month and day of the day that is so many after 1970-01-01 (Howard
/// Hinnant's `civil_from_days`, for days that are not negative): years begin in
/// March, so that the leap day comes last.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// HMAC-SHA256 (RFC 2104).
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// Percent-encoding of all but RFC 3986's unreserved characters (2.3): fit for a
/// query, for a form's body, and for the canonical queries that are signed.
pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// `a=1&b=2`, in this order.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", percent(name), percent(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Stamp, form, hex, hmac_sha256, percent, sha256_hex};

    fn at(seconds: u64) -> Stamp {
        Stamp {
            time: seconds * 1000 + 999,
            nonce: String::new(),
        }
    }

    #[test]
    fn days_and_times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_551_113_065, "2019-02-25T16:44:25Z"),
            (1_698_315_752, "2023-10-26T10:22:32Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(at(seconds).date_time(), text);
            assert_eq!(at(seconds).date(), text[..10]);
        }
    }

    #[test]
    fn no_two_nonces_are_the_same() {
        let nonces: HashSet<String> = (0..100).map(|_| Stamp::now().nonce).collect();
        assert_eq!(nonces.len(), 100);
        assert!(nonces.iter().all(|nonce| nonce.len() == 32));
    }

    #[test]
    fn hashes_are_the_published_ones() {
        // FIPS 180-4, the empty message; RFC 4231, test case 2.
        assert_eq!(
            sha256_hex(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn only_unreserved_characters_stay_as_they_are() {
        assert_eq!(percent("aZ09-._~"), "aZ09-._~");
        assert_eq!(percent("+ /*&=%"), "%2B%20%2F%2A%26%3D%25");
        assert_eq!(percent("群"), "%E7%BE%A4");
        assert_eq!(form(&[("a b", "1&2"), ("c", "")]), "a%20b=1%262&c=");
    }
}
