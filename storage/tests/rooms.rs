//! Rooms: how they are made and found. What becomes of them by what is said in them
//! is told in [`crate::rooms_model`].

use crate::cast::*;
use qunliao_protocol::{RoomId, UserId};
use qunliao_storage::rooms::{Around, End, NewRoom};
use qunliao_storage::{
    Access, EntryKind, Log, MessageChange, RoomChange, RoomRole, Rooms, StorageError, Store,
};

over_every_engine!(
    there_always_is_a_lobby_with_everyone_in_it,
    a_room_begins_with_its_creator_as_its_owner,
    a_direct_room_is_the_same_for_both,
    nobody_has_a_direct_room_with_oneself,
    nobody_is_brought_into_more_rooms_than_allowed,
    open_rooms_are_found_and_no_others,
    all_rooms_are_listed_with_the_lobby_first,
    entries_of_several_rooms_are_shown_at_once,
    who_comes_in_has_nothing_unread,
    a_closed_room_knows_no_strangers,
    what_happens_in_no_room_is_an_error,
);

const A: UserId = UserId(1);
const B: UserId = UserId(2);
const C: UserId = UserId(3);

async fn make(store: &Store, access: Access, title: &str, creator: UserId) -> RoomId {
    let new = NewRoom {
        access,
        title: title.to_owned(),
        creator,
        time: NOW,
        rooms_max: 100,
    };
    store.create_room(new).await.unwrap().unwrap()
}

async fn there_always_is_a_lobby_with_everyone_in_it(store: Store) {
    let lobby = store.room(LOBBY).await.unwrap().unwrap();
    assert_eq!(lobby.record.access, Access::Everyone);
    assert_eq!((lobby.end, lobby.members.len()), (End::default(), 0));
    assert!(store.membership(LOBBY, A).await.unwrap().is_some());
    assert_eq!(store.room_ids_of(A).await.unwrap(), [LOBBY]);
    let rooms = store.rooms_of(A).await.unwrap();
    assert_eq!((rooms.len(), rooms[0].member_count), (1, 0));
    assert!(store.room(RoomId(2)).await.unwrap().is_none());
}

async fn a_room_begins_with_its_creator_as_its_owner(store: Store) {
    let tea = make(&store, Access::Closed, "茶", A).await;
    assert_eq!(tea, RoomId(2));
    let state = store.room(tea).await.unwrap().unwrap();
    assert_eq!(
        (state.record.title.as_str(), state.record.created),
        ("茶", NOW)
    );
    assert_eq!((state.end.last, state.end.messages), (id(1), 0));
    let owner = &state.members[0];
    assert_eq!((owner.0, owner.1.role), (A, RoomRole::Owner));
    assert_eq!((owner.1.since, owner.1.read), (id(1), id(1)));
    let first = store.entry(tea, id(1)).await.unwrap().unwrap().content;
    let created = RoomChange::Created {
        access: Access::Closed,
        title: "茶".into(),
        with: None,
    };
    assert_eq!((first.kind, first.author), (EntryKind::Room(created), A));
    assert_eq!(make(&store, Access::Open, "", B).await, RoomId(3));
    assert_eq!(store.room_ids_of(A).await.unwrap(), [LOBBY, tea]);
}

async fn a_direct_room_is_the_same_for_both(store: Store) {
    let room = store.direct_room(B, A, NOW, 10).await.unwrap().unwrap();
    for (one, other) in [(A, B), (B, A)] {
        let again = store.direct_room(one, other, NOW + 1, 0).await.unwrap();
        assert_eq!(again, Some(room));
    }
    assert_ne!(store.direct_room(A, C, NOW, 10).await.unwrap(), Some(room));
    let rooms = store.rooms_of(A).await.unwrap();
    let direct = &rooms[1];
    assert_eq!((direct.record.id, direct.member_count), (room, 2));
    let two: Vec<UserId> = direct.members.iter().map(|(user, _)| *user).collect();
    assert_eq!(two, [A, B]);
    assert!(
        direct
            .members
            .iter()
            .all(|(_, m)| m.role == RoomRole::Member)
    );
}

async fn nobody_has_a_direct_room_with_oneself(store: Store) {
    assert_eq!(store.direct_room(A, A, NOW, 10).await.unwrap(), None);
    assert_eq!(store.room_ids_of(A).await.unwrap(), [LOBBY]);
}

async fn nobody_is_brought_into_more_rooms_than_allowed(store: Store) {
    for _ in 0..3 {
        make(&store, Access::Open, "x", A).await;
    }
    let new = NewRoom {
        access: Access::Open,
        title: String::new(),
        creator: A,
        time: NOW,
        rooms_max: 3,
    };
    assert_eq!(store.create_room(new).await.unwrap(), None);
    for (one, other) in [(A, B), (B, A)] {
        assert_eq!(store.direct_room(one, other, NOW, 3).await.unwrap(), None);
    }
    assert!(store.direct_room(A, B, NOW, 4).await.unwrap().is_some());
}

async fn open_rooms_are_found_and_no_others(store: Store) {
    let first = make(&store, Access::Open, "first", A).await;
    make(&store, Access::Closed, "closed", A).await;
    store.direct_room(A, B, NOW, 10).await.unwrap().unwrap();
    let second = make(&store, Access::Open, "second", A).await;
    append(&store, first, 1, vec![changed(2, RoomChange::Joined)]).await;
    let found = store.open_rooms(RoomId(0), 10).await.unwrap();
    let titles: Vec<_> = found.iter().map(|(r, n)| (r.title.as_str(), *n)).collect();
    assert_eq!(titles, [("first", 2), ("second", 1)]);
    let next = store.open_rooms(first, 1).await.unwrap();
    assert_eq!(next[0].0.id, second);
    assert_eq!(store.open_rooms(second, 9).await.unwrap(), []);
}

async fn all_rooms_are_listed_with_the_lobby_first(store: Store) {
    let rooms = [
        LOBBY,
        make(&store, Access::Open, "a", A).await,
        make(&store, Access::Closed, "b", A).await,
    ];
    append(&store, LOBBY, 0, vec![said(1, "hi")]).await;
    append(
        &store,
        LOBBY,
        1,
        vec![changed(1, RoomChange::Announced("!".into()))],
    )
    .await;
    let listed = store.all_rooms(RoomId(0), 10).await.unwrap();
    let ids: Vec<RoomId> = listed.iter().map(|(room, _)| *room).collect();
    assert_eq!(ids, rooms);
    assert_eq!((listed[0].1.last, listed[0].1.messages), (id(2), 1));
    let mut walked = vec![RoomId(0)];
    while let Some((room, _)) = store
        .all_rooms(*walked.last().unwrap(), 1)
        .await
        .unwrap()
        .pop()
    {
        walked.push(room);
    }
    assert_eq!(walked[1..], rooms);
}

async fn entries_of_several_rooms_are_shown_at_once(store: Store) {
    let tea = make(&store, Access::Open, "茶", A).await;
    append(&store, LOBBY, 0, vec![said(1, "hi")]).await;
    append(&store, tea, 1, vec![said(1, "oolong?")]).await;
    append(
        &store,
        tea,
        2,
        vec![change(2, 2, MessageChange::Reacted("👍".into()))],
    )
    .await;
    let asked = vec![
        (tea, id(2)),
        (LOBBY, id(9)),
        (RoomId(9), id(1)),
        (LOBBY, id(1)),
    ];
    let shown = store.shown(asked, B).await.unwrap();
    let places: Vec<_> = shown
        .iter()
        .map(|(room, shown)| (*room, shown.entry.id))
        .collect();
    assert_eq!(places, [(tea, id(2)), (LOBBY, id(1))]);
    let reactions = &shown[0].1.amendment.as_ref().unwrap().reactions;
    assert!(reactions[0].own && reactions[0].count == 1);
    assert_eq!(shown[1].1.amendment, None);
}

async fn who_comes_in_has_nothing_unread(store: Store) {
    let tea = make(&store, Access::Open, "茶", A).await;
    append(&store, tea, 1, vec![said(1, "a"), said(1, "b")]).await;
    append(
        &store,
        tea,
        3,
        vec![changed(2, RoomChange::Joined), said(1, "c")],
    )
    .await;
    let unread = |rooms: Vec<qunliao_storage::rooms::RoomOverview>| rooms[1].unread;
    assert_eq!(unread(store.rooms_of(B).await.unwrap()), 1);
    assert_eq!(unread(store.rooms_of(A).await.unwrap()), 3);
    store
        .mark_read(tea, vec![(A, id(99)), (B, id(4))])
        .await
        .unwrap();
    assert_eq!(unread(store.rooms_of(A).await.unwrap()), 0);
    assert_eq!(unread(store.rooms_of(B).await.unwrap()), 1);
    let marked = store.membership(tea, A).await.unwrap().unwrap();
    assert_eq!(marked.read, id(5));
}

async fn a_closed_room_knows_no_strangers(store: Store) {
    let tea = make(&store, Access::Closed, "茶", A).await;
    assert!(store.membership(tea, B).await.unwrap().is_none());
    assert!(!store.set_card(tea, B, Some("b".into())).await.unwrap());
    store.mark_read(tea, vec![(B, id(1))]).await.unwrap();
    assert_eq!(store.room(tea).await.unwrap().unwrap().members.len(), 1);
    let kicked = vec![
        changed(1, RoomChange::Kicked(B)),
        changed(1, RoomChange::Banned(B)),
    ];
    append(&store, tea, 1, kicked).await;
    let state = store.room(tea).await.unwrap().unwrap();
    assert_eq!((state.members.len(), state.banned), (1, vec![B]));
}

async fn what_happens_in_no_room_is_an_error(store: Store) {
    let changes = [
        changed(1, RoomChange::Joined),
        changed(1, RoomChange::Titled("x".into())),
    ];
    for entry in changes {
        let refused = store.append(RoomId(9), id(0), vec![entry]).await;
        assert!(matches!(refused, Err(StorageError::Damaged(_))));
    }
    assert_eq!(last(&store, RoomId(9)).await, id(0));
    let history = store
        .history(RoomId(9), Around::Before(id(1)), 9, 99, A)
        .await;
    assert_eq!(history.unwrap(), []);
}
