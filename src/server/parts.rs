//! The parts that the configuration decides on: storage, gateways, settings.

use super::EXIT_LOST;
use crate::config::{Config, LanguageName, MailDriver, SmsDriver};
use anyhow::Context as _;
use qunliao_actors::auth_registry::Settings;
use qunliao_actors::courier::Courier;
use qunliao_actors::file_vault::{FileVault, Ledger, LedgerLimits};
use qunliao_actors::vital::Vital;
use qunliao_actors::{names, passwords};
use qunliao_delivery::{Mailer, Outbox, Retry, SmsGateway, Smtp, Webhook};
use qunliao_protocol::Language;
use qunliao_protocol::auth::{Limits, ServerInfo};
use qunliao_storage::{DataFolder, Files, FreeSpace, Reserve, SledEngine, Store, Vault};
use std::sync::Arc;
use std::time::Duration;

/// How long contents that no file has are kept before they are deleted.
const ORPHANS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// More orphans than this are not what a crash leaves behind.
const ORPHANS_EXPECTED: usize = 64;

/// What is kept, opened.
pub(super) struct Kept {
    pub(super) store: Store,
    pub(super) vault: Vault,
}

/// Opens the database and the vault, and sweeps what a crash left in the latter.
pub(super) async fn open_storage(config: &Config, folder: &DataFolder) -> anyhow::Result<Kept> {
    folder.check_database()?;
    let seal = folder.seal()?;
    let engine = SledEngine::open(&folder.database())?;
    let reserve_bytes = config.storage.reserve_bytes();
    let reserve = Reserve::new(FreeSpace::of(folder.root()), reserve_bytes);
    let store = Store::open(engine, seal, reserve, |why| {
        log::error!("event=storage_failed error=\"{why}\" action=exit");
        std::process::exit(EXIT_LOST);
    })?;
    let vault = Vault::open(&folder.vault())?;
    let contents = vault.contents().context("reading the vault")?;
    let orphans = store.unlisted(contents).await?;
    for orphan in &orphans {
        vault.set_aside(orphan).context("sweeping the vault")?;
        log::warn!("event=orphan_set_aside content={orphan}");
    }
    if orphans.len() > ORPHANS_EXPECTED {
        // A crash leaves one for each upload that was just ending, and no more.
        let count = orphans.len();
        log::error!(
            "event=many_orphans count={count} hint=\"the database may have lost records; see docs/storage.md\""
        );
    }
    let deleted = vault
        .delete_orphans(ORPHANS_KEPT)
        .context("sweeping the vault")?;
    if deleted > 0 {
        log::info!("event=orphans_deleted count={deleted}");
    }
    Ok(Kept { store, vault })
}

pub(super) fn courier(
    config: &Config,
    folder: &DataFolder,
    vital: Vital,
) -> anyhow::Result<Courier> {
    // One for both: whoever appends has to know how the last line ended.
    let outbox = || Outbox::open(folder.outbox()).context("opening the outbox");
    let outbox = match (config.delivery.sms, config.delivery.mail) {
        (SmsDriver::Webhook, MailDriver::Smtp) => None,
        _ => Some(Arc::new(outbox()?)),
    };
    let sms: Arc<dyn SmsGateway> = match (config.delivery.sms, &outbox) {
        (SmsDriver::Outbox, Some(outbox)) => Arc::clone(outbox) as _,
        _ => Arc::new(Webhook::new(config.webhook_settings()?)?),
    };
    let mail: Arc<dyn Mailer> = match (config.delivery.mail, &outbox) {
        (MailDriver::Outbox, Some(outbox)) => Arc::clone(outbox) as _,
        _ => Arc::new(Smtp::new(config.smtp_settings()?)?),
    };
    Ok(Courier::new(
        sms,
        mail,
        Retry::default(),
        config.limits.deliveries_max,
        vital,
    ))
}

pub(super) fn file_vault(config: &Config, kept: &Kept, vital: Vital) -> FileVault {
    let limits = &config.limits;
    let ledger = Ledger::new(LedgerLimits {
        file_bytes_max: limits.file_bytes_max,
        open_uploads_per_user: limits.open_uploads_per_user,
        open_downloads_per_user: limits.open_downloads_per_user,
        // Files stop earlier than all else, so that they alone cannot stop chat.
        reserve_bytes: config.storage.reserve_bytes().saturating_mul(2),
    });
    FileVault::new(
        ledger,
        Arc::new(kept.store.clone()) as Arc<dyn Files>,
        kept.vault.clone(),
        limits.transfers_max,
        limits.transfer_wait(),
        vital,
    )
}

pub(super) fn settings(config: &Config) -> anyhow::Result<Settings> {
    Ok(Settings {
        verify: config.registration.verify,
        phones: config.phone_book()?,
        codes: config.codes,
        session_lifetime: Duration::from_secs(u64::from(config.sessions.lifetime_days) * 24 * 3600),
        sessions_max: config.sessions.per_user_max,
        language: config.language.into(),
    })
}

/// The answer to op 9.
pub(super) fn info(config: &Config) -> ServerInfo {
    let limits = &config.limits;
    ServerInfo {
        name: config.name.clone(),
        version: concat!("qunliao ", env!("CARGO_PKG_VERSION")).to_owned(),
        limits: Limits {
            frame_bytes_max: limits.frame_bytes_max,
            message_bytes_max: limits.message_bytes_max,
            messages_per_second: limits.messages_per_second,
            file_bytes_max: limits.file_bytes_max,
            open_uploads_per_user: limits.open_uploads_per_user,
            name_chars_max: names::NAME_CHARS_MAX,
            password_chars_min: passwords::PASSWORD_CHARS_MIN,
            password_chars_max: passwords::PASSWORD_CHARS_MAX,
        },
        registration: config.registration.verify.described(),
    }
}

impl From<LanguageName> for Language {
    fn from(name: LanguageName) -> Self {
        match name {
            LanguageName::Zh => Self::Chinese,
            LanguageName::En => Self::English,
        }
    }
}
