//! `qunliao doctor`: looks at everything that a server depends on, and says what to
//! do about what is wrong. Needs no server that runs; without one it opens the
//! database as a server would, and changes nothing else.

mod certificate;
mod clock;
mod delivery;
mod folder;
mod ports;
mod server;
mod system;

use crate::config::Config;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Duration;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// As it should be.
    Well,
    /// It works, and could be better.
    Warning,
    /// It does not work.
    Wrong,
    /// There is nothing to look at.
    Skipped,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What was looked at: stable, for programs.
    pub(crate) name: String,
    /// How it went.
    pub(crate) state: State,
    /// What was found.
    pub(crate) finding: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
    /// More lines, for those who look for a mistake in them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

impl Check {
    fn new(name: &str, state: State, finding: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            state,
            finding: finding.into(),
            advice: None,
            detail: None,
        }
    }

    fn well(name: &str, finding: impl Into<String>) -> Self {
        Self::new(name, State::Well, finding)
    }

    fn skipped(name: &str, finding: impl Into<String>) -> Self {
        Self::new(name, State::Skipped, finding)
    }

    fn warning(name: &str, finding: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, State::Warning, finding).advising(advice)
    }

    fn wrong(name: &str, finding: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(name, State::Wrong, finding).advising(advice)
    }

    fn advising(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }
}

/// What the doctor is told.
pub(crate) struct Patient {
    /// The configuration.
    pub(crate) config: Config,
    /// The file it came from, if one was named or found.
    pub(crate) file: Option<PathBuf>,
    /// Whom to send a mail to, to see that it arrives.
    pub(crate) send_test_mail: Option<String>,
}

/// Looks at everything, one after the other.
pub(crate) async fn examine(patient: &Patient) -> Vec<Check> {
    let config = &patient.config;
    let mut checks = vec![configuration(config)];
    checks.push(folder::check(&config.data_dir));
    let (of_server, statistics) = server::check(config).await;
    checks.extend(of_server);
    let live = statistics.as_ref().and_then(|it| it.server.as_ref());
    checks.push(folder::space(config));
    checks.extend(folder::secrets(patient));
    checks.extend(certificate::check(config));
    checks.extend(ports::check(config, live));
    checks.push(system::open_files(config, live));
    checks.push(system::backlog());
    checks.push(ports::links(config));
    checks.push(clock::check(config).await);
    checks.push(delivery::mail(config).await);
    if let Some(address) = &patient.send_test_mail {
        checks.push(delivery::test_mail(config, address).await);
    }
    checks.extend(delivery::sms(config));
    checks
}

fn configuration(config: &Config) -> Check {
    match config.check() {
        Ok(()) => Check::well("configuration", "It is in order."),
        Err(why) => Check::wrong(
            "configuration",
            why.to_string(),
            "Mend it: the server does not start with it. config.yaml documents every key.",
        ),
    }
}

/// Waits for `work`, but not for ever.
async fn in_time<T>(patience: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(patience, work).await.ok()
}
