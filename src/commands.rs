//! The command line: what can be said to the program, and how it ends.
//!
//! | exit code | meaning |
//! | --- | --- |
//! | 0 | done |
//! | 1 | refused, or it failed; for `doctor`, something needs mending |
//! | 2 | wrong arguments |
//! | 3 | nobody could be asked: no data folder, no permission, no answer |
//! | 70 | `serve` lost a part that it cannot go on without |

mod ask;
mod audit;
mod doctor;
mod fingerprint;
mod invite;
mod output;
mod password;
mod print;
mod serve;
mod sessions;
mod user;

use crate::config::{Config, DEFAULT_FILE};
use ask::Trouble;
use clap::{Parser, Subcommand};
use output::Output;
pub(crate) use print::bytes;
use std::path::PathBuf;
use std::process::ExitCode;

/// A group chat that a small team hosts itself.
#[derive(Parser)]
#[command(name = "qunliao", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    configuration: Configuration,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Args)]
struct Configuration {
    /// The configuration file. Without this, config.yaml in the working folder if
    /// there is one, else the built-in defaults.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until SIGTERM or SIGINT.
    Serve,
    /// Read the configuration as `serve` would, and say what is wrong with it.
    CheckConfig,
    /// Look after accounts.
    User(user::Arguments),
    /// Invite someone: prints a link with which one account can be made.
    Invite(invite::Arguments),
    /// See and end sessions.
    Sessions(sessions::Arguments),
    /// How much there is of everything, and how the server is.
    Stats(Output),
    /// Who did what to accounts, and when.
    Audit(audit::Arguments),
    /// Print the fingerprint of the server's own authority, for clients to pin.
    Fingerprint(Output),
    /// Look at all that a server depends on, and say what to do about it.
    Doctor(doctor::Arguments),
}

impl Arguments {
    /// Reads the command line, and does what it says.
    #[must_use]
    pub fn run() -> ExitCode {
        let Self {
            configuration,
            command,
        } = Self::parse();
        match command {
            Command::Serve => outcome(serve::serve(&configuration)),
            Command::CheckConfig => outcome(serve::check_config(&configuration)),
            Command::User(arguments) => arguments.run(&configuration),
            Command::Invite(arguments) => arguments.run(&configuration),
            Command::Sessions(arguments) => arguments.run(&configuration),
            Command::Stats(output) => ask::stats(&configuration, output),
            Command::Audit(arguments) => arguments.run(&configuration),
            Command::Fingerprint(output) => fingerprint::run(&configuration, output),
            Command::Doctor(arguments) => arguments.run(&configuration),
        }
    }
}

impl Configuration {
    /// The configuration; whether its parts fit is not asked.
    fn load(&self) -> Result<Config, Trouble> {
        Config::load(self.config.as_deref(), std::env::vars_os()).map_err(Trouble::configuration)
    }

    /// The file that is read, if there is one.
    fn file(&self) -> Option<PathBuf> {
        let found = || Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists());
        self.config.clone().or_else(found)
    }
}

fn outcome(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("qunliao: {why:#}");
            ExitCode::FAILURE
        }
    }
}
