//! What storage promises, from outside. The conformance suite runs over every
//! engine; the rest is about faults, the format, the disk, and the vault.

// clippy.toml allows it in tests, but does not know that all of this is one.
#![allow(clippy::unwrap_used)]

#[macro_use]
mod cast;

// The conformance suite.
mod accounts;
mod codes;
mod emails;
mod files;
mod folders;
mod log;
mod log_model;
mod sendings;
mod sessions;
mod wrong_tries;

mod damage;
mod faults;
mod format;
mod format_accounts;
mod format_files;

mod data_folder;
mod disk;
mod kill;
mod secrets;
mod vault;
