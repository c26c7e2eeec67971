//! What Qunliao keeps: accounts with their sessions, links and audit trail, codes, the
//! log of each room, the index of shared files and their contents.
//!
//! Callers see a handful of asynchronous traits ([`Accounts`], [`Sessions`], [`Links`],
//! [`Audit`], [`Codes`], [`Log`], [`Rooms`], [`Files`]) and the [`Vault`]. Behind the traits lies one [`Store`], behind the
//! store an engine that keeps keys and values: sled for real, memory (with faults
//! on demand) for tests. Nothing of an engine shows outside this crate.
//!
//! **A write that has been answered is on the disk.** `docs/storage.md` says how.

pub mod accounts;
pub mod audit;
pub mod codes;
mod content;
mod engine;
mod entry;
mod error;
pub mod files;
pub mod folder;
pub mod keys;
pub mod links;
pub mod log;
mod migration;
pub mod rooms;
mod seal;
pub mod sessions;
mod space;
mod store;
mod transaction;
pub mod vault;
mod writer;

pub use accounts::{Accounts, Contact};
pub use audit::Audit;
pub use codes::Codes;
pub use content::Digest;
pub use engine::memory::{Faults, MemoryEngine};
pub use engine::sled::SledEngine;
pub use entry::{
    Access, Entry, EntryKind, Mentions, Message, MessageChange, NewEntry, RoomChange, RoomRole,
    SharedFile,
};
pub use error::StorageError;
pub use files::Files;
pub use folder::DataFolder;
pub use links::Links;
pub use log::Log;
pub use rooms::Rooms;
pub use rooms::reminders::Reminders;
pub use seal::Seal;
pub use sessions::Sessions;
pub use space::{FreeSpace, Reserve};
pub use store::{Health, Store};
pub use vault::Vault;
