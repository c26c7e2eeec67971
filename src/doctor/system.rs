//! What the system allows.

use super::Check;
use crate::config::Config;
use crate::server::descriptors_besides;
use qunliao_actors::admin::Live;
use rustix::process::{Resource, getrlimit};

/// Connections that the server lets wait to be accepted.
const BACKLOG: u64 = 4096;

/// Whether there are descriptors for as many connections as there may be.
pub(super) fn open_files(config: &Config, live: Option<&Live>) -> Check {
    // The server raises its soft limit as far as the hard one lets it.
    let (whose, limit) = match live {
        Some(live) => ("The server", live.open_files_max),
        None => (
            "A program started here",
            getrlimit(Resource::Nofile).maximum,
        ),
    };
    let connections = config.limits.connections_max as u64;
    let wanted = connections.saturating_add(descriptors_besides(&config.limits));
    judge_open_files(whose, limit, wanted)
}

fn judge_open_files(whose: &str, limit: Option<u64>, wanted: u64) -> Check {
    let name = "open_files";
    match limit {
        Some(limit) if limit < wanted => Check::warning(
            name,
            format!(
                "{whose} may have {limit} files open; the limits of connections want {wanted}."
            ),
            "LimitNOFILE=65536 in the service's unit, or ulimit -n; else fewer connections are taken.",
        ),
        Some(limit) => Check::well(name, format!("{whose} may have {limit} files open.")),
        None => Check::well(name, format!("{whose} may have any number of files open.")),
    }
}

/// Whether a team that comes back all at once finds room to wait.
pub(super) fn backlog() -> Check {
    let read = std::fs::read_to_string("/proc/sys/net/core/somaxconn");
    match read.ok().and_then(|text| text.trim().parse().ok()) {
        Some(allowed) => judge_backlog(allowed),
        None => Check::skipped("somaxconn", "The system does not say."),
    }
}

fn judge_backlog(allowed: u64) -> Check {
    if allowed >= BACKLOG {
        return Check::well("somaxconn", format!("{allowed} connections may wait."));
    }
    Check::warning(
        "somaxconn",
        format!("{allowed} connections may wait to be accepted."),
        format!("sysctl -w net.core.somaxconn={BACKLOG}, for when all come back at once."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn limits_are_held_against_what_is_wanted() {
        let state = |limit| judge_open_files("It", limit, 10_000).state;
        assert_eq!(state(Some(9_999)), State::Warning);
        assert_eq!(state(Some(10_000)), State::Well);
        assert_eq!(state(None), State::Well);
        assert_eq!(judge_backlog(128).state, State::Warning);
        assert_eq!(judge_backlog(4096).state, State::Well);
    }
}
