//! The `FileVault`: who may transfer how much, and when.

use crate::support::stores::{memory_store, sled_store};
use crate::support::{ALICE, BOB, Someone, bell, until, within};
use actix::prelude::*;
use qunliao_actors::file_vault::{
    AskDownload, AskUpload, FileVault, Ledger, LedgerLimits, UploadPermit,
};
use qunliao_actors::vital::Vital;
use qunliao_actors::{Ping, Stop};
use qunliao_protocol::files::Place;
use qunliao_protocol::label::{Label, Path};
use qunliao_protocol::{Failure, RoomId};
use qunliao_storage::files::NewFile;
use qunliao_storage::{Digest, Files, MemoryEngine, Store, Vault};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

/// Long enough for whatever is on its way.
const LONG: Duration = Duration::from_secs(60);

/// How the vault of a test differs from the usual one.
struct Plan {
    file_bytes_max: u64,
    per_user: usize,
    transfers_max: usize,
    wait: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            file_bytes_max: 1_000,
            per_user: 8,
            transfers_max: 8,
            wait: LONG,
        }
    }
}

struct Keeper {
    address: Addr<FileVault>,
    alarms: UnboundedReceiver<&'static str>,
    free_bytes: u64,
    _folder: TempDir,
}

impl Plan {
    fn build(self) -> Keeper {
        let folder = tempfile::tempdir().unwrap();
        let store = sled_store(folder.path());
        self.build_over(folder, store)
    }

    fn build_over(self, folder: TempDir, store: Store) -> Keeper {
        let (on_loss, alarms) = bell();
        let vault = Vault::open(&folder.path().join("vault")).unwrap();
        let free_bytes = vault.free_bytes().unwrap();
        let actor = FileVault::new(
            Ledger::new(LedgerLimits {
                file_bytes_max: self.file_bytes_max,
                open_uploads_per_user: self.per_user,
                open_downloads_per_user: self.per_user,
                reserve_bytes: 0,
            }),
            Arc::new(store),
            vault,
            self.transfers_max,
            self.wait,
            Vital::new("file_vault", on_loss),
        );
        Keeper {
            address: actor.start(),
            alarms,
            free_bytes,
            _folder: folder,
        }
    }
}

fn file(name: &str) -> Place {
    Place::File(Label::new(name).unwrap())
}

fn ask(someone: &Someone, place: Place, size: u64) -> AskUpload {
    AskUpload {
        user: someone.user(),
        room: RoomId::LOBBY,
        place,
        size,
    }
}

impl Keeper {
    async fn upload(&self, ask: AskUpload) -> Result<UploadPermit, Failure> {
        within(self.address.send(ask)).await.unwrap()
    }

    /// The refusal of an upload that must be refused.
    async fn refusal(&self, ask: AskUpload) -> Failure {
        match self.upload(ask).await {
            Err(failure) => failure,
            Ok(_) => panic!("must be refused"),
        }
    }

    async fn download(&self) -> Result<(), Failure> {
        let turn = within(self.address.send(AskDownload { user: ALICE.user() }))
            .await
            .unwrap();
        turn.map(drop)
    }
}

#[actix_rt::test]
async fn a_user_has_so_many_uploads_open_until_one_ends() {
    let vault = Plan {
        per_user: 2,
        ..Plan::default()
    }
    .build();
    let first = vault.upload(ask(&ALICE, file("a"), 1)).await;
    let _second = vault.upload(ask(&ALICE, file("b"), 1)).await.ok().unwrap();
    let third = vault.refusal(ask(&ALICE, file("c"), 1)).await;
    assert_eq!(third, Failure::TooManyTransfers);
    assert!(vault.upload(ask(&BOB, file("c"), 1)).await.is_ok());
    drop(first);
    assert!(vault.upload(ask(&ALICE, file("c"), 1)).await.is_ok());
}

#[actix_rt::test]
async fn a_file_that_is_too_large_is_refused_and_takes_no_place() {
    let vault = Plan {
        per_user: 1,
        ..Plan::default()
    }
    .build();
    for size in [1_001, u64::MAX] {
        let refused = vault.refusal(ask(&ALICE, file("a"), size)).await;
        assert_eq!(refused, Failure::FileTooLarge(1_000));
    }
    assert!(vault.upload(ask(&ALICE, file("a"), 1_000)).await.is_ok());
}

#[actix_rt::test]
async fn space_that_is_promised_to_one_is_not_promised_to_another() {
    let vault = Plan {
        file_bytes_max: u64::MAX,
        ..Plan::default()
    }
    .build();
    // Two of these do not fit, however much others write meanwhile.
    let most = vault.free_bytes / 5 * 3;
    let first = vault.upload(ask(&ALICE, file("a"), most)).await;
    assert!(first.is_ok());
    let refused = vault.refusal(ask(&BOB, file("b"), most)).await;
    assert_eq!(refused, Failure::StorageFull);
    drop(first);
    assert!(vault.upload(ask(&BOB, file("b"), most)).await.is_ok());
}

#[actix_rt::test]
async fn a_name_that_stands_for_a_folder_takes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let within_photos = |path: &str| Place::Folder {
        folder: Label::new("photos").unwrap(),
        path: Path::new(path).unwrap(),
    };
    let shared = store.add_file(NewFile {
        room: RoomId::LOBBY,
        place: within_photos("1.jpg"),
        size: 1,
        sha256: Digest::new([1; 32]),
        owner: BOB.user(),
        time: 1,
    });
    shared.await.unwrap().unwrap();
    let plan = Plan {
        per_user: 1,
        ..Plan::default()
    };
    let vault = plan.build_over(folder, store);
    let refused = vault.refusal(ask(&ALICE, file("photos"), 1)).await;
    assert_eq!(refused, Failure::NameConflict);
    // The refused one has kept no place.
    let another = vault.upload(ask(&ALICE, within_photos("2.jpg"), 1)).await;
    assert!(another.is_ok());
}

#[actix_rt::test]
async fn without_an_index_nothing_is_permitted_and_nothing_is_kept() {
    let engine = MemoryEngine::new();
    let plan = Plan {
        per_user: 1,
        ..Plan::default()
    };
    let vault = plan.build_over(tempfile::tempdir().unwrap(), memory_store(&engine));
    engine.faults().fail_reads(true);
    let refused = vault.refusal(ask(&ALICE, file("a"), 1)).await;
    assert_eq!(refused, Failure::Unavailable);
    engine.faults().fail_reads(false);
    assert!(vault.upload(ask(&ALICE, file("a"), 1)).await.is_ok());
}

#[actix_rt::test]
async fn who_waits_in_vain_for_a_turn_is_told_so() {
    let vault = Plan {
        per_user: 1,
        transfers_max: 1,
        wait: Duration::from_millis(20),
        ..Plan::default()
    }
    .build();
    let only = within(vault.address.send(AskDownload { user: BOB.user() }))
        .await
        .unwrap();
    assert_eq!(vault.download().await, Err(Failure::Unavailable));
    let refused = vault.refusal(ask(&ALICE, file("a"), 1)).await;
    assert_eq!(refused, Failure::Unavailable);
    drop(only);
    assert_eq!(vault.download().await, Ok(()));
    assert!(vault.upload(ask(&ALICE, file("a"), 1)).await.is_ok());
}

#[actix_rt::test]
async fn a_turn_that_is_given_back_goes_to_the_next_who_waits() {
    let vault = Plan {
        transfers_max: 1,
        ..Plan::default()
    }
    .build();
    let first = vault.upload(ask(&ALICE, file("a"), 1)).await;
    let waiting = vault.address.send(AskDownload { user: ALICE.user() });
    let mut waiting = std::pin::pin!(waiting);
    // The vault has dealt with everything that was asked before.
    within(vault.address.send(Ping)).await.unwrap();
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    drop(first);
    assert!(within(waiting).await.unwrap().is_ok());
}

#[actix_rt::test]
async fn who_goes_away_while_waiting_leaves_nothing_behind() {
    let vault = Plan {
        per_user: 1,
        transfers_max: 1,
        ..Plan::default()
    }
    .build();
    let first = within(vault.address.send(AskDownload { user: ALICE.user() }))
        .await
        .unwrap();
    {
        let gone = vault.address.send(ask(&ALICE, file("a"), 1));
        let mut gone = std::pin::pin!(gone);
        assert!(futures_util::poll!(gone.as_mut()).is_pending());
        within(vault.address.send(Ping)).await.unwrap();
    }
    drop(first);
    assert_eq!(vault.download().await, Ok(()));
    // The one who is gone gets the turn, and gives all back at once.
    within(async {
        while vault.upload(ask(&ALICE, file("a"), 1)).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[actix_rt::test]
async fn a_vault_that_was_told_to_stop_permits_nothing_and_raises_no_alarm() {
    let mut vault = Plan::default().build();
    let permit = vault.upload(ask(&ALICE, file("a"), 1)).await;
    within(vault.address.send(Stop)).await.unwrap();
    let address = vault.address.clone();
    until(move || !address.connected()).await;
    let refused = within(vault.address.send(AskDownload { user: ALICE.user() })).await;
    assert!(matches!(refused, Err(MailboxError::Closed)));
    // A permit may outlive the vault.
    drop(permit);
    assert_eq!(within(vault.alarms.recv()).await, None);
}
