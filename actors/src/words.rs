//! The words of storage and of the wire for the same things.

use qunliao_protocol::chat as wire;
use qunliao_storage::rooms::Notify;
use qunliao_storage::{Access, RoomRole};

pub(crate) fn access(access: Access) -> wire::Access {
    match access {
        Access::Everyone => wire::Access::Everyone,
        Access::Open => wire::Access::Open,
        Access::Closed => wire::Access::Closed,
        Access::Direct => wire::Access::Direct,
    }
}

/// What a new room can be; `None` for the others.
pub(crate) fn new_access(access: wire::Access) -> Option<Access> {
    match access {
        wire::Access::Open => Some(Access::Open),
        wire::Access::Closed => Some(Access::Closed),
        wire::Access::Everyone | wire::Access::Direct => None,
    }
}

pub(crate) fn role(role: RoomRole) -> wire::RoomRole {
    match role {
        RoomRole::Member => wire::RoomRole::Member,
        RoomRole::Admin => wire::RoomRole::Admin,
        RoomRole::Owner => wire::RoomRole::Owner,
    }
}

pub(crate) fn asked_role(role: wire::RoomRole) -> RoomRole {
    match role {
        wire::RoomRole::Member => RoomRole::Member,
        wire::RoomRole::Admin => RoomRole::Admin,
        wire::RoomRole::Owner => RoomRole::Owner,
    }
}

pub(crate) fn notify(notify: Notify) -> wire::Notify {
    match notify {
        Notify::All => wire::Notify::All,
        Notify::Mentions => wire::Notify::Mentions,
        Notify::Nothing => wire::Notify::None,
    }
}

pub(crate) fn asked_notify(notify: wire::Notify) -> Notify {
    match notify {
        wire::Notify::All => Notify::All,
        wire::Notify::Mentions => Notify::Mentions,
        wire::Notify::None => Notify::Nothing,
    }
}
