//! op 3, rooms: finding, making, joining and leaving them, and keeping order.

mod replies;

pub use replies::{
    Announcement, ListReply, ListedRoom, Member, MembersReply, Overview, OverviewReply, Person,
    RoomPush, RosterLine, RosterReply,
};

use super::history::limit;
use super::{Access, Notify, RoomRole, parse_room, read_room};
use crate::failure::Failure;
use crate::ids::{EntryId, RoomId, UserId};
use crate::json::Object;

/// op 3: about rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomRequest<'a> {
    /// Open rooms. Answered with [`ListReply`].
    List {
        /// Those after this one, by id; 0 for the first.
        after: RoomId,
        /// At most so many.
        limit: usize,
    },
    /// A new room. Answered with [`OverviewReply`].
    Create {
        /// Its title, as it was typed.
        title: &'a str,
        /// [`Access::Open`] or [`Access::Closed`].
        access: Access,
    },
    /// The direct room of the user and this one. Answered with [`OverviewReply`].
    Direct {
        /// The other one.
        user: UserId,
    },
    /// About one room.
    In {
        /// Which.
        room: RoomId,
        /// What.
        ask: RoomAsk<'a>,
    },
}

/// What is asked about, or of, one room. Where nothing else is said, the answer is
/// [`Changed`](super::Changed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomAsk<'a> {
    /// How it stands. Answered with [`OverviewReply`].
    Show,
    /// Who is in it. Answered with [`MembersReply`].
    Members {
        /// Those after this one, by id; 0 for the first.
        after: UserId,
        /// At most so many.
        limit: usize,
    },
    /// Come in. How the room stands is pushed, as to all who come in.
    Join,
    /// Leave.
    Leave,
    /// Bring someone in.
    Invite(UserId),
    /// Make someone leave.
    Kick(UserId),
    /// Make someone leave, for good.
    Ban(UserId),
    /// Let someone come back.
    Unban(UserId),
    /// Keep someone from speaking.
    Mute {
        /// Whom.
        user: UserId,
        /// Until when.
        until: MuteEnd,
    },
    /// Let someone speak again.
    Unmute(UserId),
    /// Give someone another role.
    Role {
        /// Whom.
        user: UserId,
        /// Which.
        role: RoomRole,
    },
    /// Give the room another title, as it was typed.
    Title(&'a str),
    /// Announce something; empty: nothing any more.
    Announce(&'a str),
    /// Take note of this announcement. Answered with [`Nothing`](crate::reply::Nothing).
    Confirm(EntryId),
    /// Who has taken note of this announcement. Answered with [`RosterReply`].
    Roster {
        /// The announcement.
        id: EntryId,
        /// Those after this one, by id; 0 for the first.
        after: UserId,
        /// At most so many.
        limit: usize,
    },
    /// Have this name in the room (群名片), as it was typed; none: one's own. Answered
    /// with [`Nothing`](crate::reply::Nothing).
    Card(Option<&'a str>),
    /// Be told of this. Answered with [`Nothing`](crate::reply::Nothing).
    Notify(Notify),
}

/// When someone may speak again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MuteEnd {
    /// At this time, in milliseconds since the epoch.
    At(u64),
    /// After so many seconds; at least one.
    After(u64),
}

impl<'a> RoomRequest<'a> {
    /// Reads the request.
    ///
    /// # Errors
    /// [`Failure::MissingKey`], [`Failure::MistypedKey`], [`Failure::RoomNotFound`].
    pub fn read(body: &'a Object<'a>) -> Result<Self, Failure> {
        Ok(match body.text("do")? {
            "list" => Self::List {
                after: match body.optional_text("after")? {
                    None => RoomId(0),
                    Some(name) => parse_room(name).ok_or(Failure::MistypedKey("after"))?,
                },
                limit: limit(body)?,
            },
            "create" => Self::Create {
                title: body.text("title")?,
                access: Access::read(body.text("access")?)?,
            },
            "direct" => Self::Direct { user: user(body)? },
            verb => Self::In {
                ask: RoomAsk::read(verb, body)?,
                room: read_room(body)?,
            },
        })
    }
}

impl<'a> RoomAsk<'a> {
    fn read(verb: &str, body: &'a Object<'a>) -> Result<Self, Failure> {
        Ok(match verb {
            "show" => Self::Show,
            "members" => Self::Members {
                after: after(body)?,
                limit: limit(body)?,
            },
            "join" => Self::Join,
            "leave" => Self::Leave,
            "invite" => Self::Invite(user(body)?),
            "kick" => Self::Kick(user(body)?),
            "ban" => Self::Ban(user(body)?),
            "unban" => Self::Unban(user(body)?),
            "mute" => Self::Mute {
                user: user(body)?,
                until: MuteEnd::read(body)?,
            },
            "unmute" => Self::Unmute(user(body)?),
            "role" => Self::Role {
                user: user(body)?,
                role: RoomRole::read(body.text("role")?)?,
            },
            "title" => Self::Title(body.text("title")?),
            "announce" => Self::Announce(body.text("news")?),
            "confirm" => Self::Confirm(EntryId(body.id("id")?)),
            "roster" => Self::Roster {
                id: EntryId(body.id("id")?),
                after: after(body)?,
                limit: limit(body)?,
            },
            "card" => {
                let card = body.optional_text("card")?;
                Self::Card(card.filter(|card| !card.is_empty()))
            }
            "notify" => Self::Notify(Notify::read(body.text("notify")?)?),
            _ => return Err(Failure::MistypedKey("do")),
        })
    }
}

impl MuteEnd {
    fn read(body: &Object<'_>) -> Result<Self, Failure> {
        let at = body.optional_id("until")?.map(Self::At);
        match (at, body.optional_id("seconds")?) {
            (None, None) => Err(Failure::MissingKey("until")),
            (Some(at), None) => Ok(at),
            (None, Some(seconds)) if seconds > 0 => Ok(Self::After(seconds)),
            (_, Some(_)) => Err(Failure::MistypedKey("seconds")),
        }
    }
}

fn user(body: &Object<'_>) -> Result<UserId, Failure> {
    body.id("user").map(UserId)
}

fn after(body: &Object<'_>) -> Result<UserId, Failure> {
    Ok(UserId(body.optional_id("after")?.unwrap_or(0)))
}

#[cfg(test)]
mod tests;
