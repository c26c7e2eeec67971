//! Answers about rooms: what storage knows of them, and what it is told.

use super::super::entering::show_room;
use crate::chat_room::{Notice, Tell};
use crate::clock::now_ms;
use crate::house::House;
use crate::overview::{member, role_in_lobby};
use crate::rooms::Open;
use crate::words;
use qunliao_protocol::chat::{
    self as wire, ListReply, ListedRoom, MembersReply, OverviewReply, ROOMS, RoomPush, RosterLine,
    RosterReply,
};
use qunliao_protocol::reply::Nothing;
use qunliao_protocol::{EntryId, Failure, RoomId, UserId};
use qunliao_storage::accounts::{Standing, User};
use qunliao_storage::rooms::{Membership, NewRoom, Notify, RoomState};
use qunliao_storage::{Access, StorageError};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) async fn list(
    house: Arc<House>,
    user: UserId,
    after: RoomId,
    limit: usize,
) -> Result<ListReply, Failure> {
    let failed = |why| crate::storage_failure(&why);
    let store = &house.room_store;
    let mut found = store.open_rooms(after, limit + 1).await.map_err(failed)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let own = store.room_ids_of(user).await.map_err(failed)?;
    let rooms = found.into_iter().map(|(record, member_count)| ListedRoom {
        room: record.id,
        title: record.title,
        member_count,
        joined: own.contains(&record.id),
    });
    Ok(ListReply {
        rooms: rooms.collect(),
        more,
    })
}

pub(super) async fn create(
    house: Arc<House>,
    user: UserId,
    title: String,
    access: wire::Access,
) -> Result<OverviewReply, Failure> {
    let new = NewRoom {
        access: words::new_access(access).ok_or(Failure::MistypedKey("access"))?,
        title,
        creator: user,
        time: now_ms(),
        rooms_max: house.limits.rooms_per_user_max,
    };
    let created = house.room_store.create_room(new).await;
    let created = created.map_err(|why| crate::storage_failure(&why))?;
    let room = created.ok_or(Failure::TooManyRooms)?;
    house.presence.brought_in(user, room, EntryId(1));
    let (overview, _) = show_room(house, user, room).await?;
    Ok(OverviewReply { overview })
}

pub(super) async fn direct(
    house: Arc<House>,
    user: UserId,
    with: UserId,
) -> Result<OverviewReply, Failure> {
    let failed = |why| crate::storage_failure(&why);
    if user == with {
        return Err(Failure::UserNotFound);
    }
    let other = house.accounts.user(with).await.map_err(failed)?;
    let can_be_met = |standing| matches!(standing, Standing::Active | Standing::Disabled);
    if !other.is_some_and(|other| can_be_met(other.standing)) {
        return Err(Failure::UserNotFound);
    }
    let rooms_max = house.limits.rooms_per_user_max;
    let store = &house.room_store;
    let room = store.direct_room(user, with, now_ms(), rooms_max).await;
    let room = room.map_err(failed)?.ok_or(Failure::TooManyRooms)?;
    // Those who are in it already hear it, and pass this over.
    house.presence.brought_in(user, room, EntryId(1));
    house.presence.brought_in(with, room, EntryId(1));
    let (overview, _) = show_room(house, user, room).await?;
    Ok(OverviewReply { overview })
}

/// The state of a room that `reader` is in.
async fn state(house: &House, reader: UserId, room: RoomId) -> Result<RoomState, Failure> {
    let failed = |why| crate::storage_failure(&why);
    let store = &house.room_store;
    let state = store.room(room).await.map_err(failed)?;
    let state = state.ok_or(Failure::RoomNotFound)?;
    let is_in = state.record.access == Access::Everyone
        || state.members.iter().any(|(user, _)| *user == reader);
    is_in.then_some(state).ok_or(Failure::NotAMember)
}

/// Members after this one by id, at most `limit`, and whether there are more. In the
/// lobby, those are all who have an account.
async fn page_of_members(
    house: &House,
    state: RoomState,
    after: UserId,
    limit: usize,
) -> Result<(Vec<(UserId, Membership)>, bool), Failure> {
    let mut members: Vec<(UserId, Membership)> = match state.record.access {
        Access::Everyone => {
            let active = active_users(house, after, limit + 1).await;
            let active = active.map_err(|why| crate::storage_failure(&why))?;
            let mut kept: HashMap<_, _> = state.members.into_iter().collect();
            let member = |user: User| {
                let mut membership = kept.remove(&user.id).unwrap_or_default();
                membership.role = role_in_lobby(user.role);
                (user.id, membership)
            };
            active.into_iter().map(member).collect()
        }
        _ => state.members,
    };
    members.sort_unstable_by_key(|(user, _)| *user);
    members.retain(|(user, _)| *user > after);
    let more = members.len() > limit;
    members.truncate(limit);
    Ok((members, more))
}

/// At least `wanted` users after this one whose accounts can be used, if there are.
async fn active_users(
    house: &House,
    mut after: UserId,
    wanted: usize,
) -> Result<Vec<User>, StorageError> {
    let mut active = Vec::new();
    loop {
        let page = house.accounts.users(Some(after), wanted).await?;
        let is_last = page.len() < wanted;
        after = page.last().map_or(after, |user| user.id);
        let found = page.into_iter();
        active.extend(found.filter(|user| user.standing == Standing::Active));
        if is_last || active.len() >= wanted {
            return Ok(active);
        }
    }
}

pub(super) async fn members(
    house: Arc<House>,
    reader: UserId,
    room: RoomId,
    after: UserId,
    limit: usize,
) -> Result<MembersReply, Failure> {
    let state = state(&house, reader, room).await?;
    let (members, more) = page_of_members(&house, state, after, limit).await?;
    let users = members.iter().map(|(user, _)| *user).collect();
    let names = house.reading.names(users).await;
    let names = names.map_err(|why| crate::storage_failure(&why))?;
    let members = members.into_iter();
    Ok(MembersReply {
        members: members
            .map(|(user, membership)| member(user, membership, &names))
            .collect(),
        more,
    })
}

pub(super) async fn roster(
    house: Arc<House>,
    reader: UserId,
    room: RoomId,
    id: EntryId,
    after: UserId,
    limit: usize,
) -> Result<RosterReply, Failure> {
    let state = state(&house, reader, room).await?;
    if state.record.announcement != Some(id) {
        return Err(Failure::EntryNotFound);
    }
    let has_confirmed = |membership: &Membership| membership.confirmed >= id;
    let confirmed = state
        .members
        .iter()
        .filter(|(_, member)| has_confirmed(member));
    let confirmed_count = confirmed.count() as u64;
    let member_count = match state.record.access {
        Access::Everyone => {
            let count = house.reading.people_count().await;
            count.map_err(|why| crate::storage_failure(&why))?
        }
        _ => state.members.len() as u64,
    };
    let (members, more) = page_of_members(&house, state, after, limit).await?;
    let users = members.iter().map(|(user, _)| *user).collect();
    let names = house.reading.names(users).await;
    let names = names.map_err(|why| crate::storage_failure(&why))?;
    let lines = members.into_iter().map(|(user, membership)| RosterLine {
        user,
        name: names.get(&user).cloned().unwrap_or_default(),
        confirmed: has_confirmed(&membership),
    });
    Ok(RosterReply {
        confirmed_count,
        member_count,
        members: lines.collect(),
        more,
    })
}

pub(super) async fn confirm(
    house: Arc<House>,
    user: UserId,
    room: RoomId,
    id: EntryId,
) -> Result<Nothing, Failure> {
    let confirmed = house.room_store.confirm_announcement(room, user, id).await;
    if !confirmed.map_err(|why| crate::storage_failure(&why))? {
        return Err(Failure::EntryNotFound);
    }
    tell(&house, room, user, RoomPush::Confirm { room, id }).await;
    Ok(Nothing {})
}

pub(super) async fn set_card(
    house: Arc<House>,
    user: UserId,
    room: RoomId,
    card: Option<String>,
) -> Result<Nothing, Failure> {
    let failed = |why| crate::storage_failure(&why);
    let set = house.room_store.set_card(room, user, card.clone()).await;
    if !set.map_err(failed)? {
        return Err(Failure::NotAMember);
    }
    if let Ok(Ok(link)) = house.rooms.send(Open(room)).await {
        let notice = Notice::new(ROOMS, RoomPush::Card { room, user, card });
        link.tell.do_send(Tell(Arc::new(notice)));
    }
    Ok(Nothing {})
}

pub(super) async fn set_notify(
    house: Arc<House>,
    user: UserId,
    room: RoomId,
    notify: Notify,
) -> Result<Nothing, Failure> {
    let set = house.room_store.set_notify(room, user, notify).await;
    if !set.map_err(|why| crate::storage_failure(&why))? {
        return Err(Failure::NotAMember);
    }
    let notify = words::notify(notify);
    tell(&house, room, user, RoomPush::Notify { room, notify }).await;
    Ok(Nothing {})
}

/// Tells the user's own devices what one of them has settled.
async fn tell(house: &House, room: RoomId, user: UserId, push: RoomPush) {
    if let Ok(Ok(link)) = house.rooms.send(Open(room)).await {
        let notice = Notice::new(ROOMS, push).only_for(user);
        link.tell.do_send(Tell(Arc::new(notice)));
    }
}
