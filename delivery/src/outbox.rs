//! A file that stands in for an SMS gateway and for a mail server, for trying
//! the program out and for those who carry codes by hand.
//!
//! One JSON object a line: `time` (milliseconds since 1970), `channel` (`sms` or
//! `mail`), `kind`, `to`, `code` (null in a notice), `text`. Only the owner may read it (mode 0600). A line
//! is written whole, at the end, and is on the disk before the sending is
//! reported done; what a crash left of a line is ended before the next begins,
//! so at most that one line does not parse.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rustix::fs::OFlags;
use rustix::io::Errno;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::clock::milliseconds_now;
use crate::{DeliveryError, Mailer, Message, SmsGateway};

const OWNER_ONLY: u32 = 0o600;

/// Appends every message to a file. One program at a time should hold it.
#[derive(Debug)]
pub struct Outbox {
    // The lock lines the writers up, so that the end of the file is known.
    lines: Arc<Mutex<Lines>>,
}

#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: File,
    /// The file does not end with a line's end.
    torn: bool,
    /// An fdatasync failed: what the file holds is unknown from then on, and a
    /// later success would not mean that it is there.
    broken: bool,
}

impl Outbox {
    /// Opens the file at `path`, or creates it (its folder must exist). What it
    /// holds stays; a mode that lets others read it is tightened. A symbolic link is
    /// not followed: codes would go where somebody else wants them.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn open(path: PathBuf) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(OWNER_ONLY)
            .custom_flags(no_follow())
            .open(&path)
            .map_err(|why| if is_link(&why) { refused_link() } else { why })?;
        let metadata = file.metadata()?;
        if metadata.is_file() && metadata.permissions().mode() & 0o777 != OWNER_ONLY {
            file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
        }
        let torn = metadata.len() > 0 && last_byte(&mut file)? != b'\n';
        if metadata.len() == 0 {
            sync_folder(&path)?;
        }
        let lines = Lines {
            path,
            file,
            torn,
            broken: false,
        };
        Ok(Self {
            lines: Arc::new(Mutex::new(lines)),
        })
    }

    async fn append(&self, channel: &'static str, message: &Message) -> Result<(), DeliveryError> {
        let record = json!({
            "time": milliseconds_now(),
            "channel": channel,
            "kind": message.kind().word(),
            "to": message.to,
            "code": message.code(),
            "text": message.text(),
        });
        let mut lines = Arc::clone(&self.lines).lock_owned().await;
        // Once begun, the line is finished even if nobody waits for it any more.
        let written = spawn_blocking(move || lines.append(&record.to_string())).await;
        written.unwrap_or(Err(DeliveryError::TimedOut))?;
        log::info!("event=outbox_appended channel={channel}");
        Ok(())
    }
}

impl Lines {
    fn append(&mut self, record: &str) -> Result<(), DeliveryError> {
        if self.broken {
            return Err(DeliveryError::Refused(String::from(
                "the outbox failed to reach the disk before, and must be opened again",
            )));
        }
        let fresh_line = if self.torn { "\n" } else { "" };
        let line = format!("{fresh_line}{record}\n");
        // Part of the line may be there when this fails.
        self.torn = true;
        self.file.write_all(line.as_bytes()).map_err(|error| {
            DeliveryError::Unavailable(self.complaint("cannot be written", &error))
        })?;
        self.torn = false;
        self.file.sync_data().map_err(|error| {
            self.broken = true;
            DeliveryError::Refused(self.complaint("does not reach the disk", &error))
        })
    }

    fn complaint(&self, what: &str, error: &io::Error) -> String {
        format!(
            "the outbox {} {what}: {}",
            self.path.display(),
            error.kind()
        )
    }
}

#[async_trait]
impl SmsGateway for Outbox {
    async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        self.append("sms", message).await
    }

    fn name(&self) -> &'static str {
        "outbox"
    }

    fn idempotent(&self) -> bool {
        false
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        self.append("mail", message).await
    }

    fn name(&self) -> &'static str {
        "outbox"
    }

    fn idempotent(&self) -> bool {
        false
    }
}

fn no_follow() -> i32 {
    OFlags::NOFOLLOW.bits().cast_signed()
}

fn is_link(why: &io::Error) -> bool {
    Errno::from_io_error(why) == Some(Errno::LOOP)
}

fn refused_link() -> io::Error {
    io::Error::other("it is a symbolic link, and has to be a file")
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// A new file's name lives in its folder, which a sync of the file leaves out.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}
