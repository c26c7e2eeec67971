//! Unread messages that mean someone: how they are counted, and who is reminded.

use crate::cast::*;
use qunliao_protocol::{RoomId, UserId};
use qunliao_storage::rooms::reminders::Reminder;
use qunliao_storage::rooms::{MENTIONS_COUNTED_MAX, NewRoom, Notify};
use qunliao_storage::{
    Access, EntryKind, Mentions, Message, MessageChange, NewEntry, Reminders, RoomChange, Rooms,
    Store,
};

over_every_engine!(
    who_was_mentioned_is_reminded_once,
    who_has_read_it_is_not_reminded,
    who_has_read_only_the_first_is_reminded_of_the_next,
    a_direct_message_reminds_the_other,
    who_wants_to_be_told_of_nothing_is_not_reminded,
    who_left_is_not_reminded,
    nobody_reminds_oneself_nor_everyone,
    a_recalled_message_reminds_nobody,
    an_edit_mentions_whom_it_names,
    reminders_are_taken_by_age_and_in_portions,
    mentions_are_counted_up_to_a_limit,
    thousands_of_mentions_are_passed_bit_by_bit,
);

const A: UserId = UserId(1);
const B: UserId = UserId(2);
const C: UserId = UserId(3);

fn mention(author: UserId, users: &[UserId], time: u64) -> NewEntry {
    let mentions = Mentions {
        everyone: false,
        users: users.to_vec(),
    };
    NewEntry {
        time,
        kind: EntryKind::Message(Message {
            mentions,
            ..Message::default()
        }),
        ..said(author.0, "")
    }
}

async fn tea(store: &Store, members: &[UserId]) -> RoomId {
    let new = NewRoom {
        access: Access::Closed,
        title: "茶".into(),
        creator: A,
        time: NOW,
        rooms_max: 10,
    };
    let room = store.create_room(new).await.unwrap().unwrap();
    let invited = members
        .iter()
        .map(|user| changed(1, RoomChange::Invited(*user)));
    append(store, room, 1, invited.collect()).await;
    room
}

fn reminder(user: UserId, room: RoomId, entry: u64, time: u64, count: u64) -> Reminder {
    Reminder {
        user,
        room,
        entry: id(entry),
        time,
        count,
    }
}

async fn due(store: &Store) -> Vec<Reminder> {
    store.take_due(NOW + HOUR, 99).await.unwrap()
}

async fn who_was_mentioned_is_reminded_once(store: Store) {
    let tea = tea(&store, &[B, C]).await;
    append(
        &store,
        tea,
        3,
        vec![mention(A, &[B, C], NOW), mention(A, &[B], NOW + 1)],
    )
    .await;
    // Not before its time.
    assert_eq!(store.take_due(NOW, 99).await.unwrap(), []);
    let expected = [reminder(B, tea, 4, NOW, 2), reminder(C, tea, 4, NOW, 1)];
    assert_eq!(store.take_due(NOW + 1, 99).await.unwrap(), expected);
    assert_eq!(due(&store).await, []);
    // The next one begins anew.
    append(&store, tea, 5, vec![mention(A, &[B], NOW + 5)]).await;
    assert_eq!(due(&store).await, [reminder(B, tea, 6, NOW + 5, 3)]);
}

async fn who_has_read_it_is_not_reminded(store: Store) {
    append(
        &store,
        LOBBY,
        0,
        vec![mention(A, &[B], NOW), mention(A, &[B], NOW)],
    )
    .await;
    store.mark_read(LOBBY, vec![(B, id(2))]).await.unwrap();
    assert_eq!(due(&store).await, []);
    assert_eq!(store.rooms_of(B).await.unwrap()[0].mentions, 0);
}

async fn who_has_read_only_the_first_is_reminded_of_the_next(store: Store) {
    let entries = [NOW, NOW + 1, NOW + 2].map(|time| mention(A, &[B], time));
    append(&store, LOBBY, 0, entries.to_vec()).await;
    store.mark_read(LOBBY, vec![(B, id(1))]).await.unwrap();
    assert_eq!(store.rooms_of(B).await.unwrap()[0].mentions, 2);
    assert_eq!(due(&store).await, [reminder(B, LOBBY, 2, NOW + 1, 2)]);
    // What was told of counts as told.
    store.mark_read(LOBBY, vec![(B, id(2))]).await.unwrap();
    assert_eq!(due(&store).await, []);
}

async fn a_direct_message_reminds_the_other(store: Store) {
    let room = store.direct_room(A, B, NOW, 9).await.unwrap().unwrap();
    append(
        &store,
        room,
        1,
        vec![said(1, "hi"), said(1, "there"), said(2, "oh")],
    )
    .await;
    assert_eq!(store.rooms_of(B).await.unwrap()[1].mentions, 2);
    let expected = [reminder(A, room, 4, NOW, 1), reminder(B, room, 2, NOW, 2)];
    assert_eq!(due(&store).await, expected);
}

async fn who_wants_to_be_told_of_nothing_is_not_reminded(store: Store) {
    let nothing = Notify::Nothing;
    append(&store, LOBBY, 0, vec![mention(A, &[B, C], NOW)]).await;
    assert!(store.set_notify(LOBBY, B, nothing).await.unwrap());
    append(&store, LOBBY, 1, vec![mention(A, &[B], NOW)]).await;
    assert!(store.set_notify(LOBBY, C, Notify::Mentions).await.unwrap());
    assert_eq!(due(&store).await, [reminder(C, LOBBY, 1, NOW, 1)]);
    // They are counted all the same.
    assert_eq!(store.rooms_of(B).await.unwrap()[0].mentions, 2);
}

async fn who_left_is_not_reminded(store: Store) {
    let tea = tea(&store, &[B, C]).await;
    append(&store, tea, 3, vec![mention(A, &[B, C], NOW)]).await;
    append(&store, tea, 4, vec![changed(2, RoomChange::Left)]).await;
    append(&store, tea, 5, vec![mention(A, &[B], NOW)]).await;
    assert_eq!(due(&store).await, [reminder(C, tea, 4, NOW, 1)]);
    append(&store, tea, 6, vec![changed(2, RoomChange::Joined)]).await;
    assert_eq!(store.rooms_of(B).await.unwrap()[1].mentions, 0);
}

async fn nobody_reminds_oneself_nor_everyone(store: Store) {
    let mut everyone = said(1, "all");
    everyone.kind = EntryKind::Message(Message {
        mentions: Mentions {
            everyone: true,
            users: vec![A],
        },
        ..Message::default()
    });
    append(&store, LOBBY, 0, vec![everyone]).await;
    assert_eq!(due(&store).await, []);
    assert_eq!(store.rooms_of(B).await.unwrap()[0].mentions, 1);
}

async fn a_recalled_message_reminds_nobody(store: Store) {
    let entries = vec![mention(A, &[B, C], NOW), mention(A, &[B], NOW + 3)];
    append(&store, LOBBY, 0, entries).await;
    append(
        &store,
        LOBBY,
        2,
        vec![change(1, 1, MessageChange::Recalled)],
    )
    .await;
    assert_eq!(due(&store).await, [reminder(B, LOBBY, 2, NOW + 3, 1)]);
}

async fn an_edit_mentions_whom_it_names(store: Store) {
    append(&store, LOBBY, 0, vec![mention(A, &[B], NOW)]).await;
    let edited = MessageChange::Edited {
        text: "you!".into(),
        mentions: Mentions {
            everyone: false,
            users: vec![C],
        },
    };
    let edit = NewEntry {
        time: NOW + 7,
        ..change(1, 1, edited)
    };
    append(&store, LOBBY, 1, vec![edit]).await;
    assert_eq!(due(&store).await, [reminder(C, LOBBY, 1, NOW + 7, 1)]);
    assert_eq!(store.rooms_of(B).await.unwrap()[0].mentions, 0);
}

async fn reminders_are_taken_by_age_and_in_portions(store: Store) {
    let entries = (0..10).map(|n| mention(A, &[UserId(2 + n)], NOW + 10 - n));
    append(&store, LOBBY, 0, entries.collect()).await;
    let mut taken = Vec::new();
    loop {
        let next = store.take_due(u64::MAX, 3).await.unwrap();
        if next.is_empty() {
            break;
        }
        taken.extend(next);
    }
    assert_eq!(taken.len(), 10);
    assert!(taken.is_sorted_by_key(|reminder| reminder.time));
}

async fn mentions_are_counted_up_to_a_limit(store: Store) {
    for after in 0..=MENTIONS_COUNTED_MAX {
        append(&store, LOBBY, after, vec![mention(A, &[B], NOW)]).await;
        let counted = store.rooms_of(B).await.unwrap()[0].mentions;
        assert_eq!(counted, (after + 1).min(MENTIONS_COUNTED_MAX));
    }
}

async fn thousands_of_mentions_are_passed_bit_by_bit(store: Store) {
    let many: Vec<_> = (0..2_500).map(|n| mention(A, &[B], NOW + n)).collect();
    append(&store, LOBBY, 0, many).await;
    for mark in [2_450, 2_451, 2_460, 2_499] {
        store.mark_read(LOBBY, vec![(B, id(mark))]).await.unwrap();
        let counted = store.rooms_of(B).await.unwrap()[0].mentions;
        assert_eq!(counted, 2_500 - mark);
    }
    assert_eq!(
        due(&store).await,
        [reminder(B, LOBBY, 2_500, NOW + 2_499, 1)]
    );
}
