//! Administration from the machine that the server runs on: the socket in the data
//! folder, and the way in when no server runs.
//!
//! What is asked, and what is done about it, lies in [`qunliao_actors::admin`].

mod access;
mod effects;
mod place;
mod socket;
mod wire;

pub use access::{Access, Unreachable};
pub(crate) use effects::Running;
pub(crate) use socket::AdminSocket;

use crate::config::Config;
use crate::web::PublicUrl;
use anyhow::Context as _;
use qunliao_actors::admin::{Desk, Effects, Neighbours, Settings};
use qunliao_storage::Store;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The desk over this store.
pub(crate) fn desk(
    config: &Config,
    data_dir: &Path,
    store: &Store,
    effects: Arc<dyn Effects>,
    public: &PublicUrl,
) -> anyhow::Result<Desk> {
    let (store, public) = (Arc::new(store.clone()), public.clone());
    let neighbours = Neighbours {
        accounts: store.clone(),
        sessions: store.clone(),
        codes: store.clone(),
        links: store.clone(),
        audit: store.clone(),
        log: store,
        effects,
    };
    let settings = Settings {
        phones: config.phone_book()?,
        url: Arc::new(move |purpose, token| public.link(purpose, token)),
        reset_link: hours(config.registration.reset_link_hours),
        invitation: hours(config.registration.invite_hours),
        sms_day: config.codes.sms_day,
        data_dir: std::path::absolute(data_dir).context("naming the data folder")?,
        reserve_bytes: config.storage.reserve_bytes(),
    };
    Ok(Desk::new(neighbours, settings))
}

fn hours(hours: u32) -> Duration {
    Duration::from_secs(u64::from(hours) * 3600)
}
