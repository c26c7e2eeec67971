//! A process under load: started, pinned, watched, and ended with its value.

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A process that runs; it ends with its value.
pub(crate) struct Process(Child);

impl Process {
    /// Of a child that was started already.
    pub(crate) fn of(child: Child) -> Self {
        Self(child)
    }

    /// Starts a command whose output, of both kinds, can be read line by line.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<(Self, Receiver<String>)> {
        let what = format!("{:?}", command.get_program());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {what}"))?;
        let (line, lines) = channel();
        let outputs = [
            child
                .stdout
                .take()
                .map(|out| Box::new(out) as Box<dyn std::io::Read + Send>),
            child.stderr.take().map(|err| Box::new(err) as _),
        ];
        for output in outputs.into_iter().flatten() {
            let line = line.clone();
            std::thread::spawn(move || {
                // Read to the end also when nobody listens any more, or it would block.
                for text in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = line.send(text);
                }
            });
        }
        Ok((Self(child), lines))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Fails if it has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        match self.0.try_wait()? {
            Some(status) => bail!("it ended: {status}"),
            None => Ok(()),
        }
    }

    /// Ends it in order, and waits for that.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let id = Pid::from_child(&self.0);
        rustix::process::kill_process(id, Signal::TERM)?;
        let status = self.0.wait()?;
        ensure!(status.success(), "it ended: {status}");
        Ok(())
    }

    /// How long its threads have had a core.
    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        cpu_time(&format!("/proc/{}/stat", self.id()))
    }

    /// Its resident memory now, and the most that it ever was, in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let value = |key: &str| -> anyhow::Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let kib = line.and_then(|rest| rest.split_whitespace().next());
            Ok(kib.context("no such figure")?.parse::<u64>()? * 1_024)
        };
        Ok((value("VmRSS:")?, value("VmHWM:")?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It is about to go with its folder: nothing of it is worth an end in order.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How long this process has had a core.
pub(crate) fn own_cpu_time() -> anyhow::Result<Duration> {
    cpu_time("/proc/self/stat")
}

fn cpu_time(stat: &str) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(stat)?;
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

/// A command that runs on one core alone, or on any, and ends with us.
pub(crate) fn pinned(program: &Path, core: Option<usize>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some(core) = core {
        command.args(["taskset", "--cpu-list", &core.to_string()]);
    }
    command.arg(program);
    command
}
