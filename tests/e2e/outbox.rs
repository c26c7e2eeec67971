//! What the server under test sent, as its outbox has it.

use std::fs;

use serde_json::Value;

use crate::harness::Server;

impl Server {
    /// The code that was sent to `contact` last.
    pub(crate) fn code_to(&self, contact: &str) -> String {
        let mut codes = self.codes_to(contact);
        codes
            .pop()
            .unwrap_or_else(|| panic!("no code went to {contact}"))
    }

    /// The codes that were sent to `contact`.
    pub(crate) fn codes_to(&self, contact: &str) -> Vec<String> {
        let sendings = self.sendings_to(contact).into_iter();
        sendings.filter_map(|sending| code_of(&sending)).collect()
    }

    /// The codes that were sent to `contact` for this: `register`, `confirm`, `reset`.
    pub(crate) fn codes_for(&self, kind: &str, contact: &str) -> Vec<String> {
        let sendings = self.sendings_to(contact).into_iter();
        let sendings = sendings.filter(|sending| sending["kind"] == kind);
        sendings.filter_map(|sending| code_of(&sending)).collect()
    }

    /// What was sent to `contact`: codes and notices, as the outbox has them.
    pub(crate) fn sendings_to(&self, contact: &str) -> Vec<Value> {
        let outbox = fs::read_to_string(self.home().data().join("outbox.jsonl"));
        let outbox = outbox.unwrap_or_default();
        let sendings = outbox
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        let to_contact = sendings.filter(|sending| sending["to"] == contact);
        to_contact.collect()
    }
}

/// The code of a sending; a notice has none.
fn code_of(sending: &Value) -> Option<String> {
    sending["code"].as_str().map(str::to_owned)
}
