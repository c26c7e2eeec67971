//! The way in: through the server if one runs, else through the data folder itself.

use super::desk;
use super::place::Place;
use super::wire::{self, REPLY_BYTES_MAX};
use crate::config::Config;
use qunliao_actors::admin::{Caller, Desk, NoServer, Refused, Reply, Request};
use qunliao_storage::{DataFolder, FreeSpace, Reserve, SledEngine, StorageError, Store};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};

/// How long a server gets that starts or stops just now.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is asked again.
const PAUSE: Duration = Duration::from_millis(50);
/// How long an answer may take: longer than the server allows itself.
const ANSWER: Duration = Duration::from_secs(75);

/// Nobody can be asked: a stable word, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable(pub Refused);

impl Unreachable {
    fn new(code: &str, message: impl Into<String>) -> Self {
        Self(Refused::new(code, message))
    }
}

/// The way in.
pub struct Access(Way);

enum Way {
    Server { data_dir: PathBuf },
    Folder(Box<Opened>),
}

/// The data folder, opened by this very program.
struct Opened {
    desk: Desk,
    store: Store,
    _folder: DataFolder,
}

impl Access {
    /// Finds it. Without a data folder there is nothing to do, unless `may_begin`:
    /// then one is made, as the server would.
    ///
    /// # Errors
    /// Why nobody can be asked.
    pub async fn find(config: &Config, may_begin: bool) -> Result<Self, Unreachable> {
        let data_dir = &config.data_dir;
        let until = Instant::now() + PATIENCE;
        loop {
            match knock(data_dir).await {
                Ok(Some(_socket)) => {
                    let data_dir = data_dir.clone();
                    return Ok(Self(Way::Server { data_dir }));
                }
                Ok(None) => {}
                Err(why) => return Err(locked_out(data_dir, &why)),
            }
            check_folder(data_dir, may_begin)?;
            match DataFolder::open(data_dir) {
                Ok(folder) => return Ok(Self(Way::Folder(Box::new(open(config, folder)?)))),
                // It starts or stops at this moment, or has lost its socket.
                Err(StorageError::InUse(_)) if Instant::now() < until => sleep(PAUSE).await,
                Err(StorageError::InUse(_)) => return Err(silent(data_dir)),
                Err(why) => return Err(storage(&why)),
            }
        }
    }

    /// Whether a server is asked.
    #[must_use]
    pub fn is_server(&self) -> bool {
        matches!(self.0, Way::Server { .. })
    }

    /// Asks.
    ///
    /// # Errors
    /// Why it was not done; or that there was no answer, which says so.
    pub async fn ask(&self, request: Request) -> Result<Reply, Refused> {
        match &self.0 {
            Way::Folder(opened) => opened.desk.carry_out(Caller::Operator, request).await,
            Way::Server { data_dir } => {
                let answer = timeout(ANSWER, exchange(data_dir, &request)).await;
                let answer = answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                let broken = |why: io::Error| {
                    let message = format!(
                        "The server gave no answer ({}). Whether it was done is not known.",
                        why.kind()
                    );
                    Refused::new("no_answer", message)
                };
                wire::read_answer(&answer.map_err(broken)?)?
            }
        }
    }

    /// Leaves: what was written is on the disk, and the folder free.
    pub fn close(self) {
        if let Way::Folder(opened) = self.0 {
            let Opened { desk, store, .. } = *opened;
            drop(desk);
            store.close();
        }
    }
}

async fn knock(data_dir: &Path) -> io::Result<Option<UnixStream>> {
    let there = |outcome: io::Result<UnixStream>| match outcome {
        Ok(socket) => Ok(Some(socket)),
        // Nothing there, or nobody behind it any more.
        Err(why)
            if matches!(
                why.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(None)
        }
        Err(why) => Err(why),
    };
    match Place::of(data_dir) {
        Ok(place) => there(UnixStream::connect(place.socket()).await),
        Err(why) => there(Err(why)),
    }
}

async fn exchange(data_dir: &Path, request: &Request) -> io::Result<Vec<u8>> {
    let gone = || io::Error::from(io::ErrorKind::ConnectionRefused);
    let mut socket = knock(data_dir).await?.ok_or_else(gone)?;
    socket.write_all(&wire::write_request(request)).await?;
    let mut answer = Vec::new();
    socket
        .take(REPLY_BYTES_MAX)
        .read_to_end(&mut answer)
        .await?;
    if answer.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}

/// What we would write into another user's folder, its server could not read.
fn check_folder(data_dir: &Path, may_begin: bool) -> Result<(), Unreachable> {
    let shown = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let shown = shown.display();
    match std::fs::metadata(data_dir) {
        Ok(folder) if folder.uid() != rustix::process::geteuid().as_raw() => Err(Unreachable::new(
            "wrong_user",
            format!(
                "No server runs, and the data folder {shown} belongs to user {uid}: run this as that user \
                     (sudo -u '#{uid}' qunliao …), or start the server.",
                uid = folder.uid()
            ),
        )),
        Ok(_) if may_begin || data_dir.join("db").exists() => Ok(()),
        Err(why) if why.kind() == io::ErrorKind::NotFound && may_begin => may_begin_in(data_dir),
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(locked_out(data_dir, &why)),
        _ => Err(Unreachable::new(
            "no_data_folder",
            format!(
                "There is no data folder {shown}. Say with --config which configuration the server runs with, \
                 and run this in the folder that it runs in."
            ),
        )),
    }
}

/// What root would make in the home of a server's user, that server could not open.
fn may_begin_in(data_dir: &Path) -> Result<(), Unreachable> {
    let parent = data_dir.ancestors().skip(1).find_map(|path| {
        // Of a bare name, the working folder.
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        std::fs::metadata(path).ok()
    });
    match parent.map(|folder| folder.uid()) {
        Some(uid) if uid != 0 && rustix::process::geteuid().is_root() => Err(Unreachable::new(
            "wrong_user",
            format!(
                "There is no data folder yet, and the one around it belongs to user {uid}: run this as that user \
                 (sudo -u '#{uid}' qunliao …)."
            ),
        )),
        _ => Ok(()),
    }
}

fn open(config: &Config, folder: DataFolder) -> Result<Opened, Unreachable> {
    let store = (|| {
        folder.check_database()?;
        let seal = folder.seal()?;
        let engine = SledEngine::open(&folder.database())?;
        let reserve = Reserve::new(FreeSpace::of(folder.root()), config.storage.reserve_bytes());
        // What is asked then is refused, and says why.
        Store::open(engine, seal, reserve, |_| {})
    })();
    let store = store.map_err(|why| storage(&why))?;
    let public = config.public_url(config.listen.web);
    let desk = desk(config, folder.root(), &store, Arc::new(NoServer), &public);
    let desk = desk.map_err(|why| Unreachable::new("configuration", format!("{why:#}")))?;
    Ok(Opened {
        desk,
        store,
        _folder: folder,
    })
}

fn storage(why: &StorageError) -> Unreachable {
    Unreachable::new(
        "storage",
        format!("The data folder cannot be opened: {why}."),
    )
}

fn silent(data_dir: &Path) -> Unreachable {
    Unreachable::new(
        "server_silent",
        format!(
            "A server, or another command, has the data folder {} open, but nobody answers at admin.sock in it. \
             Try again; if that does not help, restart the server.",
            data_dir.display()
        ),
    )
}

fn locked_out(data_dir: &Path, why: &io::Error) -> Unreachable {
    let message = match why.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "The data folder {} is not for this user. Run this as the user that the server runs as, or as root.",
            data_dir.display()
        ),
        kind => format!("The data folder {}: {kind}.", data_dir.display()),
    };
    Unreachable::new("not_permitted", message)
}
