//! Administration: what an operator at the machine, or an administrator among the
//! users, may have done, and the one function that does it.
//!
//! [`Desk::carry_out`] takes a [`Request`] and who asks, and answers with a [`Reply`]
//! or a [`Refused`]. The server calls it for what comes in by its socket; the program
//! calls it directly over an opened data folder when no server runs. What only a
//! running server can do lies behind [`Effects`].

mod authority;
mod desk;
mod effects;
mod refused;
mod reply;
mod request;

pub use desk::{Desk, LinkUrl, Neighbours, Settings};
pub use effects::{Connections, Effects, Live, NewcomersSms, NoServer, Passwords};
pub use refused::Refused;
pub use reply::{
    AuditLine, CodesLine, DataLine, Invitation, Link, Reply, SessionLine, Statistics, Told,
    UserLine, UserRef, Who,
};
pub use request::{Caller, Request};
