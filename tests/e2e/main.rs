//! End to end: the real program over real sockets, one folder of data a test.

#[path = "../support/certificates.rs"]
mod certificates;
#[path = "../support/smtp_server.rs"]
mod smtp_server;

mod browser;
mod encrypted;
mod gateways;
mod harness;
mod people;
mod wire;

mod admin;
mod attackers;
mod config;
mod conversation;
mod delivery;
mod docs;
mod durability;
mod example_client;
mod flows;
mod guessing;
mod ladder;
mod malformed;
mod memory;
mod origin_bytes;
mod outbox;
mod owed;
mod pages;
mod proxies;
mod recovery;
mod secrets;
mod sessions;
mod tidy;
mod tls;
