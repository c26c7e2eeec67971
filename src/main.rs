//! The command line.

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use qunliao::{Config, server};
use std::path::PathBuf;
use std::process::ExitCode;

/// A group chat that a small team hosts itself.
#[derive(Parser)]
#[command(name = "qunliao", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until SIGTERM or SIGINT.
    Serve(ConfigArgument),
    /// Read the configuration as `serve` would, and say what is wrong with it.
    CheckConfig(ConfigArgument),
}

#[derive(clap::Args)]
struct ConfigArgument {
    /// The configuration file. Without this, config.yaml in the working folder if
    /// there is one, else the built-in defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        Command::Serve(argument) => serve(argument),
        Command::CheckConfig(argument) => check_config(argument),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("qunliao: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(argument: &ConfigArgument) -> anyhow::Result<()> {
    start_log();
    let config = load(argument)?;
    actix::System::new().block_on(async move {
        // Before anything is started: a signal from here on stops it in order.
        let mut signals = server::Signals::new().context("waiting for signals")?;
        let running = server::start(&config).await?;
        signals.next().await;
        running.stop().await;
        Ok(())
    })
}

fn check_config(argument: &ConfigArgument) -> anyhow::Result<()> {
    load(argument)?;
    println!("The configuration is in order.");
    Ok(())
}

fn load(argument: &ConfigArgument) -> anyhow::Result<Config> {
    let config = Config::load(argument.config.as_deref(), std::env::vars_os())?;
    config.check()?;
    Ok(config)
}

/// Logs to standard error, at `info` unless `RUST_LOG` says otherwise.
fn start_log() {
    let default = env_logger::Env::default().default_filter_or("info,sled=warn,actix_server=warn");
    let logger = env_logger::Builder::from_env(default)
        .format_timestamp_millis()
        .build();
    log::set_max_level(logger.filter());
    log::set_boxed_logger(Box::new(Discreet(logger))).expect("no logger was set before");
}

/// Keeps those quiet whose finer levels print what is sent, codes and passwords
/// included, whatever `RUST_LOG` says.
struct Discreet(env_logger::Logger);

impl Discreet {
    fn may_say(metadata: &log::Metadata<'_>) -> bool {
        let speaker = metadata.target().split("::").next().unwrap_or_default();
        let is_talkative = ["ureq", "ureq_proto", "lettre", "rustls"].contains(&speaker);
        !is_talkative || metadata.level() <= log::Level::Warn
    }
}

impl log::Log for Discreet {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        Self::may_say(metadata) && self.0.enabled(metadata)
    }

    fn log(&self, record: &log::Record<'_>) {
        if Self::may_say(record.metadata()) {
            self.0.log(record);
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}
