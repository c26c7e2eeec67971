//! What is told of rooms and of those who are in them.

use super::super::{Access, Kind, Notify, RoomRole, room_text};
use crate::ids::{EntryId, FileId, RoomId, UserId};
use crate::reply::Speaker;
use serde::{Deserialize, Serialize};

/// A user, as others see one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The id.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// A name to be shown in place of the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// A picture among the shared files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<FileId>,
    /// `admin` or `owner` of the server; nothing for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// A room as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// The room.
    #[serde(with = "room_text")]
    pub room: RoomId,
    /// Its title; empty for the lobby and for direct rooms.
    pub title: String,
    /// Who may come in.
    pub access: Access,
    /// What the reader may do.
    pub role: RoomRole,
    /// The last entry; 0 if there is none.
    pub last: EntryId,
    /// Its time, in milliseconds since the epoch; 0 if there is none.
    pub time: u64,
    /// The last entry that the reader has read.
    pub read: EntryId,
    /// Messages after it.
    pub unread: u64,
    /// Those of them that mean the reader; a large number may be cut off.
    pub mentions: u64,
    /// How many are in it.
    pub member_count: u64,
    /// Both in a direct room, none in the lobby, else those who came first.
    pub members: Vec<Member>,
    /// Of what the reader wants to be told.
    pub notify: Notify,
    /// The reader's name in the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Until when the reader may not speak, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<u64>,
    /// What is announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<Announcement>,
    /// Pinned messages, in the order of pinning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<EntryId>,
}

/// What is announced in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The entry that did.
    pub id: EntryId,
    /// What.
    pub news: String,
    /// When, in milliseconds since the epoch.
    pub time: u64,
    /// Who.
    pub user: UserId,
    /// The name, under `args` on the wire.
    #[serde(rename = "args")]
    pub speaker: Speaker,
    /// Whether the reader has taken note of it.
    pub confirmed: bool,
}

/// Someone in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The id.
    pub user: UserId,
    /// The name.
    pub name: String,
    /// What this one may do.
    pub role: RoomRole,
    /// The name in the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// A name to be shown in place of the user's, where there is no `card`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Until when this one may not speak, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<u64>,
}

/// The reply that tells of one room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverviewReply {
    /// The room.
    pub overview: Overview,
}

/// The reply to [`RoomRequest::List`](super::RoomRequest::List).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListReply {
    /// Open rooms, by id.
    pub rooms: Vec<ListedRoom>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// An open room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedRoom {
    /// The room.
    #[serde(with = "room_text")]
    pub room: RoomId,
    /// Its title.
    pub title: String,
    /// How many are in it.
    pub member_count: u64,
    /// Whether the reader is.
    pub joined: bool,
}

/// The reply to [`RoomAsk::Members`](super::RoomAsk::Members).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersReply {
    /// Members, by id.
    pub members: Vec<Member>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// The reply to [`RoomAsk::Roster`](super::RoomAsk::Roster).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterReply {
    /// How many of the members have taken note.
    pub confirmed_count: u64,
    /// How many members there are.
    pub member_count: u64,
    /// Members, by id.
    pub members: Vec<RosterLine>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// Whether a member has taken note of an announcement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterLine {
    /// The id.
    pub user: UserId,
    /// The name.
    pub name: String,
    /// Whether this one has.
    pub confirmed: bool,
}

/// What happens to a room beside its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub enum RoomPush {
    /// The user has come into a room. Its entries follow, from the one that made it so.
    Added {
        /// The room.
        overview: Box<Overview>,
    },
    /// The user is in a room no more. The entry that made it so has come before,
    /// unless the connection was still behind.
    Removed {
        /// Which.
        #[serde(with = "room_text")]
        room: RoomId,
        /// [`Kind::Left`], [`Kind::Kicked`] or [`Kind::Banned`].
        kind: Kind,
        /// Whose doing it was.
        user: UserId,
        /// The name, under `args` on the wire.
        #[serde(rename = "args")]
        speaker: Speaker,
    },
    /// A member has another name in the room.
    Card {
        /// The room.
        #[serde(with = "room_text")]
        room: RoomId,
        /// Who.
        user: UserId,
        /// The name; absent: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        card: Option<String>,
    },
    /// The user, on whichever device, wants to be told of this.
    Notify {
        /// The room.
        #[serde(with = "room_text")]
        room: RoomId,
        /// Of what.
        notify: Notify,
    },
    /// The user, on whichever device, has taken note of an announcement.
    Confirm {
        /// The room.
        #[serde(with = "room_text")]
        room: RoomId,
        /// The announcement.
        id: EntryId,
    },
}

#[cfg(test)]
mod tests {
    use super::super::super::{ENTER, Entered, Limits, Push, ROOMS};
    use super::*;
    use crate::reply::Reply;

    fn overview() -> Overview {
        Overview {
            room: RoomId(2),
            title: "茶友会".into(),
            access: Access::Closed,
            role: RoomRole::Member,
            last: EntryId(3),
            time: 9,
            read: EntryId(2),
            unread: 1,
            mentions: 0,
            member_count: 2,
            members: vec![Member {
                user: UserId(1),
                name: "小爱".into(),
                role: RoomRole::Owner,
                ..Member::default()
            }],
            notify: Notify::Mentions,
            card: Some("阿波".into()),
            muted_until: None,
            announcement: Some(Announcement {
                id: EntryId(3),
                news: "喝茶".into(),
                time: 9,
                user: UserId(1),
                speaker: Speaker {
                    name: "小爱".into(),
                },
                confirmed: false,
            }),
            pins: vec![EntryId(1)],
        }
    }

    #[test]
    fn what_is_not_so_is_not_said() {
        let plain = Overview {
            card: None,
            announcement: None,
            pins: Vec::new(),
            ..overview()
        };
        let json = serde_json::to_string(&plain).unwrap();
        for key in ["card", "muted_until", "announcement", "pins"] {
            assert!(!json.contains(&format!("\"{key}\"")), "{key}");
        }
        assert!(json.starts_with(r#"{"room":"2","title":"茶友会","access":"closed","#));
        assert_eq!(serde_json::from_str::<Overview>(&json).unwrap(), plain);
    }

    #[test]
    fn the_reply_to_enter_is_read_as_it_is_written() {
        let entered = Entered {
            user: Person {
                id: UserId(2),
                name: "小波".into(),
                ..Person::default()
            },
            rooms: vec![overview()],
            online: vec![UserId(1)],
            limits: Limits::default(),
            time: 9,
        };
        let reply = Reply::ok(ENTER, Some(1), entered);
        let read: Reply<Entered> = serde_json::from_slice(&reply.to_json()).unwrap();
        assert_eq!(read, reply);
    }

    #[test]
    fn pushes_about_rooms_are_told_apart_by_what_they_do() {
        let room = RoomId(2);
        let overview = Box::new(overview());
        let (user, card) = (UserId(1), None);
        for (word, push) in [
            ("added", RoomPush::Added { overview }),
            (
                "removed",
                RoomPush::Removed {
                    room,
                    kind: Kind::Kicked,
                    user,
                    speaker: Speaker {
                        name: "小爱".into(),
                    },
                },
            ),
            ("card", RoomPush::Card { room, user, card }),
            (
                "notify",
                RoomPush::Notify {
                    room,
                    notify: Notify::None,
                },
            ),
            (
                "confirm",
                RoomPush::Confirm {
                    room,
                    id: EntryId(3),
                },
            ),
        ] {
            let push = Push::new(ROOMS, push);
            let json = push.to_json();
            let start = format!("{{\"op\":3,\"do\":\"{word}\",");
            assert!(json.starts_with(start.as_bytes()), "{word}");
            assert_eq!(
                serde_json::from_slice::<Push<RoomPush>>(&json).unwrap(),
                push
            );
        }
    }
}
