//! The load generator. It starts a server of its own, in a temporary folder and with
//! its limits lifted, loads it, and prints what it measured.

mod chat;
mod figures;
mod logins;
mod people;
mod server;

use clap::{Parser, Subcommand};
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
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let binary = server::binary(arguments.server)?;
    // One thread: what loads the server should leave it the cores.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match arguments.what {
            What::Logins(plan) => logins::run(&binary, &plan).await,
            What::ChatBesideLogins(plan) => chat::run(&binary, &plan).await,
        }
    })
}
