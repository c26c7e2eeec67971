//! The actors, each among neighbours that are played by probes: the good
//! conversation, the refusals, the neighbour that is gone, the stop.

// Clippy's leave to unwrap in tests does not reach the functions that they share.
#![allow(clippy::unwrap_used)]

mod support;

mod admin;
mod auth_registry;
mod chat_room;
mod connection;
mod courier;
mod file_vault;
mod host;
mod presence;
mod rooms;
