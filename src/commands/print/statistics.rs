//! How much there is of everything, as people read it.

use super::plain;
use super::when::{bytes, span};
use qunliao_actors::admin::{Live, Statistics};

pub(super) fn text(statistics: &Statistics) -> String {
    let it = statistics;
    let data = &it.data;
    let mut lines = vec![
        ("version", it.version.clone()),
        (
            "users",
            format!(
                "{} active ({} of them owners), {} pending, {} disabled, {} closed",
                it.active, it.owners, it.pending, it.disabled, it.closed
            ),
        ),
        ("sessions", it.sessions.to_string()),
        ("messages", it.messages.to_string()),
        (
            "shared files",
            format!("{} contents, {}", it.files, bytes(data.vault_bytes)),
        ),
        (
            "codes, 24 h",
            format!(
                "{} sent, {} of them by SMS ({} more may be, {} of these to newcomers); {} entered",
                it.codes.sent,
                it.codes.sent_by_sms,
                it.codes.sms_left,
                it.codes.newcomers_sms_left,
                it.codes.entered
            ),
        ),
        (
            "data folder",
            format!(
                "{}, {} (database {})",
                plain(&data.path),
                bytes(data.bytes),
                bytes(data.database_bytes)
            ),
        ),
        (
            "disk",
            format!(
                "{} free; below {} writes are refused",
                bytes(data.free_bytes),
                bytes(data.reserve_bytes)
            ),
        ),
    ];
    match &it.server {
        Some(live) => lines.extend(of_server(live)),
        None => lines.push(("server", "none runs".to_owned())),
    }
    let width = lines.iter().map(|(what, _)| what.len()).max().unwrap_or(0);
    let line = |(what, value): &(&str, String)| format!("{what:width$}  {value}\n");
    lines.iter().map(line).collect()
}

fn of_server(live: &Live) -> Vec<(&'static str, String)> {
    let all: usize = live.connections.iter().map(|(_, here)| here.open).sum();
    let by_port = live
        .connections
        .iter()
        .map(|(port, here)| format!("{port} {} ({} signed in)", here.open, here.authenticated));
    let by_port: Vec<String> = by_port.collect();
    let listens = live
        .listens
        .iter()
        .map(|(port, address)| format!("{port} {address}"));
    let listens: Vec<String> = listens.collect();
    let ways = live
        .ways
        .iter()
        .map(|(way, state)| format!("{way} {state}"));
    let ways: Vec<String> = ways.collect();
    let newcomers = live.newcomers_sms.as_ref().map(|sms| {
        let state = match sms.paused_seconds {
            Some(seconds) => format!("{} for {}", sms.state, span(seconds)),
            None => sms.state.clone(),
        };
        let (entered, sent) = (sms.entered, sms.sent);
        let value = format!("{state}; {entered} of the last {sent} codes entered");
        ("newcomers' SMS", value)
    });
    let passwords = live.passwords.map(|it| {
        let value = format!("{} waiting, {} hashed so far", it.waiting, it.hashed);
        ("passwords", value)
    });
    let mut lines = vec![
        (
            "server",
            format!(
                "process {}, up {}, storage {}",
                live.pid,
                span(live.uptime_seconds),
                plain(&live.storage)
            ),
        ),
        ("listens", listens.join(", ")),
        (
            "connections",
            format!("{all} of {}: {}", live.connections_max, by_port.join(", ")),
        ),
        ("transfers", live.transfers.to_string()),
        ("codes by", ways.join(", ")),
    ];
    lines.extend(newcomers.into_iter().chain(passwords));
    lines
}
