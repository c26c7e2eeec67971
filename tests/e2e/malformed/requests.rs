//! Requests that have an op, and something wrong with the rest.

mod account;
mod auth;
mod chat;
mod files;

use serde_json::Value;

use super::{Port, Row};

pub(super) fn rows() -> Vec<Row> {
    let row = |port, ends| {
        move |(body, test, error): (Value, u64, &'static str)| Row {
            port,
            op: body["op"].as_u64().expect("a number"),
            body: body.to_string().into_bytes(),
            test,
            error,
            ends,
        }
    };
    let auth = auth::logins()
        .into_iter()
        .chain(auth::codes())
        .chain(auth::sign_ups())
        .chain(account::recoveries())
        .chain(account::changes())
        .chain(account::profiles_and_sessions())
        .map(row(Port::Auth, false));
    let chat = chat::sayings().into_iter().map(row(Port::Chat, false));
    let looks = files::looks().into_iter().map(row(Port::Files, false));
    let uploads = files::uploads().into_iter().map(row(Port::Files, true));
    let sizes = files::sizes().into_iter().map(row(Port::Files, false));
    auth.chain(chat)
        .chain(looks)
        .chain(uploads)
        .chain(sizes)
        .collect()
}

/// A body, the `test` and the `error` of its refusal.
type Refused = (Value, u64, &'static str);
