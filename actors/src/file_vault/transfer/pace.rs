//! The least rate of a transfer.

use crate::house::House;
use std::io;
use std::time::{Duration, Instant};

/// Watches that a transfer keeps moving.
pub(super) struct Pace {
    pub(super) window: Duration,
    bytes_min: u64,
    since: Instant,
    bytes: u64,
}

impl Pace {
    pub(super) fn new(house: &House) -> Self {
        let window = house.limits.transfer_stall();
        Self {
            window,
            // However low the rate, nothing at all is too little.
            bytes_min: house
                .limits
                .transfer_bytes_per_second_min
                .saturating_mul(window.as_secs())
                .max(1),
            since: Instant::now(),
            bytes: 0,
        }
    }

    /// So many bytes have moved; `0` says that time has passed.
    pub(super) fn moved(&mut self, bytes: usize) -> io::Result<()> {
        self.bytes += bytes as u64;
        if self.bytes >= self.bytes_min {
            self.since = Instant::now();
            self.bytes = 0;
        } else if self.since.elapsed() > self.window {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}
