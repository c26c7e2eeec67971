//! Rooms as their members are told of them.

use crate::chat_room::Line;
use crate::clock::now_ms;
use crate::house::House;
use crate::words;
use qunliao_protocol::chat::{self as wire, Overview};
use qunliao_protocol::reply::Speaker;
use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::StorageError;
use qunliao_storage::accounts::{Role, User};
use qunliao_storage::rooms::{Membership, RoomOverview};
use qunliao_storage::{Access, EntryKind, RoomChange, RoomRole};
use std::collections::HashMap;

/// What someone may do in the lobby goes by what they may do on the server.
pub(crate) fn role_in_lobby(role: Role) -> RoomRole {
    match role {
        Role::Member => RoomRole::Member,
        Role::Admin => RoomRole::Admin,
        Role::Owner => RoomRole::Owner,
    }
}

/// These rooms, as `reader` is told of them.
///
/// # Errors
/// A [`StorageError`].
pub(crate) async fn overviews(
    house: &House,
    reader: &User,
    rooms: Vec<RoomOverview>,
) -> Result<Vec<Overview>, StorageError> {
    let announcements = announcements(house, reader.id, &rooms).await?;
    let members = rooms.iter().flat_map(|room| &room.members);
    let names = members.map(|(user, _)| *user).collect();
    let names = house.reading.names(names).await?;
    let mut overviews = Vec::with_capacity(rooms.len());
    for room in rooms {
        let announced = announcements.get(&room.record.id);
        let mut overview = overview(reader, room, &names, announced);
        if overview.access == wire::Access::Everyone {
            overview.member_count = house.reading.people_count().await?;
        }
        overviews.push(overview);
    }
    Ok(overviews)
}

/// What is announced in these rooms.
async fn announcements(
    house: &House,
    reader: UserId,
    rooms: &[RoomOverview],
) -> Result<HashMap<RoomId, Line>, StorageError> {
    let asked = rooms.iter().filter_map(|room| {
        let id = room.record.announcement?;
        Some((room.record.id, id))
    });
    let shown = house.room_store.shown(asked.collect(), reader).await?;
    let (ids, entries): (Vec<_>, Vec<_>) = shown
        .into_iter()
        .map(|(room, shown)| (room, shown.entry))
        .unzip();
    let lines = house.reading.lines(entries).await?;
    Ok(ids.into_iter().zip(lines).collect())
}

fn overview(
    reader: &User,
    room: RoomOverview,
    names: &HashMap<UserId, String>,
    announced: Option<&Line>,
) -> Overview {
    let (record, own) = (room.record, room.membership);
    let role = match record.access {
        Access::Everyone => role_in_lobby(reader.role),
        _ => own.role,
    };
    let members = room.members.into_iter();
    Overview {
        room: record.id,
        title: record.title,
        access: words::access(record.access),
        role: words::role(role),
        last: room.end.last,
        time: room.end.time,
        read: own.read,
        unread: room.unread,
        mentions: room.mentions,
        member_count: room.member_count,
        members: members
            .map(|(user, membership)| member(user, membership, names))
            .collect(),
        notify: words::notify(own.notify),
        card: own.card,
        muted_until: still_muted(own.muted_until),
        announcement: announced.and_then(|line| announcement(line, own.confirmed)),
        pins: record.pins,
    }
}

/// A member, as others are told of one.
pub(crate) fn member(
    user: UserId,
    membership: Membership,
    names: &HashMap<UserId, String>,
) -> wire::Member {
    wire::Member {
        user,
        name: names.get(&user).cloned().unwrap_or_default(),
        role: words::role(membership.role),
        card: membership.card,
        nickname: None,
        muted_until: still_muted(membership.muted_until),
    }
}

fn still_muted(until: u64) -> Option<u64> {
    (until > now_ms()).then_some(until)
}

fn announcement(line: &Line, confirmed: EntryId) -> Option<wire::Announcement> {
    let EntryKind::Room(RoomChange::Announced(text)) = &line.kind else {
        return None;
    };
    Some(wire::Announcement {
        id: line.id,
        news: text.clone(),
        time: line.time,
        user: line.author,
        speaker: Speaker {
            name: line.name.clone(),
        },
        confirmed: confirmed >= line.id,
    })
}

/// A user, as others are told of one.
pub(crate) fn person(user: User) -> wire::Person {
    wire::Person {
        id: user.id,
        name: user.name,
        nickname: user.profile.nickname,
        avatar: user.profile.avatar,
        role: match user.role {
            Role::Member => None,
            role => Some(role.word().to_owned()),
        },
    }
}
