//! `qunliao sessions`.

use super::ask::one;
use super::user::Named;
use super::{Configuration, Output};
use clap::Subcommand;
use qunliao_actors::admin::Request;
use qunliao_protocol::SessionId;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// The sessions of a user.
    List(Named),
    /// End one session of a user, or all.
    Revoke {
        #[command(flatten)]
        user: Named,
        #[command(flatten)]
        which: Which,
    },
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// This one, by the id that `list` shows.
    #[arg(long, value_name = "ID")]
    session: Option<u64>,
    /// All of them.
    #[arg(long)]
    all: bool,
}

impl Arguments {
    pub(super) fn run(self, configuration: &Configuration) -> ExitCode {
        let request = match self.action {
            Action::List(Named { user }) => Request::Sessions { user },
            Action::Revoke {
                user: Named { user },
                which,
            } => Request::RevokeSessions {
                user,
                session: which.session.map(SessionId),
            },
        };
        one(configuration, self.output, request)
    }
}
