//! Damaged records of rooms, and records that are gone: errors, never a panic.

use crate::cast::*;
use crate::damage::{JUNK, damaged};
use qunliao_protocol::{RoomId, UserId};
use qunliao_storage::keys::Kind;
use qunliao_storage::rooms::{Around, NewRoom, Notify};
use qunliao_storage::{
    Access, EntryKind, Files, Log, MemoryEngine, Mentions, Message, MessageChange, NewEntry,
    Reminders, RoomChange, Rooms, SharedFile, Store,
};

const TEA: RoomId = RoomId(2);
const A: UserId = UserId(1);
const B: UserId = UserId(2);

fn full(file: Option<SharedFile>) -> NewEntry {
    let mentions = Mentions {
        everyone: true,
        users: vec![B],
    };
    NewEntry {
        kind: EntryKind::Message(Message {
            text: "hi".into(),
            mentions,
            file,
            ..Message::default()
        }),
        ..said(1, "")
    }
}

/// A room in which everything has happened.
async fn lived_in(engine: &MemoryEngine) -> Store {
    let store = memory_store(engine);
    let new = NewRoom {
        access: Access::Open,
        title: "茶".into(),
        creator: A,
        time: NOW,
        rooms_max: 9,
    };
    assert_eq!(store.create_room(new).await.unwrap(), Some(TEA));
    store.direct_room(A, B, NOW, 9).await.unwrap().unwrap();
    let mut file = new_file(alone("a"), 1, 1);
    file.room = TEA;
    let file = store.add_file(file).await.unwrap().unwrap();
    let shared = SharedFile {
        id: file.id,
        name: file.name,
        size: 1,
        is_image: false,
    };
    let edited = MessageChange::Edited {
        text: "ho".into(),
        mentions: Mentions::default(),
    };
    let entries = vec![
        changed(2, RoomChange::Joined),
        full(Some(shared)),
        full(None),
        said(1, &"long".repeat(3_000)),
        change(1, 3, edited),
        change(2, 3, MessageChange::Reacted("👍".into())),
        change(2, 3, MessageChange::Pinned),
        changed(1, RoomChange::Announced("!".into())),
        changed(1, RoomChange::Banned(UserId(9))),
        full(None),
    ];
    for (entry, after) in entries.into_iter().zip(1..) {
        append(&store, TEA, after, vec![entry]).await;
    }
    store.mark_read(TEA, vec![(B, id(2))]).await.unwrap();
    store
}

/// Everything that is asked of rooms, and whether it was told of damage.
async fn ask(store: &Store) -> Vec<(&'static str, bool)> {
    let end = store.end(TEA).await;
    let last = end.as_ref().map_or(id(11), |end| end.last);
    let recalled = vec![change(1, 3, MessageChange::Recalled)];
    let history = |around| store.history(TEA, around, 99, 99_999, A);
    vec![
        ("end", damaged(end)),
        ("entry", damaged(store.entry(TEA, id(3)).await)),
        ("room", damaged(store.room(TEA).await)),
        ("membership", damaged(store.membership(TEA, B).await)),
        ("rooms_of", damaged(store.rooms_of(B).await)),
        ("room_ids_of", damaged(store.room_ids_of(B).await)),
        ("open_rooms", damaged(store.open_rooms(RoomId(0), 9).await)),
        ("all_rooms", damaged(store.all_rooms(RoomId(0), 9).await)),
        ("before", damaged(history(Around::Before(id(99))).await)),
        ("after", damaged(history(Around::After(id(0))).await)),
        ("at", damaged(history(Around::At(id(3))).await)),
        ("shown", damaged(store.shown(vec![(TEA, id(3))], A).await)),
        ("target", damaged(store.target(TEA, id(3)).await)),
        (
            "direct_room",
            damaged(store.direct_room(A, B, NOW, 9).await),
        ),
        (
            "confirm",
            damaged(store.confirm_announcement(TEA, B, id(9)).await),
        ),
        ("card", damaged(store.set_card(TEA, B, None).await)),
        (
            "mark",
            damaged(store.mark_read(TEA, vec![(B, id(3))]).await),
        ),
        (
            "notify",
            damaged(store.set_notify(TEA, B, Notify::Nothing).await),
        ),
        ("recall", damaged(store.append(TEA, last, recalled).await)),
        ("take_due", damaged(store.take_due(u64::MAX, 9).await)),
        ("freed", damaged(store.freed(9).await)),
    ]
}

/// Who has to notice when the records of a kind are damaged.
const NOTICED: [(Kind, &[&str]); 8] = [
    (
        Kind::EntryByRoomSeq,
        &[
            "end", "entry", "room", "before", "after", "at", "shown", "target", "recall",
        ],
    ),
    (
        Kind::RoomById,
        &["room", "rooms_of", "open_rooms", "all_rooms", "confirm"],
    ),
    (
        Kind::MembershipByRoomUser,
        &[
            "room",
            "membership",
            "rooms_of",
            "mark",
            "notify",
            "card",
            "confirm",
        ],
    ),
    (Kind::DirectRoomByUsers, &["direct_room"]),
    (Kind::PinByRoomSeq, &["room", "rooms_of", "open_rooms"]),
    (
        Kind::AmendmentByRoomEntry,
        &["before", "after", "at", "shown", "recall"],
    ),
    (
        Kind::ReactionByRoomEntry,
        &["before", "after", "at", "shown", "target"],
    ),
    (Kind::ReminderByUserRoom, &["mark", "notify", "take_due"]),
];

#[tokio::test]
async fn damaged_records_of_rooms_are_noticed_by_whoever_reads_them() {
    for (kind, noticing) in NOTICED {
        for junk in JUNK {
            let engine = MemoryEngine::new();
            let store = lived_in(&engine).await;
            engine.faults().damage(&[kind as u8], junk);
            let answers = ask(&store).await;
            for who in noticing {
                let noticed = answers.iter().any(|(asked, told)| asked == who && *told);
                assert!(noticed, "{who} took {junk:?} for a record of {kind:?}");
            }
        }
    }
}

#[tokio::test]
async fn records_that_are_gone_or_cut_short_are_survived() {
    let engine = MemoryEngine::new();
    lived_in(&engine).await.close();
    let pairs = engine.pairs();
    assert!(pairs.len() > 40);
    let mut noticed = 0;
    for at in 0..pairs.len() {
        // The marks of the data itself are checked when it is opened.
        if pairs[at].0[0] == Kind::Meta as u8 {
            continue;
        }
        let mut gone = pairs.clone();
        gone.remove(at);
        let mut half = pairs.clone();
        half[at].1.truncate(pairs[at].1.len() / 2);
        for pairs in [gone, half] {
            let store = memory_store(&MemoryEngine::of(pairs));
            let answers = ask(&store).await;
            noticed += answers.iter().filter(|(_, told)| *told).count();
        }
    }
    assert!(noticed > 100);
}

/// The store without the records of the log that begin with these entries.
async fn without_entries(entries: std::ops::RangeInclusive<u64>) -> Store {
    let engine = MemoryEngine::new();
    lived_in(&engine).await.close();
    let lost = |key: &[u8]| {
        let room_end = 9;
        key[0] == Kind::EntryByRoomSeq as u8
            && key[1..room_end] == TEA.0.to_be_bytes()
            && entries
                .clone()
                .any(|entry| key[room_end..].starts_with(&entry.to_be_bytes()))
    };
    let pairs = engine.pairs().into_iter();
    memory_store(&MemoryEngine::of(pairs.filter(|(key, _)| !lost(key))))
}

#[tokio::test]
async fn a_log_that_lacks_what_a_record_names_is_damaged() {
    let without_edit = without_entries(6..=6).await;
    let shown = without_edit.shown(vec![(TEA, id(3))], A).await;
    assert!(damaged(shown));
    let without_read = without_entries(2..=2).await;
    assert!(damaged(without_read.rooms_of(B).await));
    let without_next_mention = without_entries(11..=11).await;
    let marked = without_next_mention.mark_read(TEA, vec![(B, id(4))]).await;
    assert!(damaged(marked));
    let without_target = without_entries(3..=3).await;
    let recalled = vec![change(1, 3, MessageChange::Recalled)];
    assert!(damaged(without_target.append(TEA, id(11), recalled).await));
    let whole = without_entries(99..=99).await;
    assert!(!damaged(whole.shown(vec![(TEA, id(3))], A).await));
}
