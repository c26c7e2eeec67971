//! Uploads (op 0): a frame, then the bytes.

use super::{BUFFER_BYTES, FilesClient};
use crate::connection::accepted;
use crate::error::ClientError;
use qunliao_protocol::files::{TYPE_FILE, TYPE_FOLDER, UPLOAD, Uploaded};
use serde_json::{Value, json};
use std::io;
use std::path::Path;
use tokio::fs::{self, File};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

impl FilesClient {
    /// Shares `size` bytes of `content` under a name.
    ///
    /// # Errors
    /// Refused with 1 for wrong credentials, 100 for a name that cannot be one, 103
    /// for too many at once, 104 for too large a file, 106 when the disk is full,
    /// 108 when a folder has this name. [`ClientError::Io`] when `content` ends early.
    pub async fn upload(
        &self,
        name: &str,
        size: u64,
        content: impl AsyncRead + Unpin,
    ) -> Result<Uploaded, ClientError> {
        let frame = json!({ "file_name": name, "file_type": TYPE_FILE });
        self.push(frame, size, content).await
    }

    /// Shares `size` bytes of `content` as a part of a folder; `path` is relative
    /// to it, its parts divided by `/`.
    ///
    /// # Errors
    /// As [`FilesClient::upload`].
    pub async fn upload_part(
        &self,
        folder: &str,
        path: &str,
        size: u64,
        content: impl AsyncRead + Unpin,
    ) -> Result<Uploaded, ClientError> {
        let frame = json!({ "file_name": path, "file_type": TYPE_FOLDER, "file_dirname": folder });
        self.push(frame, size, content).await
    }

    /// Shares a file of this machine, under its own name.
    ///
    /// # Errors
    /// As [`FilesClient::upload`].
    pub async fn upload_file(&self, path: &Path) -> Result<Uploaded, ClientError> {
        let (file, size) = open(path).await?;
        self.upload(file_name(path)?, size, file).await
    }

    /// Shares a folder of this machine under its own name, with the files in it and
    /// in its folders, in the order of their paths. Links are left out, as is what
    /// is neither a file nor a folder.
    ///
    /// # Errors
    /// As [`FilesClient::upload`]; what was shared before the error stays shared.
    pub async fn upload_folder(&self, path: &Path) -> Result<Vec<Uploaded>, ClientError> {
        let folder = file_name(path)?;
        let mut uploaded = Vec::new();
        for part in files_within(path).await? {
            let (file, size) = open(&path.join(&part)).await?;
            uploaded.push(self.upload_part(folder, &part, size, file).await?);
        }
        Ok(uploaded)
    }

    async fn push(
        &self,
        mut frame: Value,
        size: u64,
        content: impl AsyncRead + Unpin,
    ) -> Result<Uploaded, ClientError> {
        let mut connection = self.connect().await?;
        frame["op"] = UPLOAD.into();
        frame["args"] = self.credential.to_args();
        frame["file_size"] = size.to_string().into();
        connection.send(&frame).await?;
        let answer = connection.push(async |socket| {
            let mut content = content.take(size);
            let mut buffer = vec![0; BUFFER_BYTES];
            let mut left = size;
            while left > 0 {
                let read = content.read(&mut buffer).await?;
                if read == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                socket.write_all(&buffer[..read]).await?;
                left -= read as u64;
            }
            socket.flush().await
        });
        accepted(&answer.await?)
    }
}

async fn open(path: &Path) -> Result<(File, u64), ClientError> {
    let file = File::open(path).await?;
    let size = file.metadata().await?.len();
    Ok((file, size))
}

fn file_name(path: &Path) -> Result<&str, ClientError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or(ClientError::UnsafeName)
}

/// The paths of all files within `root`, relative to it, sorted.
async fn files_within(root: &Path) -> Result<Vec<String>, ClientError> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let mut entries = fs::read_dir(root.join(&folder)).await?;
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name();
            let name = name.to_str().ok_or(ClientError::UnsafeName)?;
            let path = match folder.as_str() {
                "" => name.to_owned(),
                folder => format!("{folder}/{name}"),
            };
            let kind = entry.file_type().await?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                files.push(path);
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folders_files_are_found_and_its_links_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        for path in ["z.txt", "a/b/c.txt", "a/empty"] {
            std::fs::write(root.join(path), path).unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", root.join("link")).unwrap();
        let found = files_within(root).await.unwrap();
        assert_eq!(found, ["a/b/c.txt", "a/empty", "z.txt"]);
    }
}
