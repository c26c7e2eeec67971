//! `qunliao fingerprint`: what people compare, and clients pin.

use super::ask::Trouble;
use super::output::{document, write};
use super::{Configuration, Output};
use crate::tls::inspect::{Found, inspect};
use serde_json::json;
use std::process::ExitCode;

/// Prints it.
pub(super) fn run(configuration: &Configuration, output: Output) -> ExitCode {
    match found(configuration) {
        Ok((_, json)) if output.json => write(&document(&json)),
        Ok((text, _)) => write(&text),
        Err(trouble) => output.fail(&trouble),
    }
}

/// What is printed for people, and for programs.
fn found(configuration: &Configuration) -> Result<(String, serde_json::Value), Trouble> {
    let kind = "fingerprint";
    let config = configuration.load()?;
    match inspect(&config) {
        Ok(Found::Own(own)) => Ok((
            format!("{}\n", own.fingerprint),
            json!({ "kind": kind, "certificate": "auto", "ca_sha256": own.fingerprint }),
        )),
        Ok(Found::Files(file, leaf)) => Ok((
            format!(
                "Clients need no fingerprint: they verify this server by its name, with the certificate in {}.\n",
                file.display()
            ),
            json!({ "kind": kind, "certificate": "files", "ca_sha256": null,
                "certificate_sha256": leaf.fingerprint() }),
        )),
        Ok(Found::Off) => Err(Trouble::new(
            "tls_off",
            "tls.mode is off: there is no certificate.",
        )),
        Ok(Found::NotYet) => Err(Trouble::new(
            "no_certificate",
            "Nothing has been made yet in this data folder: the first start of the server makes an authority.",
        )),
        Err(why) => Err(Trouble::new("certificate", format!("{why:#}."))),
    }
}
