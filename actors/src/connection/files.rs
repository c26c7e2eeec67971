//! The files port: the list is answered here; uploads and downloads leave with
//! the socket, as soon as the vault has given its permit.

use super::{Connection, Phase};
use crate::auth_registry::{Identify, OwnedCredential};
use crate::credentials::Verified;
use crate::file_vault::transfer::{self, Upload, Wire};
use crate::file_vault::{AskDownload, AskUpload};
use crate::house::House;
use actix::Context;
use qunliao_protocol::files::{
    FETCH, Listed, Listing, MISSING, Request, TYPE_FILE, TYPE_FOLDER, UPLOAD, Wanted,
};
use qunliao_protocol::json::Object;
use qunliao_protocol::reply::Reply;
use qunliao_protocol::{Credential, Envelope, Failure, RoomId, UserId};
use qunliao_storage::files::Item;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// Items that a list is made of at most: about as many as its size allows.
const LISTED_MAX: usize = 1_500;
/// Bytes of a list, at most: a reply may have 1 MiB, but lists that nobody reads
/// should not fill the memory.
const LISTING_BYTES_MAX: usize = 256 << 10;

impl Connection {
    pub(super) fn files_request(
        &mut self,
        envelope: Envelope,
        op: Result<u64, Failure>,
        body: &Object<'_>,
        ctx: &mut Context<Self>,
    ) {
        match op.and_then(|op| Request::read(op, body)) {
            Ok((credential, request)) => {
                // Once it is known how many bytes follow an upload's frame, a
                // refusal has to deal with them.
                self.identify_for(envelope, &credential, request, ctx);
            }
            Err(failure) if envelope.op == Some(UPLOAD) && body.size("file_size").is_ok() => {
                self.refuse_upload(envelope, &failure);
            }
            Err(failure) => self.refuse(envelope, &failure),
        }
    }

    fn identify_for(
        &mut self,
        envelope: Envelope,
        credential: &Credential<'_>,
        request: Request,
        ctx: &mut Context<Self>,
    ) {
        let credentials = &self.house.credentials;
        let fingerprint = credentials.fingerprint(credential);
        if let Some(verified) = credentials.recall(&fingerprint, Instant::now()) {
            return self.carry_out_verified(envelope, verified, request, ctx);
        }
        let asking = self.network().and_then(|network| {
            let verifying = self.begin_identifying(credential)?;
            Ok((network, verifying))
        });
        let (network, verifying) = match asking {
            Ok(asking) => asking,
            Err(failure) if matches!(request, Request::Upload { .. }) => {
                return self.refuse_upload(envelope, &failure);
            }
            Err(failure) => return self.refuse(envelope, &failure),
        };
        let asked = self
            .house
            .auth
            .identify
            .send(Identify(OwnedCredential::from(*credential), network));
        self.carry_out(ctx, asked, move |act, outcome, ctx| {
            drop(verifying);
            match outcome.unwrap_or(Err(Failure::ShuttingDown)) {
                Ok(verified) => act.carry_out_verified(envelope, verified, request, ctx),
                Err(failure) if matches!(request, Request::Upload { .. }) => {
                    act.refuse_upload(envelope, &failure);
                    act.count_refusal(&failure);
                }
                Err(failure) => {
                    act.refuse(envelope, &failure);
                    act.count_refusal(&failure);
                }
            }
        });
    }

    fn carry_out_verified(
        &mut self,
        envelope: Envelope,
        verified: Verified,
        request: Request,
        ctx: &mut Context<Self>,
    ) {
        let user = verified.person.id;
        match self.welcome(verified, ctx) {
            Ok(()) => self.carry_out_files(envelope, user, request, ctx),
            Err(failure) if matches!(request, Request::Upload { .. }) => {
                self.refuse_upload(envelope, &failure);
            }
            Err(failure) => self.refuse(envelope, &failure),
        }
    }

    fn carry_out_files(
        &mut self,
        envelope: Envelope,
        user: UserId,
        request: Request,
        ctx: &mut Context<Self>,
    ) {
        match request {
            Request::Upload {
                place,
                size,
                sha256,
            } => {
                let upload = Upload {
                    owner: user,
                    room: RoomId::LOBBY,
                    place,
                    size,
                    sha256,
                };
                self.ask_upload(envelope, upload, ctx);
            }
            Request::List => {
                let (house, seq) = (Arc::clone(&self.house), envelope.seq);
                let listing = async move { list(house, seq).await };
                self.carry_out(ctx, listing, move |act, outcome, _| match outcome {
                    Ok(body) => act.reply_body(&body),
                    Err(failure) => act.refuse(envelope, &failure),
                });
            }
            Request::Download(None) => self.refuse_missing(envelope),
            Request::Download(Some(wanted)) => {
                let house = Arc::clone(&self.house);
                self.carry_out(
                    ctx,
                    async move { find(&house, wanted).await },
                    move |act, found, ctx| match found {
                        Ok(Some(item)) => act.ask_download(envelope, user, item, ctx),
                        Ok(None) => act.refuse_missing(envelope),
                        Err(failure) => act.refuse(envelope, &failure),
                    },
                );
            }
        }
    }

    fn ask_upload(&mut self, envelope: Envelope, upload: Upload, ctx: &mut Context<Self>) {
        let asked = self.house.permits.ask_upload.send(AskUpload {
            user: upload.owner,
            room: upload.room,
            place: upload.place.clone(),
            size: upload.size,
        });
        self.carry_out(ctx, asked, move |act, outcome, _| {
            match outcome.unwrap_or(Err(Failure::ShuttingDown)) {
                Ok(permit) => {
                    if let Some(wire) = act.hand_over(envelope) {
                        actix_rt::spawn(transfer::receive(
                            Arc::clone(&act.house),
                            wire,
                            permit,
                            upload,
                        ));
                    }
                }
                Err(failure) => act.refuse_upload(envelope, &failure),
            }
        });
    }

    fn ask_download(
        &mut self,
        envelope: Envelope,
        user: UserId,
        item: Item,
        ctx: &mut Context<Self>,
    ) {
        let asked = self.house.permits.ask_download.send(AskDownload { user });
        self.carry_out(ctx, asked, move |act, outcome, _| {
            match outcome.unwrap_or(Err(Failure::ShuttingDown)) {
                Ok(permit) => {
                    if let Some(wire) = act.hand_over(envelope) {
                        actix_rt::spawn(transfer::send(Arc::clone(&act.house), wire, permit, item));
                    }
                }
                Err(failure) => act.refuse(envelope, &failure),
            }
        });
    }

    /// Gives up the socket; the connection ends, and a transfer goes on with it.
    fn hand_over(&mut self, envelope: Envelope) -> Option<Wire> {
        if self.phase != Phase::Open {
            return None;
        }
        let stream = match self.socket.take()?.into_stream() {
            Ok(stream) => stream,
            Err(why) => {
                log::warn!("event=connection_lost error={:?}", why.kind());
                self.phase = Phase::Closed;
                return None;
            }
        };
        self.phase = Phase::Closed;
        Some(Wire {
            stream,
            form: self.form(),
            seq: envelope.seq,
            leading: std::mem::take(&mut self.inbound).freeze(),
            ticket: self.ticket.take()?,
            here: self.here.take(),
        })
    }

    /// Answers a refused upload, and lets what still comes run off, so that the
    /// answer is not lost to a reset.
    fn refuse_upload(&mut self, envelope: Envelope, failure: &Failure) {
        self.refuse(envelope, failure);
        let buffered = self.inbound.len() as u64;
        self.close_discarding(self.house.limits.discard_bytes_max.saturating_sub(buffered));
    }

    fn refuse_missing(&mut self, envelope: Envelope) {
        let failure = Failure::FileNotFound;
        let mut refusal = self.refusal(&failure);
        refusal.file_name = Some(MISSING);
        self.reply(&Reply::refused(FETCH, envelope.seq, &failure, refusal));
    }
}

async fn find(house: &House, wanted: Wanted) -> Result<Option<Item>, Failure> {
    let found = match wanted {
        Wanted::Named(name) => house.files.item(RoomId::LOBBY, name).await,
        Wanted::File(id) => house.files.file(id).await.map(|file| file.map(Item::File)),
    };
    found.map_err(|why| crate::storage_failure(&why))
}

/// The reply to a list. It can be long, so it is made beside the arbiter.
async fn list(house: Arc<House>, seq: Option<u64>) -> Result<Vec<u8>, Failure> {
    let items = house.files.items(RoomId::LOBBY, LISTED_MAX).await;
    let (exist_file, items) = items.map_err(|why| crate::storage_failure(&why))?;
    let owners = items.iter().map(|item| match item {
        Item::File(file) => file.owner,
        Item::Folder(folder) => folder.owner,
    });
    let names = house.reading.names(owners.collect()).await;
    let names = names.map_err(|why| crate::storage_failure(&why))?;
    let made = actix_rt::task::spawn_blocking(move || {
        let mut bytes = 0;
        let listed = items.into_iter().map(|item| listed(item, &names));
        let fits = |listed: &Listed| {
            bytes += serde_json::to_vec(listed).map_or(0, |json| json.len() + 1);
            bytes <= LISTING_BYTES_MAX
        };
        let files = listed.take_while(fits).collect();
        Reply::ok(FETCH, seq, Listing { exist_file, files }).to_json()
    });
    made.await.map_err(|_panicked| Failure::Unavailable)
}

fn listed(item: Item, names: &HashMap<UserId, String>) -> Listed {
    let owner = |user: UserId| names.get(&user).cloned().unwrap_or_default();
    match item {
        Item::File(file) => Listed {
            owner: owner(file.owner),
            file_name: file.name,
            file_type: TYPE_FILE,
            file_size: file.size.to_string(),
            file_id: Some(file.id),
            folder_id: None,
            file_count: None,
            time: file.time,
            sha256: Some(file.sha256.to_string()),
        },
        Item::Folder(folder) => Listed {
            owner: owner(folder.owner),
            file_name: folder.name,
            file_type: TYPE_FOLDER,
            file_size: folder.size.to_string(),
            file_id: None,
            folder_id: Some(folder.id),
            file_count: Some(folder.file_count),
            time: folder.time,
            sha256: None,
        },
    }
}
