//! Passwords and confirmations, from whoever sits there. Never from an argument,
//! which everyone on the machine could read.

use super::ask::Trouble;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

/// Longest line that is read from standard input, in bytes.
const LINE_BYTES_MAX: u64 = 4096;

/// A new password: the first line of standard input, or asked for twice.
pub(super) fn new_password(from_stdin: bool) -> Result<String, Trouble> {
    if from_stdin {
        return first_line();
    }
    let ask = |prompt| {
        rpassword::prompt_password(prompt).map_err(|_| {
            Trouble::new(
                "no_terminal",
                "There is no terminal to ask for a password at. Give it with --password-stdin.",
            )
        })
    };
    let password = ask("Password: ")?;
    if ask("Once more: ")? != password {
        return Err(Trouble::new("mistyped", "The two are not the same."));
    }
    Ok(password)
}

fn first_line() -> Result<String, Trouble> {
    let mut line = String::new();
    let mut input = std::io::stdin().lock().take(LINE_BYTES_MAX);
    let unreadable = |_| Trouble::new("no_password", "Standard input holds no text.");
    input.read_line(&mut line).map_err(unreadable)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Trouble::new(
            "no_password",
            "Standard input holds no password.",
        ));
    }
    Ok(password.to_owned())
}

/// Asks whether to go on. Where nobody can be asked, `--yes` is wanted.
pub(super) fn confirm(question: &str) -> Result<(), Trouble> {
    if !std::io::stdin().is_terminal() {
        return Err(Trouble::new(
            "unconfirmed",
            "This wants to be confirmed, and there is no terminal. Say --yes.",
        ));
    }
    eprint!("{question} [y/N] ");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    let mut input = std::io::stdin().lock().take(LINE_BYTES_MAX);
    let _ = input.read_line(&mut line);
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Trouble::new("unconfirmed", "Nothing was changed.")),
    }
}
