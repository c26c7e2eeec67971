//! The wire of Qunliao: headers, bodies, requests, replies, forwards and codes.
//!
//! Everything here is pure: bytes in, values out. There is no I/O and no actor,
//! so the server, the clients and the tests all speak through the same types.
//! `docs/protocol.md` describes the same wire in prose, with an example of every
//! frame.

pub mod auth;
pub mod chat;
pub mod failure;
pub mod files;
pub mod frame;
pub mod ids;
pub mod json;
pub mod label;
pub mod reply;
pub mod request;

pub use failure::{Failure, Language};
pub use frame::{Decoder, FrameError, HeaderForm};
pub use ids::{EntryId, FileId, FolderId, LinkId, RoomId, SessionId, UserId};
pub use request::{Credential, Envelope};
