//! The server under load: the real binary, in a folder of its own.

use crate::process::Process;
use anyhow::{Context as _, bail};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// What a load generator on one address would meet: limits for strangers, and for
/// people who talk too much.
const LIFTED: [(&str, &str); 12] = [
    ("REGISTRATION__VERIFY", "none"),
    ("LIMITS__CONNECTIONS_MAX", "16000"),
    ("LIMITS__CONNECTIONS_PER_ADDRESS_MAX", "16000"),
    ("LIMITS__ROOM_MEMBERS_MAX", "16000"),
    ("LIMITS__PASSWORD_QUEUE_PER_ADDRESS_MAX", "1000"),
    ("LIMITS__WRONG_CREDENTIALS_MAX", "1000000"),
    ("LIMITS__WRONG_CREDENTIALS_PER_ADDRESS_BURST", "1000000"),
    ("LIMITS__WRONG_CREDENTIALS_PER_PREFIX_BURST", "1000000"),
    ("LIMITS__WRONG_PASSWORDS_BY_STRANGERS", "1000000"),
    ("LIMITS__WRONG_PASSWORDS_BY_KNOWN_NETWORK", "1000000"),
    ("LIMITS__MESSAGES_PER_SECOND", "1000000"),
    ("LIMITS__MESSAGES_BURST", "1000000"),
];

/// A server that runs; it ends with its value.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) auth: SocketAddr,
    pub(crate) chat: SocketAddr,
    process: Process,
    _folder: Option<TempDir>,
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
    /// Starts one, in a folder that goes with it, and waits until it listens.
    pub(crate) fn start(binary: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut server = Self::launch(Command::new(binary), folder.path())?;
        server._folder = Some(folder);
        Ok(server)
    }

    /// Starts one by this command, over the data in this folder, and waits until it
    /// listens.
    pub(crate) fn launch(mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        command.arg("serve").current_dir(folder);
        for port in ["AUTH", "CHAT", "FILES", "WEB"] {
            command.env(format!("QUNLIAO_LISTEN__{port}"), "127.0.0.1:0");
        }
        for (key, value) in LIFTED {
            command.env(format!("QUNLIAO_{key}"), value);
        }
        let mut child = command
            .env("RUST_LOG", "warn,qunliao::server=info")
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {:?}", command.get_program()))?;
        let log = child.stderr.take().context("its log is piped")?;
        let process = Process::of(child);
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
            process,
            _folder: None,
        })
    }

    /// The process alone. Its folder has to be somebody else's.
    pub(crate) fn into_process(self) -> Process {
        self.process
    }

    /// How long its threads have had a core.
    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        self.process.cpu_time()
    }

    /// Its resident memory now, and the most that it ever was, in MiB.
    pub(crate) fn memory_mib(&self) -> anyhow::Result<(u64, u64)> {
        let (now, most) = self.process.memory()?;
        Ok((now >> 20, most >> 20))
    }
}
