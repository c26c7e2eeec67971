//! The data format of rooms; see [`crate::format`].

use crate::cast::*;
use crate::format::{hex, record, records};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use qunliao_protocol::UserId;
use qunliao_storage::keys::Kind;
use qunliao_storage::rooms::{NewRoom, Notify};
use qunliao_storage::{
    Access, EntryKind, Files, MemoryEngine, Mentions, Message, MessageChange, NewEntry, RoomChange,
    RoomRole, Rooms, Store,
};

fn numbers(numbers: &[u64]) -> Vec<u8> {
    let bytes = numbers.iter().map(|number| number.to_be_bytes());
    bytes.flatten().collect()
}

/// The keys of a kind whose values are empty, each as its numbers.
fn marks(engine: &MemoryEngine, kind: Kind) -> Vec<Vec<u64>> {
    let marks = records(engine, kind).into_iter().map(|(key, value)| {
        assert!(value.is_empty());
        let parts = key.chunks_exact(8);
        assert!(parts.remainder().is_empty());
        parts
            .map(|part| u64::from_be_bytes(part.try_into().unwrap()))
            .collect()
    });
    marks.collect()
}

async fn tea(store: &Store, access: Access) {
    let new = NewRoom {
        access,
        title: "茶".into(),
        creator: UserId(1),
        time: NOW,
        rooms_max: 9,
    };
    store.create_room(new).await.unwrap().unwrap();
}

#[tokio::test]
async fn rooms_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    tea(&store, Access::Open).await;
    let new = r#"{"access":"open","title":"茶","created":1700000000000,"members":1}"#;
    assert_eq!(
        record(&engine, Kind::RoomById),
        (numbers(&[2]), new.to_owned())
    );
    assert_eq!(marks(&engine, Kind::OpenRoomById), [[2]]);
    let entries = vec![
        said(1, "a"),
        changed(1, RoomChange::Announced("!".into())),
        change(1, 2, MessageChange::Pinned),
        changed(1, RoomChange::Banned(UserId(3))),
        changed(2, RoomChange::Joined),
    ];
    append(&store, qunliao_protocol::RoomId(2), 1, entries).await;
    let later =
        r#"{"access":"open","title":"茶","created":1700000000000,"announcement":3,"members":2}"#;
    assert_eq!(record(&engine, Kind::RoomById).1, later);
    assert_eq!(
        records(&engine, Kind::PinByRoomSeq),
        [(numbers(&[2, 4]), numbers(&[2]))]
    );
    assert_eq!(marks(&engine, Kind::BanByRoomUser), [[2, 3]]);
    assert_eq!(
        marks(&engine, Kind::UserIdByRoomSince),
        [[2, 1, 1], [2, 6, 2]]
    );
    assert_eq!(marks(&engine, Kind::RoomIdByUser), [[1, 2], [2, 2]]);
    let meta = records(&engine, Kind::Meta);
    assert!(meta.contains(&(b"rooms".to_vec(), numbers(&[1]))));
}

#[tokio::test]
async fn direct_and_other_rooms_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    store
        .direct_room(UserId(7), UserId(5), NOW, 9)
        .await
        .unwrap()
        .unwrap();
    let direct = r#"{"access":"direct","created":1700000000000,"members":2}"#.to_owned();
    assert_eq!(record(&engine, Kind::RoomById), (numbers(&[2]), direct));
    let by_users = records(&engine, Kind::DirectRoomByUsers);
    assert_eq!(by_users, [(numbers(&[5, 7]), numbers(&[2]))]);
    assert_eq!(marks(&engine, Kind::OpenRoomById), [] as [Vec<u64>; 0]);
    tea(&store, Access::Closed).await;
    let rooms = records(&engine, Kind::RoomById);
    assert!(rooms[1].1.starts_with(br#"{"access":"closed","#));
    append(
        &store,
        LOBBY,
        0,
        vec![changed(1, RoomChange::Announced("!".into()))],
    )
    .await;
    let lobby = br#"{"access":"everyone","announcement":1}"#.to_vec();
    assert_eq!(records(&engine, Kind::RoomById)[0], (numbers(&[1]), lobby));
}

#[tokio::test]
async fn memberships_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    tea(&store, Access::Closed).await;
    let room = qunliao_protocol::RoomId(2);
    let owner = r#"{"role":"owner","since":1,"read":1}"#.to_owned();
    assert_eq!(
        record(&engine, Kind::MembershipByRoomUser),
        (numbers(&[2, 1]), owner)
    );
    let user = UserId(1);
    let role = RoomRole::Admin;
    let entries = vec![
        changed(1, RoomChange::RoleGiven { user, role }),
        changed(1, RoomChange::Muted { user, until: NOW }),
        changed(1, RoomChange::Announced("!".into())),
    ];
    append(&store, room, 1, entries).await;
    store.mark_read(room, vec![(user, id(3))]).await.unwrap();
    assert!(
        store
            .set_notify(room, user, Notify::Mentions)
            .await
            .unwrap()
    );
    assert!(
        store
            .set_card(room, user, Some("小爱".into()))
            .await
            .unwrap()
    );
    assert!(store.confirm_announcement(room, user, id(4)).await.unwrap());
    let (_, value) = record(&engine, Kind::MembershipByRoomUser);
    let (before, rest) = value.split_once(r#""card":""#).unwrap();
    let (card, after) = rest.split_once('"').unwrap();
    assert_eq!(
        before,
        r#"{"role":"admin","since":1,"read":3,"notify":"mentions","muted_until":1700000000000,"#
    );
    assert_eq!(after, r#","confirmed":4}"#);
    // The name in the room is sealed, and bound to the room, the user and the kind.
    let card = crate::format::from_hex(card);
    let (nonce, sealed) = card.split_first_chunk::<24>().unwrap();
    let aad = [numbers(&[2, 1]), vec![0x34]].concat();
    let payload = Payload {
        msg: sealed,
        aad: &aad,
    };
    let key = crate::format::hmac(&KEY, &[b"qunliao seal"]);
    let opened = XChaCha20Poly1305::new(&key.into()).decrypt(&XNonce::from(*nonce), payload);
    assert_eq!(opened.unwrap(), "小爱".as_bytes());
    let role = RoomRole::Member;
    append(
        &store,
        room,
        4,
        vec![changed(1, RoomChange::RoleGiven { user, role })],
    )
    .await;
    assert!(store.set_notify(room, user, Notify::Nothing).await.unwrap());
    let (_, value) = record(&engine, Kind::MembershipByRoomUser);
    assert!(value.starts_with(r#"{"since":1,"read":3,"notify":"nothing","#));
}

#[tokio::test]
async fn amendments_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let mentions = Mentions::default();
    let text = "b".to_owned();
    let entries = vec![
        said(1, "a"),
        said(1, "x"),
        change(1, 1, MessageChange::Edited { text, mentions }),
        change(2, 1, MessageChange::Pinned),
        change(9, 1, MessageChange::Reacted("👍".into())),
        change(3, 1, MessageChange::Reacted("👍".into())),
        change(1, 2, MessageChange::Recalled),
    ];
    append(&store, LOBBY, 0, entries).await;
    let expected = [
        (numbers(&[1, 1]), br#"{"edited":3,"pinned":4}"#.to_vec()),
        (numbers(&[1, 2]), br#"{"recalled":7}"#.to_vec()),
    ];
    assert_eq!(records(&engine, Kind::AmendmentByRoomEntry), expected);
    assert_eq!(marks(&engine, Kind::EditByRoomEntry), [[1, 1, 3]]);
    let reaction = r#"{"emoji":"👍","count":2,"users":[3,9]}"#.to_owned();
    assert_eq!(
        record(&engine, Kind::ReactionByRoomEntry),
        (numbers(&[1, 1, 5]), reaction)
    );
    assert_eq!(
        marks(&engine, Kind::ReactorByRoomEntry),
        [[1, 1, 5, 3], [1, 1, 5, 9]]
    );
}

#[tokio::test]
async fn mentions_and_reminders_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let mentions = Mentions {
        everyone: true,
        users: vec![UserId(7)],
    };
    let kind = EntryKind::Message(Message {
        mentions,
        ..Message::default()
    });
    append(
        &store,
        LOBBY,
        0,
        vec![NewEntry {
            kind,
            ..said(1, "")
        }],
    )
    .await;
    assert_eq!(marks(&engine, Kind::MentionByUserRoomEntry), [[7, 1, 1]]);
    assert_eq!(marks(&engine, Kind::EveryoneMentionByRoomEntry), [[1, 1]]);
    let reminder = r#"{"entry":1,"time":1700000000000}"#.to_owned();
    assert_eq!(
        record(&engine, Kind::ReminderByUserRoom),
        (numbers(&[7, 1]), reminder)
    );
    assert_eq!(marks(&engine, Kind::ReminderByTime), [[NOW, 7, 1]]);
}

#[tokio::test]
async fn freed_contents_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let file = share(&store, alone("a"), 0xab, 1).await;
    assert!(store.remove_file(LOBBY, file.id).await.unwrap());
    let (key, value) = record(&engine, Kind::FreedContent);
    assert_eq!((hex(&key), value), ("ab".repeat(32), String::new()));
    let shelf = record(&engine, Kind::ShelfByRoom);
    assert_eq!(shelf, (numbers(&[1]), r#"{"items":0}"#.to_owned()));
    for kind in [
        Kind::FileById,
        Kind::ItemByRoomName,
        Kind::ItemByRoomSeq,
        Kind::FileIdByNameVersion,
        Kind::FileIdByContent,
    ] {
        assert_eq!(records(&engine, kind), [], "{kind:?}");
    }
}
