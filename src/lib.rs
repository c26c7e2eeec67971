//! Qunliao: a group chat that a small team hosts itself.
//!
//! This package is the program: its configuration, its listeners, and the one
//! place where the actors are wired. What they do lies in the crates beside it;
//! ARCHITECTURE.md shows the way.

mod access;
pub mod admin;
pub mod commands;
pub mod config;
mod doctor;
mod listener;
pub mod networks;
mod proxy;
pub mod server;
pub mod tls;
mod web;

pub use config::Config;
