//! The server under load: the real binary, in a folder of its own.

use anyhow::{Context as _, bail};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// What a load generator on one address would meet: limits for strangers.
const LIFTED: [(&str, &str); 9] = [
    ("REGISTRATION__VERIFY", "none"),
    ("LIMITS__CONNECTIONS_PER_ADDRESS_MAX", "10000"),
    ("LIMITS__PASSWORD_QUEUE_PER_ADDRESS_MAX", "1000"),
    ("LIMITS__WRONG_CREDENTIALS_MAX", "1000000"),
    ("LIMITS__WRONG_CREDENTIALS_PER_ADDRESS_BURST", "1000000"),
    ("LIMITS__WRONG_CREDENTIALS_PER_PREFIX_BURST", "1000000"),
    ("LIMITS__WRONG_PASSWORDS_BY_STRANGERS", "1000000"),
    ("LIMITS__WRONG_PASSWORDS_BY_KNOWN_NETWORK", "1000000"),
    ("LIMITS__MESSAGES_PER_SECOND", "10000"),
];

/// A server that runs; it ends with its value.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) auth: SocketAddr,
    pub(crate) chat: SocketAddr,
    child: Child,
    _folder: TempDir,
}

/// The binary named, or the one that lies beside this one.
pub(crate) fn binary(named: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let binary = match named {
        Some(path) => path,
        None => std::env::current_exe()?.with_file_name("qunliao"),
    };
    if !binary.is_file() {
        bail!(
            "there is no {}: build it (cargo build --release), or name it with --server",
            binary.display()
        );
    }
    Ok(binary.canonicalize()?)
}

impl Server {
    /// Starts one and waits until it listens.
    pub(crate) fn start(binary: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(binary);
        command.arg("serve").current_dir(folder.path());
        for port in ["AUTH", "CHAT", "FILES", "WEB"] {
            command.env(format!("QUNLIAO_LISTEN__{port}"), "127.0.0.1:0");
        }
        for (key, value) in LIFTED {
            command.env(format!("QUNLIAO_{key}"), value);
        }
        let mut child = command
            .env("RUST_LOG", "info,qunliao_actors=warn")
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let log = child.stderr.take().context("its log is piped")?;
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let started = lines.find(|line| line.contains("event=started"));
        let started = started.context("the server did not start")?;
        // Read on, or it would have to wait for a reader of its log.
        std::thread::spawn(move || {
            for line in lines {
                eprintln!("server: {line}");
            }
        });
        let address = |key: &str| -> anyhow::Result<SocketAddr> {
            let words = started.split_whitespace();
            let mut values = words.filter_map(|word| word.strip_prefix(key)?.strip_prefix('='));
            Ok(values.next().context("no address in its log")?.parse()?)
        };
        Ok(Self {
            auth: address("auth")?,
            chat: address("chat")?,
            child,
            _folder: folder,
        })
    }

    /// How long its threads have had a core.
    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in brackets may hold anything; after it, fields are plain.
        let (_, fields) = stat.rsplit_once(')').context("no such line")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |index: usize| -> anyhow::Result<u64> {
            let field: &&str = fields.get(index).context("no such field")?;
            Ok(field.parse()?)
        };
        // Its own time and the kernel's, by proc_pid_stat(5).
        let ticks = ticks(11)? + ticks(12)?;
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(Duration::from_millis(ticks * 1_000 / per_second.max(1)))
    }

    /// Its resident memory now, and the most that it ever was, in MiB.
    pub(crate) fn memory_mib(&self) -> anyhow::Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let value = |key: &str| -> anyhow::Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let kib = line.and_then(|rest| rest.split_whitespace().next());
            Ok(kib.context("no such figure")?.parse::<u64>()? / 1024)
        };
        Ok((value("VmRSS:")?, value("VmHWM:")?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is about to go with its folder: nothing of it is worth an end in order.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
