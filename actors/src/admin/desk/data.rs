//! How much lies in the data folder.

use crate::admin::reply::DataLine;
use qunliao_storage::FreeSpace;
use std::fs;
use std::path::Path;

/// Measures the data folder. To be called where it may block.
pub(super) fn measure(root: &Path, reserve_bytes: u64) -> (DataLine, u64) {
    let database = folder(&root.join("db"));
    let vault = folder(&root.join("vault"));
    let all = folder(root);
    let line = DataLine {
        path: root.display().to_string(),
        bytes: all.bytes,
        vault_bytes: vault.bytes,
        database_bytes: database.bytes,
        free_bytes: FreeSpace::of(root).bytes().unwrap_or(0),
        reserve_bytes,
    };
    (line, vault.files)
}

#[derive(Default)]
struct Size {
    files: u64,
    bytes: u64,
}

/// What a folder holds, as far as it can be read: files come and go meanwhile.
fn folder(path: &Path) -> Size {
    let mut size = Size::default();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if let (true, Ok(file)) = (kind.is_file(), entry.metadata()) {
                size.files += 1;
                size.bytes += file.len();
            }
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_parts_is_counted_once() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, bytes: usize| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, vec![0; bytes]).unwrap();
        };
        write("lock", 1);
        write("db/db", 10);
        write("vault/00/a", 100);
        write("vault/01/b", 1000);
        let (line, files) = measure(root.path(), 5);
        assert_eq!((line.bytes, line.database_bytes), (1111, 10));
        assert_eq!((line.vault_bytes, files), (1100, 2));
        assert_eq!(line.reserve_bytes, 5);
    }
}
