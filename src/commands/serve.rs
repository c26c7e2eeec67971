//! `qunliao serve` and `qunliao check-config`.

use super::Configuration;
use crate::{Config, server};
use anyhow::Context as _;

pub(super) fn serve(configuration: &Configuration) -> anyhow::Result<()> {
    start_log();
    let config = load(configuration)?;
    actix::System::new().block_on(async move {
        // Before anything is started: a signal from here on stops it in order.
        let mut signals = server::Signals::new().context("waiting for signals")?;
        let running = server::start(&config).await?;
        signals.next().await;
        running.stop().await;
        Ok(())
    })
}

pub(super) fn check_config(configuration: &Configuration) -> anyhow::Result<()> {
    load(configuration)?;
    println!("The configuration is in order.");
    Ok(())
}

fn load(configuration: &Configuration) -> anyhow::Result<Config> {
    let config = Config::load(configuration.config.as_deref(), std::env::vars_os())?;
    config.check()?;
    Ok(config)
}

/// Logs to standard error, at `info` unless `RUST_LOG` says otherwise.
fn start_log() {
    let default = env_logger::Env::default().default_filter_or("info,sled=warn,actix_server=warn");
    let logger = env_logger::Builder::from_env(default)
        .format_timestamp_millis()
        .build();
    log::set_max_level(logger.filter());
    log::set_boxed_logger(Box::new(Discreet(logger))).expect("no logger was set before");
}

/// Keeps those quiet whose finer levels print what is sent, codes and passwords
/// included, whatever `RUST_LOG` says.
struct Discreet(env_logger::Logger);

impl Discreet {
    fn may_say(metadata: &log::Metadata<'_>) -> bool {
        let speaker = metadata.target().split("::").next().unwrap_or_default();
        let is_talkative = ["ureq", "ureq_proto", "lettre", "rustls"].contains(&speaker);
        // Of every request that is none it makes an error, which strangers could fill a disk with.
        let is_shrill = speaker == "actix_http";
        !is_shrill && (!is_talkative || metadata.level() <= log::Level::Warn)
    }
}

impl log::Log for Discreet {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        Self::may_say(metadata) && self.0.enabled(metadata)
    }

    fn log(&self, record: &log::Record<'_>) {
        if Self::may_say(record.metadata()) {
            self.0.log(record);
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}
