//! The server under test: the real binary, started in a folder of its own.
//!
//! A [`Home`] is that folder with its configuration; it outlives the servers that
//! run in it. A [`Server`] is one run: it ends with its value, and when a test
//! fails it prints the end of its log.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// For what will come in a moment, or not at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// What a server has after SIGTERM or SIGINT.
pub(crate) const STOPS_WITHIN: Duration = Duration::from_secs(10);
/// Lines of the log that a failed test shows.
const LINES_SHOWN: usize = 60;

/// Listens on free ports, and lifts the limits that a test would meet by being fast.
const CONFIG: &str = "
name: Qunliao under test
listen: { auth: '127.0.0.1:0', chat: '127.0.0.1:0', files: '127.0.0.1:0', web: '127.0.0.1:0' }
codes:
  gap_seconds: 0
  per_contact_hour: 1000000
  per_contact_day: 1000000
  per_contact_and_prefix_hour: 1000000
  per_contact_and_prefix_day: 1000000
  per_address_hour: 1000000
  per_prefix_hour: 1000000
  total_day: 1000000
  sms_day: 1000000
  breaker_ratio_percent: 0
storage: { reserve_mib: 1 }
limits:
  messages_per_second: 100000
  messages_burst: 100000
  wrong_credentials_per_address_burst: 1000000
  wrong_credentials_per_prefix_burst: 1000000
  wrong_passwords_by_strangers: 1000000
  wrong_passwords_by_known_network: 1000000
  password_queue_per_address_max: 1000
";

/// A folder with a configuration, and with the data of the servers that run in it.
pub(crate) struct Home {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

impl Home {
    /// A new one.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        let config = format!("data_dir: '{}'\n{CONFIG}", data.display());
        fs::write(folder.path().join("config.yaml"), config).expect("a temporary file");
        Self {
            folder,
            environment: Vec::new(),
        }
    }

    /// Sets a key of the configuration, `limits.file_bytes_max` for example.
    pub(crate) fn set(mut self, key: &str, value: &str) -> Self {
        let name = format!("QUNLIAO_{}", key.to_uppercase().replace('.', "__"));
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `qunliao`, in this folder and environment.
    pub(crate) fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qunliao"));
        command.current_dir(self.path()).env_remove("RUST_LOG");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("QUNLIAO_") {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// `qunliao serve` with this folder's configuration.
    pub(crate) fn serve(&self) -> Command {
        let mut command = self.program();
        command.args(["serve", "--config", "config.yaml"]);
        command
    }

    /// Starts a server and waits until it listens.
    pub(crate) fn start(self) -> Server {
        let mut child = self
            .serve()
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log = LogBook::fill_from(child.stderr.take().expect("it is piped"));
        let addresses = Addresses::read(&log.wait_for("event=started"));
        Server {
            run: Some(Run {
                child,
                log,
                home: self,
            }),
            addresses,
        }
    }

    /// Runs a server that is expected not to start, to its end.
    pub(crate) fn fail_to_start(&self) -> Output {
        let output = self.serve().output().expect("the program starts");
        assert!(!output.status.success(), "it must not start");
        output
    }
}

/// Where a server listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) auth: SocketAddr,
    pub(crate) chat: SocketAddr,
    pub(crate) files: SocketAddr,
    pub(crate) web: SocketAddr,
}

impl Addresses {
    fn read(line: &str) -> Self {
        let address = |key: &str| {
            let value = line
                .split_whitespace()
                .find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
            let value = value.unwrap_or_else(|| panic!("no {key} in {line:?}"));
            value.parse().expect("an address")
        };
        Self {
            auth: address("auth"),
            chat: address("chat"),
            files: address("files"),
            web: address("web"),
        }
    }
}

/// A server that runs.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) addresses: Addresses,
    /// `None` once it has been ended.
    run: Option<Run>,
}

struct Run {
    child: Child,
    log: Arc<LogBook>,
    home: Home,
}

impl Server {
    /// Starts one with the usual configuration, in a new home.
    pub(crate) fn start() -> Self {
        Home::new().start()
    }

    /// Its home.
    pub(crate) fn home(&self) -> &Home {
        &self.run().home
    }

    /// Everything it has logged so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.run().log.lock().lines.clone()
    }

    /// Waits for a line of the log that contains `text`.
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        self.run().log.wait_for(text)
    }

    /// Its resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process()));
        let status = status.expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next());
        kib.and_then(|kib| kib.parse().ok()).expect("a number")
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.run().child.id()
    }

    /// Ends it with SIGTERM, which has to go well.
    pub(crate) fn terminate(self) -> Home {
        self.end_with("TERM")
    }

    /// Ends it with this signal, which has to go well, and soon.
    pub(crate) fn end_with(mut self, signal: &str) -> Home {
        self.signal(signal);
        let run = self.run.as_mut().expect("it runs");
        let since = Instant::now();
        let status = run.wait();
        assert!(
            since.elapsed() <= STOPS_WITHIN,
            "SIG{signal} took {:?}",
            since.elapsed()
        );
        assert!(status.success(), "SIG{signal}: {status}");
        let panics = run.log.lines_with("panicked");
        assert!(
            panics.is_empty(),
            "a panic ends no server, but is a mistake: {panics:#?}"
        );
        self.run.take().expect("it ran").home
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let process = self.process().to_string();
        let sent = Command::new("kill").args(["-s", signal, &process]).status();
        assert!(sent.expect("there is a kill").success());
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill9(mut self) -> Home {
        let mut run = self.run.take().expect("it runs");
        run.child.kill().expect("it is our child");
        run.wait();
        run.home
    }

    /// Ends it with SIGTERM, and starts another in the same home.
    pub(crate) fn restart(self) -> Self {
        self.terminate().start()
    }

    fn run(&self) -> &Run {
        self.run.as_ref().expect("it runs")
    }
}

impl Run {
    /// Waits for the end of the process: of its log, to be exact, which ends with it.
    fn wait(&mut self) -> ExitStatus {
        self.log.wait_for_end();
        self.child.wait().expect("it is our child")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut run) = self.run.take() {
            // It may have ended by itself: then the log says why.
            let _ = run.child.kill();
            let _ = run.child.wait();
            if std::thread::panicking() {
                let book = run.log.lock();
                let first = book.lines.len().saturating_sub(LINES_SHOWN);
                eprintln!("--- the server's log ends with");
                for line in &book.lines[first..] {
                    eprintln!("{line}");
                }
            }
        }
    }
}

/// What a server logs.
struct LogBook {
    pages: Mutex<Pages>,
    turned: Condvar,
}

#[derive(Default)]
struct Pages {
    lines: Vec<String>,
    ended: bool,
}

impl LogBook {
    fn fill_from(source: ChildStderr) -> Arc<Self> {
        let book = Arc::new(Self {
            pages: Mutex::default(),
            turned: Condvar::new(),
        });
        let writer = Arc::clone(&book);
        std::thread::spawn(move || {
            let lines = BufReader::new(source).split(b'\n').map_while(Result::ok);
            for line in lines {
                let line = String::from_utf8_lossy(&line).into_owned();
                writer.lock().lines.push(line);
                writer.turned.notify_all();
            }
            writer.lock().ended = true;
            writer.turned.notify_all();
        });
        book
    }

    fn wait_for(&self, text: &str) -> String {
        let mut seen = 0;
        let mut found = None;
        self.wait(|pages| {
            found = pages.lines[seen..]
                .iter()
                .find(|line| line.contains(text))
                .cloned();
            seen = pages.lines.len();
            found.is_some()
        });
        found.unwrap_or_else(|| panic!("the log never said {text:?}: {:#?}", self.lock().lines))
    }

    fn lines_with(&self, text: &str) -> Vec<String> {
        let pages = self.lock();
        let lines = pages.lines.iter().filter(|line| line.contains(text));
        lines.cloned().collect()
    }

    fn wait_for_end(&self) {
        self.wait(|pages| pages.ended);
        assert!(self.lock().ended, "the server does not end");
    }

    /// Waits until `done`, the end of the log, or the end of all patience.
    fn wait(&self, mut done: impl FnMut(&Pages) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut pages = self.lock();
        while !done(&pages) && !pages.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.turned.wait_timeout(pages, left);
            pages = waited.expect("nobody panics with the book in hand").0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages
            .lock()
            .expect("nobody panics with the book in hand")
    }
}

/// Asks again and again until there is an answer.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "in vain waited for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
