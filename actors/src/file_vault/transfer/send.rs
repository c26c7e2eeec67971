//! Sending a file or a folder.

use super::{BUFFER_BYTES, Wire, finish, pace::Pace, prepare};
use crate::file_vault::Turn;
use crate::house::House;
use bytes::Bytes;
use qunliao_protocol::HeaderForm;
use qunliao_protocol::files::{FETCH, Incoming as IncomingFrame, TYPE_FILE, TYPE_FOLDER};
use qunliao_protocol::reply::Reply;
use qunliao_storage::Vault;
use qunliao_storage::files::{FileRecord, FolderRecord, Item};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// Files of a folder that are looked up at once.
const FOLDER_PAGE: usize = 256;

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
