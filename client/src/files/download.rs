//! Downloads (op 1, `look` 1): frames, each before the bytes of a file.
//!
//! The server may be hostile: what it calls a file is a path on our disk only
//! after it has passed the rules for labels, nothing is overwritten, no link is
//! followed out of the folder, and no more is kept than the bytes announced.

use super::{BUFFER_BYTES, FilesClient};
use crate::connection::Connection;
use crate::error::ClientError;
use qunliao_protocol::files::{FETCH, Incoming, TYPE_FOLDER};
use qunliao_protocol::label::{Label, Path as Part};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use tokio::fs::{self, OpenOptions};
use tokio::io::AsyncWriteExt;

impl FilesClient {
    /// Fetches the file or the folder that is shared as `name` into the folder
    /// `into`, which has to exist. Answers with the paths of the new files. A file
    /// that did not arrive whole is removed again.
    ///
    /// # Errors
    /// Refused with 107 when there is nothing of this name. [`ClientError::Exists`],
    /// [`ClientError::UnsafeName`], [`ClientError::Damaged`]; [`ClientError::Closed`]
    /// when the connection breaks.
    pub async fn download(&self, name: &str, into: &Path) -> Result<Vec<PathBuf>, ClientError> {
        let mut connection = self.connect().await?;
        let args = self.credential.to_args();
        let request = json!({ "op": FETCH, "args": args, "look": 1, "file_name": name });
        connection.send(&request).await?;
        let mut paths = Vec::new();
        loop {
            let incoming: Incoming = connection.reply().await?;
            let last = incoming.file_left.unwrap_or(0) == 0;
            paths.push(keep(&mut connection, &incoming, name, into).await?);
            if last {
                return Ok(paths);
            }
        }
    }
}

async fn keep(
    connection: &mut Connection,
    incoming: &Incoming,
    asked: &str,
    into: &Path,
) -> Result<PathBuf, ClientError> {
    let size: u64 = incoming
        .file_size
        .parse()
        .map_err(|_| ClientError::NotUnderstood("a size that is no number".into()))?;
    let path = place(incoming, asked, into).await?;
    let mut options = OpenOptions::new();
    let opened = options.create_new(true).write(true).open(&path).await;
    let mut file = opened.map_err(|why| match why.kind() {
        io::ErrorKind::AlreadyExists => ClientError::Exists(path.clone()),
        _ => why.into(),
    })?;
    let unfinished = Unfinished(Some(path));
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut left = size;
    while left > 0 {
        let wanted = usize::try_from(left).map_or(BUFFER_BYTES, |left| left.min(BUFFER_BYTES));
        let read = connection.read_bytes(&mut buffer[..wanted]).await?;
        hash.update(&buffer[..read]);
        file.write_all(&buffer[..read]).await?;
        left -= read as u64;
    }
    file.sync_all().await?;
    let hash: [u8; 32] = hash.finalize().into();
    unfinished.finish(hex(&hash) == incoming.sha256)
}

/// Where a file goes that the server sends: checks what the server calls it.
async fn place(incoming: &Incoming, asked: &str, into: &Path) -> Result<PathBuf, ClientError> {
    let unsafe_name = |_| ClientError::UnsafeName;
    let asked = Label::new(asked).map_err(unsafe_name)?;
    if incoming.file_type != TYPE_FOLDER {
        // The name that was asked for, whatever the server makes of it.
        return Ok(into.join(asked.as_str()));
    }
    let path = Part::new(&incoming.file_name).map_err(unsafe_name)?;
    let mut place = into.join(asked.as_str());
    for part in path.as_str().split('/') {
        make_folder(&place).await?;
        place.push(part);
    }
    Ok(place)
}

/// Makes a folder unless it is there. A link to one is not one.
async fn make_folder(path: &Path) -> Result<(), ClientError> {
    match fs::create_dir(path).await {
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
            if fs::symlink_metadata(path).await?.is_dir() {
                Ok(())
            } else {
                Err(ClientError::Exists(path.to_owned()))
            }
        }
        made => Ok(made?),
    }
}

/// A file that is removed unless it is finished.
struct Unfinished(Option<PathBuf>);

impl Unfinished {
    fn finish(mut self, is_whole: bool) -> Result<PathBuf, ClientError> {
        let path = self.0.take().expect("it is finished once");
        if is_whole {
            return Ok(path);
        }
        self.0 = Some(path.clone());
        Err(ClientError::Damaged(path))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // What cannot be removed stays; the caller has an error already.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use qunliao_protocol::FileId;

    fn incoming(file_name: &str, file_type: u8) -> Incoming {
        Incoming {
            file_name: file_name.into(),
            file_type,
            file_size: "0".into(),
            file_dirname: Some("../elsewhere".into()),
            file_left: None,
            file_id: FileId(1),
            sha256: String::new(),
        }
    }

    #[tokio::test]
    async fn a_hostile_server_does_not_leave_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path();
        let file = place(&incoming("../../x", 0), "a.txt", into).await.unwrap();
        assert_eq!(file, into.join("a.txt"));
        for path in ["../x", "/etc/passwd", "a/../../x", "C:\\x", "a//b", "", "."] {
            let refused = place(&incoming(path, 1), "docs", into).await;
            assert!(matches!(refused, Err(ClientError::UnsafeName)), "{path}");
        }
        let inside = place(&incoming("a/b.txt", 1), "docs", into).await.unwrap();
        assert_eq!(inside, into.join("docs/a/b.txt"));
        assert!(into.join("docs/a").is_dir());
    }

    #[tokio::test]
    async fn a_link_is_not_followed_and_a_file_not_overwritten() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let into = folder.path();
        std::os::unix::fs::symlink(elsewhere.path(), into.join("docs")).unwrap();
        let refused = place(&incoming("a.txt", 1), "docs", into).await;
        assert!(matches!(refused, Err(ClientError::Exists(path)) if path.ends_with("docs")));
    }

    #[test]
    fn what_is_not_whole_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "half").unwrap();
        let outcome = Unfinished(Some(path.clone())).finish(false);
        assert!(matches!(outcome, Err(ClientError::Damaged(_))));
        assert!(!path.exists());
        std::fs::write(&path, "whole").unwrap();
        assert!(Unfinished(Some(path.clone())).finish(true).is_ok());
        assert!(path.exists());
    }
}
