//! The index's folder: readable by its owner alone, and whole or known not to be.
//!
//! The library writes a checksum at the end of each file of a segment, but none into
//! the small files that name the segments and hold our cursor. Those get theirs here.

use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
};
use tantivy::{Directory, TantivyError};

const CHECKSUM_BYTES: usize = 32;

/// The folder, as the library sees it.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    files: MmapDirectory,
    root: PathBuf,
}

impl Folder {
    /// Opens the folder, making it if need be.
    pub(crate) fn open(root: &Path) -> Result<Self, TantivyError> {
        DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        fs::set_permissions(root, Permissions::from_mode(0o700))?;
        Ok(Self {
            files: MmapDirectory::open(root)?,
            root: root.to_owned(),
        })
    }

    /// Removes all files from the folder. What is no file of an index was put there by
    /// someone else, and stays.
    pub(crate) fn clear(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::remove_file(entry.path())?;
            }
        }
        self.files.sync_directory()
    }

    fn shut(&self, path: &Path) -> io::Result<()> {
        fs::set_permissions(self.root.join(path), Permissions::from_mode(0o600))
    }
}

impl Directory for Folder {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.files.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.files.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.files.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let file = self.files.open_write(path)?;
        self.shut(path)
            .map_err(|why| OpenWriteError::wrap_io_error(why, path.to_owned()))?;
        Ok(file)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let mut bytes = self.files.atomic_read(path)?;
        let length = bytes.len().checked_sub(CHECKSUM_BYTES);
        let is_whole = length.is_some_and(|length| bytes[length..] == checksum(&bytes[..length]));
        if !is_whole {
            let why = io::Error::new(io::ErrorKind::InvalidData, "the checksum is not right");
            return Err(OpenReadError::wrap_io_error(why, path.to_owned()));
        }
        bytes.truncate(length.unwrap_or_default());
        Ok(bytes)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let checked = [data, &checksum(data)].concat();
        self.files.atomic_write(path, &checked)?;
        self.shut(path)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.files.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        let held = self.files.acquire_lock(lock)?;
        self.shut(&lock.filepath)
            .map_err(LockError::wrap_io_error)?;
        Ok(held)
    }

    fn watch(&self, callback: WatchCallback) -> Result<WatchHandle, TantivyError> {
        self.files.watch(callback)
    }
}

fn checksum(data: &[u8]) -> [u8; CHECKSUM_BYTES] {
    Sha256::digest(data).into()
}
