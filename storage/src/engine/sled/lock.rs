//! sled's lock on its file, and those who let go of it late.
//!
//! When a database is dropped, or fails to open, a thread of sled's pool can still
//! be letting go of the file: it tells that its write is done before it drops what
//! it wrote with. So can a process that is about to end. Whoever opens the database
//! next would find it locked, though nobody uses it any more.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Letting go takes microseconds; on a machine that is short of time, more.
const WAIT: Duration = Duration::from_secs(3);

/// Waits until nobody has the database file locked, for a while: `false` if
/// somebody then still has.
pub(super) fn wait_until_free(database: &Path) -> io::Result<bool> {
    let file = match File::open(database) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(true),
        file => file?,
    };
    match file.try_lock() {
        Ok(()) => return Ok(true),
        Err(TryLockError::Error(why)) => return Err(why),
        Err(TryLockError::WouldBlock) => {}
    }
    // The system wakes whoever waits for a lock, but knows no deadline for it.
    let (tell, told) = channel();
    thread::Builder::new()
        .name("storage-lock".into())
        .spawn(move || {
            let locked = file.lock();
            drop(file);
            // Nobody listens any more if it took too long.
            let _ = tell.send(locked);
        })?;
    match told.recv_timeout(WAIT) {
        Ok(locked) => locked.map(|()| true),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(false),
    }
}
