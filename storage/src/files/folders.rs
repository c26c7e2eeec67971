//! Folders: the newest version of each path, and what they come to together.

use super::{FileRecord, FolderRecord, NewFile};
use crate::error::StorageError;
use crate::keys;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::label::{Label, Path};
use qunliao_protocol::{FileId, FolderId};

/// Counts a file that comes to `path` of the folder `id`, which is made if need be.
pub(super) fn add(
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

/// Whether a file at `path` would have to be a folder too, or the other way round:
/// nobody could save both.
pub(super) fn collides(
    read: &impl Read,
    folder: FolderId,
    path: &Path,
) -> Result<bool, StorageError> {
    let path = path.as_str();
    for (end, _) in path.match_indices('/') {
        if read.any(&keys::versions_of_path(folder, &path[..end]))? {
            return Ok(true);
        }
    }
    match keys::paths_beneath(folder, path) {
        Some(beneath) => read.any(&beneath),
        None => Ok(false),
    }
}

pub(super) fn newest_version(
    read: &impl Read,
    folder: FolderId,
    path: &str,
) -> Result<Option<FileRecord>, StorageError> {
    match read.last(&keys::versions_of_path(folder, path))? {
        Some((key, _)) => file_at(read, &key).map(Some),
        None => Ok(None),
    }
}

pub(super) fn files(
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
