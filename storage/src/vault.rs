//! The vault: contents of shared files, under names that the server chooses.
//!
//! A content lies in `vault/<first two digits>/<SHA-256>`, once, whoever shared it
//! under whatever name. What is still arriving lies in `vault/incoming/`. A
//! content becomes durable step by step: its bytes are synced, then it is renamed
//! to its place, then the folder is synced; only then may it be listed. Whatever
//! a crash leaves behind (half a content, or one that never was listed) is an
//! orphan, and is swept at the next start: the half is deleted, the whole is set
//! aside in `vault/orphans/` and deleted later.

use crate::content::Digest;
use crate::engine::sled::sync_folder;
use crate::error::StorageError;
use crate::folder::make_folder;
use crate::space::FreeSpace;
use sha2::{Digest as _, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

/// Contents of files, in a folder.
#[derive(Clone)]
pub struct Vault {
    root: Arc<Path>,
    space: FreeSpace,
    next: Arc<AtomicU64>,
}

/// A content in the making. Dropped before [`Incoming::finish`], it leaves nothing.
pub struct Incoming {
    vault: Vault,
    path: PathBuf,
    file: File,
    hash: Sha256,
    size: u64,
    kept: bool,
}

/// Why a content is not in the vault.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The file system refused it; nothing is left of it.
    #[error("{0}")]
    Discarded(io::Error),
    /// It has its place, but whether that survives a power cut is unknown, and
    /// asking again would not tell: the process should end.
    #[error("a folder cannot be synced: {0}")]
    Undurable(io::Error),
}

impl Vault {
    /// Opens the vault in `root`, making its folders if need be, and removes what
    /// was still arriving when the last server ended.
    ///
    /// # Errors
    /// [`StorageError::Io`].
    pub fn open(root: &Path) -> Result<Self, StorageError> {
        let vault = Self {
            root: root.into(),
            space: FreeSpace::of(root),
            next: Arc::new(AtomicU64::new(0)),
        };
        vault
            .prepare()
            .map_err(|why| StorageError::io(format_args!("opening {}", root.display()), &why))?;
        Ok(vault)
    }

    fn prepare(&self) -> io::Result<()> {
        make_folder(&self.root)?;
        for digit in 0..=u8::MAX {
            let folder = self.root.join(format!("{digit:02x}"));
            if !folder.is_dir() {
                DirBuilder::new().mode(0o700).create(folder)?;
            }
        }
        make_folder(&self.incoming())?;
        make_folder(&self.orphans())?;
        sync_folder(&self.root)?;
        for left in fs::read_dir(self.incoming())? {
            fs::remove_file(left?.path())?;
        }
        Ok(())
    }

    fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    fn orphans(&self) -> PathBuf {
        self.root.join("orphans")
    }

    fn place(&self, content: &Digest) -> PathBuf {
        let name = content.to_string();
        self.root.join(&name[..2]).join(name)
    }

    /// Bytes free on the vault's file system.
    ///
    /// # Errors
    /// [`StorageError::Io`].
    pub fn free_bytes(&self) -> Result<u64, StorageError> {
        self.space.bytes()
    }

    /// Begins a content. Blocks for the file system, as all that follows.
    ///
    /// # Errors
    /// What the file system says.
    pub fn begin(&self) -> io::Result<Incoming> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.incoming().join(number.to_string());
        let file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)?;
        Ok(Incoming {
            vault: self.clone(),
            path,
            file,
            hash: Sha256::new(),
            size: 0,
            kept: false,
        })
    }

    /// Opens a content for reading.
    ///
    /// # Errors
    /// What the file system says.
    pub fn read(&self, content: &Digest) -> io::Result<File> {
        File::open(self.place(content))
    }

    /// The contents there are. Files with other names are not ours, and left alone.
    ///
    /// # Errors
    /// What the file system says.
    pub fn contents(&self) -> io::Result<Vec<Digest>> {
        let mut contents = Vec::new();
        for digit in 0..=u8::MAX {
            for entry in fs::read_dir(self.root.join(format!("{digit:02x}")))? {
                let content = Digest::from_hex(&entry?.file_name().to_string_lossy());
                contents.extend(content.filter(|content| content.as_bytes()[0] == digit));
            }
        }
        Ok(contents)
    }

    /// Takes a content that no file has out of the vault, into `orphans/`. Nothing is
    /// deleted yet: should it be the index that lost something, the bytes are there.
    ///
    /// # Errors
    /// What the file system says.
    pub fn set_aside(&self, content: &Digest) -> io::Result<()> {
        fs::rename(
            self.place(content),
            self.orphans().join(content.to_string()),
        )
    }

    /// Deletes what was set aside longer ago than `kept`; answers how many.
    ///
    /// # Errors
    /// What the file system says.
    pub fn delete_orphans(&self, kept: Duration) -> io::Result<usize> {
        let mut deleted = 0;
        for entry in fs::read_dir(self.orphans())? {
            let entry = entry?;
            // Moving a file changes its ctime, and nothing else does here.
            let moved = u64::try_from(entry.metadata()?.ctime()).unwrap_or(0);
            let moved = UNIX_EPOCH + Duration::from_secs(moved);
            if moved.elapsed().is_ok_and(|age| age > kept) {
                fs::remove_file(entry.path())?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    /// Removes a content that no file has.
    ///
    /// # Errors
    /// What the file system says.
    pub fn remove(&self, content: &Digest) -> io::Result<()> {
        fs::remove_file(self.place(content))
    }
}

impl Incoming {
    /// Appends bytes.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Makes the content durable at its place, and answers its hash. From here on
    /// it may be listed; until it is, a restart removes it.
    ///
    /// # Errors
    /// [`FinishError`].
    pub fn finish(mut self) -> Result<Digest, FinishError> {
        self.file.sync_all().map_err(FinishError::Discarded)?;
        let hash = std::mem::take(&mut self.hash);
        let content = Digest::new(hash.finalize().into());
        let place = self.vault.place(&content);
        fs::rename(&self.path, &place).map_err(FinishError::Discarded)?;
        self.kept = true;
        sync_folder(place.parent().expect("a content lies in a folder"))
            .map_err(FinishError::Undurable)?;
        Ok(content)
    }

    /// The hash of the bytes so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::new(self.hash.clone().finalize().into())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept
            && let Err(why) = fs::remove_file(&self.path)
        {
            log::warn!("event=upload_leftover error={:?}", why.kind());
        }
    }
}
