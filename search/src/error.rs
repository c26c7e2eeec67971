//! What can go wrong with an index on disk.

use std::io;
use std::path::PathBuf;
use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenDirectoryError, OpenReadError, OpenWriteError};

/// Why the index could not do something. After any of these from
/// [`Index::apply`](crate::Index::apply), the index is to be dropped and opened again.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Another index has this folder open.
    #[error("the search index in {0} is in use")]
    InUse(PathBuf),
    /// The system refused something; the index may well be whole.
    #[error("{what}: {why}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// Why it failed.
        why: String,
    },
    /// The files do not hold what was written to them, or the library failed over
    /// them. Opening the index again finds out, and begins anew if need be.
    #[error("{what}: {why}")]
    Damaged {
        /// What was being done.
        what: &'static str,
        /// What was found.
        why: String,
    },
}

impl SearchError {
    /// What an error of the system means.
    pub(crate) fn io(what: &'static str, why: &io::Error) -> Self {
        let is_damage = matches!(
            why.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::InvalidData
                | io::ErrorKind::InvalidInput
                | io::ErrorKind::NotFound
        );
        let why = why.to_string();
        if is_damage {
            Self::Damaged { what, why }
        } else {
            Self::Io { what, why }
        }
    }

    /// What an error of the library means.
    pub(crate) fn of(what: &'static str, why: &TantivyError) -> Self {
        let io = match why {
            TantivyError::IoError(io)
            | TantivyError::OpenReadError(OpenReadError::IoError { io_error: io, .. })
            | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error: io, .. })
            | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError {
                io_error: io, ..
            })
            | TantivyError::LockFailure(LockError::IoError(io), _) => Some(io),
            _ => None,
        };
        io.map_or_else(
            || Self::Damaged {
                what,
                why: why.to_string(),
            },
            |io| Self::io(what, io),
        )
    }

    /// The same for a `Result`.
    pub(crate) fn in_doing<T>(
        what: &'static str,
        result: Result<T, TantivyError>,
    ) -> Result<T, Self> {
        result.map_err(|why| Self::of(what, &why))
    }
}
