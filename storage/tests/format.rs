//! The data format: the numbers, keys and bytes of every kind of record. To change
//! what stands here is to change what older versions read, and needs a new
//! [`FORMAT_VERSION`].
//!
//! What the store computes with its key is computed here once more, from the
//! description alone.

use crate::cast::*;
use hmac::{Hmac, KeyInit, Mac};
use qunliao_storage::keys::{FORMAT_VERSION, Kind, VALUE_BYTES_MAX};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{Health, Links, Log, MemoryEngine, Sessions};
use sha2::Sha256;

/// The records of a kind, their keys without the kind.
pub(crate) fn records(engine: &MemoryEngine, kind: Kind) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs = engine.pairs().into_iter();
    pairs
        .filter(|(key, _)| key[0] == kind as u8)
        .map(|(key, value)| (key[1..].to_vec(), value))
        .collect()
}

/// The only record of a kind, its value as text.
pub(crate) fn record(engine: &MemoryEngine, kind: Kind) -> (Vec<u8>, String) {
    let mut records = records(engine, kind);
    assert_eq!(records.len(), 1);
    let (key, value) = records.remove(0);
    (key, String::from_utf8(value).unwrap())
}

pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The keyed hash under which `text` is found in a space.
pub(crate) fn index(space: u8, text: &[u8]) -> [u8; 32] {
    let key = hmac(&KEY, &[b"qunliao index"]);
    hmac(&key, &[&[space], text])
}

pub(crate) const NAME: u8 = 0;
pub(crate) const PHONE: u8 = 1;
pub(crate) const EMAIL: u8 = 2;
pub(crate) const TOKEN: u8 = 3;
pub(crate) const CODE: u8 = 4;
pub(crate) const SENDING: u8 = 5;
pub(crate) const LABEL: u8 = 6;
pub(crate) const FINGERPRINT: u8 = 7;
pub(crate) const LINK: u8 = 8;

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn from_hex(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

#[test]
fn the_format_and_its_kinds_have_these_numbers() {
    assert_eq!((FORMAT_VERSION, VALUE_BYTES_MAX), (3, 4_096));
    let kinds = [
        (Kind::Meta, 0x01),
        (Kind::UserById, 0x10),
        (Kind::UserIdByName, 0x11),
        (Kind::UserIdByPhone, 0x12),
        (Kind::UserIdByEmail, 0x13),
        (Kind::UserIdByPendingEmail, 0x14),
        (Kind::OwnerById, 0x15),
        (Kind::SessionByToken, 0x18),
        (Kind::TokenByUserIssue, 0x19),
        (Kind::TokenByUserSession, 0x1a),
        (Kind::LinkById, 0x1c),
        (Kind::LinkIdByTarget, 0x1d),
        (Kind::CodeByTarget, 0x20),
        (Kind::SendingsBySubject, 0x21),
        (Kind::EntryByRoomSeq, 0x30),
        (Kind::RoomById, 0x31),
        (Kind::OpenRoomById, 0x32),
        (Kind::DirectRoomByUsers, 0x33),
        (Kind::MembershipByRoomUser, 0x34),
        (Kind::UserIdByRoomSince, 0x35),
        (Kind::RoomIdByUser, 0x36),
        (Kind::BanByRoomUser, 0x37),
        (Kind::PinByRoomSeq, 0x38),
        (Kind::AmendmentByRoomEntry, 0x39),
        (Kind::EditByRoomEntry, 0x3a),
        (Kind::ReactionByRoomEntry, 0x3b),
        (Kind::ReactorByRoomEntry, 0x3c),
        (Kind::MentionByUserRoomEntry, 0x3d),
        (Kind::EveryoneMentionByRoomEntry, 0x3e),
        (Kind::ReminderByUserRoom, 0x3f),
        (Kind::FileById, 0x40),
        (Kind::FolderById, 0x41),
        (Kind::ItemByRoomName, 0x42),
        (Kind::ItemByRoomSeq, 0x43),
        (Kind::ShelfByRoom, 0x44),
        (Kind::FileIdByNameVersion, 0x45),
        (Kind::FileIdByFolderPath, 0x46),
        (Kind::FileIdByContent, 0x47),
        (Kind::FreedContent, 0x48),
        (Kind::AuditById, 0x50),
        (Kind::AuditIdByUser, 0x51),
        (Kind::ReminderByTime, 0x60),
    ];
    for (kind, number) in kinds {
        assert_eq!(kind as u8, number, "{kind:?}");
    }
}

#[test]
fn a_hash_in_a_key_is_an_hmac_with_a_derived_key() {
    let pinned = "7a23eb8de287f8c78fc8c736624fe6a614681e20bc468a5f4fc39e45a33329eb";
    assert_eq!(hex(&index(PHONE, b"+8613912345678")), pinned);
}

#[tokio::test]
async fn counters_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    store.probe().await.unwrap();
    let alice = sign_up(&store, &ALICE).await.id;
    store
        .open_session(new_session(alice, "token"))
        .await
        .unwrap();
    let link = NewLink {
        purpose: LinkPurpose::Reset(alice),
        expires: NOW + DAY,
        note: None,
        by: operator(NOW),
    };
    store.make_link(link).await.unwrap();
    share(&store, within("photos", "1.jpg"), 1, 1).await;
    share(&store, alone("a"), 1, 1).await;
    let key = u64::from_be_bytes(*index(FINGERPRINT, b"").first_chunk().unwrap());
    let expected = [
        ("audit", 2),
        ("files", 2),
        ("folders", 1),
        ("format", 3),
        ("health", 1),
        ("items", 2),
        ("key", key),
        ("links", 1),
        ("sessions", 1),
        ("users", 1),
    ];
    let expected = expected.map(|(name, number): (&str, u64)| {
        (name.as_bytes().to_vec(), number.to_be_bytes().to_vec())
    });
    assert_eq!(records(&engine, Kind::Meta), expected);
}

#[tokio::test]
async fn entries_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let entries = vec![
        said(1, "好"),
        said(2, ""),
        said(1, &"x".repeat(5_000)),
        said(1, "y"),
    ];
    store.append(LOBBY, id(0), entries).await.unwrap().unwrap();
    let key = |entry: u64, chunk: u16| {
        [
            &1u64.to_be_bytes(),
            &entry.to_be_bytes(),
            chunk.to_be_bytes().as_slice(),
        ]
        .concat()
    };
    // Time, kind, author and count of messages are the same length in all of them.
    let head = |author, messages| {
        let author = format!("010680d095ffbc310201010301{author:02x}");
        from_hex(&format!("{author}0601{messages:02x}"))
    };
    let packed_two = [
        &[1, 22][..],
        &head(1, 1),
        b"\x04\x03",
        "好".as_bytes(),
        &[19],
        &head(2, 2),
        b"\x04\x00",
    ]
    .concat();
    let long = [
        &[0x9c, 0x27],
        &head(1, 3)[..],
        &[4, 0x88, 0x27],
        &[b'x'; 5_000],
    ]
    .concat();
    let packed_one = [&[1, 20][..], &head(1, 4), b"\x04\x01y"].concat();
    let expected = [
        (key(1, 0), packed_two),
        (key(3, 0), [&[2][..], &long[..4_095]].concat()),
        (key(3, 1), [&[3][..], &long[4_095..]].concat()),
        (key(4, 0), packed_one),
    ];
    let found = records(&engine, Kind::EntryByRoomSeq);
    let text = |records: &[(Vec<u8>, Vec<u8>)]| -> Vec<String> {
        let line = |(key, value): &(Vec<u8>, Vec<u8>)| format!("{} {}", hex(key), hex(value));
        records.iter().map(line).collect()
    };
    assert_eq!(text(&found), text(&expected));
}
