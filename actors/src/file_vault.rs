//! The `FileVault` decides who may transfer what, and when.
//!
//! It owns the account of open uploads and of the space that they will need, and
//! the turns of the transfer pool. A connection asks for a permit, and with it
//! takes its socket to the pool ([`transfer`]): no byte of a file passes through
//! a mailbox. A permit that is dropped gives back what it held. The vault stops
//! with the server; transfers under way are ended by shutting their sockets.

mod ledger;
pub mod transfer;

pub use ledger::{Ledger, LedgerLimits};

use crate::vital::Vital;
use actix::prelude::*;
use qunliao_protocol::files::Place;
use qunliao_protocol::{Failure, RoomId, UserId};
use qunliao_storage::{Files, Vault};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// May this user upload this?
#[derive(Message)]
#[rtype(result = "Result<UploadPermit, Failure>")]
pub struct AskUpload {
    /// Who.
    pub user: UserId,
    /// Into which room.
    pub room: RoomId,
    /// Where to.
    pub place: Place,
    /// How many bytes.
    pub size: u64,
}

/// May this user download something now?
#[derive(Message)]
#[rtype(result = "Result<DownloadPermit, Failure>")]
pub struct AskDownload {
    /// Who.
    pub user: UserId,
}

/// A transfer has ended, whichever way.
#[derive(Message)]
#[rtype(result = "()")]
struct Close(Account);

/// The file system can no longer be trusted.
#[derive(Message)]
#[rtype(result = "()")]
struct Lost(std::io::ErrorKind);

/// What is accounted for a transfer.
#[derive(Clone, Copy)]
enum Account {
    Upload { user: UserId, size: u64 },
    Download { user: UserId },
}

/// A turn in the transfer pool.
struct Turn {
    _turn: OwnedSemaphorePermit,
}

/// An upload's turn, and the space that is kept for it.
pub struct UploadPermit {
    _turn: Turn,
    reservation: Reservation,
}

/// A download's turn.
pub struct DownloadPermit {
    _turn: Turn,
    _reservation: Reservation,
}

impl UploadPermit {
    /// A folder could not be synced: what the vault holds is no longer sure.
    fn report_loss(&self, why: std::io::ErrorKind) {
        self.reservation.vault.do_send(Lost(why));
    }
}

/// A transfer's place in the ledger, given back when dropped.
struct Reservation {
    account: Account,
    vault: Addr<FileVault>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.vault.do_send(Close(self.account));
    }
}

/// The actor.
pub struct FileVault {
    ledger: Ledger,
    files: Arc<dyn Files>,
    vault: Vault,
    turns: Arc<Semaphore>,
    wait: Duration,
    vital: Vital,
}

impl FileVault {
    /// A vault that keeps its account in `ledger`, and has `transfers_max` turns,
    /// each of which is waited for as long as `wait`.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        files: Arc<dyn Files>,
        vault: Vault,
        transfers_max: usize,
        wait: Duration,
        vital: Vital,
    ) -> Self {
        Self {
            ledger,
            files,
            vault,
            turns: Arc::new(Semaphore::new(transfers_max)),
            wait,
            vital,
        }
    }

    fn turn(&self) -> impl Future<Output = Result<Turn, Failure>> + use<> {
        let turn = tokio::time::timeout(self.wait, Arc::clone(&self.turns).acquire_owned());
        async move {
            match turn.await {
                Ok(Ok(turn)) => Ok(Turn { _turn: turn }),
                _ => Err(Failure::Unavailable),
            }
        }
    }
}

impl Actor for FileVault {
    type Context = Context<Self>;

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        self.vital.release();
        Running::Stop
    }
}

impl Handler<AskUpload> for FileVault {
    type Result = ResponseFuture<Result<UploadPermit, Failure>>;

    fn handle(&mut self, ask: AskUpload, ctx: &mut Self::Context) -> Self::Result {
        let free = match self.vault.free_bytes() {
            Ok(free) => free,
            Err(why) => {
                let failure = crate::storage_failure(&why);
                return Box::pin(async { Err(failure) });
            }
        };
        if let Err(failure) = self.ledger.open_upload(ask.user, ask.size, free) {
            return Box::pin(async { Err(failure) });
        }
        let reservation = Reservation {
            account: Account::Upload {
                user: ask.user,
                size: ask.size,
            },
            vault: ctx.address(),
        };
        let (files, turn) = (Arc::clone(&self.files), self.turn());
        Box::pin(async move {
            match files.check_place(ask.room, ask.place).await {
                Ok(Ok(())) => {}
                Ok(Err(_conflict)) => return Err(Failure::NameConflict),
                Err(why) => return Err(crate::storage_failure(&why)),
            }
            Ok(UploadPermit {
                _turn: turn.await?,
                reservation,
            })
        })
    }
}

impl Handler<AskDownload> for FileVault {
    type Result = ResponseFuture<Result<DownloadPermit, Failure>>;

    fn handle(&mut self, ask: AskDownload, ctx: &mut Self::Context) -> Self::Result {
        if let Err(failure) = self.ledger.open_download(ask.user) {
            return Box::pin(async { Err(failure) });
        }
        let reservation = Reservation {
            account: Account::Download { user: ask.user },
            vault: ctx.address(),
        };
        let turn = self.turn();
        Box::pin(async move {
            Ok(DownloadPermit {
                _turn: turn.await?,
                _reservation: reservation,
            })
        })
    }
}

impl Handler<Close> for FileVault {
    type Result = ();

    fn handle(&mut self, Close(account): Close, _: &mut Self::Context) {
        match account {
            Account::Upload { user, size } => self.ledger.close_upload(user, size),
            Account::Download { user } => self.ledger.close_download(user),
        }
    }
}

impl Handler<Lost> for FileVault {
    type Result = ();

    fn handle(&mut self, Lost(why): Lost, _: &mut Self::Context) {
        // Ends the process, as every panic of a core actor does.
        panic!("the vault cannot be synced: {why:?}");
    }
}

impl Handler<crate::Stop> for FileVault {
    type Result = ();

    fn handle(&mut self, _: crate::Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<crate::Ping> for FileVault {
    type Result = ();

    fn handle(&mut self, _: crate::Ping, _: &mut Self::Context) {}
}
