//! Whether a server runs, whether its database is well, and whether someone owns it.
//!
//! Where no server runs the database is opened, as a server would: one of an older
//! format is migrated, and one that was left in a crash is repaired.

use super::{Check, in_time};
use crate::admin::Access;
use crate::config::Config;
use qunliao_actors::admin::{Reply, Request, Statistics};
use std::time::Duration;

/// How long opening the database, or an answer, may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn check(config: &Config) -> (Vec<Check>, Option<Statistics>) {
    if !config.data_dir.join("db").exists() {
        let nothing = Check::skipped("database", "There is none yet.");
        return (vec![nothing], None);
    }
    let found = in_time(PATIENCE, Access::find(config, false)).await;
    let access = match found {
        Some(Ok(access)) => access,
        Some(Err(why)) => {
            let check = Check::wrong("database", why.0.message, "See docs/operating.md.");
            return (vec![check], None);
        }
        None => {
            let advice = "Look at the disk: dmesg, and its use.";
            let check = Check::wrong("database", "It does not open in time.", advice);
            return (vec![check], None);
        }
    };
    let runs = access.is_server();
    let asked = in_time(PATIENCE, access.ask(Request::Statistics)).await;
    access.close();
    match asked {
        Some(Ok(Reply::Statistics(statistics))) => (judge(&statistics), Some(*statistics)),
        Some(Err(why)) => (vec![unwell(runs, &why.message)], None),
        _ => (vec![unwell(runs, "It does not answer in time.")], None),
    }
}

fn unwell(runs: bool, why: &str) -> Check {
    let advice = if runs {
        "Read the server's log, and restart it."
    } else {
        "See \"Backup\" in docs/operating.md, and docs/storage.md."
    };
    Check::wrong("database", why, advice)
}

fn judge(statistics: &Statistics) -> Vec<Check> {
    let mut checks = Vec::new();
    match &statistics.server {
        None => {
            checks.push(Check::skipped("server", "None runs."));
            checks.push(Check::well(
                "database",
                "It opens, as a server would open it, and can be read.",
            ));
        }
        Some(live) => {
            let own = env!("CARGO_PKG_VERSION");
            let says = format!("Process {} runs version {}.", live.pid, statistics.version);
            checks.push(if statistics.version == own {
                Check::well("server", says)
            } else {
                let finding = format!("{says} This program is {own}.");
                Check::warning("server", finding, "Restart the server.")
            });
            checks.push(if live.storage == "ok" {
                Check::well("database", "A write reaches the disk.")
            } else {
                let advice = "Look at the disk, then restart the server.";
                Check::wrong("database", live.storage.clone(), advice)
            });
        }
    }
    checks.push(match statistics.owners {
        0 => Check::warning(
            "owner",
            "Nobody owns this server yet.",
            "Open the link that the log shows at the start (event=setup_link), or: qunliao user add NAME --role owner",
        ),
        1 => Check::warning(
            "owner",
            "There is one owner.",
            "Make someone else an owner too, so that nobody waits for one person: qunliao user role NAME owner",
        ),
        owners => Check::well("owner", format!("There are {owners} owners.")),
    });
    if statistics.pending > 0 {
        checks.push(Check::warning(
            "approval",
            format!("{} accounts wait for approval.", statistics.pending),
            "qunliao user list --standing pending, then qunliao user approve NAME",
        ));
    }
    checks
}
