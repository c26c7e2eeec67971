//! Starts `smtp_server.py`, a real SMTP server in a process of its own, and
//! listens to what it tells. Needs a Python with `aiosmtpd`: the one that
//! `SMTP_TEST_PYTHON` names, else `python3`.

// Each of the test programs that include this file uses a part of it.
#![allow(dead_code)]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// Within the binary, so that it does not matter from where a test is run.
const SCRIPT: &str = include_str!("smtp_server.py");

/// For what will come in a moment, or not at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the server protects its connections.
pub(crate) enum Protection<'a> {
    None,
    StartTls {
        certificate: &'a Path,
        key: &'a Path,
    },
    Implicit {
        certificate: &'a Path,
        key: &'a Path,
    },
}

/// A running server. It ends with this value.
pub(crate) struct SmtpServer {
    /// Where it listens, on 127.0.0.1.
    pub(crate) port: u16,
    child: Child,
    events: Receiver<String>,
    folder: TempDir,
}

/// A mail that the server has accepted.
#[derive(Debug)]
pub(crate) struct Mail {
    /// The sender on the envelope.
    pub(crate) from: String,
    /// The only recipient on the envelope.
    pub(crate) to: String,
    /// The `From:` header, decoded.
    pub(crate) sender: String,
    /// The subject, decoded.
    pub(crate) subject: String,
    /// The text, decoded.
    pub(crate) body: String,
    /// The `Message-ID:` header.
    pub(crate) message_id: String,
    /// Whether its sender had signed in.
    pub(crate) signed_in: bool,
    /// Whether it came over TLS.
    pub(crate) encrypted: bool,
    /// The whole mail as it came.
    pub(crate) raw: String,
}

impl SmtpServer {
    /// Starts a server and waits until it listens. `options` are those of the
    /// script besides `--tls`, such as `--busy-once`.
    pub(crate) fn start(tls: &Protection<'_>, options: &[&str]) -> Self {
        let python = env::var("SMTP_TEST_PYTHON").unwrap_or_else(|_| String::from("python3"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(&python);
        command.args(["-c", SCRIPT, "--folder"]).arg(folder.path());
        match tls {
            Protection::None => &mut command,
            Protection::StartTls { certificate, key } => {
                with_tls(&mut command, "starttls", certificate, key)
            }
            Protection::Implicit { certificate, key } => {
                with_tls(&mut command, "implicit", certificate, key)
            }
        };
        let mut child = command
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("`{python}` cannot be started: {error}"));
        let output = child.stdout.take().expect("it is piped");
        let (tell, events) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody listens any more when the test is over.
                let _ = tell.send(line);
            }
        });
        let first = events.recv_timeout(PATIENCE).unwrap_or_default();
        let port = first.parse().unwrap_or_else(|_| {
            panic!(
                "the SMTP server for tests did not start ({first}); it needs a Python with \
                 aiosmtpd: set SMTP_TEST_PYTHON to one, or `pip install aiosmtpd`"
            )
        });
        Self {
            port,
            child,
            events,
            folder,
        }
    }

    /// Waits for the next mail.
    pub(crate) fn next_mail(&self) -> Mail {
        loop {
            let event = self.events.recv_timeout(PATIENCE);
            let event = event.expect("no mail came to the SMTP server");
            if let Some(number) = event.strip_prefix("mail ") {
                return self.read(number);
            }
        }
    }

    /// Stops the server, and answers with all it told that was not yet heard.
    pub(crate) fn stop(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        self.child.wait().expect("the server is our child");
        self.events.iter().collect()
    }

    fn read(&self, number: &str) -> Mail {
        let file = |ending| {
            let path = self.folder.path().join(format!("{number}.{ending}"));
            fs::read_to_string(path).expect("the server has written the mail")
        };
        let told: serde_json::Value = serde_json::from_str(&file("json")).expect("JSON");
        let text = |key: &str| told[key].as_str().expect("a string").to_owned();
        let recipients = told["to"].as_array().expect("an array");
        assert_eq!(recipients.len(), 1, "a mail to more than one: {told}");
        Mail {
            from: text("from"),
            to: recipients[0].as_str().expect("a string").to_owned(),
            sender: text("sender"),
            subject: text("subject"),
            body: text("body"),
            message_id: text("message_id"),
            signed_in: told["signed_in"] == true,
            encrypted: told["encrypted"] == true,
            raw: file("eml"),
        }
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn with_tls<'a>(
    command: &'a mut Command,
    mode: &str,
    certificate: &Path,
    key: &Path,
) -> &'a mut Command {
    command
        .args(["--tls", mode, "--cert"])
        .arg(certificate)
        .arg("--key")
        .arg(key)
}
