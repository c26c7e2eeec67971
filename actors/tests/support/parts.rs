//! Parts of a house that no test looks at.

use actix::prelude::*;
use qunliao_actors::Limits;
use qunliao_actors::auth_registry::{Ladder, Reach, Verify};
use qunliao_actors::file_vault::{FileVault, Ledger, LedgerLimits};
use qunliao_actors::house::VaultHandles;
use qunliao_actors::info::Info;
use qunliao_actors::vital::Vital;
use qunliao_protocol::auth::Limits as ToldLimits;
use qunliao_storage::{Store, Vault};
use std::sync::Arc;

/// A real vault's permits, which nobody else can make.
pub(crate) fn real_permits(limits: &Limits, store: &Store, vault: &Vault) -> VaultHandles {
    let ledger = Ledger::new(LedgerLimits {
        file_bytes_max: limits.file_bytes_max,
        open_uploads_per_user: limits.open_uploads_per_user,
        open_downloads_per_user: limits.open_downloads_per_user,
        reserve_bytes: 0,
    });
    let vault = FileVault::new(
        ledger,
        Arc::new(store.clone()),
        vault.clone(),
        limits.transfers_max,
        limits.transfer_wait(),
        Vital::new("file_vault", Arc::new(|_| {})),
    )
    .start();
    VaultHandles {
        ask_upload: vault.clone().recipient(),
        ask_download: vault.recipient(),
    }
}

/// What the server tells of itself.
pub(crate) fn info(limits: &Limits) -> Info {
    Info {
        name: "群聊".to_owned(),
        version: "qunliao test".to_owned(),
        limits: ToldLimits {
            frame_bytes_max: limits.frame_bytes_max,
            message_bytes_max: limits.message_bytes_max,
            recall_seconds: limits.recall_seconds,
            edit_seconds: limits.edit_seconds,
            messages_per_second: limits.messages_per_second,
            file_bytes_max: limits.file_bytes_max,
            open_uploads_per_user: limits.open_uploads_per_user,
            name_chars_max: 32,
            password_chars_min: 8,
            password_chars_max: 128,
        },
        verify: Verify::Sms,
        approval: false,
        ladder: Arc::new(|| Ladder {
            sms: Reach::Working,
            mail: Reach::Working,
        }),
    }
}
