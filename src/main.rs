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
        let running = server::start(&config).await?;
        server::wait_for_signal()
            .await
            .context("waiting for signals")?;
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
///
/// Whatever it says, the HTTP client stays quiet: its finer levels print what is
/// sent, codes and secrets included.
fn start_log() {
    let default = env_logger::Env::default().default_filter_or("info,sled=warn,actix_server=warn");
    env_logger::Builder::from_env(default)
        .filter_module("ureq", log::LevelFilter::Warn)
        .filter_module("ureq_proto", log::LevelFilter::Warn)
        .filter_module("lettre", log::LevelFilter::Warn)
        .filter_module("rustls", log::LevelFilter::Warn)
        .format_timestamp_millis()
        .init();
}
