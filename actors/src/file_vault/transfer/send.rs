//! Sending a file or a folder.

use super::{BUFFER_BYTES, Stream, Wire, finish, pace::Pace, prepare};
use crate::file_vault::DownloadPermit;
use crate::house::House;
use bytes::Bytes;
use qunliao_protocol::files::{FETCH, Incoming as IncomingFrame, TYPE_FILE, TYPE_FOLDER};
use qunliao_protocol::reply::{Refusal, Reply};
use qunliao_protocol::{Failure, HeaderForm};
use qunliao_storage::Vault;
use qunliao_storage::files::{FileRecord, FolderRecord, Item};
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// Files of a folder that are looked up at once.
const FOLDER_PAGE: usize = 256;

/// Sends a file, or a folder's files in the order of their paths, and closes.
pub async fn send(house: Arc<House>, wire: Wire, permit: DownloadPermit, item: Item) {
    let Wire {
        stream,
        form,
        seq,
        ticket,
        here,
        ..
    } = wire;
    let transfers = &house.transfers;
    let entered = transfers.enter_download(&ticket, stream.socket(), here);
    let mut sender = Sender {
        vault: house.vault.clone(),
        stream: Some(stream),
        form,
        seq,
        begun: false,
    };
    let sent = match item {
        Item::File(file) => {
            let files = vec![(frame(&file, None), file)];
            sender.send(files, Pace::new(&house)).await
        }
        Item::Folder(folder) => send_folder(&house, &mut sender, folder).await,
    };
    let begun = sender.begun;
    let stream = sender.stream.take();
    drop((permit, entered));
    let answer = match sent {
        Ok(()) => Bytes::new(),
        Err(Broken::Peer(kind)) => {
            log::info!("event=download_broken error={kind:?}");
            return;
        }
        Err(Broken::Content(why)) => {
            log::error!("event=download_failed error=\"{why}\"");
            if begun {
                return;
            }
            let refusal = Refusal::new(&Failure::Unavailable, house.language);
            form.encode(&Reply::refused(FETCH, seq, &Failure::Unavailable, refusal).to_json())
        }
    };
    if let Some(stream) = stream {
        finish(&house, stream, &answer).await;
    }
}

/// Why a download came to nothing.
enum Broken {
    /// The peer went away or stalled.
    Peer(io::ErrorKind),
    /// What should be sent cannot be read.
    Content(io::Error),
}

async fn send_folder(
    house: &House,
    sender: &mut Sender,
    folder: FolderRecord,
) -> Result<(), Broken> {
    let (mut left, mut after) = (folder.file_count, None);
    loop {
        let page = house
            .files
            .folder_files(folder.id, after.take(), FOLDER_PAGE)
            .await;
        let page = page.map_err(|why| Broken::Content(io::Error::other(why)))?;
        after = page.last().map(|file| file.name.clone());
        if after.is_none() {
            return Ok(());
        }
        let files = page.into_iter().map_while(|file| {
            // Files that came while this download runs are for the next one.
            left = left.checked_sub(1)?;
            Some((frame(&file, Some((&folder.name, left))), file))
        });
        sender.send(files.collect(), Pace::new(house)).await?;
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
    /// Away while a thread sends, and for good if that panics.
    stream: Option<Stream>,
    form: HeaderForm,
    seq: Option<u64>,
    /// Whether anything has been sent, after which nothing else can be said.
    begun: bool,
}

impl Sender {
    async fn send(
        &mut self,
        files: Vec<(IncomingFrame, FileRecord)>,
        mut pace: Pace,
    ) -> Result<(), Broken> {
        let Some(mut stream) = self.stream.take() else {
            return Err(Broken::Peer(io::ErrorKind::NotConnected));
        };
        let vault = self.vault.clone();
        let (form, seq) = (self.form, self.seq);
        let sending = actix_rt::task::spawn_blocking(move || {
            let mut begun = false;
            let send_all = || {
                prepare(stream.socket(), &pace).map_err(Broken::peer)?;
                for (frame, file) in files {
                    let content = vault.read(&file.sha256).map_err(Broken::Content)?;
                    begun = true;
                    let frame = form.encode(&Reply::ok(FETCH, seq, frame).to_json());
                    write_all(&mut stream, &frame, &mut pace).map_err(Broken::peer)?;
                    send_content(&mut stream, content, file.size, &mut pace)?;
                }
                Ok(())
            };
            let sent = send_all();
            (stream, sent, begun)
        });
        match sending.await {
            Ok((stream, sent, begun)) => {
                self.stream = Some(stream);
                self.begun |= begun;
                sent
            }
            Err(why) => Err(Broken::Content(io::Error::other(why))),
        }
    }
}

impl Broken {
    #[expect(clippy::needless_pass_by_value, reason = "as map_err calls it")]
    fn peer(why: io::Error) -> Self {
        Self::Peer(why.kind())
    }
}

fn send_content(
    stream: &mut Stream,
    mut content: File,
    size: u64,
    pace: &mut Pace,
) -> Result<(), Broken> {
    let length = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let mut buffer = vec![0; BUFFER_BYTES.min(length(size))];
    let mut left = size;
    while left > 0 {
        let wanted = buffer.len().min(length(left));
        let read = content
            .read(&mut buffer[..wanted])
            .map_err(Broken::Content)?;
        if read == 0 {
            return Err(Broken::Content(io::ErrorKind::UnexpectedEof.into()));
        }
        write_all(stream, &buffer[..read], pace).map_err(Broken::peer)?;
        left -= read as u64;
    }
    Ok(())
}

fn write_all(stream: &mut Stream, mut bytes: &[u8], pace: &mut Pace) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes, pace) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    Ok(())
}
