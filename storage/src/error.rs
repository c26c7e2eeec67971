//! What can go wrong with storage. None of it is part of a normal conversation:
//! "no such user" and "name taken" are values, not errors.

use std::path::PathBuf;

/// A storage error.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StorageError {
    /// Less space is free than the configured reserve: reads go on, writes are refused.
    #[error("the disk is nearly full: {free} bytes are free, {reserve} are kept in reserve")]
    Full {
        /// Bytes free now.
        free: u64,
        /// Bytes that stay free.
        reserve: u64,
    },
    /// An earlier commit failed; nothing is written any more.
    #[error("storage is read-only since a commit failed")]
    ReadOnly,
    /// The engine could not make a commit durable.
    #[error("a commit failed: {0}")]
    Commit(String),
    /// A record is larger than the engine keeps safely; nothing of it was written.
    #[error("a record of kind {kind:#04x} has {bytes} bytes")]
    TooLarge {
        /// The first byte of its key.
        kind: u8,
        /// How large it is.
        bytes: usize,
    },
    /// The engine could not read.
    #[error("reading failed: {0}")]
    Read(String),
    /// What was read cannot have been written by us.
    #[error("damaged data: {0}")]
    Damaged(String),
    /// The writer is gone: the process is ending.
    #[error("storage is closed")]
    Closed,
    /// Another process has the data folder open.
    #[error("the data folder {0} is in use by another server")]
    InUse(PathBuf),
    /// The folder was written by a version with another data format.
    #[error("the data folder has format {found}, this version reads format {known}")]
    Format {
        /// What the folder says.
        found: u64,
        /// What this version knows.
        known: u64,
    },
    /// The key that seals personal data is gone or damaged.
    #[error("{path}: {why}")]
    Key {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file system refused something outside the engine.
    #[error("{what}: {why}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        why: String,
    },
}

impl StorageError {
    /// An I/O error, with what was being done.
    pub(crate) fn io(what: impl std::fmt::Display, why: &std::io::Error) -> Self {
        Self::Io {
            what: what.to_string(),
            why: why.to_string(),
        }
    }

    pub(crate) fn damaged(what: impl std::fmt::Display) -> Self {
        Self::Damaged(what.to_string())
    }
}
