//! What is written is what is read, whatever people say.

use super::super::{Entry, FileCard, FileFrame, Named, Reaction, State};
use super::*;
use crate::chat::{Access, Mentions, RoomRole};
use crate::ids::{EntryId, ID_LIMIT, RoomId, UserId};
use crate::reply::Speaker;
use proptest::prelude::*;

fn text(news: &str) -> EntryFrame<'_> {
    EntryFrame {
        room: RoomId::LOBBY,
        id: EntryId(7),
        time: 1_700_000_000_000,
        user: UserId(2),
        name: "小\"明",
        body: EntryBody::Message(MessageFrame {
            news,
            ..MessageFrame::default()
        }),
        client_message_id: None,
    }
}

fn written(frame: &EntryFrame<'_>) -> String {
    let mut out = BytesMut::new();
    frame.put(&mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

fn written_plain(frame: &EntryFrame<'_>, language: Language) -> String {
    let mut out = BytesMut::new();
    frame.put_plain(language, &mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn words_have_the_origins_keys_first_and_ours_after_them() {
    let frame = text("我是消息\n");
    let expected = r#"{"op":0,"args":{"name":"小\"明"},"news":"我是消息\n","room":"lobby","id":7,"time":1700000000000,"user":2}"#;
    assert_eq!(written(&frame), expected);
    assert_eq!(written_plain(&frame, Language::Chinese), expected);
    let own = EntryFrame {
        client_message_id: Some("c1"),
        ..frame
    };
    assert!(written(&own).ends_with(r#","client_message_id":"c1"}"#));
}

#[test]
fn a_client_of_the_origin_reads_of_a_file_in_words() {
    let file = FileFrame {
        id: FileId(3),
        name: "茶.txt",
        size: 10,
        is_image: false,
    };
    let frame = EntryFrame {
        body: EntryBody::Message(MessageFrame {
            news: "看",
            file: Some(file),
            ..MessageFrame::default()
        }),
        ..text("")
    };
    let plain: Entry = serde_json::from_str(&written_plain(&frame, Language::Chinese)).unwrap();
    assert_eq!(plain.news, "[文件] 茶.txt (10 B)\n看");
    let extended: Entry = serde_json::from_str(&written(&frame)).unwrap();
    assert_eq!((extended.news.as_str(), extended.kind), ("看", Kind::File));
}

#[test]
fn a_client_of_the_origin_is_told_of_messages_in_the_lobby_alone() {
    let frame = text("x");
    assert!(frame.is_for_plain());
    let elsewhere = RoomId(2);
    assert!(
        !EntryFrame {
            room: elsewhere,
            ..frame
        }
        .is_for_plain()
    );
    let recalled = EntryBody::Message(MessageFrame {
        recalled: true,
        ..MessageFrame::default()
    });
    let joined = EntryBody::Room(RoomFrame::Joined);
    let pinned = EntryBody::Change {
        target: EntryId(1),
        change: ChangeFrame::Pin,
    };
    for body in [recalled, joined, pinned, EntryBody::Unknown] {
        assert!(!EntryFrame { body, ..frame }.is_for_plain(), "{body:?}");
    }
}

#[test]
fn a_kind_of_a_later_version_is_read_as_unknown() {
    let later = r#"{"op":3,"args":{"name":"a"},"room":"7","id":2,"time":1,"user":1,"kind":"poll"}"#;
    assert_eq!(
        serde_json::from_str::<Entry>(later).unwrap().kind,
        Kind::Unknown
    );
    let unknown = EntryFrame {
        body: EntryBody::Unknown,
        ..text("")
    };
    assert!(written(&unknown).ends_with(r#""user":2,"kind":"unknown"}"#));
}

/// The frame that should be read back as `entry`.
fn frame_of(entry: &Entry) -> EntryFrame<'_> {
    let subject = entry.subject.zip(entry.subject_name.as_deref());
    let subject = subject.map(|(user, name)| NamedFrame { user, name });
    let who = || subject.unwrap();
    let title = || entry.title.as_deref().unwrap();
    let emoji = || entry.emoji.as_deref().unwrap();
    let mentions = entry.mentions.as_ref();
    let room = |change| EntryBody::Room(change);
    let change = |change| EntryBody::Change {
        target: entry.target.unwrap(),
        change,
    };
    let body = match entry.kind {
        Kind::Text | Kind::File | Kind::Image => EntryBody::Message(message_of(entry)),
        Kind::Created => room(RoomFrame::Created {
            access: entry.access.unwrap(),
            title: title(),
            with: subject,
        }),
        Kind::Joined => room(RoomFrame::Joined),
        Kind::Left => room(RoomFrame::Left),
        Kind::Invited => room(RoomFrame::Invited(who())),
        Kind::Kicked => room(RoomFrame::Kicked(who())),
        Kind::Banned => room(RoomFrame::Banned(who())),
        Kind::Unbanned => room(RoomFrame::Unbanned(who())),
        Kind::Muted => room(RoomFrame::Muted {
            subject: who(),
            until: entry.until.unwrap(),
        }),
        Kind::Unmuted => room(RoomFrame::Unmuted(who())),
        Kind::Role => room(RoomFrame::Role {
            subject: who(),
            role: entry.role.unwrap(),
        }),
        Kind::Title => room(RoomFrame::Title(title())),
        Kind::Announce => room(RoomFrame::Announce(&entry.news)),
        Kind::Recall => change(ChangeFrame::Recall),
        Kind::Edit => change(ChangeFrame::Edit {
            news: &entry.news,
            mentions,
        }),
        Kind::React => change(ChangeFrame::React(emoji())),
        Kind::Unreact => change(ChangeFrame::Unreact(emoji())),
        Kind::Pin => change(ChangeFrame::Pin),
        Kind::Unpin => change(ChangeFrame::Unpin),
        Kind::Unknown => EntryBody::Unknown,
    };
    EntryFrame {
        room: entry.room,
        id: entry.id,
        time: entry.time,
        user: entry.user,
        name: &entry.speaker.name,
        body,
        client_message_id: entry.client_message_id.as_deref(),
    }
}

fn message_of(entry: &Entry) -> MessageFrame<'_> {
    let forwarded = entry.forwarded.as_ref();
    MessageFrame {
        news: &entry.news,
        reply_to: entry.reply_to,
        mentions: entry.mentions.as_ref(),
        file: entry.file.as_ref().map(|file| FileFrame {
            id: file.id,
            name: &file.name,
            size: file.size,
            is_image: entry.kind == Kind::Image,
        }),
        forwarded: forwarded.map(|author| NamedFrame {
            user: author.user,
            name: &author.name,
        }),
        recalled: entry.recalled,
        state: State {
            edited: entry.edited,
            reactions: &entry.reactions,
            pinned: entry.pinned,
        },
    }
}

/// Texts that would do harm if they were not escaped.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\"\\\\{}:,\u{0}-\u{1f}\u{7f}\u{2028}\u{2029}\u{202e}😀长a]{0,24}",
        Just("\"},\"op\":9,\"news\":\"".to_owned()),
    ]
}

fn id() -> impl Strategy<Value = u64> {
    prop_oneof![0..ID_LIMIT, Just(ID_LIMIT - 1), 0..10_u64]
}

fn mentions() -> impl Strategy<Value = Mentions> {
    let users = prop::collection::vec(id().prop_map(UserId), 0..4);
    (any::<bool>(), users).prop_map(|(everyone, users)| Mentions { everyone, users })
}

fn reaction() -> impl Strategy<Value = Reaction> {
    let users = prop::collection::vec(id().prop_map(UserId), 0..4);
    (hostile(), id(), any::<bool>(), users).prop_map(|(emoji, count, own, users)| Reaction {
        emoji,
        count,
        own,
        users,
    })
}

/// A kind, with its op.
fn kind() -> impl Strategy<Value = (u64, Kind)> {
    use Kind as K;
    let messages = [K::Text, K::File, K::Image].map(|kind| (0, kind));
    let rooms = [
        K::Created,
        K::Joined,
        K::Left,
        K::Invited,
        K::Kicked,
        K::Banned,
        K::Unbanned,
        K::Muted,
        K::Unmuted,
        K::Role,
        K::Title,
        K::Announce,
        K::Unknown,
    ];
    let changes = [K::Recall, K::Edit, K::React, K::Unreact, K::Pin, K::Unpin];
    let rooms = rooms.into_iter().map(|kind| (3, kind));
    let changes = changes.into_iter().map(|kind| (6, kind));
    let all: Vec<_> = messages.into_iter().chain(rooms).chain(changes).collect();
    prop::sample::select(all)
}

prop_compose! {
    /// An entry with every key; what its kind has not is taken away below.
    fn full()(
        (op, kind) in kind(),
        texts in prop::array::uniform8(hostile()),
        ids in prop::array::uniform8(id()),
        time in id(),
        mentions in mentions(),
        reactions in prop::collection::vec(reaction(), 0..3),
        flags in prop::array::uniform4(any::<bool>()),
    ) -> Entry {
        let [name, news, file, author, subject, title, emoji, own] = texts;
        let [user, id, room, reply_to, author_id, subject_id, target, edited] = ids;
        Entry {
            op,
            speaker: Speaker { name },
            user: UserId(user),
            news,
            room: RoomId(room.max(1)),
            id: EntryId(id),
            time,
            kind,
            file: Some(FileCard { id: FileId(target), name: file, size: time }),
            reply_to: flags[0].then_some(EntryId(reply_to)),
            mentions,
            forwarded: flags[1].then_some(Named { user: UserId(author_id), name: author }),
            recalled: flags[2],
            edited: flags[0].then_some(EntryId(edited)),
            reactions,
            pinned: flags[3],
            subject: Some(UserId(subject_id)),
            subject_name: Some(subject),
            until: Some(time),
            role: Some(RoomRole::Admin),
            title: Some(title),
            access: Some(Access::Closed),
            target: Some(EntryId(target)),
            emoji: Some(emoji),
            client_message_id: flags[1].then_some(own),
        }
    }
}

/// Takes away what an entry of this kind has not.
fn fitted(mut entry: Entry) -> Entry {
    use Kind as K;
    let kind = entry.kind;
    if !matches!(kind, K::File | K::Image) {
        entry.file = None;
    }
    if !entry.is_message() {
        entry.reply_to = None;
        entry.forwarded = None;
        entry.recalled = false;
        entry.edited = None;
        entry.reactions.clear();
        entry.pinned = false;
    }
    if !entry.is_message() && kind != K::Edit {
        entry.mentions = Mentions::default();
    }
    if !entry.is_message() && !matches!(kind, K::Edit | K::Announce) {
        entry.news.clear();
    }
    let has_subject = matches!(
        kind,
        K::Created
            | K::Invited
            | K::Kicked
            | K::Banned
            | K::Unbanned
            | K::Muted
            | K::Unmuted
            | K::Role
    );
    entry.subject = entry.subject.filter(|_| has_subject);
    entry.subject_name = entry.subject_name.filter(|_| has_subject);
    entry.until = entry.until.filter(|_| kind == K::Muted);
    entry.role = entry.role.filter(|_| kind == K::Role);
    entry.title = entry
        .title
        .filter(|_| matches!(kind, K::Created | K::Title));
    entry.access = entry.access.filter(|_| kind == K::Created);
    entry.target = entry.target.filter(|_| entry.op == 6);
    entry.emoji = entry
        .emoji
        .filter(|_| matches!(kind, K::React | K::Unreact));
    entry
}

proptest! {
    #[test]
    fn every_entry_is_read_back_as_it_was_written(entry in full().prop_map(fitted)) {
        let frame = frame_of(&entry);
        let bytes = written(&frame);
        prop_assert_eq!(&serde_json::from_str::<Entry>(&bytes).unwrap(), &entry);
        // Within a reply it is the same, byte for byte.
        prop_assert_eq!(serde_json::to_string(&frame).unwrap(), bytes);
    }

    #[test]
    fn plain_clients_read_the_name_and_some_words(entry in full().prop_map(fitted)) {
        let frame = frame_of(&entry);
        let plain = written_plain(&frame, Language::English);
        let read: Entry = serde_json::from_str(&plain).unwrap();
        prop_assert_eq!(&read.speaker, &entry.speaker);
        if entry.file.is_none() {
            prop_assert_eq!(read, entry);
        } else {
            prop_assert!(read.news.ends_with(&entry.news) && read.news.contains(" ("));
        }
    }
}
