//! Receiving an upload.

use super::under_way::SignedOut;
use super::{BUFFER_BYTES, Stream, Wire, finish, pace::Pace, prepare};
use crate::clock::now_ms;
use crate::file_vault::UploadPermit;
use crate::house::House;
use bytes::Bytes;
use qunliao_protocol::files::{Place, UPLOAD, Uploaded};
use qunliao_protocol::reply::{Refusal, Reply};
use qunliao_protocol::{Failure, RoomId, UserId};
use qunliao_storage::files::NewFile;
use qunliao_storage::vault::{FinishError, Incoming};
use qunliao_storage::{Digest, Vault};
use std::io;
use std::sync::Arc;
use tokio::task::JoinError;

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
        stream,
        form,
        seq,
        leading,
        ticket,
        here,
    } = wire;
    let transfers = &house.transfers;
    let (entered, signed_out) = transfers.enter_upload(&ticket, stream.socket(), here);
    let (stream, arrived) = match arrive(&house, stream, leading, &upload, signed_out).await {
        Ok(arrived) => arrived,
        Err(panicked) => {
            let user = upload.owner;
            log::error!("event=upload_failed user={user} error=\"{panicked}\"");
            return;
        }
    };
    let outcome = match arrived {
        Ok(incoming) => keep(&house, &permit, &upload, incoming).await,
        Err(broken) => Err(broken),
    };
    drop((permit, entered));
    let failure = match outcome {
        Ok(uploaded) => {
            let body = Reply::ok(UPLOAD, seq, uploaded).to_json();
            return finish(&house, stream, &form.encode(&body)).await;
        }
        Err(Broken::Refused(failure)) => {
            if failure == Failure::SessionEnded {
                let user = upload.owner;
                log::info!("event=upload_ended reason=session_ended user={user}");
            }
            failure
        }
        Err(Broken::Vault(why)) => {
            log::error!("event=upload_failed user={} error=\"{why}\"", upload.owner);
            Failure::Unavailable
        }
        Err(Broken::Peer(kind)) => {
            log::info!("event=upload_broken user={} error={kind:?}", upload.owner);
            return;
        }
    };
    let refusal = Refusal::new(&failure, house.language);
    let body = Reply::refused(UPLOAD, seq, &failure, refusal).to_json();
    finish(&house, stream, &form.encode(&body)).await;
}

/// Why an upload came to nothing.
enum Broken {
    /// The peer went away, stalled, or sent too little.
    Peer(io::ErrorKind),
    /// It arrived, and is refused.
    Refused(Failure),
    /// The file system failed.
    Vault(io::Error),
}

/// Has all bytes received, and held against the announced hash.
async fn arrive(
    house: &House,
    mut stream: Stream,
    leading: Bytes,
    upload: &Upload,
    signed_out: SignedOut,
) -> Result<(Stream, Result<Incoming, Broken>), JoinError> {
    let (vault, pace) = (house.vault.clone(), Pace::new(house));
    let (size, expected) = (upload.size, upload.sha256.map(Digest::new));
    let receiving = actix_rt::task::spawn_blocking(move || {
        let received = receive_content(&vault, &mut stream, &leading, size, pace, &signed_out);
        let checked = received.and_then(|incoming| match expected {
            Some(expected) if expected != incoming.digest() => {
                Err(Broken::Refused(Failure::HashMismatch))
            }
            _ => Ok(incoming),
        });
        (stream, checked)
    });
    receiving.await
}

/// Makes a content durable and lists it.
async fn keep(
    house: &House,
    permit: &UploadPermit,
    upload: &Upload,
    incoming: Incoming,
) -> Result<Uploaded, Broken> {
    // As long as anyone is between the two steps, no unlisted content is removed.
    let listing = house.transfers.listing().read().await;
    let finishing = actix_rt::task::spawn_blocking(move || incoming.finish());
    let content = match finishing.await {
        Ok(Ok(content)) => content,
        Ok(Err(FinishError::Undurable(why))) => {
            permit.report_loss(why.kind());
            return Err(Broken::Vault(why));
        }
        Ok(Err(FinishError::Discarded(why))) => return Err(Broken::Vault(why)),
        Err(why) => return Err(Broken::Vault(io::Error::other(why))),
    };
    let listed = list(house, upload, content).await;
    drop(listing);
    if listed.is_err() {
        remove_unlisted(house, content).await;
    }
    listed.map_err(Broken::Refused)
}

/// Frees what was kept for an upload that could not be listed.
async fn remove_unlisted(house: &House, content: Digest) {
    let _alone = house.transfers.listing().write().await;
    let unlisted = house.files.unlisted(vec![content]).await;
    if !unlisted.is_ok_and(|unlisted| unlisted == [content]) {
        return;
    }
    let vault = house.vault.clone();
    let removing = actix_rt::task::spawn_blocking(move || vault.remove(&content));
    if let Ok(Err(why)) = removing.await {
        log::warn!("event=upload_leftover error={:?}", why.kind());
    }
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

fn receive_content(
    vault: &Vault,
    stream: &mut Stream,
    leading: &[u8],
    size: u64,
    mut pace: Pace,
    signed_out: &SignedOut,
) -> Result<Incoming, Broken> {
    let peer = |why: io::Error| Broken::Peer(why.kind());
    prepare(stream.socket(), &pace).map_err(peer)?;
    let mut incoming = vault.begin().map_err(Broken::Vault)?;
    let first = usize::try_from(size)
        .unwrap_or(usize::MAX)
        .min(leading.len());
    incoming.write(&leading[..first]).map_err(Broken::Vault)?;
    let left = size - incoming.size();
    let mut buffer = vec![0; BUFFER_BYTES.min(usize::try_from(left).unwrap_or(usize::MAX))];
    while incoming.size() < size {
        if signed_out.is_set() {
            return Err(Broken::Refused(Failure::SessionEnded));
        }
        let wanted = buffer
            .len()
            .min(usize::try_from(size - incoming.size()).unwrap_or(usize::MAX));
        match stream.read(&mut buffer[..wanted], &mut pace) {
            Ok(0) => return Err(Broken::Peer(io::ErrorKind::UnexpectedEof)),
            Ok(read) => incoming.write(&buffer[..read]).map_err(Broken::Vault)?,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                pace.moved(0).map_err(peer)?;
            }
            Err(why) => return Err(peer(why)),
        }
    }
    Ok(incoming)
}
