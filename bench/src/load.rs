//! The load generator: members of a room, on one thread, around one epoll.
//!
//! It has to be faster than whatever it loads. So it reads much at once into one
//! buffer, tells messages apart by their lengths or line ends, and looks into few of
//! them. Every connection's messages are counted, and have to be exactly those that
//! are due to it: what was lost is an error, and not a fast figure.

pub(crate) mod crowd;
mod ear;
mod member;
mod payload;
pub(crate) mod poller;
pub(crate) mod protocols;

pub(crate) use crowd::Crowd;
pub(crate) use payload::PAYLOAD_BYTES;
