//! End to end: the real program over real sockets, one folder of data a test.

#[path = "../support/certificates.rs"]
mod certificates;
#[path = "../support/smtp_server.rs"]
mod smtp_server;

mod harness;
mod people;
mod wire;

mod attackers;
mod config;
mod conversation;
mod delivery;
mod docs;
mod durability;
mod example_client;
mod malformed;
mod memory;
mod origin_bytes;
mod owed;
mod secrets;
mod tidy;
