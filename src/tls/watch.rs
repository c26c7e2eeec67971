//! Looks after the certificate: reads it again when its files change or when it is
//! asked to (SIGHUP), and has one of our own renewed in time. Connections go on
//! with the one that they began with.

use super::{Source, Tls, fingerprint};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::signal::unix::Signal;

/// How often the files are looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(2);
/// How often it is seen whether a certificate of our own is to be renewed.
const RENEWAL_EVERY: Duration = Duration::from_secs(3600);

/// What changes when a file does.
type Stamp = Option<(u64, u64, i64, i64)>;

/// Watches until it is dropped. `hangup` is asked for even without TLS: a signal
/// that nobody waits for would end the process.
pub(crate) async fn watch(tls: Option<Tls>, mut hangup: Signal) {
    let Some(tls) = tls else {
        while hangup.recv().await.is_some() {
            log::info!("event=certificate_kept reason=no_tls");
        }
        return;
    };
    let mut ticks = tokio::time::interval(LOOKED_AT_EVERY);
    let mut seen = tls.source.stamps();
    let mut tried = seen;
    let mut renewal = Instant::now();
    loop {
        let is_asked = tokio::select! {
            _ = ticks.tick() => false,
            _ = hangup.recv() => true,
        };
        let now = tls.source.stamps();
        // Two files are not replaced at once: they have to have come to rest.
        let is_new = now == seen && now != tried;
        seen = now;
        let is_due = tls.source.is_ours() && renewal.elapsed() >= RENEWAL_EVERY;
        if is_asked || is_new || is_due {
            tried = now;
            renewal = Instant::now();
            tls.reload(is_asked).await;
        }
    }
}

impl Tls {
    async fn reload(&self, is_asked: bool) {
        let source = self.source.clone();
        let loading = actix_rt::task::spawn_blocking(move || source.load());
        let loaded = loading.await.unwrap_or_else(|why| Err(why.into()));
        match loaded {
            Ok(key) if key.cert == self.shown.get().cert => {
                if is_asked {
                    log::info!("event=certificate_kept reason=unchanged");
                }
            }
            Ok(key) => {
                let certificate = fingerprint(&key.cert[0]);
                self.shown.set(key);
                log::info!("event=certificate_reloaded certificate_sha256={certificate}");
            }
            Err(why) => {
                log::error!(
                    "event=certificate_refused error=\"{why:#}\" hint=\"the one before stays in use\""
                );
            }
        }
    }
}

impl Source {
    fn is_ours(&self) -> bool {
        matches!(self, Self::Authority { .. })
    }

    fn stamps(&self) -> [Stamp; 2] {
        match self {
            Self::Files { cert, key } => [stamp(cert), stamp(key)],
            Self::Authority { .. } => [None; 2],
        }
    }
}

fn stamp(path: &Path) -> Stamp {
    let meta = fs::metadata(path).ok()?;
    Some((meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}
