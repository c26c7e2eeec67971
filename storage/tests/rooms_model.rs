//! A room, whatever happens in it, is what its log says from the beginning.

use crate::cast::*;
use crate::rooms_expected::{history_of, overview_of, state_of, target_of};
use crate::rooms_replay::{Event, Replay};
use proptest::prelude::*;
use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::rooms::{Around, NewRoom, Notify};
use qunliao_storage::{
    Access, EntryKind, Log, MemoryEngine, Mentions, Message, MessageChange, NewEntry, Reminders,
    RoomChange, RoomRole, Rooms, Store,
};

/// More than are listed with a reaction.
const PEOPLE: u64 = 13;

/// One step, its numbers taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Append(Vec<(u64, What)>),
    /// So many people like the same, and then some of them do not.
    Liked(u64, u64, Vec<u64>),
    Mark(Vec<(u64, u64)>),
    Notify(u64, Notify),
    Card(u64, Option<String>),
    Confirm(u64),
}

#[derive(Clone, Debug)]
enum What {
    Say(usize, Mentions),
    Room(u8, u64),
    Change(u8, u64, u8, Mentions),
    Unknown,
}

fn mentions() -> impl Strategy<Value = Mentions> {
    let users = prop::collection::btree_set((1..=PEOPLE).prop_map(UserId), 0..3);
    (prop::bool::weighted(0.1), users).prop_map(|(everyone, users)| Mentions {
        everyone,
        users: users.into_iter().collect(),
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let length = prop_oneof![20 => 0usize..60, 2 => 3_900usize..4_200, 1 => 9_000usize..20_000];
    let what = prop_oneof![
        8 => (length, mentions()).prop_map(|(length, mentions)| What::Say(length, mentions)),
        3 => (any::<u8>(), any::<u64>()).prop_map(|(kind, other)| What::Room(kind, other)),
        12 => (any::<u8>(), any::<u64>(), any::<u8>(), mentions())
            .prop_map(|(kind, target, emoji, mentions)| What::Change(kind, target, emoji, mentions)),
        1 => Just(What::Unknown),
    ];
    let user = || 0..PEOPLE;
    let notify = prop_oneof![
        Just(Notify::All),
        Just(Notify::Mentions),
        Just(Notify::Nothing)
    ];
    let step = prop_oneof![
        10 => prop::collection::vec((user(), what), 1..8).prop_map(Step::Append),
        2 => (1..=PEOPLE, 0u64..3, prop::collection::vec(user(), 0..5))
            .prop_map(|(people, target, not)| Step::Liked(people, target, not)),
        3 => prop::collection::vec((user(), any::<u64>()), 1..6).prop_map(Step::Mark),
        1 => (user(), notify).prop_map(|(user, notify)| Step::Notify(user, notify)),
        1 => (user(), prop::option::of("[a-z小]{0,6}")).prop_map(|(user, card)| Step::Card(user, card)),
        1 => user().prop_map(Step::Confirm),
    ];
    prop::collection::vec(step, 1..20)
}

fn person(number: u64) -> UserId {
    UserId(1 + number % PEOPLE)
}

fn room_change(kind: u8, other: u64, access: Access) -> RoomChange {
    let user = person(other);
    if access == Access::Direct {
        return RoomChange::Unmuted(user);
    }
    let role = [RoomRole::Member, RoomRole::Admin, RoomRole::Owner][other as usize % 3];
    let text = ["", "a title", "another"][other as usize % 3].to_owned();
    match kind % 13 {
        0 | 1 => RoomChange::Joined,
        2 => RoomChange::Left,
        3 | 4 => RoomChange::Invited(user),
        5 => RoomChange::Kicked(user),
        6 => RoomChange::Banned(user),
        7 => RoomChange::Unbanned(user),
        8 => RoomChange::Muted { user, until: other },
        9 => RoomChange::Unmuted(user),
        10 => RoomChange::RoleGiven { user, role },
        11 => RoomChange::Titled(text),
        _ => RoomChange::Announced(text),
    }
}

fn message_change(kind: u8, emoji: u8, mentions: Mentions) -> MessageChange {
    let emoji = ["👍", "👍", "👍", "好", "x"][usize::from(emoji) % 5].to_owned();
    match kind % 40 {
        0 => MessageChange::Recalled,
        1..6 => MessageChange::Edited {
            text: emoji.repeat(usize::from(kind)),
            mentions,
        },
        6..28 => MessageChange::Reacted(emoji),
        28..35 => MessageChange::Unreacted(emoji),
        35..38 => MessageChange::Pinned,
        _ => MessageChange::Unpinned,
    }
}

/// A room in a store, and all that happened in it.
struct Case<'a> {
    store: &'a Store,
    room: RoomId,
    access: Access,
    events: Vec<Event>,
    replay: Replay,
}

impl<'a> Case<'a> {
    async fn begin(store: &'a Store, access: Access, two: [UserId; 2]) -> Self {
        let new = NewRoom {
            access,
            title: "茶".into(),
            creator: two[0],
            time: NOW,
            rooms_max: usize::MAX,
        };
        let room = match access {
            Access::Everyone => Some(RoomId::LOBBY),
            Access::Direct => store
                .direct_room(two[0], two[1], NOW, usize::MAX)
                .await
                .unwrap(),
            _ => store.create_room(new).await.unwrap(),
        };
        let room = room.unwrap();
        let log = store.page(room, id(0), 9, 999).await.unwrap();
        let events: Vec<Event> = log
            .into_iter()
            .map(|entry| Event::Appended(entry.content))
            .collect();
        let replay = Replay::of(room, &events);
        Self {
            store,
            room,
            access,
            events,
            replay,
        }
    }

    async fn take(&mut self, step: Step) {
        let (store, room, last) = (self.store, self.room, self.replay.end().last);
        match step {
            Step::Append(entries) => {
                let ids = last.0 + 1..;
                let entries = ids
                    .zip(entries)
                    .map(|(id, (author, what))| self.entry(id, author, what));
                self.append(entries.collect()).await;
            }
            Step::Liked(people, target, not) => {
                let by = |user, what: fn(String) -> MessageChange| {
                    change(person(user).0, 1 + target, what("👍".into()))
                };
                let liked = (0..people).map(|user| by(user, MessageChange::Reacted));
                let not = not
                    .into_iter()
                    .map(|user| by(user, MessageChange::Unreacted));
                self.append(liked.chain(not).collect()).await;
            }
            Step::Mark(marks) => {
                let mark = |(user, mark)| (person(user), EntryId(mark % (last.0 + 3)));
                let marks: Vec<_> = marks.into_iter().map(mark).collect();
                store.mark_read(room, marks.clone()).await.unwrap();
                let events = marks
                    .into_iter()
                    .map(|(user, mark)| Event::Read(user, mark));
                self.events.extend(events);
            }
            Step::Notify(user, notify) => {
                let set = store.set_notify(room, person(user), notify).await;
                assert_eq!(set.unwrap(), self.is_in(user));
                self.events.push(Event::Notify(person(user), notify));
            }
            Step::Card(user, card) => {
                let set = store.set_card(room, person(user), card.clone()).await;
                assert_eq!(set.unwrap(), self.is_in(user));
                self.events.push(Event::Card(person(user), card));
            }
            Step::Confirm(user) => {
                let announcement = self.replay.announcement.unwrap_or(EntryId(7));
                let confirmed = store.confirm_announcement(room, person(user), announcement);
                let holds = self.replay.announcement.is_some();
                assert_eq!(confirmed.await.unwrap(), holds && self.is_in(user));
                self.events
                    .push(Event::Confirmed(person(user), announcement));
            }
        }
        self.replay = Replay::of(room, &self.events);
    }

    async fn append(&mut self, entries: Vec<NewEntry>) {
        append(
            self.store,
            self.room,
            self.replay.end().last.0,
            entries.clone(),
        )
        .await;
        self.events.extend(entries.into_iter().map(Event::Appended));
    }

    fn is_in(&self, user: u64) -> bool {
        self.replay.membership(person(user)).is_some()
    }

    fn entry(&self, id: u64, author: u64, what: What) -> NewEntry {
        let kind = match what {
            What::Say(length, mentions) => EntryKind::Message(Message {
                text: "字".repeat(length / 3),
                reply_to: (length % 5 == 0).then_some(EntryId(1)),
                mentions,
                forwarded_from: (length % 7 == 0).then_some(UserId(2)),
                ..Message::default()
            }),
            What::Room(kind, other) => EntryKind::Room(room_change(kind, other, self.access)),
            What::Change(kind, target, emoji, mentions) => EntryKind::Change {
                target: self.target(id, target),
                change: message_change(kind, emoji, mentions),
            },
            What::Unknown => EntryKind::Unknown(77),
        };
        NewEntry {
            time: NOW + id,
            kind,
            // Of a direct room, one of the two.
            author: match self.access {
                Access::Direct => *self.replay.members.keys().nth(author as usize % 2).unwrap(),
                _ => person(author),
            },
            client_message_id: id.is_multiple_of(3).then(|| id.to_string()),
        }
    }

    /// Anything before `id`, but mostly one of a few, so that much happens to them.
    fn target(&self, id: u64, number: u64) -> EntryId {
        let few = id.min(4);
        let within = if number.is_multiple_of(4) { id } else { few };
        EntryId(1 + number / 4 % within)
    }

    async fn check(&self, store: &Store, seed: u64) {
        let (room, replay) = (self.room, &self.replay);
        let state = store.room(room).await.unwrap();
        assert_eq!(state, Some(state_of(replay)));
        for user in (seed..seed + 3).map(person) {
            let membership = store.membership(room, user).await.unwrap();
            assert_eq!(membership, replay.membership(user));
            let rooms = store.rooms_of(user).await.unwrap();
            let overview = rooms
                .into_iter()
                .find(|overview| overview.record.id == room);
            assert_eq!(overview, overview_of(replay, user));
        }
        let (limit, bytes_max) = (1 + seed as usize % 9, [usize::MAX, 300][seed as usize % 2]);
        let at = EntryId(seed % (replay.log.len() as u64 + 3));
        for around in [Around::Before(at), Around::After(at), Around::At(at)] {
            let history = store.history(room, around, limit, bytes_max, person(seed));
            let expected = history_of(replay, around, limit, bytes_max, person(seed));
            assert_eq!(
                history.await.unwrap(),
                expected,
                "{around:?} {limit} {bytes_max}"
            );
        }
        assert_eq!(store.target(room, at).await.unwrap(), target_of(replay, at));
    }
}

/// Once it is over, all reminders are taken, and are those that were waiting.
async fn check_reminders(case: &Case<'_>, store: &Store) {
    let taken = store.take_due(u64::MAX, 1_000).await.unwrap().into_iter();
    let taken = taken.filter(|reminder| reminder.room == case.room);
    let mut taken: Vec<_> = taken
        .map(|taken| (taken.user, (taken.entry, taken.time), taken.count))
        .collect();
    taken.sort();
    let waiting = case.replay.reminders.iter();
    let expected: Vec<_> = waiting
        .map(|(user, waiting)| (*user, *waiting, case.replay.unread_mentions(*user)))
        .collect();
    assert_eq!(taken, expected);
    assert_eq!(store.take_due(u64::MAX, 1_000).await.unwrap(), []);
}

const ACCESSES: [Access; 4] = [
    Access::Everyone,
    Access::Open,
    Access::Closed,
    Access::Direct,
];

fn cases(cases: u32, follow: impl Fn(Access, Vec<Step>, u64)) {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    };
    let access = prop::sample::select(&ACCESSES);
    proptest!(config, |(access in access, steps in steps(), seed in 0u64..1_000)| {
        follow(access, steps, seed);
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

#[test]
fn a_room_in_memory_is_what_its_log_says() {
    let runtime = runtime();
    cases(300, |access, steps, seed| {
        let engine = MemoryEngine::new();
        let store = memory_store(&engine);
        runtime.block_on(async {
            let mut case = Case::begin(&store, access, [person(seed), person(seed + 1)]).await;
            for (step, at) in steps.into_iter().zip(seed..) {
                case.take(step).await;
                case.check(&store, at).await;
            }
            let reopened = memory_store(&engine);
            case.check(&reopened, seed).await;
            check_reminders(&case, &reopened).await;
        });
    });
}

#[test]
fn a_room_over_sled_is_what_its_log_says() {
    let runtime = runtime();
    cases(12, |access, steps, seed| {
        let folder = tempfile::tempdir().unwrap();
        let store = sled_store(folder.path());
        let (replay, events, room) = runtime.block_on(async {
            let mut case = Case::begin(&store, access, [person(seed), person(seed + 1)]).await;
            for (step, at) in steps.into_iter().zip(seed..) {
                case.take(step).await;
                case.check(&store, at).await;
            }
            (case.replay, case.events, case.room)
        });
        store.close();
        let store = sled_store(folder.path());
        let case = Case {
            store: &store,
            room,
            access,
            events,
            replay,
        };
        runtime.block_on(async {
            case.check(&store, seed).await;
            check_reminders(&case, &store).await;
        });
    });
}
