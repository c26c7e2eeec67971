//! Times, in the time zone of whoever reads, and how long something takes.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Prints times.
pub(in crate::commands) struct When(TimeZone);

impl When {
    /// In this machine's time zone.
    pub(in crate::commands) fn here() -> Self {
        Self(TimeZone::system())
    }

    #[cfg(test)]
    pub(super) fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// A time in milliseconds since the epoch, to the minute.
    pub(super) fn minute(&self, ms: u64) -> String {
        self.print(ms, "%Y-%m-%d %H:%M")
    }

    /// The same, to the second.
    pub(super) fn second(&self, ms: u64) -> String {
        self.print(ms, "%Y-%m-%d %H:%M:%S")
    }

    fn print(&self, ms: u64, format: &str) -> String {
        let time = i64::try_from(ms).ok();
        let time = time.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        match time {
            Some(time) => time.to_zoned(self.0.clone()).strftime(format).to_string(),
            None => "never".to_owned(),
        }
    }
}

/// A number of bytes, in the unit that suits it.
pub(crate) fn bytes(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes.saturating_mul(10) / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, units[unit])
}

/// A time span, by its two largest units.
pub(super) fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_reader() {
        let shanghai = When(TimeZone::fixed(jiff::tz::offset(8)));
        assert_eq!(shanghai.minute(1_700_000_000_000), "2023-11-15 06:13");
        assert_eq!(When::utc().second(1_700_000_000_000), "2023-11-14 22:13:20");
        assert_eq!(When::utc().minute(u64::MAX), "never");
    }

    #[test]
    fn sizes_and_spans_have_a_unit_that_suits() {
        for (size, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_572_864, "1.5 MiB"),
            (10 << 30, "10.0 GiB"),
            (5 << 50, "5120.0 TiB"),
        ] {
            assert_eq!(bytes(size), text);
        }
        for (seconds, text) in [
            (5, "5 s"),
            (125, "2 min"),
            (3_725, "1 h 2 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
