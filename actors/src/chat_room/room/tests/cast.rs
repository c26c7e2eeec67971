//! Who plays, and what they may want to do.

use super::super::super::deed::{Deed, Party, Subject};
use crate::person::{People, Person};
use proptest::prelude::*;
use qunliao_protocol::{EntryId, UserId};
use qunliao_storage::accounts::{Profile, Role, Standing, User};
use qunliao_storage::{Mentions, Message, MessageChange, RoomRole};
use std::sync::Arc;

/// One of six. On the server the first is the owner, the second an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Someone(pub(super) u8);

/// How many there are.
pub(super) const PEOPLE: u8 = 6;

impl Someone {
    pub(super) fn id(self) -> UserId {
        UserId(u64::from(self.0) + 1)
    }

    fn role(self) -> Role {
        match self.0 {
            0 => Role::Owner,
            1 => Role::Admin,
            _ => Role::Member,
        }
    }

    pub(super) fn rank_on_server(self) -> RoomRole {
        match self.0 {
            0 => RoomRole::Owner,
            1 => RoomRole::Admin,
            _ => RoomRole::Member,
        }
    }

    pub(super) fn person(self) -> Arc<Person> {
        People::default().meet(&User {
            id: self.id(),
            name: format!("{self:?}"),
            phone: None,
            phone_verified: false,
            email: None,
            email_confirmed: false,
            role: self.role(),
            standing: Standing::default(),
            profile: Profile::default(),
            created: 0,
        })
    }

    pub(super) fn as_subject(self) -> Subject {
        Subject {
            party: Party {
                id: self.id(),
                role: self.role(),
            },
            name: format!("{self:?}"),
        }
    }
}

/// One step of a conversation.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Someone wants to do something.
    Post(Wanted),
    /// What waits is handed to the disk.
    Write,
    /// What was handed over is durable.
    Appended,
    /// It could not be written.
    Fail,
    /// The message that was asked for first has been read, or could not be.
    ReadTarget { succeeds: bool },
    /// What was said before the room was opened has been read, or could not be.
    ReadPast { succeeds: bool },
    /// The clock is so many milliseconds further; it may be set back, too.
    Tick(i32),
    /// Someone's account is closed.
    Depart(Someone),
    /// The server ends in the middle of it, and begins anew. What was handed to the
    /// disk may have arrived there.
    Crash { arrived: bool },
}

/// What someone wants to do.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) by: Someone,
    pub(super) deed: Deed,
    pub(super) about: Option<Someone>,
    pub(super) own_id: Option<String>,
}

pub(super) fn someone() -> impl Strategy<Value = Someone> {
    (0..PEOPLE).prop_map(Someone)
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => wanted().prop_map(Step::Post),
        6 => Just(Step::Write),
        6 => Just(Step::Appended),
        1 => Just(Step::Fail),
        4 => prop::bool::weighted(0.9).prop_map(|succeeds| Step::ReadTarget { succeeds }),
        2 => prop::bool::weighted(0.8).prop_map(|succeeds| Step::ReadPast { succeeds }),
        2 => (-400..2_000).prop_map(Step::Tick),
        1 => someone().prop_map(Step::Depart),
        1 => any::<bool>().prop_map(|arrived| Step::Crash { arrived }),
    ]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let own_id = prop::option::weighted(0.3, prop::sample::select(vec!["a", "b", "c"]));
    let says = (someone(), message(), own_id).prop_map(|(by, message, own_id)| Wanted {
        by,
        deed: Deed::Say(message),
        about: None,
        own_id: own_id.map(str::to_owned),
    });
    let does = (someone(), deed()).prop_map(|(by, deed)| Wanted {
        by,
        deed,
        about: None,
        own_id: None,
    });
    let does_to = (someone(), deed_about(), someone()).prop_map(|(by, deed, about)| Wanted {
        by,
        deed,
        about: Some(about),
        own_id: None,
    });
    prop_oneof![3 => says, 4 => does, 4 => does_to]
}

fn message() -> impl Strategy<Value = Message> {
    let mentioned = prop::option::weighted(0.2, someone());
    let reply_to = prop::option::weighted(0.2, 0_u64..12);
    (mentioned, prop::bool::weighted(0.1), reply_to).prop_map(|(user, everyone, reply_to)| {
        Message {
            text: "words".into(),
            reply_to: reply_to.map(EntryId),
            mentions: Mentions {
                everyone,
                users: user.map(Someone::id).into_iter().collect(),
            },
            ..Message::default()
        }
    })
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0_u64..12, change()).prop_map(|(target, change)| Deed::Change {
            target: EntryId(target),
            change,
        }),
        2 => Just(Deed::Join),
        1 => Just(Deed::Leave),
        1 => Just(Deed::Title("茶".into())),
        1 => prop::sample::select(vec!["", "hear"]).prop_map(|text| Deed::Announce(text.into())),
    ]
}

fn change() -> impl Strategy<Value = MessageChange> {
    let emoji = prop::sample::select(vec!["👍", "❤", "🎉"]).prop_map(str::to_owned);
    prop_oneof![
        Just(MessageChange::Recalled),
        Just(MessageChange::Edited {
            text: "better".into(),
            mentions: Mentions::default(),
        }),
        emoji.clone().prop_map(MessageChange::Reacted),
        emoji.prop_map(MessageChange::Unreacted),
        Just(MessageChange::Pinned),
        Just(MessageChange::Unpinned),
    ]
}

fn deed_about() -> impl Strategy<Value = Deed> {
    let role = prop::sample::select(vec![RoomRole::Member, RoomRole::Admin, RoomRole::Owner]);
    prop_oneof![
        3 => Just(Deed::Invite),
        1 => Just(Deed::Kick),
        1 => Just(Deed::Ban),
        1 => Just(Deed::Unban),
        1 => (0_u64..6_000).prop_map(|until| Deed::Mute { until }),
        1 => Just(Deed::Unmute),
        2 => role.prop_map(Deed::GiveRole),
    ]
}
