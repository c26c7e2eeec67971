//! The parts that the configuration decides on: storage, gateways, settings.

use super::EXIT_LOST;
use crate::config::delivery::{MailDriver, SmsDriver};
use crate::config::{Config, LanguageName};
use anyhow::Context as _;
use qunliao_actors::auth_registry::{Ladder, Settings};
use qunliao_actors::breaker::SmsBreaker;
use qunliao_actors::courier::{Courier, Rungs};
use qunliao_actors::file_vault::{FileVault, Ledger, LedgerLimits};
use qunliao_actors::finder::{Finder, News, Sources};
use qunliao_actors::info::Info;
use qunliao_actors::vital::Vital;
use qunliao_actors::{names, passwords};
use qunliao_delivery::{Mailer, Outbox, Relay, SmsGateway};
use qunliao_protocol::Language;
use qunliao_protocol::auth::Limits;
use qunliao_storage::{DataFolder, Files, FreeSpace, Reserve, SledEngine, Store, Vault};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

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

/// Opens the search index, and has it follow the logs.
pub(super) fn finder(
    folder: &DataFolder,
    kept: &Kept,
    news: Arc<News>,
) -> anyhow::Result<(Arc<Finder>, JoinHandle<()>)> {
    let root = folder.search();
    let (finder, index) = Finder::open(&root, news)?;
    let sources = Sources {
        log: Arc::new(kept.store.clone()),
        rooms: Arc::new(kept.store.clone()),
        files: Arc::new(kept.store.clone()),
        accounts: Arc::new(kept.store.clone()),
    };
    let follower = Arc::clone(&finder);
    let following = async move { follower.follow(index, &root, sources).await };
    Ok((finder, actix_rt::spawn(following)))
}

pub(super) fn courier(
    config: &Config,
    folder: &DataFolder,
    vital: Vital,
) -> anyhow::Result<Courier> {
    // One for both: whoever appends has to know how the last line ended.
    let delivery = &config.delivery;
    let by_outbox =
        delivery.sms.0.contains(&SmsDriver::Outbox) || delivery.mail == MailDriver::Outbox;
    let outbox = by_outbox
        .then(|| Outbox::open(folder.outbox()).context("opening the outbox"))
        .transpose()?
        .map(Arc::new);
    let mut gateways: Vec<Arc<dyn SmsGateway>> = Vec::new();
    for driver in &delivery.sms.0 {
        let outbox = || outbox.clone().map(|outbox| outbox as _);
        gateways.extend(config.sms_gateway(*driver)?.or_else(outbox));
    }
    let mailer: Option<Arc<dyn Mailer>> = match delivery.mail {
        MailDriver::Outbox => outbox.map(|outbox| outbox as _),
        MailDriver::Smtp => config.mail_server()?.map(|smtp| Arc::new(smtp) as _),
        MailDriver::None => None,
    };
    let (retry, patience) = (config.retry(), config.patience());
    Ok(Courier::new(
        Relay::sms(gateways, retry, patience),
        Relay::mail(mailer.into_iter().collect(), retry, patience),
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
    let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 3600);
    Ok(Settings {
        verify: config.registration.verify,
        approval: config.registration.approval,
        phones: config.phone_book()?,
        codes: config.codes,
        session_idle: days(config.sessions.idle_days),
        session_lifetime: days(config.sessions.lifetime_days),
        sessions_max: config.sessions.per_user_max,
        audit_kept: days(config.storage.audit_days),
        bio_bytes_max: config.limits.bio_bytes_max,
        language: config.language.into(),
    })
}

/// The answer to op 9.
pub(super) fn info(config: &Config, rungs: Rungs, breaker: Arc<SmsBreaker>) -> Info {
    let limits = &config.limits;
    Info {
        name: config.name.clone(),
        version: concat!("qunliao ", env!("CARGO_PKG_VERSION")).to_owned(),
        limits: Limits {
            frame_bytes_max: limits.frame_bytes_max,
            message_bytes_max: limits.message_bytes_max,
            recall_seconds: limits.recall_seconds,
            edit_seconds: limits.edit_seconds,
            messages_per_second: limits.messages_per_second,
            file_bytes_max: limits.file_bytes_max,
            open_uploads_per_user: limits.open_uploads_per_user,
            name_chars_max: names::NAME_CHARS_MAX,
            password_chars_min: passwords::PASSWORD_CHARS_MIN,
            password_chars_max: passwords::PASSWORD_CHARS_MAX,
        },
        verify: config.registration.verify,
        approval: config.registration.approval,
        ladder: Arc::new(move || Ladder::now(&rungs, &breaker, Instant::now())),
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
