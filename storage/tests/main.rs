//! What storage promises, from outside. The conformance suite runs over every
//! engine; the rest is about faults, the format, the disk, and the vault.

// clippy.toml allows it in tests, but does not know that all of this is one.
#![allow(clippy::unwrap_used)]

#[macro_use]
mod cast;

// The conformance suite.
mod accounts;
mod audit;
mod codes;
mod contacts;
mod emails;
mod files;
mod folders;
mod invitations;
mod links;
mod log;
mod log_model;
mod passwords;
mod recalls;
mod reminders;
mod rooms;
mod rooms_expected;
mod rooms_model;
mod rooms_replay;
mod sendings;
mod session_use;
mod sessions;
mod sessions_model;
mod standing;
mod verified;
mod wrong_tries;

mod damage;
mod damage_rooms;
mod faults;
mod faults_accounts;
mod format;
mod format_accounts;
mod format_audit;
mod format_files;
mod format_rooms;
mod format_sessions;
mod migration;
mod reserve;

mod data_folder;
mod disk;
mod kill;
mod power_cut;
mod secrets;
mod vault;
