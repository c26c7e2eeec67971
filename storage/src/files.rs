//! The index of shared files: what there is, by name and by age. The bytes
//! themselves lie in the [`crate::Vault`].
//!
//! An *item* is what a name stands for in a room: the newest file of that name,
//! or a folder. Older versions stay reachable by their id.

use crate::content::Digest;
use crate::error::StorageError;
use crate::keys::{self, IndexHash};
use crate::seal::{Seal, Space};
use crate::store::{Store, counters};
use crate::transaction::{Read, Transaction};
use async_trait::async_trait;
use qunliao_protocol::files::Place;
use qunliao_protocol::label::{Label, Path};
use qunliao_protocol::{FileId, FolderId, RoomId, UserId};
use serde::{Deserialize, Serialize};

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

/// A name stands for a folder and should become a file, or the other way round.
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

    /// Those of `contents` that no file has.
    ///
    /// # Errors
    /// A [`StorageError`].
    async fn unlisted(&self, contents: Vec<Digest>) -> Result<Vec<Digest>, StorageError>;
}

/// What an item's key points at.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Target {
    File(FileId),
    Folder(FolderId),
}

/// The value under an item's name: what it is, and where it stands by age.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct ItemRecord {
    target: Target,
    seq: u64,
}

#[derive(Default, Serialize, Deserialize)]
struct ShelfRecord {
    items: u64,
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
            let shelf = Shelf::new(&seal, room, shelf_name(&place));
            let item = shelf.item(snapshot)?;
            Ok(fits(&place, item.as_ref()))
        })
        .await
    }

    async fn items(&self, room: RoomId, limit: usize) -> Result<(u64, Vec<Item>), StorageError> {
        self.read(move |snapshot| {
            let shelf: Option<ShelfRecord> = snapshot.record(&keys::shelf_by_room(room))?;
            let (from, to) = keys::range(&keys::items_of(room));
            let newest = snapshot.scan(&from, &to, true, limit)?;
            let items = newest.iter().map(|(_, value)| {
                let target = crate::transaction::decode(value)?;
                resolve(snapshot, target)?
                    .ok_or_else(|| StorageError::damaged("an item points at nothing"))
            });
            Ok((
                shelf.unwrap_or_default().items,
                items.collect::<Result<_, _>>()?,
            ))
        })
        .await
    }

    async fn item(&self, room: RoomId, name: Label) -> Result<Option<Item>, StorageError> {
        let seal = self.seal.clone();
        self.read(
            move |snapshot| match Shelf::new(&seal, room, &name).item(snapshot)? {
                Some(item) => resolve(snapshot, item.target),
                None => Ok(None),
            },
        )
        .await
    }

    async fn file(&self, id: FileId) -> Result<Option<FileRecord>, StorageError> {
        self.read(move |snapshot| snapshot.record(&keys::file_by_id(id)))
            .await
    }

    async fn folder_files(
        &self,
        folder: FolderId,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<FileRecord>, StorageError> {
        self.read(move |snapshot| folder_files(snapshot, folder, after.as_deref(), limit))
            .await
    }

    async fn unlisted(&self, contents: Vec<Digest>) -> Result<Vec<Digest>, StorageError> {
        self.read(move |snapshot| {
            let mut unlisted = Vec::new();
            for content in contents {
                if !snapshot.any(&keys::files_with(&content))? {
                    unlisted.push(content);
                }
            }
            Ok(unlisted)
        })
        .await
    }
}

/// A name in a room.
struct Shelf {
    room: RoomId,
    name: IndexHash,
}

impl Shelf {
    fn new(seal: &Seal, room: RoomId, name: &Label) -> Self {
        Self {
            room,
            name: seal.index(Space::Label, name.as_str().as_bytes()),
        }
    }

    fn item(&self, read: &impl Read) -> Result<Option<ItemRecord>, StorageError> {
        read.record(&keys::item_by_room_name(self.room, &self.name))
    }

    /// Makes the name stand for `target`, as the newest item of the room.
    fn set(
        &self,
        transaction: &mut Transaction<'_>,
        earlier: Option<ItemRecord>,
        target: Target,
    ) -> Result<(), StorageError> {
        match earlier {
            Some(earlier) => transaction.delete(keys::item_by_room_seq(self.room, earlier.seq)),
            None => {
                let key = keys::shelf_by_room(self.room);
                let mut shelf: ShelfRecord = transaction.record(&key)?.unwrap_or_default();
                shelf.items += 1;
                transaction.put_record(key, &shelf)?;
            }
        }
        let seq = transaction.count(counters::ITEMS)?;
        transaction.put_record(keys::item_by_room_seq(self.room, seq), &target)?;
        transaction.put_record(
            keys::item_by_room_name(self.room, &self.name),
            &ItemRecord { target, seq },
        )
    }
}

fn shelf_name(place: &Place) -> &Label {
    match place {
        Place::File(name) => name,
        Place::Folder { folder, .. } => folder,
    }
}

fn fits(place: &Place, item: Option<&ItemRecord>) -> Result<(), NameConflict> {
    match (place, item.map(|item| item.target)) {
        (_, None)
        | (Place::File(_), Some(Target::File(_)))
        | (Place::Folder { .. }, Some(Target::Folder(_))) => Ok(()),
        _ => Err(NameConflict),
    }
}

fn add_file(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    new: &NewFile,
) -> Result<Result<FileRecord, NameConflict>, StorageError> {
    let shelf = Shelf::new(seal, new.room, shelf_name(&new.place));
    let earlier = shelf.item(transaction)?;
    if fits(&new.place, earlier.as_ref()).is_err() {
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
            add_to_folder(transaction, new, folder, label, path)?;
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
    Ok(Ok(record))
}

fn add_to_folder(
    transaction: &mut Transaction<'_>,
    new: &NewFile,
    id: FolderId,
    name: &Label,
    path: &Path,
) -> Result<(), StorageError> {
    let key = keys::folder_by_id(id);
    let mut folder = transaction.record(&key)?.unwrap_or_else(|| FolderRecord {
        id,
        room: new.room,
        name: name.as_str().to_owned(),
        owner: new.owner,
        time: 0,
        file_count: 0,
        size: 0,
    });
    match newest_version(transaction, id, path.as_str())? {
        Some(replaced) => folder.size = folder.size.saturating_sub(replaced.size),
        None => folder.file_count += 1,
    }
    folder.size = folder.size.saturating_add(new.size);
    folder.time = new.time;
    transaction.put_record(key, &folder)
}

fn newest_version(
    read: &impl Read,
    folder: FolderId,
    path: &str,
) -> Result<Option<FileRecord>, StorageError> {
    match read.last(&keys::versions_of_path(folder, path))? {
        Some((key, _)) => file_at(read, &key).map(Some),
        None => Ok(None),
    }
}

fn folder_files(
    read: &impl Read,
    folder: FolderId,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<FileRecord>, StorageError> {
    let (mut from, to) = keys::range(&keys::paths_of(folder));
    if let Some(path) = after {
        from = keys::range(&keys::versions_of_path(folder, path)).1;
    }
    let mut files: Vec<FileRecord> = Vec::new();
    while files.len() < limit {
        // The first version of the next path leads to its newest one.
        let Some((key, _)) = read.scan(&from, &to, false, 1)?.pop() else {
            break;
        };
        let first = file_at(read, &key)?;
        let newest = newest_version(read, folder, &first.name)?.unwrap_or(first);
        from = keys::range(&keys::versions_of_path(folder, &newest.name)).1;
        files.push(newest);
    }
    Ok(files)
}

/// The file whose id ends an index key.
fn file_at(read: &impl Read, key: &[u8]) -> Result<FileRecord, StorageError> {
    key.last_chunk::<8>()
        .and_then(|id| keys::number(id))
        .map(|id| read.record(&keys::file_by_id(FileId(id))))
        .transpose()?
        .flatten()
        .ok_or_else(|| StorageError::damaged("an index points at no file"))
}

fn resolve(read: &impl Read, target: Target) -> Result<Option<Item>, StorageError> {
    Ok(match target {
        Target::File(id) => read.record(&keys::file_by_id(id))?.map(Item::File),
        Target::Folder(id) => read.record(&keys::folder_by_id(id))?.map(Item::Folder),
    })
}
