//! How an answer is printed: for people, or as one document of JSON.

use super::ask::Trouble;
use super::print;
use qunliao_actors::admin::Reply;
use serde::Serialize;
use std::io::Write as _;
use std::process::ExitCode;

#[derive(clap::Args, Clone, Copy)]
pub(super) struct Output {
    /// Print one document of JSON, errors too.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

impl Output {
    /// Prints what came of it, and says how the program ends.
    pub(super) fn finish(self, outcome: Result<Reply, Trouble>) -> ExitCode {
        match outcome {
            Ok(reply) => {
                let text = if self.json {
                    document(&reply)
                } else {
                    print::reply(&reply, &print::When::here())
                };
                write(&text)
            }
            Err(trouble) => self.fail(&trouble),
        }
    }

    /// Says what went wrong.
    pub(super) fn fail(self, trouble: &Trouble) -> ExitCode {
        if self.json {
            write(&document(&serde_json::json!({ "error": trouble.refused })));
        } else {
            eprintln!("qunliao: {}", print::plain(&trouble.refused.message));
        }
        ExitCode::from(trouble.exit)
    }
}

/// One document, on one line.
pub(super) fn document(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string(value).expect("our own types are JSON");
    text.push('\n');
    text
}

/// Writes to standard output. Whoever reads it may have enough of it early.
pub(super) fn write(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
