//! The rows of the tables: what the words in them mean.

use super::*;
use qunliao_storage::Mentions;
use std::collections::BTreeSet;

/// What someone wants, and what it concerns.
pub(super) struct Wish {
    pub(super) deed: Deed,
    pub(super) subject: Option<UserId>,
    pub(super) target: Option<Target>,
}

impl Wish {
    pub(super) fn of(deed: Deed) -> Self {
        Self {
            deed,
            subject: None,
            target: None,
        }
    }

    pub(super) fn about(deed: Deed, subject: UserId) -> Self {
        Self {
            subject: Some(subject),
            ..Self::of(deed)
        }
    }

    fn change(change: MessageChange, target: Option<Target>) -> Self {
        Self {
            target,
            ..Self::of(Deed::Change {
                target: EntryId(5),
                change,
            })
        }
    }
}

fn say(message: Message) -> Wish {
    Wish::of(Deed::Say(message))
}

/// A message of `author`, so many milliseconds old.
fn words(author: UserId, age: u64) -> Option<Target> {
    Some(Target {
        author,
        time: NOW - age,
        is_own_words: true,
        recalled: false,
        edits: 0,
        reactions: Vec::new(),
    })
}

fn but(target: Option<Target>, change: impl FnOnce(&mut Target)) -> Option<Target> {
    target.map(|mut target| {
        change(&mut target);
        target
    })
}

fn edit() -> MessageChange {
    MessageChange::Edited {
        text: "better".into(),
        mentions: Mentions::default(),
    }
}

fn react(emoji: &str) -> MessageChange {
    MessageChange::Reacted(emoji.into())
}

fn subject(words: &str, by: UserId) -> UserId {
    match words {
        "oneself" => by,
        "a member" => OTHER_MEMBER,
        "a muted member" => MUTED,
        "an admin" => OTHER_ADMIN,
        "the owner" => OWNER,
        "a banned user" => BANNED,
        "a stranger" => STRANGER,
        other => panic!("nobody is {other}"),
    }
}

/// What a row of the table wants, of someone.
pub(super) fn wish(row: &str, by: UserId) -> Wish {
    use MessageChange::{Pinned, Recalled, Unpinned, Unreacted};
    let has_reacted = |by: UserId| {
        let reactions = vec![("👍".to_owned(), BTreeSet::from([by]))];
        but(words(OTHER_MEMBER, 0), |target| {
            target.reactions = reactions;
        })
    };
    if let Some((verb, whom)) = row.split_once(": ") {
        let deed = match verb {
            "invite" => Deed::Invite,
            "kick" => Deed::Kick,
            "ban" => Deed::Ban,
            "unban" => Deed::Unban,
            "mute" => Deed::Mute { until: NOW + 1 },
            "unmute" => Deed::Unmute,
            "make an admin of" => Deed::GiveRole(RoomRole::Admin),
            "make the owner of" => Deed::GiveRole(RoomRole::Owner),
            "make a member of" => Deed::GiveRole(RoomRole::Member),
            other => panic!("nobody can {other}"),
        };
        return Wish::about(deed, subject(whom, by));
    }
    match row {
        "say something" => say(Message::default()),
        "mention everyone" => say(Message {
            mentions: Mentions {
                everyone: true,
                users: Vec::new(),
            },
            ..Message::default()
        }),
        "mention a member" => say(mentioning(OTHER_MEMBER)),
        "mention a stranger" => say(mentioning(STRANGER)),
        "answer the last" => say(replying(LAST)),
        "answer what is not there" => say(replying(LAST.next())),
        "answer nothing" => say(replying(EntryId(0))),
        "join" => Wish::of(Deed::Join),
        "leave" => Wish::of(Deed::Leave),
        "give a title" => Wish::of(Deed::Title("茶".into())),
        "announce" => Wish::of(Deed::Announce("hear".into())),
        "take an announcement back" => Wish::of(Deed::Announce(String::new())),
        "mute into the past" => Wish::about(Deed::Mute { until: NOW }, OTHER_MEMBER),
        "recall one's own" => Wish::change(Recalled, words(by, 1_000)),
        "recall one's own late" => Wish::change(Recalled, words(by, 1_001)),
        "recall a member's" => Wish::change(Recalled, words(OTHER_MEMBER, 9_999)),
        "recall an admin's" => Wish::change(Recalled, words(OTHER_ADMIN, 0)),
        "recall the owner's" => Wish::change(Recalled, words(OWNER, 0)),
        "recall a stranger's" => Wish::change(Recalled, words(STRANGER, 9_999)),
        "recall what was recalled" => {
            let gone = but(words(STRANGER, 0), |target| target.recalled = true);
            Wish::change(Recalled, gone)
        }
        "edit one's own" => Wish::change(edit(), words(by, 5_000)),
        "edit one's own late" => Wish::change(edit(), words(by, 5_001)),
        "edit one's own once more" => {
            let often = but(words(by, 0), |target| target.edits = RULES.edits_max);
            Wish::change(edit(), often)
        }
        "edit one's own file" => {
            let shown = but(words(by, 0), |target| target.is_own_words = false);
            Wish::change(edit(), shown)
        }
        "edit a member's" => Wish::change(edit(), words(OTHER_MEMBER, 0)),
        "edit what was recalled" => {
            let gone = but(words(by, 0), |target| target.recalled = true);
            Wish::change(edit(), gone)
        }
        "edit to mention everyone" => {
            let mentions = Mentions {
                everyone: true,
                users: Vec::new(),
            };
            let text = "all".into();
            let change = MessageChange::Edited { text, mentions };
            Wish::change(change, words(by, 0))
        }
        "react" => Wish::change(react("👍"), words(OTHER_MEMBER, 9_999)),
        "react again" => Wish::change(react("👍"), has_reacted(by)),
        "react as someone did" => Wish::change(react("👍"), has_reacted(STRANGER)),
        "react in a third way" => {
            let two = but(has_reacted(by), |target| {
                target.reactions.push(("❤".into(), [STRANGER].into()));
            });
            Wish::change(react("🎉"), two)
        }
        "take a reaction back" => Wish::change(Unreacted("👍".into()), has_reacted(by)),
        "take another's reaction back" => {
            Wish::change(Unreacted("👍".into()), has_reacted(STRANGER))
        }
        "pin" => Wish::change(Pinned, words(STRANGER, 9_999)),
        "unpin what is not" => Wish::change(Unpinned, words(STRANGER, 9_999)),
        "react to what is no message" => Wish::change(react("👍"), None),
        other => panic!("nobody can {other}"),
    }
}

fn mentioning(user: UserId) -> Message {
    Message {
        mentions: Mentions {
            everyone: false,
            users: vec![user],
        },
        ..Message::default()
    }
}

fn replying(id: EntryId) -> Message {
    Message {
        reply_to: Some(id),
        ..Message::default()
    }
}
