//! The data folder: one server at a time, and a key that must not get lost.

use crate::cast::*;
use qunliao_storage::accounts::Login;
use qunliao_storage::{Accounts, DataFolder, SledEngine, StorageError, Store};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn open_store(folder: &DataFolder) -> Result<Store, StorageError> {
    let engine = SledEngine::open(&folder.database())?;
    Store::open(engine, folder.seal()?, plenty(), |why| panic!("{why}"))
}

#[test]
fn a_folder_has_one_server_at_a_time() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("deep/data");
    let first = DataFolder::open(&root).unwrap();
    let second = DataFolder::open(&root);
    assert!(matches!(second.err(), Some(StorageError::InUse(path)) if path == root));
    drop(first);
    DataFolder::open(&root).unwrap();
}

#[test]
fn what_is_made_is_for_the_owner_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("data");
    let folder = DataFolder::open(&root).unwrap();
    folder.seal().unwrap();
    open_store(&folder).unwrap().close();
    assert_eq!(mode(&root), 0o700);
    assert_eq!(mode(&folder.database()), 0o700);
    assert_eq!(mode(&root.join("lock")), 0o600);
    assert_eq!(mode(&root.join("secret.key")), 0o600);
}

#[test]
fn a_folder_that_others_made_is_shut() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("data");
    fs::create_dir(&root).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o750)).unwrap();
    DataFolder::open(&root).unwrap();
    assert_eq!(mode(&root), 0o700);
}

#[tokio::test]
async fn the_key_is_made_once() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    let store = {
        let seal = folder.seal().unwrap();
        let engine = SledEngine::open(&folder.database()).unwrap();
        Store::open(engine, seal, plenty(), |why| panic!("{why}")).unwrap()
    };
    let key = fs::read(folder.root().join("secret.key")).unwrap();
    assert_eq!(key.len(), 64);
    sign_up(&store, &ALICE).await;
    store.close();

    let store = open_store(&folder).unwrap();
    let found = store.find(Login::Name(ALICE.name.into())).await.unwrap();
    assert_eq!(found.unwrap().user.name, ALICE.name);
    assert_eq!(fs::read(folder.root().join("secret.key")).unwrap(), key);
}

#[test]
fn two_folders_have_two_keys() {
    let key = || {
        let temporary = tempfile::tempdir().unwrap();
        DataFolder::open(temporary.path()).unwrap().seal().unwrap();
        fs::read(temporary.path().join("secret.key")).unwrap()
    };
    assert_ne!(key(), key());
}

#[test]
fn a_database_without_its_key_is_not_opened() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    folder.seal().unwrap();
    open_store(&folder).unwrap().close();
    let path = temporary.path().join("secret.key");
    let key = fs::read(&path).unwrap();

    fs::remove_file(&path).unwrap();
    assert!(matches!(folder.seal().err(), Some(StorageError::Key { path: p, .. }) if p == path));
    assert!(
        !path.exists(),
        "a new key would hide that the old one is gone"
    );

    for damaged in [&key[..63], &key[..62], b"", &[b'G'; 64]] {
        fs::write(&path, damaged).unwrap();
        assert!(matches!(
            folder.seal().err(),
            Some(StorageError::Key { .. })
        ));
    }
    // Another server's key fits as little.
    fs::write(&path, "ab".repeat(32)).unwrap();
    assert!(matches!(
        open_store(&folder).err(),
        Some(StorageError::Key { .. })
    ));
    // An editor's line end does no harm.
    fs::write(&path, [&key, b"\n".as_slice()].concat()).unwrap();
    open_store(&folder).unwrap();
}

#[test]
fn a_key_that_was_left_half_written_is_made_anew() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    fs::write(temporary.path().join("secret.new"), "abc").unwrap();
    folder.seal().unwrap();
    let key = fs::read(temporary.path().join("secret.key")).unwrap();
    assert_eq!(key.len(), 64);
    assert!(!temporary.path().join("secret.new").exists());
}

#[test]
fn a_vault_whose_database_is_gone_is_not_begun_anew() {
    let root = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(root.path()).unwrap();
    folder.check_database().unwrap();
    let vault = qunliao_storage::Vault::open(&folder.vault()).unwrap();
    folder.check_database().unwrap();
    let mut incoming = vault.begin().unwrap();
    incoming.write(b"bytes").unwrap();
    incoming.finish().unwrap();
    let refused = folder.check_database().unwrap_err();
    assert!(matches!(refused, StorageError::Damaged(_)), "{refused}");
    fs::create_dir_all(folder.database()).unwrap();
    fs::write(folder.database().join("db"), b"").unwrap();
    assert!(folder.check_database().is_err(), "an empty one is none");
    fs::write(folder.database().join("db"), b"something").unwrap();
    folder.check_database().unwrap();
}
