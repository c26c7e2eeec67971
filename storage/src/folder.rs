//! The data folder: who may use it, and where things lie in it.
//!
//! | path | what |
//! | --- | --- |
//! | `lock` | held by the server that has the folder open |
//! | `secret.key` | the key that seals personal data, 32 bytes in hexadecimal |
//! | `db/` | the database |
//! | `db.damaged-<n>/` | what it was when sled could not open it with its snapshots |
//! | `vault/` | contents of shared files, see [`crate::vault`] |
//! | `admin.sock` | where a running server is administered, for its own user and root |
//! | `outbox.jsonl` | codes and mail of the `outbox` driver |

use crate::content::{from_hex, to_hex};
use crate::engine::sled::sync_folder;
use crate::error::StorageError;
use crate::seal::Seal;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A data folder that this process, and no other, has open.
pub struct DataFolder {
    root: PathBuf,
    /// The lock is released when this is closed.
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, making it if need be, readable by its owner alone.
    ///
    /// # Errors
    /// [`StorageError::InUse`] when another process has it open, [`StorageError::Io`].
    pub fn open(root: &Path) -> Result<Self, StorageError> {
        let failed =
            |why: io::Error| StorageError::io(format_args!("opening {}", root.display()), &why);
        make_folder(root).map_err(failed)?;
        shut(root);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(root.join("lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                root: root.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StorageError::InUse(root.to_owned())),
            Err(TryLockError::Error(why)) => Err(failed(why)),
        }
    }

    /// Where the database lies.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("db")
    }

    /// Where shared files lie.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }

    /// Where the search index lies. It can be deleted: it is built anew.
    #[must_use]
    pub fn search(&self) -> PathBuf {
        self.root.join("search")
    }

    /// Where the `outbox` driver writes.
    #[must_use]
    pub fn outbox(&self) -> PathBuf {
        self.root.join("outbox.jsonl")
    }

    /// Refuses a folder whose database is gone while its vault is not: a server that
    /// began anew over it would take all its files for orphans.
    ///
    /// # Errors
    /// [`StorageError::Damaged`], [`StorageError::Io`].
    pub fn check_database(&self) -> Result<(), StorageError> {
        let database = self.database().join("db");
        let is_there = fs::metadata(&database).is_ok_and(|file| file.len() > 0);
        let keeps_files = || {
            let folders = fs::read_dir(self.vault()).into_iter().flatten().flatten();
            let contents = folders.filter(|folder| folder.file_name().len() == 2);
            contents
                .flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten())
                .next()
                .is_some()
        };
        if !is_there && keeps_files() {
            return Err(StorageError::damaged(format_args!(
                "{} is missing or empty, but the vault beside it holds files; put the database back, or move the vault away",
                database.display()
            )));
        }
        Ok(())
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The seal of this folder. Its key is made at the first start.
    ///
    /// # Errors
    /// [`StorageError::Key`] when there is a database but no key, or the key is
    /// damaged; [`StorageError::Io`].
    pub fn seal(&self) -> Result<Seal, StorageError> {
        let path = self.root.join("secret.key");
        let key_error = |why: &str| StorageError::Key {
            path: path.clone(),
            why: why.to_owned(),
        };
        match fs::read_to_string(&path) {
            Ok(hex) => from_hex(hex.trim())
                .and_then(|bytes| bytes.try_into().ok())
                .map(|key: [u8; 32]| Seal::new(&key))
                .ok_or_else(|| key_error("not 64 hexadecimal digits")),
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                if self.database().join("db").exists() {
                    return Err(key_error(
                        "missing, though there is a database: names and contacts cannot be read without it",
                    ));
                }
                make_key(&path).map_err(|why| StorageError::io("making secret.key", &why))
            }
            Err(why) => Err(StorageError::io("reading secret.key", &why)),
        }
    }
}

fn make_key(path: &Path) -> io::Result<Seal> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(to_hex(&key).as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    sync_folder(parent(path))?;
    Ok(Seal::new(&key))
}

/// Keeps others out of a folder that was made by somebody else. Where that is not for
/// us to do, whoever runs the server hears of it.
fn shut(root: &Path) {
    let Ok(mode) = fs::metadata(root).map(|folder| folder.permissions().mode()) else {
        return;
    };
    if mode & 0o077 == 0 {
        return;
    }
    match fs::set_permissions(root, fs::Permissions::from_mode(0o700)) {
        Ok(()) => log::warn!("event=data_folder_shut was={:o}", mode & 0o777),
        Err(why) => log::warn!("event=data_folder_open error=\"{why}\""),
    }
}

/// Makes a folder for its owner alone, durably. One that exists stays as it is.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = parent(path);
    make_folder(parent)?;
    DirBuilder::new().mode(0o700).create(path)?;
    sync_folder(parent)
}

/// The folder that `path` lies in; of a bare name, the current one.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
