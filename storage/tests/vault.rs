//! The vault: contents under their hashes, and nothing of what was not finished.

use crate::cast::*;
use qunliao_storage::{Digest, Files, MemoryEngine, Vault};
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The SHA-256 of "abc" (FIPS 180-2, appendix B.1).
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn keep(vault: &Vault, bytes: &[u8]) -> Digest {
    let mut incoming = vault.begin().unwrap();
    incoming.write(bytes).unwrap();
    incoming.finish().unwrap()
}

fn read(vault: &Vault, content: &Digest) -> Vec<u8> {
    let mut bytes = Vec::new();
    vault
        .read(content)
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn arriving(root: &Path) -> usize {
    fs::read_dir(root.join("incoming")).unwrap().count()
}

#[test]
fn a_content_lies_under_its_hash() {
    let root = tempfile::tempdir().unwrap();
    let vault = Vault::open(root.path()).unwrap();
    let mut incoming = vault.begin().unwrap();
    incoming.write(b"a").unwrap();
    incoming.write(b"").unwrap();
    incoming.write(b"bc").unwrap();
    assert_eq!(incoming.size(), 3);
    let so_far = incoming.digest();
    let content = incoming.finish().unwrap();
    assert_eq!(content, so_far);
    assert_eq!(content.to_string(), ABC);
    assert_eq!(read(&vault, &content), b"abc");
    let place = root.path().join("ba").join(ABC);
    assert_eq!(
        fs::metadata(place).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(arriving(root.path()), 0);
}

#[test]
fn an_empty_content_is_a_content() {
    let root = tempfile::tempdir().unwrap();
    let vault = Vault::open(root.path()).unwrap();
    let content = keep(&vault, b"");
    assert_eq!(read(&vault, &content), b"");
}

#[test]
fn the_same_content_is_kept_once() {
    let root = tempfile::tempdir().unwrap();
    let vault = Vault::open(root.path()).unwrap();
    let first = keep(&vault, b"abc");
    let mut open = vault.read(&first).unwrap();
    // Whoever is reading goes on reading.
    assert_eq!(keep(&vault, b"abc"), first);
    let mut bytes = Vec::new();
    open.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"abc");
    assert_eq!(vault.contents().unwrap(), [first]);
}

#[test]
fn an_upload_that_is_dropped_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let vault = Vault::open(root.path()).unwrap();
    let mut incoming = vault.begin().unwrap();
    incoming.write(b"half").unwrap();
    assert_eq!(arriving(root.path()), 1);
    drop(incoming);
    assert_eq!(arriving(root.path()), 0);
    assert_eq!(vault.contents().unwrap(), []);
}

#[test]
fn uploads_at_once_do_not_meet() {
    let root = tempfile::tempdir().unwrap();
    let vault = Vault::open(root.path()).unwrap();
    let mut incoming: Vec<_> = (0..20).map(|_| vault.clone().begin().unwrap()).collect();
    for round in 0..3u8 {
        for (number, incoming) in (0..).zip(&mut incoming) {
            incoming.write(&[number, round]).unwrap();
        }
    }
    for (number, incoming) in (0u8..).zip(incoming) {
        let content = incoming.finish().unwrap();
        assert_eq!(read(&vault, &content), [number, 0, number, 1, number, 2]);
    }
    assert_eq!(vault.contents().unwrap().len(), 20);
}

#[test]
fn what_was_arriving_at_a_crash_is_swept_at_the_next_start() {
    let root = tempfile::tempdir().unwrap();
    let vault = Vault::open(root.path()).unwrap();
    let kept = keep(&vault, b"whole");
    let mut incoming = vault.begin().unwrap();
    incoming.write(b"half").unwrap();
    // A process that is killed drops nothing.
    std::mem::forget(incoming);
    let vault = Vault::open(root.path()).unwrap();
    assert_eq!(arriving(root.path()), 0);
    assert_eq!(vault.contents().unwrap(), [kept]);
    // Numbers begin anew, and meet nothing that was left.
    keep(&vault, b"another");
}

#[tokio::test]
async fn what_a_crash_left_unlisted_is_found_and_removed() {
    let root = tempfile::tempdir().unwrap();
    let vault = Vault::open(root.path()).unwrap();
    let store = memory_store(&MemoryEngine::new());
    let listed = keep(&vault, b"listed");
    let mut new = new_file(alone("a.txt"), 0, 6);
    new.sha256 = listed;
    store.add_file(new).await.unwrap().unwrap();
    // Between the finish of the content and its listing the power goes.
    let orphan = keep(&vault, b"orphan");

    let vault = Vault::open(root.path()).unwrap();
    let unlisted = store.unlisted(vault.contents().unwrap()).await.unwrap();
    assert_eq!(unlisted, [orphan]);
    vault.remove(&orphan).unwrap();
    assert_eq!(vault.contents().unwrap(), [listed]);
    assert!(vault.read(&orphan).is_err());
    assert!(vault.remove(&orphan).is_err());
    // It can come again.
    assert_eq!(keep(&vault, b"orphan"), orphan);
}

#[test]
fn what_is_set_aside_is_kept_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path()).unwrap();
    let content = keep(&vault, b"bytes");
    vault.set_aside(&content).unwrap();
    assert!(vault.contents().unwrap().is_empty());
    assert!(vault.read(&content).is_err());
    let aside = folder.path().join("orphans").join(content.to_string());
    assert_eq!(fs::read(&aside).unwrap(), b"bytes");
    let day = std::time::Duration::from_secs(24 * 3600);
    assert_eq!(vault.delete_orphans(day).unwrap(), 0);
    assert!(aside.exists());
    assert_eq!(vault.delete_orphans(std::time::Duration::ZERO).unwrap(), 1);
    assert!(!aside.exists());
}

#[test]
fn files_that_are_not_ours_are_no_contents() {
    let root = tempfile::tempdir().unwrap();
    let vault = Vault::open(root.path()).unwrap();
    fs::write(root.path().join("ba/notes.txt"), "mine").unwrap();
    fs::write(root.path().join("ba").join(ABC.to_uppercase()), "mine").unwrap();
    fs::write(root.path().join("00").join(ABC), "in a wrong place").unwrap();
    assert_eq!(vault.contents().unwrap(), []);
    Vault::open(root.path()).unwrap();
    assert!(root.path().join("ba/notes.txt").exists());
}

#[test]
fn the_vault_tells_how_much_is_free() {
    let root = tempfile::tempdir().unwrap();
    let vault = Vault::open(root.path()).unwrap();
    assert!(vault.free_bytes().unwrap() > 0);
}

#[test]
fn a_digest_is_written_in_one_way() {
    let digest = Digest::from_hex(ABC).unwrap();
    assert_eq!(digest.to_string(), ABC);
    for other in [
        &ABC[1..],
        "",
        &ABC.to_uppercase(),
        &format!("{ABC}00"),
        &"é".repeat(32),
    ] {
        assert_eq!(Digest::from_hex(other), None);
    }
}
