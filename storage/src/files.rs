//! The index of shared files: what there is, by name and by age. The bytes
//! themselves lie in the [`crate::Vault`].
//!
//! An *item* is what a name stands for in a room: the newest file of that name,
//! or a folder. Older versions stay reachable by their id.

mod folders;
mod removal;
mod shelf;

use crate::content::Digest;
use crate::error::StorageError;
use crate::keys;
use crate::seal::Seal;
use crate::store::{Store, counters};
use crate::transaction::{Read, Transaction, decode};
use async_trait::async_trait;
use qunliao_protocol::files::Place;
use qunliao_protocol::label::Label;
use qunliao_protocol::{FileId, FolderId, RoomId, UserId};
use serde::{Deserialize, Serialize};
use shelf::{Shelf, Target};

pub(crate) use removal::remove;

/// One version of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// The id.
    pub id: FileId,
    /// The room it is shared in.
    pub room: RoomId,
    /// The folder it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<FolderId>,
    /// Its label, or its path within the folder.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// The content.
    pub sha256: Digest,
    /// Who shared it.
    pub owner: UserId,
    /// When, in milliseconds since the epoch.
    pub time: u64,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderRecord {
    /// The id.
    pub id: FolderId,
    /// The room it is shared in.
    pub room: RoomId,
    /// Its label.
    pub name: String,
    /// Who shared the first file of it.
    pub owner: UserId,
    /// When the newest file came, in milliseconds since the epoch.
    pub time: u64,
    /// How many paths it holds.
    pub file_count: u64,
    /// Bytes of their newest versions.
    pub size: u64,
}

/// A file or a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A file.
    File(FileRecord),
    /// A folder.
    Folder(FolderRecord),
}

/// A file whose content is in the vault, about to be listed.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// The room.
    pub room: RoomId,
    /// Where it belongs.
    pub place: Place,
    /// Bytes.
    pub size: u64,
    /// The content.
    pub sha256: Digest,
    /// Who shares it.
    pub owner: UserId,
    /// Milliseconds since the epoch.
    pub time: u64,
}

/// A name stands for a folder and should become a file, or the other way round; or
/// a path of a folder does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameConflict;

/// The index of shared files.
#[async_trait]
pub trait Files: Send + Sync {
    /// Lists a file, and answers once that is durable.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn add_file(
        &self,
        new: NewFile,
    ) -> Result<Result<FileRecord, NameConflict>, StorageError>;

    /// Whether a file could be listed at `place` as things are.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn check_place(
        &self,
        room: RoomId,
        place: Place,
    ) -> Result<Result<(), NameConflict>, StorageError>;

    /// How many items the room has, and the newest of them, newest first.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn items(&self, room: RoomId, limit: usize) -> Result<(u64, Vec<Item>), StorageError>;

    /// What `name` stands for.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn item(&self, room: RoomId, name: Label) -> Result<Option<Item>, StorageError>;

    /// A file, whichever version.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn file(&self, id: FileId) -> Result<Option<FileRecord>, StorageError>;

    /// Files with greater ids than `after`, by id, at most `limit`.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn files_after(
        &self,
        after: FileId,
        limit: usize,
    ) -> Result<Vec<FileRecord>, StorageError>;

    /// The newest versions of a folder's files after the path `after`, in the
    /// order of their paths (of their first 400 bytes), at most `limit`.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn folder_files(
        &self,
        folder: FolderId,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<FileRecord>, StorageError>;

    /// Takes a file out of the index, whichever version; the earlier one of its name
    /// is served in its place. `false` if the room has no such file. What becomes of
    /// its content is told by [`Files::freed`].
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn remove_file(&self, room: RoomId, id: FileId) -> Result<bool, StorageError>;

    /// Contents that the last file of them has left, at most `limit`. They are told
    /// until [`Files::forget_freed`] is, so that a crash between removing a file and
    /// freeing its space loses nothing of it. One of them may have been shared again:
    /// only what is [unlisted](Files::unlisted) may go, and nothing may be listed
    /// between asking and removing.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn freed(&self, limit: usize) -> Result<Vec<Digest>, StorageError>;

    /// The vault is done with these.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn forget_freed(&self, contents: Vec<Digest>) -> Result<(), StorageError>;

    /// Those of `contents` that no file has.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn unlisted(&self, contents: Vec<Digest>) -> Result<Vec<Digest>, StorageError>;
}

#[async_trait]
impl Files for Store {
    async fn add_file(
        &self,
        new: NewFile,
    ) -> Result<Result<FileRecord, NameConflict>, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| add_file(transaction, &seal, &new))
            .await
    }

    async fn check_place(
        &self,
        room: RoomId,
        place: Place,
    ) -> Result<Result<(), NameConflict>, StorageError> {
        let seal = self.seal.clone();
        self.read(move |snapshot| {
            let shelf = Shelf::at(&seal, room, &place);
            let item = shelf.item(snapshot)?;
            shelf::fits(snapshot, &place, item.as_ref())
        })
        .await
    }

    async fn items(&self, room: RoomId, limit: usize) -> Result<(u64, Vec<Item>), StorageError> {
        self.read(move |snapshot| shelf::newest(snapshot, room, limit))
            .await
    }

    async fn item(&self, room: RoomId, name: Label) -> Result<Option<Item>, StorageError> {
        let seal = self.seal.clone();
        self.read(
            move |snapshot| match Shelf::new(&seal, room, &name).item(snapshot)? {
                Some(item) => shelf::resolve(snapshot, item.target),
                None => Ok(None),
            },
        )
        .await
    }

    async fn file(&self, id: FileId) -> Result<Option<FileRecord>, StorageError> {
        self.read(move |snapshot| snapshot.record(&keys::file_by_id(id)))
            .await
    }

    async fn files_after(
        &self,
        after: FileId,
        limit: usize,
    ) -> Result<Vec<FileRecord>, StorageError> {
        self.read(move |snapshot| {
            let (_, to) = keys::range(&keys::all_files());
            let from = keys::file_by_id(FileId(after.0.saturating_add(1)));
            let found = snapshot.scan(&from, &to, false, limit)?;
            found.iter().map(|(_, value)| decode(value)).collect()
        })
        .await
    }

    async fn folder_files(
        &self,
        folder: FolderId,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<FileRecord>, StorageError> {
        self.read(move |snapshot| folders::files(snapshot, folder, after.as_deref(), limit))
            .await
    }

    async fn remove_file(&self, room: RoomId, id: FileId) -> Result<bool, StorageError> {
        let seal = self.seal.clone();
        self.writer
            .transact(move |transaction| {
                let removed = remove(transaction, &seal, id, |file| file.room == room)?;
                Ok(removed.is_some())
            })
            .await
    }

    async fn freed(&self, limit: usize) -> Result<Vec<Digest>, StorageError> {
        self.read(move |snapshot| removal::freed(snapshot, limit))
            .await
    }

    async fn forget_freed(&self, contents: Vec<Digest>) -> Result<(), StorageError> {
        self.writer
            .transact(move |transaction| {
                for content in &contents {
                    transaction.delete(keys::freed_content(content));
                }
                Ok(())
            })
            .await
    }

    async fn unlisted(&self, contents: Vec<Digest>) -> Result<Vec<Digest>, StorageError> {
        self.read(move |snapshot| {
            let mut unlisted = Vec::new();
            for content in &contents {
                if !snapshot.any(&keys::files_with(content))? {
                    unlisted.push(*content);
                }
            }
            Ok(unlisted)
        })
        .await
    }
}

fn add_file(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewFile,
) -> Result<Result<FileRecord, NameConflict>, StorageError> {
    let shelf = Shelf::at(seal, new.room, &new.place);
    let earlier = shelf.item(transaction)?;
    if shelf::fits(transaction, &new.place, earlier.as_ref())?.is_err() {
        return Ok(Err(NameConflict));
    }
    let id = FileId(transaction.count(counters::FILES)?);
    let (target, folder, name) = match &new.place {
        Place::File(name) => {
            transaction.mark(keys::file_id_by_name_version(new.room, &shelf.name, id));
            (Target::File(id), None, name.as_str())
        }
        Place::Folder {
            folder: label,
            path,
        } => {
            let folder = match earlier.map(|item| item.target) {
                Some(Target::Folder(folder)) => folder,
                _ => FolderId(transaction.count(counters::FOLDERS)?),
            };
            folders::add(transaction, new, folder, label, path)?;
            transaction.mark(keys::file_id_by_folder_path(folder, path.as_str(), id));
            (Target::Folder(folder), Some(folder), path.as_str())
        }
    };
    shelf.set(transaction, earlier, target)?;
    let record = FileRecord {
        id,
        room: new.room,
        folder,
        name: name.to_owned(),
        size: new.size,
        sha256: new.sha256,
        owner: new.owner,
        time: new.time,
    };
    transaction.put_record(keys::file_by_id(id), &record)?;
    transaction.mark(keys::file_id_by_content(&new.sha256, id));
    transaction.delete(keys::freed_content(&new.sha256));
    Ok(Ok(record))
}
