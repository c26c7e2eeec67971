//! How entries lie in records.

use super::*;
use crate::content::to_hex;
use proptest::prelude::*;
use qunliao_protocol::FileId;

fn entry(kind: EntryKind) -> NewEntry {
    NewEntry {
        time: 1_700_000_000_000,
        kind,
        author: UserId(300),
        client_message_id: None,
    }
}

fn said(text: impl Into<String>) -> NewEntry {
    entry(EntryKind::text(text))
}

fn unpack(records: &[Packed]) -> Vec<Entry> {
    let mut unpacker = Unpacker::new();
    let mut entries = Vec::new();
    for record in records {
        let first = EntryId(1 + record.offset);
        unpacker.take(first, &record.value, &mut entries).unwrap();
    }
    assert!(!unpacker.is_unfinished());
    entries
}

fn everything_said() -> Message {
    Message {
        text: "好".into(),
        reply_to: Some(EntryId(2)),
        mentions: Mentions {
            everyone: true,
            users: vec![UserId(1), UserId(300)],
        },
        file: Some(SharedFile {
            id: FileId(5),
            name: "a".into(),
            size: 128,
            is_image: true,
        }),
        forwarded_from: Some(UserId(4)),
        recalled: false,
    }
}

fn recalled() -> Message {
    Message {
        recalled: true,
        ..Message::default()
    }
}

/// Every kind of entry, and what follows the fields that all have.
fn all_kinds() -> Vec<(EntryKind, &'static str)> {
    let created = RoomChange::Created {
        access: Access::Open,
        title: "茶".into(),
        with: None,
    };
    let direct = RoomChange::Created {
        access: Access::Direct,
        title: String::new(),
        with: Some(UserId(7)),
    };
    let user = UserId(7);
    let edited = MessageChange::Edited {
        text: "x".into(),
        mentions: Mentions {
            everyone: false,
            users: vec![user],
        },
    };
    let role = |role| EntryKind::Room(RoomChange::RoleGiven { user, role });
    let change = |change| EntryKind::Change {
        target: EntryId(9),
        change,
    };
    vec![
        (
            EntryKind::Message(everything_said()),
            "01 0403e5a5bd 070102 080301ac02 0900 0a0c 010105 020161 03028001 0400 0b0104",
        ),
        (EntryKind::Message(recalled()), "01 0c00"),
        (EntryKind::Room(created), "02 100102 0403e88cb6"),
        (EntryKind::Room(direct), "02 100104 0400 0d0107"),
        (EntryKind::Room(RoomChange::Joined), "03"),
        (EntryKind::Room(RoomChange::Left), "04"),
        (EntryKind::Room(RoomChange::Invited(user)), "05 0d0107"),
        (EntryKind::Room(RoomChange::Kicked(user)), "06 0d0107"),
        (EntryKind::Room(RoomChange::Banned(user)), "07 0d0107"),
        (EntryKind::Room(RoomChange::Unbanned(user)), "08 0d0107"),
        (
            EntryKind::Room(RoomChange::Muted { user, until: 200 }),
            "09 0d0107 0e02c801",
        ),
        (EntryKind::Room(RoomChange::Unmuted(user)), "0a 0d0107"),
        (role(RoomRole::Member), "0b 0d0107 0f0101"),
        (role(RoomRole::Admin), "0b 0d0107 0f0102"),
        (role(RoomRole::Owner), "0b 0d0107 0f0103"),
        (EntryKind::Room(RoomChange::Titled("t".into())), "0c 040174"),
        (
            EntryKind::Room(RoomChange::Announced("a".into())),
            "0d 040161",
        ),
        (change(MessageChange::Recalled), "20 110109"),
        (change(edited), "21 110109 040178 080107"),
        (
            change(MessageChange::Reacted("👍".into())),
            "22 110109 0404f09f918d",
        ),
        (
            change(MessageChange::Unreacted("👍".into())),
            "23 110109 0404f09f918d",
        ),
        (change(MessageChange::Pinned), "24 110109"),
        (change(MessageChange::Unpinned), "25 110109"),
        (EntryKind::Unknown(77), "4d"),
    ]
}

#[test]
fn every_kind_of_entry_lies_in_its_bytes_as_pinned() {
    for (kind, pinned) in all_kinds() {
        let entry = entry(kind);
        let bytes = encode(&entry, 3);
        let pinned = pinned.replace(' ', "");
        let (number, rest) = pinned.split_at(2);
        let expected = format!("010680d095ffbc310201{number}0302ac02060103{rest}");
        assert_eq!(to_hex(&bytes), expected, "{entry:?}");
        assert_eq!(decode(&bytes).unwrap(), (entry, Some(3)));
    }
}

#[test]
fn an_entry_lies_in_its_record_as_pinned() {
    let entry = NewEntry {
        client_message_id: Some("c".into()),
        ..said("好")
    };
    let records = pack(&[entry], 0);
    let pinned = "011a0106 80d095ffbc31 020101 0302ac02 060101 0403e5a5bd 050163";
    assert_eq!(to_hex(&records[0].value), pinned.replace(' ', ""));
}

#[test]
fn an_entry_of_the_first_formats_was_a_message() {
    let bytes = crate::content::from_hex("010680d095ffbc310201010302ac020403e5a5bd").unwrap();
    let read = Entry::read(EntryId(8), &bytes).unwrap();
    assert_eq!((read.content, read.messages), (said("好"), 8));
}

#[test]
fn a_field_of_a_later_version_is_skipped() {
    let mut out = fields::Writer(encode(&said("hi"), 1));
    out.bytes(200, b"later");
    assert_eq!(decode(&out.0).unwrap().0, said("hi"));
}

#[test]
fn messages_are_counted_and_nothing_else() {
    let joined = entry(EntryKind::Room(RoomChange::Joined));
    let entries = [joined.clone(), said("a"), joined, said("b")];
    let counted = unpack(&pack(&entries, 10));
    let counts: Vec<u64> = counted.iter().map(|entry| entry.messages).collect();
    assert_eq!(counts, [10, 11, 11, 12]);
}

fn some_entries(lengths: &[usize]) -> Vec<NewEntry> {
    let said = |(at, length): (usize, &usize)| NewEntry {
        client_message_id: (at % 2 == 0).then(|| "c".repeat(at)),
        ..said("x".repeat(*length))
    };
    lengths.iter().enumerate().map(said).collect()
}

proptest! {
    #[test]
    fn entries_of_any_length_survive_packing(lengths in prop::collection::vec(0usize..20_000, 0..12)) {
        let entries = some_entries(&lengths);
        let records = pack(&entries, 0);
        prop_assert!(records.iter().all(|record| record.value.len() <= VALUE_BYTES_MAX));
        let unpacked = unpack(&records);
        let ids: Vec<u64> = unpacked.iter().map(|entry| entry.id.0).collect();
        prop_assert_eq!(&ids, &(1..=entries.len() as u64).collect::<Vec<_>>());
        prop_assert_eq!(unpacked.iter().map(|entry| entry.messages).collect::<Vec<_>>(), ids);
        let contents: Vec<NewEntry> = unpacked.into_iter().map(|entry| entry.content).collect();
        prop_assert_eq!(contents, entries);
    }

    #[test]
    fn damaged_records_are_errors_and_not_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = Unpacker::new().take(EntryId(1), &bytes, &mut Vec::new());
        let _ = forms::scrub(&bytes);
    }
}
