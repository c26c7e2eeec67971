//! The client's side of the wire: one type for each of the three ports.
//!
//! [`AuthClient`] signs up and in and looks after accounts, [`ChatClient`] says and
//! hears, [`FilesClient`] shares and fetches; all three speak through a
//! [`Connection`], with either header. What they send is typed by
//! `qunliao-protocol`, as is what they expect back.
//!
//! A [`HeaderForm`] alone is a [`Way`] of speaking without TLS. To a server that made
//! its own certificate, the way is `Way::encrypted(form, Tls::pinned(fingerprint))`.
//!
//! Nothing here waits for less than for ever: put a `tokio::time::timeout` around
//! what should not. Everything that receives loses nothing when it is dropped
//! half-way, so it may also stand in a `select!`.

mod account;
mod auth;
mod chat;
mod connection;
mod credential;
mod error;
mod files;
mod tls;
mod way;

pub use account::ProfileChange;
pub use auth::{AuthClient, NewUser};
pub use chat::{ChatClient, Event, Line, NewMessage, Query};
pub use connection::Connection;
pub use credential::Credential;
pub use error::{ClientError, Refused};
pub use files::FilesClient;
pub use qunliao_protocol::HeaderForm;
pub use qunliao_protocol::auth::{Contact, ServerInfo, SessionCard, SignedIn, UserCard};
pub use qunliao_protocol::chat::{
    Access, Around, Attachment, Changed, Entered, Entry, FileCard, ForwardOf, Gap, HistoryReply,
    Kind, ListReply, ListedRoom, Member, MembersReply, Mentions, Notify, Overview, Person,
    PresencePush, ReadPush, RoomPush, RoomRole, RosterReply, Said, SearchReply, SeenReply,
    TypingPush,
};
pub use qunliao_protocol::files::{Listed, Listing, Uploaded};
pub use tls::{Fingerprint, NoFingerprint, Tls};
pub use way::Way;
