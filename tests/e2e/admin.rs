//! Administration with the real program: the same with a server and without.

mod commands;
mod doctor;
mod live;
mod socket;

use crate::harness::Home;
use serde_json::Value;
use std::io::Write as _;
use std::process::{Output, Stdio};

/// Good enough for anyone.
const PASSWORD: &str = "春天里的第一杯茶 for two";

/// Runs `qunliao` with this on its standard input.
fn run_with(home: &Home, arguments: &[&str], input: &str) -> Output {
    let mut child = home
        .program()
        .args(["--config", "config.yaml"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    // It may not want to read.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn run(home: &Home, arguments: &[&str]) -> Output {
    run_with(home, arguments, "")
}

/// What it prints for people.
fn text(home: &Home, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("a text")
}

/// The exit code, and the one document.
fn answer(home: &Home, arguments: &[&str]) -> (i32, Value) {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    read(&arguments, &run(home, &arguments))
}

fn read(arguments: &[&str], output: &Output) -> (i32, Value) {
    let code = output.status.code().expect("it ended by itself");
    let document = serde_json::from_slice(&output.stdout);
    (
        code,
        document.unwrap_or_else(|why| panic!("{arguments:?}: {why}: {output:?}")),
    )
}

/// The document of what has to go well.
pub(crate) fn done(home: &Home, arguments: &[&str]) -> Value {
    let (code, document) = answer(home, arguments);
    assert_eq!(code, 0, "{arguments:?}: {document}");
    document
}

/// The exit code and the stable word of what has to be refused.
fn refused(home: &Home, arguments: &[&str]) -> (i32, String) {
    let (code, document) = answer(home, arguments);
    let word = document["error"]["code"]
        .as_str()
        .unwrap_or_else(|| panic!("{document}"));
    assert!(document["error"]["message"].is_string(), "{document}");
    (code, word.to_owned())
}

/// Makes an account.
fn add(home: &Home, name: &str, role: &str) -> Value {
    let arguments = [
        "user",
        "add",
        name,
        "--role",
        role,
        "--password-stdin",
        "--json",
    ];
    let (code, document) = read(
        &arguments,
        &run_with(home, &arguments, &format!("{PASSWORD}\n")),
    );
    assert_eq!(code, 0, "{document}");
    document["user"].clone()
}
