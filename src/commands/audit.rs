//! `qunliao audit`.

use super::ask::{Trouble, unexpected, with_access};
use super::{Configuration, Output};
use qunliao_actors::admin::{Reply, Request};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Only what this user did, or what was done to this user.
    #[arg(long)]
    user: Option<String>,
    /// So many entries, the newest.
    #[arg(long, default_value = "50", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    output: Output,
}

impl Arguments {
    pub(super) fn run(self, configuration: &Configuration) -> ExitCode {
        self.output.finish(self.read(configuration))
    }

    /// Page by page; the newest last, where the eye is.
    fn read(&self, configuration: &Configuration) -> Result<Reply, Trouble> {
        let wanted = self.limit as usize;
        with_access(configuration, false, async |access| {
            let mut all = Vec::new();
            loop {
                let request = Request::Audit {
                    user: self.user.clone(),
                    before: all
                        .last()
                        .map(|entry: &qunliao_actors::admin::AuditLine| entry.id),
                    limit: wanted - all.len(),
                };
                let Reply::Audit { entries } = access.ask(request).await? else {
                    return Err(unexpected());
                };
                let is_end = entries.is_empty();
                all.extend(entries);
                if is_end || all.len() >= wanted {
                    all.reverse();
                    return Ok(Reply::Audit { entries: all });
                }
            }
        })
    }
}
