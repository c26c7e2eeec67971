//! What a crash can leave of a database, and how it is opened all the same.
//!
//! sled opens with the newest snapshot of its page table and reads on in its log
//! from there. A snapshot only shortens that: the log holds everything.

use super::sync_folder;
use crate::folder::{make_folder, parent};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Copies that are kept of one database. One that stays damaged would otherwise
/// fill the disk, copy by copy, each time that its server is started again.
const COPIES_MAX: usize = 3;

/// Removes `snap.*.generating`: a crash while sled writes a snapshot leaves it,
/// and the next open then fails.
pub(super) fn sweep_unfinished_snapshots(folder: &Path) -> io::Result<()> {
    for snapshot in snapshots(folder)? {
        if snapshot.to_string_lossy().ends_with(".generating") {
            fs::remove_file(snapshot)?;
        }
    }
    Ok(())
}

/// Takes away the snapshots, so that sled recovers from its log alone. A copy of
/// the whole database as it was found is made first, and answered; `None` if there
/// is no snapshot that could be at fault.
///
/// The copy is no luxury. To open from the log sled writes into it (it blanks what
/// follows the last whole message, and segments that are torn), and removes blobs:
/// should the log be what is damaged, that could take away what a repair by hand
/// would need.
pub(super) fn take_snapshots_away(folder: &Path) -> io::Result<Option<PathBuf>> {
    let mut snapshots = snapshots(folder)?;
    if snapshots.is_empty() {
        return Ok(None);
    }
    let copy = keep_copy(folder)?;
    // Newest last: if this is cut short, sled does not take an older one instead.
    snapshots.sort();
    for snapshot in snapshots {
        fs::remove_file(snapshot)?;
    }
    sync_folder(folder)?;
    Ok(Some(copy))
}

fn snapshots(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut snapshots = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            snapshots.push(entry.path());
        }
    }
    Ok(snapshots)
}

/// Copies the database durably to `<folder>.damaged-<n>` beside it. Under that
/// name there is the whole of it or nothing.
fn keep_copy(folder: &Path) -> io::Result<PathBuf> {
    let beside = |ending: &str| {
        let mut name = folder.file_name().map_or("db".into(), OsString::from);
        name.push(ending);
        folder.with_file_name(name)
    };
    let copy = (1..=COPIES_MAX)
        .map(|number| beside(&format!(".damaged-{number}")))
        .find(|copy| !copy.exists())
        .ok_or_else(|| {
            io::Error::other(format!(
                "{COPIES_MAX} copies of it lie beside it already: look at them, move them away"
            ))
        })?;
    let unfinished = beside(".damaged-unfinished");
    remove_folder(&unfinished)?;
    if let Err(why) = copy_folder(folder, &unfinished) {
        // Most likely the disk is full; half a copy must not keep it so.
        let _ = remove_folder(&unfinished);
        return Err(why);
    }
    fs::rename(&unfinished, &copy)?;
    sync_folder(parent(&copy))?;
    Ok(copy)
}

fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Where the file system can, `fs::copy` shares the blocks instead of writing them.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    make_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copied = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &copied)?;
        } else {
            fs::copy(entry.path(), &copied)?;
            File::open(&copied)?.sync_all()?;
        }
    }
    sync_folder(to)
}
