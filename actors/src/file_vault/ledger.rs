//! The account of open uploads: how many each user has, and how much space all
//! of them will need.

use qunliao_protocol::{Failure, UserId};
use std::collections::HashMap;

/// The account.
pub struct Ledger {
    file_bytes_max: u64,
    open_uploads_per_user: usize,
    reserve_bytes: u64,
    open: HashMap<UserId, usize>,
    promised_bytes: u64,
}

impl Ledger {
    /// An empty account: files of at most `file_bytes_max`, so many uploads of a
    /// user at once, and `reserve_bytes` that always stay free on the disk.
    #[must_use]
    pub fn new(file_bytes_max: u64, open_uploads_per_user: usize, reserve_bytes: u64) -> Self {
        Self {
            file_bytes_max,
            open_uploads_per_user,
            reserve_bytes,
            open: HashMap::new(),
            promised_bytes: 0,
        }
    }

    /// Opens an upload, with `free` bytes free on the disk.
    ///
    /// What uploads under way have written already counts twice (as promised, and
    /// as no longer free), so the account errs on the side of refusing.
    ///
    /// # Errors
    /// [`Failure::FileTooLarge`], [`Failure::TooManyUploads`], [`Failure::StorageFull`].
    pub fn open(&mut self, user: UserId, size: u64, free: u64) -> Result<(), Failure> {
        if size > self.file_bytes_max {
            return Err(Failure::FileTooLarge(self.file_bytes_max));
        }
        let open = self.open.get(&user).copied().unwrap_or(0);
        if open >= self.open_uploads_per_user {
            return Err(Failure::TooManyUploads);
        }
        let needed = [self.promised_bytes, size, self.reserve_bytes]
            .iter()
            .fold(0u64, |sum, bytes| sum.saturating_add(*bytes));
        if needed > free {
            return Err(Failure::StorageFull);
        }
        self.open.insert(user, open + 1);
        self.promised_bytes += size;
        Ok(())
    }

    /// Closes an upload that was opened with this size.
    pub fn close(&mut self, user: UserId, size: u64) {
        self.promised_bytes = self.promised_bytes.saturating_sub(size);
        if let Some(open) = self.open.get_mut(&user) {
            *open -= 1;
            if *open == 0 {
                self.open.remove(&user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    #[test]
    fn a_user_has_so_many_uploads_and_no_more() {
        let mut ledger = Ledger::new(100, 2, 0);
        assert_eq!(ledger.open(ALICE, 1, 1_000), Ok(()));
        assert_eq!(ledger.open(ALICE, 1, 1_000), Ok(()));
        assert_eq!(ledger.open(ALICE, 1, 1_000), Err(Failure::TooManyUploads));
        assert_eq!(ledger.open(BOB, 1, 1_000), Ok(()));
        ledger.close(ALICE, 1);
        assert_eq!(ledger.open(ALICE, 1, 1_000), Ok(()));
    }

    #[test]
    fn what_is_promised_is_not_promised_twice() {
        let mut ledger = Ledger::new(1_000, 9, 100);
        assert_eq!(ledger.open(ALICE, 600, 1_000), Ok(()));
        assert_eq!(ledger.open(BOB, 301, 1_000), Err(Failure::StorageFull));
        assert_eq!(ledger.open(BOB, 300, 1_000), Ok(()));
        ledger.close(ALICE, 600);
        ledger.close(BOB, 300);
        assert_eq!(ledger.open(BOB, 900, 1_000), Ok(()));
        assert_eq!(
            ledger.open(BOB, u64::MAX, u64::MAX),
            Err(Failure::FileTooLarge(1_000))
        );
    }
}
