//! Taking a file out of the index. The earlier version of its name takes its place;
//! a content that no file is left of is noted, for the vault to be freed of it.

use super::shelf::{Shelf, Target};
use super::{FileRecord, FolderRecord, folders};
use crate::content::Digest;
use crate::error::StorageError;
use crate::keys::{self, Kind};
use crate::seal::Seal;
use crate::transaction::{Read, Transaction};
use qunliao_protocol::{FileId, FolderId};

/// Removes the file `id` if it is there and `wanted`.
pub(crate) fn remove(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    id: FileId,
    wanted: impl FnOnce(&FileRecord) -> bool,
) -> Result<Option<FileRecord>, StorageError> {
    let found: Option<FileRecord> = transaction.record(&keys::file_by_id(id))?;
    let Some(file) = found.filter(wanted) else {
        return Ok(None);
    };
    transaction.delete(keys::file_by_id(id));
    transaction.delete(keys::file_id_by_content(&file.sha256, id));
    match file.folder {
        Some(folder) => remove_from_folder(transaction, seal, &file, folder)?,
        None => remove_version(transaction, seal, &file)?,
    }
    if !transaction.any(&keys::files_with(&file.sha256))? {
        transaction.mark(keys::freed_content(&file.sha256));
    }
    Ok(Some(file))
}

fn remove_version(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    file: &FileRecord,
) -> Result<(), StorageError> {
    let shelf = Shelf::named(seal, file.room, &file.name);
    transaction.delete(keys::file_id_by_name_version(
        file.room,
        &shelf.name,
        file.id,
    ));
    let current = shelf.item(transaction)?.map(|item| item.target);
    if current != Some(Target::File(file.id)) {
        return Ok(());
    }
    let versions = keys::file_versions_of(file.room, &shelf.name);
    match transaction.last(&versions)? {
        Some((key, _)) => {
            let earlier = FileId(keys::last_number(&key)?);
            shelf.go_back_to(transaction, Target::File(earlier))
        }
        None => shelf.clear(transaction),
    }
}

fn remove_from_folder(
    transaction: &mut Transaction<'_>,
    seal: &Seal,
    file: &FileRecord,
    folder: FolderId,
) -> Result<(), StorageError> {
    transaction.delete(keys::file_id_by_folder_path(folder, &file.name, file.id));
    let key = keys::folder_by_id(folder);
    let record: Option<FolderRecord> = transaction.record(&key)?;
    let mut record =
        record.ok_or_else(|| StorageError::damaged("a file lies in a folder that is not there"))?;
    match folders::newest_version(transaction, folder, &file.name)? {
        // It had been replaced: the folder counts the newer one.
        Some(newest) if newest.id > file.id => return Ok(()),
        Some(earlier) => record.size = record.size.saturating_add(earlier.size),
        None => record.file_count = record.file_count.saturating_sub(1),
    }
    record.size = record.size.saturating_sub(file.size);
    if record.file_count > 0 {
        return transaction.put_record(key, &record);
    }
    transaction.delete(key);
    Shelf::named(seal, record.room, &record.name).clear(transaction)
}

/// Contents that their last file has left, and that no file has now.
pub(super) fn freed(read: &impl Read, limit: usize) -> Result<Vec<Digest>, StorageError> {
    let (from, to) = keys::range(&[Kind::FreedContent as u8]);
    let noted = read.scan(&from, &to, false, limit)?;
    let contents = noted.iter().map(|(key, _)| {
        let bytes = key[1..].try_into().map(Digest::new);
        bytes.map_err(|_| StorageError::damaged("a freed content has no hash"))
    });
    contents.collect()
}
