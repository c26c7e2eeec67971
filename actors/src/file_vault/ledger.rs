//! The account of open transfers: how many each user has, and how much space all
//! uploads will need.

use qunliao_protocol::{Failure, UserId};
use std::collections::HashMap;

/// What the ledger goes by.
#[derive(Clone, Copy, Debug)]
pub struct LedgerLimits {
    /// Bytes of a file.
    pub file_bytes_max: u64,
    /// Uploads of a user at once.
    pub open_uploads_per_user: usize,
    /// Downloads of a user at once.
    pub open_downloads_per_user: usize,
    /// Bytes that always stay free on the disk.
    pub reserve_bytes: u64,
}

/// The account.
pub struct Ledger {
    limits: LedgerLimits,
    uploads: HashMap<UserId, usize>,
    downloads: HashMap<UserId, usize>,
    promised_bytes: u64,
}

impl Ledger {
    /// An empty account.
    #[must_use]
    pub fn new(limits: LedgerLimits) -> Self {
        Self {
            limits,
            uploads: HashMap::new(),
            downloads: HashMap::new(),
            promised_bytes: 0,
        }
    }

    /// Opens an upload, with `free` bytes free on the disk.
    ///
    /// What uploads under way have written already counts twice (as promised, and
    /// as no longer free), so the account errs on the side of refusing.
    ///
    /// # Errors
    /// [`Failure::FileTooLarge`], [`Failure::TooManyTransfers`], [`Failure::StorageFull`].
    pub fn open_upload(&mut self, user: UserId, size: u64, free: u64) -> Result<(), Failure> {
        let limits = self.limits;
        if size > limits.file_bytes_max {
            return Err(Failure::FileTooLarge(limits.file_bytes_max));
        }
        let needed = [self.promised_bytes, size, limits.reserve_bytes]
            .iter()
            .fold(0u64, |sum, bytes| sum.saturating_add(*bytes));
        if needed > free {
            return Err(Failure::StorageFull);
        }
        enter(&mut self.uploads, user, limits.open_uploads_per_user)?;
        self.promised_bytes += size;
        Ok(())
    }

    /// Opens a download.
    ///
    /// # Errors
    /// [`Failure::TooManyTransfers`].
    pub fn open_download(&mut self, user: UserId) -> Result<(), Failure> {
        enter(
            &mut self.downloads,
            user,
            self.limits.open_downloads_per_user,
        )
    }

    /// Closes an upload that was opened with this size.
    pub fn close_upload(&mut self, user: UserId, size: u64) {
        self.promised_bytes = self.promised_bytes.saturating_sub(size);
        leave(&mut self.uploads, user);
    }

    /// Closes a download.
    pub fn close_download(&mut self, user: UserId) {
        leave(&mut self.downloads, user);
    }
}

fn enter(open: &mut HashMap<UserId, usize>, user: UserId, max: usize) -> Result<(), Failure> {
    let count = open.entry(user).or_default();
    if *count >= max {
        return Err(Failure::TooManyTransfers);
    }
    *count += 1;
    Ok(())
}

fn leave(open: &mut HashMap<UserId, usize>, user: UserId) {
    if let Some(count) = open.get_mut(&user) {
        *count -= 1;
        if *count == 0 {
            open.remove(&user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    fn ledger(file_bytes_max: u64, open_uploads_per_user: usize, reserve_bytes: u64) -> Ledger {
        Ledger::new(LedgerLimits {
            file_bytes_max,
            open_uploads_per_user,
            open_downloads_per_user: 1,
            reserve_bytes,
        })
    }

    #[test]
    fn downloads_are_counted_on_their_own() {
        let mut ledger = ledger(100, 1, 0);
        assert_eq!(ledger.open_upload(ALICE, 1, 1_000), Ok(()));
        assert_eq!(ledger.open_download(ALICE), Ok(()));
        assert_eq!(ledger.open_download(ALICE), Err(Failure::TooManyTransfers));
        ledger.close_download(ALICE);
        assert_eq!(ledger.open_download(ALICE), Ok(()));
    }

    #[test]
    fn a_user_has_so_many_uploads_and_no_more() {
        let mut ledger = ledger(100, 2, 0);
        assert_eq!(ledger.open_upload(ALICE, 1, 1_000), Ok(()));
        assert_eq!(ledger.open_upload(ALICE, 1, 1_000), Ok(()));
        assert_eq!(
            ledger.open_upload(ALICE, 1, 1_000),
            Err(Failure::TooManyTransfers)
        );
        assert_eq!(ledger.open_upload(BOB, 1, 1_000), Ok(()));
        ledger.close_upload(ALICE, 1);
        assert_eq!(ledger.open_upload(ALICE, 1, 1_000), Ok(()));
    }

    #[test]
    fn what_is_promised_is_not_promised_twice() {
        let mut ledger = ledger(1_000, 9, 100);
        assert_eq!(ledger.open_upload(ALICE, 600, 1_000), Ok(()));
        assert_eq!(
            ledger.open_upload(BOB, 301, 1_000),
            Err(Failure::StorageFull)
        );
        assert_eq!(ledger.open_upload(BOB, 300, 1_000), Ok(()));
        ledger.close_upload(ALICE, 600);
        ledger.close_upload(BOB, 300);
        assert_eq!(ledger.open_upload(BOB, 900, 1_000), Ok(()));
        assert_eq!(
            ledger.open_upload(BOB, u64::MAX, u64::MAX),
            Err(Failure::FileTooLarge(1_000))
        );
    }
}
