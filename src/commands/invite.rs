//! `qunliao invite`.

use super::ask::{one, with_access};
use super::user::RoleName;
use super::{Configuration, Output};
use clap::Subcommand;
use qunliao_actors::admin::Request;
use qunliao_protocol::LinkId;
use std::process::ExitCode;

/// The longest time for which an invitation can be used.
const LIFETIME_SECONDS_MAX: u64 = 366 * 24 * 3600;
/// What is said of anything that is no time at all.
const NO_TIME: &str = "must be a number and m, h or d, such as 7d";

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    new: New,
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    output: Output,
}

#[derive(clap::Args)]
struct New {
    /// The role of whoever uses it.
    #[arg(long, default_value = "member")]
    role: RoleName,
    /// For whom it is: a note for `invite list`.
    #[arg(long = "for", value_name = "NOTE")]
    note: Option<String>,
    /// How long it can be used: 30m, 12h or 7d. Without this, as configured.
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires: Option<u64>,
}

#[derive(Subcommand)]
enum Action {
    /// The invitations that can still be used.
    List,
    /// Withdraw one.
    Revoke {
        /// Its id, as `list` shows it.
        id: u64,
    },
}

impl Arguments {
    pub(super) fn run(self, configuration: &Configuration) -> ExitCode {
        let request = match self.action {
            Some(Action::List) => Request::Invitations,
            Some(Action::Revoke { id }) => Request::RevokeInvitation { id: LinkId(id) },
            None => {
                let request = Request::Invite {
                    role: self.new.role.into(),
                    note: self.new.note,
                    lifetime_seconds: self.new.expires,
                };
                let asked = with_access(configuration, false, async move |access| {
                    Ok(access.ask(request).await?)
                });
                return self.output.finish(asked);
            }
        };
        one(configuration, self.output, request)
    }
}

/// Seconds, written as a number with a unit.
fn lifetime(written: &str) -> Result<u64, String> {
    let unit = match written.chars().last() {
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 24 * 3600,
        _ => return Err(NO_TIME.into()),
    };
    let number = written[..written.len() - 1].parse::<u64>();
    match number.map_err(|_| NO_TIME)?.checked_mul(unit) {
        Some(0) => Err("must be at least 1m".into()),
        Some(seconds) if seconds <= LIFETIME_SECONDS_MAX => Ok(seconds),
        _ => Err("must be at most 366d".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::lifetime;

    #[test]
    fn a_time_is_a_number_with_a_unit() {
        assert_eq!(lifetime("30m"), Ok(1800));
        assert_eq!(lifetime("12h"), Ok(43_200));
        assert_eq!(lifetime("7d"), Ok(604_800));
        for wrong in ["", "7", "d", "-1d", "7 d", "7w", "1天"] {
            assert_eq!(lifetime(wrong), Err(super::NO_TIME.to_owned()), "{wrong}");
        }
        for short in ["0m", "0d"] {
            assert_eq!(lifetime(short), Err("must be at least 1m".to_owned()));
        }
        assert_eq!(lifetime("366d"), Ok(31_622_400));
        for long in ["367d", "999999999999999999d"] {
            assert_eq!(lifetime(long), Err("must be at most 366d".to_owned()));
        }
    }
}
