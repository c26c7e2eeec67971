//! The load generator. It starts servers of its own, in temporary folders and with
//! their limits lifted, loads them, and prints what it measured.

mod chat;
mod commits;
mod fan_out;
mod figures;
mod idle;
mod latency;
mod load;
mod logins;
mod people;
mod process;
mod raw;
mod results;
mod server;
mod slow;
#[cfg(test)]
mod smoke;
mod startup;
mod suite;
mod systems;
mod table;
mod targets;
mod template;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

/// Loads a Qunliao server and prints what it measured.
#[derive(Parser)]
struct Arguments {
    /// The server's binary; without it, the one that lies beside this one.
    #[arg(long, global = true)]
    server: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Logins in a second, beside bare argon2 on as many threads.
    Logins(logins::Plan),
    /// How long a message takes, without and with a flood of logins.
    ChatBesideLogins(chat::Plan),
    /// Our server, the floor and the peers in turn: fan-out, latency, memory.
    Peers(Peers),
    /// How long bare commits take.
    Commits(commits::Plan),
    /// Is the floor: broadcasts what it gets.
    Raw(Raw),
}

#[derive(Args)]
struct Peers {
    #[command(flatten)]
    plan: suite::Plan,
    /// The core that servers are pinned to. This command itself belongs on another:
    /// `taskset`.
    #[arg(long)]
    server_core: Option<usize>,
    /// The program of a current NATS.
    #[arg(long)]
    nats: Option<PathBuf>,
}

#[derive(Args)]
struct Raw {
    /// Where it listens.
    address: SocketAddr,
    /// Commits each turn to a database in this folder.
    #[arg(long)]
    durable: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.what {
        What::Commits(plan) => commits::run(&plan),
        What::Raw(raw) => {
            let listener = listen(raw.address)?;
            raw::serve(listener, raw.durable.as_deref(), || false)
        }
        What::Peers(peers) => {
            raise_descriptor_limit();
            let server = server::binary(arguments.server)?;
            eprintln!("signing up {} people …", peers.plan.people());
            let template = template::Template::make(&server, peers.plan.people())?;
            let stage = systems::Stage {
                server,
                server_core: peers.server_core,
                nats: peers.nats,
                template,
            };
            suite::run(&stage, &peers.plan)
        }
        What::Logins(plan) => {
            let binary = server::binary(arguments.server)?;
            block_on(logins::run(&binary, &plan))
        }
        What::ChatBesideLogins(plan) => {
            let binary = server::binary(arguments.server)?;
            block_on(chat::run(&binary, &plan))
        }
    }
}

/// One thread: what loads the server should leave it the cores.
fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

/// With room for everyone who comes at once, as the servers have it.
fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    const BACKLOG: i32 = 4096;
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&address.into()).context("binding")?;
    socket.listen(BACKLOG)?;
    raise_descriptor_limit();
    Ok(socket.into())
}

/// A descriptor for each member of the greatest crowd, as far as the system allows.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(why) = setrlimit(Resource::Nofile, raised) {
        eprintln!("the limit of open files stays: {why}");
    }
}
