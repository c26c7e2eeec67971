//! Every kind of record, and the key under which it lies.
//!
//! All records share one tree, since sled's batches are atomic within a tree
//! only. A key is one byte of kind and then fixed-width parts, big-endian,
//! parent first, so that what belongs together is one prefix scan. Names and
//! contacts never stand in a key: their keyed hash does ([`crate::Seal`]).
//!
//! | kind | key | value |
//! | --- | --- | --- |
//! | `meta` | a name | a number, 8 bytes big-endian |
//! | `user_by_id` | user | account, JSON, its personal part sealed |
//! | `user_id_by_name` | hash of the folded name | user, 8 bytes; stays when the account closes |
//! | `user_id_by_phone` | hash of the number | user, 8 bytes |
//! | `user_id_by_email` | hash of the confirmed address | user, 8 bytes |
//! | `user_id_by_pending_email` | hash of the unconfirmed address, user | nothing |
//! | `owner_by_id` | user: an owner who can sign in | nothing |
//! | `session_by_token` | hash of the token | session, JSON, device and network sealed |
//! | `token_by_user_issue` | user, time of issue, hash of the token | nothing; of format 1, gone since |
//! | `token_by_user_session` | user, session | hash of the token |
//! | `link_by_id` | link | link, JSON, its note sealed |
//! | `link_id_by_target` | 1 for the set-up or 2 for a reset, user (0 for the set-up) | link, 8 bytes: the newest |
//! | `code_by_target` | purpose, hash of the contact | code, JSON |
//! | `sendings_by_subject` | hash of number, address or "all" | times of sending, JSON |
//! | `entry_by_room_seq` | room, id of the first entry, chunk | entries, see `entry.rs` |
//! | `room_by_id` | room; the lobby has one once something was said about it | room, JSON |
//! | `open_room_by_id` | room that whoever finds it may enter | nothing |
//! | `direct_room_by_users` | the lower user, the higher one | room, 8 bytes |
//! | `membership_by_room_user` | room, user; in the lobby only if there is something to tell | membership, JSON, the name in the room sealed |
//! | `user_id_by_room_since` | room, entry that brought in, user | nothing |
//! | `room_id_by_user` | user, room; not the lobby | nothing |
//! | `ban_by_room_user` | room, user | nothing |
//! | `pin_by_room_seq` | room, entry that pinned | the message pinned, 8 bytes |
//! | `amendment_by_room_entry` | room, message | what recalled it, edited it last, pinned it, JSON |
//! | `edit_by_room_entry` | room, message, entry that edited | nothing |
//! | `reaction_by_room_entry` | room, message, first entry that reacted so | reaction, JSON |
//! | `reactor_by_room_entry` | room, message, first entry that reacted so, user | nothing |
//! | `mention_by_user_room_entry` | user, room, message that the user has not read | nothing |
//! | `everyone_mention_by_room_entry` | room, message | nothing |
//! | `reminder_by_user_room` | user, room | message and when to count from, JSON |
//! | `reminder_by_time` | time of the message, user, room | nothing |
//! | `file_by_id` | file | file, JSON |
//! | `folder_by_id` | folder | folder, JSON |
//! | `item_by_room_name` | room, hash of the name | item: the newest file or the folder of this name |
//! | `item_by_room_seq` | room, seq | item; seq grows with each change, newest last |
//! | `shelf_by_room` | room | how many items, JSON |
//! | `file_id_by_name_version` | room, hash of the name, file | nothing |
//! | `file_id_by_folder_path` | folder, path (a long one cut), NUL, file | nothing |
//! | `file_id_by_content` | SHA-256, file | nothing |
//! | `freed_content` | SHA-256 that the last file of it left | nothing |
//! | `audit_by_id` | entry of the audit trail | the entry, JSON |
//! | `audit_id_by_user` | user, entry: who did it, and to whom | nothing |
//!
//! All of it is pinned by `tests/format*.rs`: to change one is to change the
//! data format.

mod rooms;

pub(crate) use rooms::*;

use crate::content::Digest;
use crate::error::StorageError;
use qunliao_protocol::{EntryId, FileId, FolderId, LinkId, RoomId, SessionId, UserId};
use sha2::{Digest as _, Sha256};

/// The format of everything below. Raised with any change that an older version
/// could not read.
pub const FORMAT_VERSION: u64 = 3;

/// Longest value, in bytes. sled moves large values, and whole leaves that grow
/// past about 128 KiB, into files that it never syncs.
pub const VALUE_BYTES_MAX: usize = 4096;

/// Bytes of a path that lie in a key. sled keeps 256 keys in an inner node, which
/// with whole paths of 1 KiB would grow past the same 128 KiB.
const PATH_START_BYTES_MAX: usize = 400;

/// The first byte of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Counters and the format version.
    Meta = 0x01,
    /// Accounts.
    UserById = 0x10,
    /// Names in use, now or once.
    UserIdByName = 0x11,
    /// Verified phone numbers.
    UserIdByPhone = 0x12,
    /// Confirmed addresses.
    UserIdByEmail = 0x13,
    /// Addresses that wait to be confirmed.
    UserIdByPendingEmail = 0x14,
    /// Owners who can sign in.
    OwnerById = 0x15,
    /// Sessions.
    SessionByToken = 0x18,
    /// Sessions of a user in format 1, oldest first.
    TokenByUserIssue = 0x19,
    /// Sessions of a user, oldest first.
    TokenByUserSession = 0x1a,
    /// Links.
    LinkById = 0x1c,
    /// The one link for a set-up, or for a reset of a user.
    LinkIdByTarget = 0x1d,
    /// Codes that were sent.
    CodeByTarget = 0x20,
    /// When codes were sent, to whom and for whom.
    SendingsBySubject = 0x21,
    /// The rooms' logs.
    EntryByRoomSeq = 0x30,
    /// Rooms.
    RoomById = 0x31,
    /// Rooms that anyone may enter.
    OpenRoomById = 0x32,
    /// Rooms of two.
    DirectRoomByUsers = 0x33,
    /// How members stand in their rooms.
    MembershipByRoomUser = 0x34,
    /// A room's members by when they came.
    UserIdByRoomSince = 0x35,
    /// A user's rooms.
    RoomIdByUser = 0x36,
    /// Who may not come into a room.
    BanByRoomUser = 0x37,
    /// A room's pinned messages.
    PinByRoomSeq = 0x38,
    /// What became of a message.
    AmendmentByRoomEntry = 0x39,
    /// A message's edits.
    EditByRoomEntry = 0x3a,
    /// A message's reactions.
    ReactionByRoomEntry = 0x3b,
    /// Who reacted.
    ReactorByRoomEntry = 0x3c,
    /// Unread messages that mean a user.
    MentionByUserRoomEntry = 0x3d,
    /// Messages that mean everyone.
    EveryoneMentionByRoomEntry = 0x3e,
    /// The reminder of a user that waits for a room.
    ReminderByUserRoom = 0x3f,
    /// Files.
    FileById = 0x40,
    /// Folders.
    FolderById = 0x41,
    /// What a name stands for in a room.
    ItemByRoomName = 0x42,
    /// A room's files and folders by age.
    ItemByRoomSeq = 0x43,
    /// Counts of a room's files.
    ShelfByRoom = 0x44,
    /// All versions of a name.
    FileIdByNameVersion = 0x45,
    /// All versions of a path in a folder.
    FileIdByFolderPath = 0x46,
    /// All files with some content.
    FileIdByContent = 0x47,
    /// Contents that no file has any more.
    FreedContent = 0x48,
    /// The audit trail.
    AuditById = 0x50,
    /// What a user did, and what was done to the user.
    AuditIdByUser = 0x51,
    /// Reminders that wait, by age.
    ReminderByTime = 0x60,
}

/// A hash that stands for a name or a contact in a key.
pub type IndexHash = [u8; 32];

fn key(kind: Kind, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(kind as u8);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

/// The range of keys that begin with `prefix`, as scans take it.
pub(crate) fn range(prefix: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            break;
        }
        end.pop();
    }
    (prefix.to_vec(), end)
}

pub(crate) fn meta(name: &str) -> Vec<u8> {
    key(Kind::Meta, &[name.as_bytes()])
}

pub(crate) fn user_by_id(user: UserId) -> Vec<u8> {
    key(Kind::UserById, &[&user.0.to_be_bytes()])
}

pub(crate) fn owner_by_id(user: UserId) -> Vec<u8> {
    key(Kind::OwnerById, &[&user.0.to_be_bytes()])
}

pub(crate) fn user_id_by(kind: Kind, hash: &IndexHash) -> Vec<u8> {
    key(kind, &[hash])
}

pub(crate) fn pending_email(hash: &IndexHash) -> Vec<u8> {
    key(Kind::UserIdByPendingEmail, &[hash])
}

pub(crate) fn user_id_by_pending_email(hash: &IndexHash, user: UserId) -> Vec<u8> {
    key(Kind::UserIdByPendingEmail, &[hash, &user.0.to_be_bytes()])
}

pub(crate) fn session_by_token(hash: &IndexHash) -> Vec<u8> {
    key(Kind::SessionByToken, &[hash])
}

pub(crate) fn sessions_of(user: UserId) -> Vec<u8> {
    key(Kind::TokenByUserSession, &[&user.0.to_be_bytes()])
}

pub(crate) fn token_by_user_session(user: UserId, session: SessionId) -> Vec<u8> {
    key(
        Kind::TokenByUserSession,
        &[&user.0.to_be_bytes(), &session.0.to_be_bytes()],
    )
}

pub(crate) fn link_by_id(link: LinkId) -> Vec<u8> {
    key(Kind::LinkById, &[&link.0.to_be_bytes()])
}

pub(crate) fn link_id_for_set_up() -> Vec<u8> {
    key(Kind::LinkIdByTarget, &[&[1], &0u64.to_be_bytes()])
}

pub(crate) fn link_id_for_reset(user: UserId) -> Vec<u8> {
    key(Kind::LinkIdByTarget, &[&[2], &user.0.to_be_bytes()])
}

pub(crate) fn code_by_target(purpose: u8, hash: &IndexHash) -> Vec<u8> {
    key(Kind::CodeByTarget, &[&[purpose], hash])
}

pub(crate) fn sendings_by_subject(hash: &IndexHash) -> Vec<u8> {
    key(Kind::SendingsBySubject, &[hash])
}

pub(crate) fn entries_of(room: RoomId) -> Vec<u8> {
    key(Kind::EntryByRoomSeq, &[&room.0.to_be_bytes()])
}

pub(crate) fn records_at(room: RoomId, first: EntryId) -> Vec<u8> {
    key(
        Kind::EntryByRoomSeq,
        &[&room.0.to_be_bytes(), &first.0.to_be_bytes()],
    )
}

pub(crate) fn entry_by_room_seq(room: RoomId, first: EntryId, chunk: u16) -> Vec<u8> {
    key(
        Kind::EntryByRoomSeq,
        &[
            &room.0.to_be_bytes(),
            &first.0.to_be_bytes(),
            &chunk.to_be_bytes(),
        ],
    )
}

pub(crate) fn all_files() -> Vec<u8> {
    key(Kind::FileById, &[])
}

pub(crate) fn file_by_id(file: FileId) -> Vec<u8> {
    key(Kind::FileById, &[&file.0.to_be_bytes()])
}

pub(crate) fn folder_by_id(folder: FolderId) -> Vec<u8> {
    key(Kind::FolderById, &[&folder.0.to_be_bytes()])
}

pub(crate) fn item_by_room_name(room: RoomId, name: &IndexHash) -> Vec<u8> {
    key(Kind::ItemByRoomName, &[&room.0.to_be_bytes(), name])
}

pub(crate) fn items_of(room: RoomId) -> Vec<u8> {
    key(Kind::ItemByRoomSeq, &[&room.0.to_be_bytes()])
}

pub(crate) fn item_by_room_seq(room: RoomId, seq: u64) -> Vec<u8> {
    key(
        Kind::ItemByRoomSeq,
        &[&room.0.to_be_bytes(), &seq.to_be_bytes()],
    )
}

pub(crate) fn shelf_by_room(room: RoomId) -> Vec<u8> {
    key(Kind::ShelfByRoom, &[&room.0.to_be_bytes()])
}

pub(crate) fn file_id_by_name_version(room: RoomId, name: &IndexHash, file: FileId) -> Vec<u8> {
    key(
        Kind::FileIdByNameVersion,
        &[&room.0.to_be_bytes(), name, &file.0.to_be_bytes()],
    )
}

pub(crate) fn file_versions_of(room: RoomId, name: &IndexHash) -> Vec<u8> {
    key(Kind::FileIdByNameVersion, &[&room.0.to_be_bytes(), name])
}

pub(crate) fn paths_of(folder: FolderId) -> Vec<u8> {
    key(Kind::FileIdByFolderPath, &[&folder.0.to_be_bytes()])
}

/// The beginning of the keys of all paths that lead through `path`; `None` where it
/// is so long that they cannot be told from others.
pub(crate) fn paths_beneath(folder: FolderId, path: &str) -> Option<Vec<u8>> {
    let parts: &[&[u8]] = &[&folder.0.to_be_bytes(), path.as_bytes(), b"/"];
    (path.len() < PATH_START_BYTES_MAX).then(|| key(Kind::FileIdByFolderPath, parts))
}

pub(crate) fn versions_of_path(folder: FolderId, path: &str) -> Vec<u8> {
    let (start, rest) = cut(path.as_bytes());
    key(
        Kind::FileIdByFolderPath,
        &[&folder.0.to_be_bytes(), start, &rest, &[0]],
    )
}

pub(crate) fn file_id_by_folder_path(folder: FolderId, path: &str, file: FileId) -> Vec<u8> {
    let mut key = versions_of_path(folder, path);
    key.extend_from_slice(&file.0.to_be_bytes());
    key
}

/// A path as it lies in a key: its start, and for all that is longer a 1 (which
/// no path contains) and its SHA-256. So paths come in their order as far as
/// their starts differ, and no key is long.
fn cut(path: &[u8]) -> (&[u8], Vec<u8>) {
    match path.split_at_checked(PATH_START_BYTES_MAX) {
        None | Some((_, [])) => (path, Vec::new()),
        Some((start, _)) => (start, [&[1], Sha256::digest(path).as_slice()].concat()),
    }
}

pub(crate) fn files_with(content: &Digest) -> Vec<u8> {
    key(Kind::FileIdByContent, &[content.as_bytes()])
}

pub(crate) fn file_id_by_content(content: &Digest, file: FileId) -> Vec<u8> {
    key(
        Kind::FileIdByContent,
        &[content.as_bytes(), &file.0.to_be_bytes()],
    )
}

pub(crate) fn freed_content(content: &Digest) -> Vec<u8> {
    key(Kind::FreedContent, &[content.as_bytes()])
}

pub(crate) fn audit_by_id(entry: u64) -> Vec<u8> {
    key(Kind::AuditById, &[&entry.to_be_bytes()])
}

pub(crate) fn audit_of(user: UserId) -> Vec<u8> {
    key(Kind::AuditIdByUser, &[&user.0.to_be_bytes()])
}

pub(crate) fn audit_id_by_user(user: UserId, entry: u64) -> Vec<u8> {
    key(
        Kind::AuditIdByUser,
        &[&user.0.to_be_bytes(), &entry.to_be_bytes()],
    )
}

/// A number as it lies in a value.
pub(crate) fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

/// The two numbers that end a key.
pub(crate) fn last_two_numbers(key: &[u8]) -> Result<(u64, u64), StorageError> {
    let last = last_number(key)?;
    Ok((last_number(&key[..key.len() - 8])?, last))
}

/// The number that ends a key.
pub(crate) fn last_number(key: &[u8]) -> Result<u64, StorageError> {
    key.last_chunk::<8>()
        .and_then(|bytes| number(bytes))
        .ok_or_else(|| StorageError::damaged("a key is too short"))
}
