//! What is measured: our server, the floors, and the peers. Each is started anew for
//! each measurement, in a temporary folder, pinned to the server's core.

mod peers;

use crate::load::Crowd;
use crate::load::crowd::Manners;
use crate::load::protocols::Acknowledgement::{self, ByServer, ByWitness};
use crate::load::protocols::Speech;
use crate::load::protocols::irc::IrcSpeech;
use crate::load::protocols::mqtt::{MqttSpeech, Quality};
use crate::load::protocols::nats::{self, NatsSpeech};
use crate::load::protocols::ours::{OurSpeech, RawSpeech};
use crate::load::protocols::resp::RespSpeech;
use crate::process::{Process, pinned};
use crate::server::Server;
use crate::template::Template;
use anyhow::{Context as _, bail};
use clap::ValueEnum;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a peer may take to start.
const START: Duration = Duration::from_secs(20);
/// Members of a channel of an idle crowd: IRC tells everyone in a channel of everyone
/// who comes, ten thousand times ten thousand lines.
const IDLE_CHANNEL: usize = 100;

/// Something to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub(crate) enum System {
    /// The floor: epoll and one write for each connection and turn.
    Raw,
    /// The floor with one bare commit for each turn.
    RawDurable,
    /// Our server.
    Ours,
    /// Redis pub/sub.
    Redis,
    /// Debian's NATS.
    Nats,
    /// Debian's NATS with a stream, which it does not sync before it acknowledges.
    NatsJs,
    /// A current NATS with a stream and `sync_interval: always`.
    NatsJsSync,
    /// InspIRCd.
    Inspircd,
    /// ngIRCd.
    Ngircd,
    /// Mosquitto, QoS 0.
    MosquittoQos0,
    /// Mosquitto, QoS 1.
    MosquittoQos1,
}

/// Where things are, and where they should run.
pub(crate) struct Stage {
    /// Our server's binary.
    pub(crate) server: PathBuf,
    /// The core that servers are pinned to.
    pub(crate) server_core: Option<usize>,
    /// A current NATS.
    pub(crate) nats: Option<PathBuf>,
    /// Our server's data, with people signed up.
    pub(crate) template: Template,
}

/// A system that runs.
pub(crate) struct Running<'a> {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    system: System,
    stage: &'a Stage,
    _folder: TempDir,
    _log: Option<Receiver<String>>,
}

impl System {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::RawDurable => "raw-durable",
            Self::Ours => "qunliao",
            Self::Redis => "redis",
            Self::Nats => "nats",
            Self::NatsJs => "nats-js",
            Self::NatsJsSync => "nats-js-sync",
            Self::Inspircd => "inspircd",
            Self::Ngircd => "ngircd",
            Self::MosquittoQos0 => "mosquitto q0",
            Self::MosquittoQos1 => "mosquitto q1",
        }
    }

    /// Whether it is one of those that the best peer is looked for among: they keep
    /// nothing, and are what people would take instead.
    pub(crate) fn is_peer(self) -> bool {
        !matches!(
            self,
            Self::Raw | Self::RawDurable | Self::Ours | Self::NatsJs | Self::NatsJsSync
        )
    }

    /// Whether members hear themselves.
    fn echoes(self) -> bool {
        use System::{MosquittoQos0, MosquittoQos1, Nats, NatsJs, NatsJsSync, Redis};
        matches!(
            self,
            Redis | Nats | NatsJs | NatsJsSync | MosquittoQos0 | MosquittoQos1
        )
    }

    fn acknowledgement(self) -> Acknowledgement {
        match self {
            Self::Nats | Self::Inspircd | Self::Ngircd | Self::MosquittoQos0 => ByWitness,
            _ => ByServer,
        }
    }

    /// Starts it, and waits until it can be connected to.
    pub(crate) fn start(self, stage: &Stage) -> anyhow::Result<Running<'_>> {
        let folder = tempfile::tempdir()?;
        let started = match self {
            Self::Ours => stage.start_ours(folder),
            _ => stage.start_peer(self, folder),
        };
        started.with_context(|| format!("starting {}", self.name()))
    }
}

impl Stage {
    fn start_ours(&self, folder: TempDir) -> anyhow::Result<Running<'_>> {
        self.template.copy_to(folder.path())?;
        let command = pinned(&self.server, self.server_core);
        let server = Server::launch(command, folder.path())?;
        Ok(Running {
            address: server.chat,
            process: server.into_process(),
            system: System::Ours,
            stage: self,
            _folder: folder,
            _log: None,
        })
    }

    fn start_peer(&self, system: System, folder: TempDir) -> anyhow::Result<Running<'_>> {
        let address = free_address()?;
        let command = self.command(system, address, folder.path())?;
        let (mut process, log) = Process::start(command)?;
        let begun = Instant::now();
        let mut said = Vec::new();
        // A line of its log, or a moment without one, is an occasion to try.
        while TcpStream::connect(address).is_err() {
            said.extend(log.recv_timeout(Duration::from_millis(20)));
            if let Err(why) = process.check() {
                said.extend(log.try_iter());
                bail!("{why}: {}", said.join("\n"));
            }
            if begun.elapsed() > START {
                bail!("it does not listen: {}", said.join("\n"));
            }
        }
        if matches!(system, System::NatsJs | System::NatsJsSync) {
            nats::make_stream(address)?;
        }
        Ok(Running {
            process,
            address,
            system,
            stage: self,
            _folder: folder,
            _log: Some(log),
        })
    }

    fn command(
        &self,
        system: System,
        address: SocketAddr,
        folder: &Path,
    ) -> anyhow::Result<Command> {
        if matches!(system, System::Raw | System::RawDurable) {
            let mut command = pinned(&std::env::current_exe()?, self.server_core);
            command.arg("raw").arg(address.to_string());
            if system == System::RawDurable {
                command.arg("--durable").arg(folder.join("db"));
            }
            return Ok(command);
        }
        let program = match (system, &self.nats) {
            (System::NatsJsSync, Some(nats)) => nats.clone(),
            (System::NatsJsSync, None) => bail!("name a current NATS with --nats"),
            _ => peers::program(system).into(),
        };
        let config = folder.join("config");
        std::fs::write(&config, peers::config(system, address, folder))?;
        let mut command = pinned(&program, self.server_core);
        command
            .args(peers::arguments(system, &config))
            .current_dir(folder);
        Ok(command)
    }
}

/// An address that nobody listens on.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

impl Running<'_> {
    fn speech(&self, member: usize, channel: Option<usize>) -> Box<dyn Speech> {
        match self.system {
            System::Raw | System::RawDurable => Box::new(RawSpeech::default()),
            System::Ours => Box::new(OurSpeech::new(self.stage.template.token(member))),
            System::Redis => Box::new(RespSpeech),
            System::Nats => Box::new(NatsSpeech::new(member, false)),
            System::NatsJs | System::NatsJsSync => Box::new(NatsSpeech::new(member, true)),
            System::Inspircd | System::Ngircd => Box::new(IrcSpeech::new(member, channel)),
            System::MosquittoQos0 => Box::new(MqttSpeech::new(member, Quality::AtMostOnce)),
            System::MosquittoQos1 => Box::new(MqttSpeech::new(member, Quality::AtLeastOnce)),
        }
    }

    fn with_manners<T>(
        &self,
        channel: impl Fn(usize) -> Option<usize>,
        act: impl FnOnce(&Manners<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        act(&Manners {
            speech: &|member| self.speech(member, channel(member)),
            acknowledgement: self.system.acknowledgement(),
            echo: self.system.echoes(),
        })
    }

    /// So many members in its room.
    pub(crate) fn gather(&self, members: usize) -> anyhow::Result<Crowd> {
        self.with_manners(
            |_| None,
            |manners| Crowd::gather(self.address, manners, members),
        )
    }

    /// So many members in its room, or with IRC in channels of a hundred, who will
    /// say nothing.
    pub(crate) fn gather_idle(&self, members: usize) -> anyhow::Result<Crowd> {
        self.with_manners(
            |member| Some(member / IDLE_CHANNEL),
            |manners| Crowd::gather(self.address, manners, members),
        )
    }

    /// More members, whose sockets keep no more than so many bytes unread.
    pub(crate) fn admit(
        &self,
        crowd: &mut Crowd,
        more: usize,
        receive_bytes: usize,
    ) -> anyhow::Result<()> {
        self.with_manners(
            |_| None,
            |manners| crowd.admit(manners, more, Some(receive_bytes)),
        )
    }
}
