//! The bare commit: what a disk and the database ask for a message to be durable,
//! without anything around it.

use crate::figures::Figures;
use anyhow::Context as _;
use clap::Args;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest value, as in our storage: sled moves large ones into files of their own.
const VALUE_BYTES_MAX: usize = 4_096;
/// As in our storage.
const CACHE_BYTES: u64 = 64 << 20;

/// How much is measured.
#[derive(Args)]
pub(crate) struct Plan {
    /// Commits.
    #[arg(long, default_value_t = 2_000)]
    commits: usize,
    /// Bytes of each.
    #[arg(long, default_value_t = 200)]
    bytes: usize,
}

/// A database that is committed to.
pub(crate) struct Commits {
    db: sled::Db,
    file: File,
    next: u64,
}

impl Commits {
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let db = sled::Config::new()
            .path(folder)
            .cache_capacity(CACHE_BYTES)
            .open()?;
        let file = File::open(folder.join("db"))?;
        Ok(Self { db, file, next: 0 })
    }

    /// Makes these bytes durable, in as few records as they fit into.
    pub(crate) fn commit(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut batch = sled::Batch::default();
        for value in bytes.chunks(VALUE_BYTES_MAX) {
            batch.insert(&self.next.to_be_bytes(), value);
            self.next += 1;
        }
        self.db.apply_batch(batch)?;
        self.db.flush()?;
        rustix::fs::fdatasync(&self.file).context("fdatasync")
    }
}

/// How long commits take, one after the other, in microseconds.
pub(crate) fn measure(commits: usize, bytes: usize) -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let mut database = Commits::open(folder.path())?;
    let bytes = vec![b'x'; bytes];
    let mut times = Figures::default();
    for _ in 0..commits {
        let begun = Instant::now();
        database.commit(&bytes)?;
        times.add(microseconds(begun.elapsed()));
    }
    Ok(times)
}

pub(crate) fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

pub(crate) fn run(plan: &Plan) -> anyhow::Result<()> {
    let times = measure(plan.commits, plan.bytes)?;
    println!(
        "commits                   {}, one after the other",
        times.count()
    );
    println!("p50, µs                   {:.0}", times.median());
    println!("p99, µs                   {:.0}", times.percentile(0.99));
    Ok(())
}
