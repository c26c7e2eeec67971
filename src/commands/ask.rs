//! Asking, and what can come of it.

use super::{Configuration, Output};
use crate::admin::{Access, Unreachable};
use crate::config::ConfigError;
use qunliao_actors::admin::{Refused, Reply, Request};
use std::process::ExitCode;

/// Refused, or it failed.
pub(super) const EXIT_REFUSED: u8 = 1;
/// Nobody could be asked.
const EXIT_UNREACHABLE: u8 = 3;

/// What went wrong, and the exit code for it.
pub(super) struct Trouble {
    pub(super) refused: Refused,
    pub(super) exit: u8,
}

impl Trouble {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Refused::new(code, message).into()
    }

    #[expect(clippy::needless_pass_by_value, reason = "taken by map_err")]
    pub(super) fn configuration(why: ConfigError) -> Self {
        Self::new("configuration", why.to_string())
    }
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        let exit = match refused.code.as_str() {
            "no_answer" | "bad_answer" | "other_version" | "not_permitted" => EXIT_UNREACHABLE,
            _ => EXIT_REFUSED,
        };
        Self { refused, exit }
    }
}

impl From<Unreachable> for Trouble {
    fn from(Unreachable(refused): Unreachable) -> Self {
        Self {
            refused,
            exit: EXIT_UNREACHABLE,
        }
    }
}

/// Runs `work` with a way in, and leaves.
pub(super) fn with_access<T>(
    configuration: &Configuration,
    may_begin: bool,
    work: impl AsyncFnOnce(&Access) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let config = configuration.load()?;
    runtime()?.block_on(async {
        let access = Access::find(&config, may_begin).await?;
        let outcome = work(&access).await;
        access.close();
        outcome
    })
}

/// What asynchronous work runs on.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Trouble> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build();
    runtime.map_err(|why| Trouble::new("system", format!("The system refuses a runtime: {why}.")))
}

/// Asks one thing and prints the answer.
pub(super) fn one(configuration: &Configuration, output: Output, request: Request) -> ExitCode {
    let asked = with_access(configuration, false, async |access| {
        Ok(access.ask(request).await?)
    });
    output.finish(asked)
}

/// `qunliao stats`.
pub(super) fn stats(configuration: &Configuration, output: Output) -> ExitCode {
    one(configuration, output, Request::Statistics)
}

/// The user that someone means, who is then named by id: another one cannot take
/// the place between a question and its answer.
pub(super) async fn meant(
    access: &Access,
    user: String,
) -> Result<qunliao_actors::admin::UserLine, Trouble> {
    match access.ask(Request::User { user }).await? {
        Reply::Sessions { user, .. } => Ok(user),
        _ => Err(unexpected()),
    }
}

pub(super) fn unexpected() -> Trouble {
    Refused::new("bad_answer", "The server's answer is not one to this.").into()
}
