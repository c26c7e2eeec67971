//! The free-space reserve: below it writes are refused while reads go on, since a
//! database that meets a full disk in the middle of a write has to be reopened.

use crate::error::StorageError;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a reading of the free space is believed.
const BELIEVED_FOR: Duration = Duration::from_millis(100);

/// The part of the reserve, one in so many, that even urgent writes leave free.
const UNTOUCHED: u64 = 8;

/// How long a write can wait for space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Until there is some.
    Normal,
    /// Not at all: it shuts somebody out. It adds little, and may use the reserve.
    Urgent,
}

/// Tells how many bytes are free.
#[derive(Clone)]
pub enum FreeSpace {
    /// On the file system that holds this path, for a user without privileges.
    Of(PathBuf),
    /// In a test: whatever the test says.
    Fixed(Arc<AtomicU64>),
}

impl FreeSpace {
    /// On the file system that holds `path`.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self::Of(path.to_owned())
    }

    /// Bytes free now.
    ///
    /// # Errors
    /// [`StorageError::Io`] when the system does not say.
    pub fn bytes(&self) -> Result<u64, StorageError> {
        match self {
            Self::Of(path) => {
                let stat = rustix::fs::statvfs(path.as_path()).map_err(|why| StorageError::Io {
                    what: "asking for the free space".into(),
                    why: why.to_string(),
                })?;
                Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
            }
            Self::Fixed(bytes) => Ok(bytes.load(Ordering::Relaxed)),
        }
    }
}

/// The space that always stays free.
pub struct Reserve {
    space: FreeSpace,
    bytes: u64,
    read: Option<(Instant, u64)>,
}

impl Reserve {
    /// Keeps `bytes` of `space` free.
    #[must_use]
    pub fn new(space: FreeSpace, bytes: u64) -> Self {
        Self {
            space,
            bytes,
            read: None,
        }
    }

    /// Whether writing is allowed now.
    ///
    /// # Errors
    /// [`StorageError::Full`] when less is free than such a write has to leave.
    pub(crate) fn check(&mut self, urgency: Urgency) -> Result<(), StorageError> {
        let free = match self.read {
            Some((at, free)) if at.elapsed() < BELIEVED_FOR => free,
            _ => {
                let free = self.space.bytes()?;
                // A test's reading changes when the test says so, not with time.
                let believed = matches!(self.space, FreeSpace::Of(_));
                self.read = believed.then(|| (Instant::now(), free));
                free
            }
        };
        let least = match urgency {
            Urgency::Normal => self.bytes,
            Urgency::Urgent => self.bytes / UNTOUCHED,
        };
        if free < least {
            return Err(StorageError::Full {
                free,
                reserve: self.bytes,
            });
        }
        Ok(())
    }
}
