//! Qunliao: a group chat that a small team hosts itself.
//!
//! This package is the program: its configuration, its listeners, and the one
//! place where the actors are wired. What they do lies in the crates beside it;
//! ARCHITECTURE.md shows the way.

pub mod config;
mod listener;
pub mod server;
mod web;

pub use config::Config;
