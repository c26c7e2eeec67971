//! The actors: one per connection, and the few that connections speak to.
//!
//! | actor | owns |
//! | --- | --- |
//! | [`host::Host`] | one arbiter's connections, their start and their deadlines |
//! | [`connection::Connection`] | one socket |
//! | [`rooms::Rooms`] | which rooms run |
//! | [`chat_room::ChatRoom`] | one room: who listens, what may happen, and in which order |
//! | [`auth_registry::AuthRegistry`] | sign-in, sign-up, codes |
//! | [`file_vault::FileVault`] | who may transfer how much |
//! | [`courier::Courier`] | the gateways to phones and addresses |
//!
//! Neighbours come in through constructors; the server wires them in one place.
//! What an actor decides is pure and lies beside it.

pub mod admin;
pub mod admission;
pub mod auth_registry;
pub mod brake;
pub mod breaker;
pub mod chat_room;
pub mod clock;
pub mod connection;
pub mod contacts;
pub mod courier;
pub mod credentials;
pub mod deadlines;
pub mod file_vault;
pub mod finder;
pub mod hasher;
pub mod host;
pub mod house;
pub mod info;
pub mod limits;
pub mod names;
pub mod online;
mod overview;
pub mod pace;
pub mod passwords;
pub mod person;
pub mod presence;
pub mod reading;
pub mod rooms;
pub mod roster;
pub mod vital;
mod words;

pub use house::House;
pub use limits::Limits;

/// Stop, when what is under way is done.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Stop;

/// Answer, to show that the actor is alive.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Ping;

use qunliao_protocol::Failure;
use qunliao_storage::StorageError;

/// What a client is told when storage could not do what was asked.
fn storage_failure(why: &StorageError) -> Failure {
    match why {
        StorageError::Full { .. } => Failure::StorageFull,
        StorageError::Closed => Failure::ShuttingDown,
        other => {
            log::error!("event=storage_error error=\"{other}\"");
            Failure::Unavailable
        }
    }
}
