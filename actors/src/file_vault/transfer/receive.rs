//! Receiving an upload.

use super::{BUFFER_BYTES, Wire, finish, pace::Pace, prepare};
use crate::clock::now_ms;
use crate::file_vault::UploadPermit;
use crate::house::House;
use qunliao_protocol::files::{Place, UPLOAD, Uploaded};
use qunliao_protocol::reply::{Refusal, Reply};
use qunliao_protocol::{Failure, RoomId, UserId};
use qunliao_storage::files::NewFile;
use qunliao_storage::{Digest, Vault};
use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::Arc;

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
