//! A transfer: a socket, a permit, and bytes between the socket and the vault.
//!
//! Reading, hashing, writing and syncing happen on a thread of the pool, with the
//! socket in blocking mode; everything else is a future on the arbiter that
//! waits for that thread. A peer that stalls, or trickles below the least rate,
//! is cut off.

use super::{Turn, UploadPermit};
use crate::admission::Ticket;
use crate::clock::now_ms;
use crate::house::House;
use bytes::Bytes;
use qunliao_protocol::files::{
    FETCH, Incoming as IncomingFrame, Place, TYPE_FILE, TYPE_FOLDER, UPLOAD, Uploaded,
};
use qunliao_protocol::reply::{Refusal, Reply};
use qunliao_protocol::{Failure, HeaderForm, RoomId, UserId};
use qunliao_storage::files::{FileRecord, FolderRecord, Item, NewFile};
use qunliao_storage::{Digest, Vault};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes that are read and written at once.
const BUFFER_BYTES: usize = 256 << 10;
/// Files of a folder that are looked up at once.
const FOLDER_PAGE: usize = 256;
/// How long a finished transfer waits for its client to close.
const LINGER: Duration = Duration::from_secs(2);

/// A connection's socket on its way through a transfer.
pub struct Wire {
    /// The socket, non-blocking as it came.
    pub socket: TcpStream,
    /// The connection's header.
    pub form: HeaderForm,
    /// The `seq` that replies repeat.
    pub seq: Option<u64>,
    /// What was read beyond the request: the first bytes of an upload.
    pub leading: Bytes,
    /// Replies that were not written yet.
    pub unsent: Vec<Bytes>,
    /// The connection's place.
    pub ticket: Ticket,
}

/// What an upload is to become.
pub struct Upload {
    /// Who shares it.
    pub owner: UserId,
    /// In which room.
    pub room: RoomId,
    /// Where.
    pub place: Place,
    /// Bytes.
    pub size: u64,
    /// The hash it must have.
    pub sha256: Option<[u8; 32]>,
}

/// Receives an upload, lists it, answers and closes.
pub async fn receive(house: Arc<House>, wire: Wire, permit: UploadPermit, upload: Upload) {
    let Wire {
        socket,
        form,
        seq,
        leading,
        ticket,
        ..
    } = wire;
    let socket = Arc::new(socket);
    let _entered = house.transfers.enter(&ticket, &socket);
    let (vault, pace) = (house.vault.clone(), Pace::new(&house));
    let (expected, size, reading) = (
        upload.sha256.map(Digest::new),
        upload.size,
        Arc::clone(&socket),
    );
    let received = actix_rt::task::spawn_blocking(move || {
        receive_content(&vault, &reading, &leading, size, expected, pace)
    });
    let outcome = match received.await {
        Ok(Ok(content)) => list(&house, &upload, content).await,
        Ok(Err(Broken::HashMismatch)) => Err(Failure::HashMismatch),
        Ok(Err(Broken::Vault(why))) => {
            log::error!("event=upload_failed user={} error=\"{why}\"", upload.owner);
            Err(Failure::Unavailable)
        }
        Ok(Err(Broken::Peer(kind))) => {
            log::info!("event=upload_broken user={} error={kind:?}", upload.owner);
            return;
        }
        Err(_panicked) => Err(Failure::Unavailable),
    };
    drop(permit);
    let body = match outcome {
        Ok(uploaded) => Reply::ok(UPLOAD, seq, uploaded).to_json(),
        Err(failure) => {
            let refusal = Refusal::new(&failure, house.language);
            Reply::refused(UPLOAD, seq, &failure, refusal).to_json()
        }
    };
    finish(&house, socket, &form.encode(&body)).await;
}

async fn list(house: &House, upload: &Upload, content: Digest) -> Result<Uploaded, Failure> {
    let new = NewFile {
        room: upload.room,
        place: upload.place.clone(),
        size: upload.size,
        sha256: content,
        owner: upload.owner,
        time: now_ms(),
    };
    match house.files.add_file(new).await {
        Ok(Ok(file)) => {
            log::info!(
                "event=file_shared user={} file={} bytes={}",
                file.owner,
                file.id,
                file.size
            );
            Ok(Uploaded {
                file_name: file.name,
                file_size: file.size.to_string(),
                file_id: file.id,
                sha256: file.sha256.to_string(),
            })
        }
        Ok(Err(_conflict)) => Err(Failure::NameConflict),
        Err(why) => Err(crate::storage_failure(&why)),
    }
}

/// Why an upload came to nothing.
enum Broken {
    /// The peer went away, stalled, or sent too little.
    Peer(io::ErrorKind),
    /// The bytes are not the announced ones.
    HashMismatch,
    /// The file system failed.
    Vault(io::Error),
}

fn receive_content(
    vault: &Vault,
    mut socket: &TcpStream,
    leading: &[u8],
    size: u64,
    expected: Option<Digest>,
    mut pace: Pace,
) -> Result<Digest, Broken> {
    let peer = |why: io::Error| Broken::Peer(why.kind());
    prepare(socket, &pace).map_err(peer)?;
    let mut incoming = vault.begin().map_err(Broken::Vault)?;
    let first = usize::try_from(size)
        .unwrap_or(usize::MAX)
        .min(leading.len());
    incoming.write(&leading[..first]).map_err(Broken::Vault)?;
    let left = size - incoming.size();
    let mut buffer = vec![0; BUFFER_BYTES.min(usize::try_from(left).unwrap_or(usize::MAX))];
    while incoming.size() < size {
        let wanted = buffer
            .len()
            .min(usize::try_from(size - incoming.size()).unwrap_or(usize::MAX));
        match socket.read(&mut buffer[..wanted]) {
            Ok(0) => return Err(Broken::Peer(io::ErrorKind::UnexpectedEof)),
            Ok(read) => {
                incoming.write(&buffer[..read]).map_err(Broken::Vault)?;
                pace.moved(read).map_err(peer)?;
            }
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(peer(why)),
        }
    }
    if expected.is_some_and(|expected| expected != incoming.digest()) {
        return Err(Broken::HashMismatch);
    }
    incoming.finish().map_err(Broken::Vault)
}

/// Sends a file, or a folder's files in the order of their paths, and closes.
pub async fn send(house: Arc<House>, wire: Wire, turn: Turn, item: Item) {
    let Wire {
        socket,
        form,
        seq,
        unsent,
        ticket,
        ..
    } = wire;
    let socket = Arc::new(socket);
    let _entered = house.transfers.enter(&ticket, &socket);
    let sender = Sender {
        vault: house.vault.clone(),
        socket: Arc::clone(&socket),
        form,
        seq,
    };
    let sent = match item {
        Item::File(file) => {
            sender
                .send(unsent, vec![(frame(&file, None), file)], Pace::new(&house))
                .await
        }
        Item::Folder(folder) => send_folder(&house, &sender, unsent, folder).await,
    };
    drop(turn);
    match sent {
        Ok(()) => finish(&house, socket, &[]).await,
        Err(why) => log::info!("event=download_broken error=\"{why}\""),
    }
}

async fn send_folder(
    house: &House,
    sender: &Sender,
    mut unsent: Vec<Bytes>,
    folder: FolderRecord,
) -> io::Result<()> {
    let (mut left, mut after) = (folder.file_count, None);
    loop {
        let page = house
            .files
            .folder_files(folder.id, after.take(), FOLDER_PAGE)
            .await;
        let page = page.map_err(io::Error::other)?;
        after = page.last().map(|file| file.name.clone());
        if after.is_none() {
            return Ok(());
        }
        let files = page.into_iter().map_while(|file| {
            // Files that came while this download runs are for the next one.
            left = left.checked_sub(1)?;
            Some((frame(&file, Some((&folder.name, left))), file))
        });
        let files: Vec<_> = files.collect();
        sender
            .send(std::mem::take(&mut unsent), files, Pace::new(house))
            .await?;
        if left == 0 {
            return Ok(());
        }
    }
}

fn frame(file: &FileRecord, folder: Option<(&str, u64)>) -> IncomingFrame {
    IncomingFrame {
        file_name: file.name.clone(),
        file_type: if folder.is_some() {
            TYPE_FOLDER
        } else {
            TYPE_FILE
        },
        file_size: file.size.to_string(),
        file_dirname: folder.map(|(name, _)| name.to_owned()),
        file_left: folder.map(|(_, left)| left),
        file_id: file.id,
        sha256: file.sha256.to_string(),
    }
}

struct Sender {
    vault: Vault,
    socket: Arc<TcpStream>,
    form: HeaderForm,
    seq: Option<u64>,
}

impl Sender {
    async fn send(
        &self,
        unsent: Vec<Bytes>,
        files: Vec<(IncomingFrame, FileRecord)>,
        mut pace: Pace,
    ) -> io::Result<()> {
        let (vault, socket) = (self.vault.clone(), Arc::clone(&self.socket));
        let (form, seq) = (self.form, self.seq);
        let sending = actix_rt::task::spawn_blocking(move || {
            prepare(&socket, &pace)?;
            for bytes in unsent {
                write_all(&socket, &bytes, &mut pace)?;
            }
            let mut buffer = vec![0; BUFFER_BYTES];
            for (frame, file) in files {
                let mut content = vault.read(&file.sha256)?;
                let frame = form.encode(&Reply::ok(FETCH, seq, frame).to_json());
                write_all(&socket, &frame, &mut pace)?;
                let mut left = file.size;
                while left > 0 {
                    let wanted = buffer
                        .len()
                        .min(usize::try_from(left).unwrap_or(usize::MAX));
                    let read = content.read(&mut buffer[..wanted])?;
                    if read == 0 {
                        return Err(io::Error::other(format!(
                            "the content of file {} is too short",
                            file.id
                        )));
                    }
                    write_all(&socket, &buffer[..read], &mut pace)?;
                    left -= read as u64;
                }
            }
            Ok(())
        });
        sending.await.map_err(io::Error::other)?
    }
}

fn prepare(socket: &TcpStream, pace: &Pace) -> io::Result<()> {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(pace.window))?;
    socket.set_write_timeout(Some(pace.window))
}

fn write_all(mut socket: &TcpStream, mut bytes: &[u8], pace: &mut Pace) -> io::Result<()> {
    while !bytes.is_empty() {
        match socket.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                pace.moved(written)?;
            }
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    Ok(())
}

/// Answers, shuts our side, and waits a moment for the client to close: closing
/// with something unread would reset the connection, and lose the answer.
async fn finish(house: &House, socket: Arc<TcpStream>, answer: &[u8]) {
    let Some(socket) = Arc::into_inner(socket) else {
        return;
    };
    let closing = async {
        socket.set_nonblocking(true)?;
        let mut socket = tokio::net::TcpStream::from_std(socket)?;
        tokio::time::timeout(house.limits.write_timeout(), socket.write_all(answer)).await??;
        socket.shutdown().await?;
        let mut rest = [0; 512];
        let gone = async { while matches!(socket.read(&mut rest).await, Ok(read) if read > 0) {} };
        let _ = tokio::time::timeout(LINGER, gone).await;
        io::Result::Ok(())
    };
    if let Err(why) = closing.await {
        log::debug!("event=answer_not_delivered error={:?}", why.kind());
    }
}

/// Watches that a transfer keeps moving.
struct Pace {
    window: Duration,
    bytes_min: u64,
    since: Instant,
    bytes: u64,
}

impl Pace {
    fn new(house: &House) -> Self {
        let window = house.limits.transfer_stall();
        Self {
            window,
            bytes_min: house
                .limits
                .transfer_bytes_per_second_min
                .saturating_mul(window.as_secs()),
            since: Instant::now(),
            bytes: 0,
        }
    }

    fn moved(&mut self, bytes: usize) -> io::Result<()> {
        self.bytes += bytes as u64;
        if self.bytes >= self.bytes_min {
            self.since = Instant::now();
            self.bytes = 0;
        } else if self.since.elapsed() > self.window {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

/// The sockets of transfers under way, so that the server can end them.
#[derive(Clone, Default)]
pub struct Transfers {
    sockets: Arc<std::sync::Mutex<std::collections::HashMap<u64, std::sync::Weak<TcpStream>>>>,
}

/// A transfer's entry; gone when dropped.
struct Entered {
    transfers: Transfers,
    id: u64,
}

impl Transfers {
    fn enter(&self, ticket: &Ticket, socket: &Arc<TcpStream>) -> Entered {
        let id = ticket.connection().0;
        self.lock().insert(id, Arc::downgrade(socket));
        Entered {
            transfers: self.clone(),
            id,
        }
    }

    /// How many are under way.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Ends all of them.
    pub fn end(&self) {
        for socket in self.lock().values().filter_map(std::sync::Weak::upgrade) {
            // One that is closed already needs no shutting.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    fn lock(
        &self,
    ) -> std::sync::MutexGuard<'_, std::collections::HashMap<u64, std::sync::Weak<TcpStream>>> {
        self.sockets
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.transfers.lock().remove(&self.id);
    }
}
