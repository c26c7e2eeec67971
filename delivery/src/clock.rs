//! The time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since 1970. A clock before that says 0.
pub(crate) fn milliseconds_now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
