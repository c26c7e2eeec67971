//! `qunliao doctor`, as it is asked for and printed.

use super::ask::{EXIT_REFUSED, Trouble, runtime};
use super::output::{document, write};
use super::print::plain;
use super::{Configuration, Output};
use crate::doctor::{Check, Patient, State, examine};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Send a mail to this address, to see that it arrives.
    #[arg(long, value_name = "ADDRESS")]
    send_test_mail: Option<String>,
    #[command(flatten)]
    output: Output,
}

impl Arguments {
    pub(super) fn run(self, configuration: &Configuration) -> ExitCode {
        let output = self.output;
        match self.examine(configuration) {
            Err(trouble) => output.fail(&trouble),
            Ok(checks) => {
                let well = checks.iter().all(|check| check.state != State::Wrong);
                let text = if output.json {
                    let kind = "doctor";
                    document(&serde_json::json!({ "kind": kind, "well": well, "checks": checks }))
                } else {
                    text(&checks)
                };
                let written = write(&text);
                if well {
                    written
                } else {
                    ExitCode::from(EXIT_REFUSED)
                }
            }
        }
    }

    fn examine(self, configuration: &Configuration) -> Result<Vec<Check>, Trouble> {
        let patient = Patient {
            config: configuration.load()?,
            file: configuration.file(),
            send_test_mail: self.send_test_mail,
        };
        Ok(runtime()?.block_on(examine(&patient)))
    }
}

/// The checks, one below the other, and how many went how.
fn text(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let mark = match check.state {
            State::Well => '✓',
            State::Warning => '!',
            State::Wrong => '✗',
            State::Skipped => '-',
        };
        text += &format!("{mark} {}: {}\n", check.name, plain(&check.finding));
        if let Some(advice) = &check.advice {
            text += &format!("    {}\n", plain(advice));
        }
        for line in check.detail.iter().flat_map(|detail| detail.lines()) {
            text += &format!("    {}\n", plain(line));
        }
    }
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let (wrong, warnings) = (count(State::Wrong), count(State::Warning));
    text + &match (wrong, warnings) {
        (0, 0) => "All is well.\n".to_owned(),
        _ => format!("{wrong} to mend, {warnings} to think about.\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_stands_out_and_says_what_to_do() {
        let check = |name: &str, state, advice: Option<&str>, detail: Option<&str>| Check {
            name: name.into(),
            state,
            finding: "Found.".into(),
            advice: advice.map(str::to_owned),
            detail: detail.map(str::to_owned),
        };
        let checks = [
            check("disk", State::Well, None, None),
            check("mail", State::Wrong, Some("Do."), None),
            check("sms:kannel", State::Warning, None, Some("one\ntwo")),
        ];
        let expected = "✓ disk: Found.\n✗ mail: Found.\n    Do.\n! sms:kannel: Found.\n    one\n    two\n\
                        1 to mend, 1 to think about.\n";
        assert_eq!(text(&checks), expected);
        assert!(text(&checks[..1]).ends_with("All is well.\n"));
    }
}
