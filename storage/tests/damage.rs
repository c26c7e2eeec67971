//! Damaged records are errors: never a panic, never an answer made up.

use crate::cast::*;
use qunliao_protocol::{FileId, FolderId, LinkId, SessionId, UserId};
use qunliao_storage::accounts::{Login, Role};
use qunliao_storage::audit::AuditQuery;
use qunliao_storage::keys::Kind;
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::{
    Accounts, Audit, Codes, Digest, Files, Links, Log, MemoryEngine, Seal, Sessions, StorageError,
    Store,
};

/// What no record of any kind looks like. Lists of chunks come close.
pub(crate) const JUNK: [&[u8]; 8] = [
    b"",
    b"\x01",
    b"\x01\xff",
    b"\x02\x05\x01",
    b"\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x03\x01",
    b"{\"user\":18446744073709551616}",
    b"[1e999,",
];

pub(crate) fn damaged<T>(answer: Result<T, StorageError>) -> bool {
    match answer {
        Err(StorageError::Damaged(_)) => true,
        Err(other) => panic!("{other}"),
        Ok(_) => false,
    }
}

fn reset_link() -> NewLink {
    NewLink {
        purpose: LinkPurpose::Reset(UserId(1)),
        expires: NOW + DAY,
        note: None,
        by: operator(NOW),
    }
}

/// What is asked of accounts, sessions, links and the trail beside signing in and up.
async fn ask_of_accounts(store: &Store) -> Vec<(&'static str, bool)> {
    let alice = UserId(1);
    let by = operator(NOW);
    let everything = AuditQuery {
        limit: 99,
        ..AuditQuery::default()
    };
    let role = store.set_role(alice, Role::Member, by).await;
    vec![
        ("user", damaged(store.user(alice).await)),
        ("users", damaged(store.users(None, 9).await)),
        ("counts", damaged(store.account_counts(NOW).await)),
        ("set_role", damaged(role)),
        ("sessions_of", damaged(store.sessions_of(alice, NOW).await)),
        (
            "touch",
            damaged(store.touch_session(alice, SessionId(1), NOW, None).await),
        ),
        (
            "end_session",
            damaged(store.end_session(alice, SessionId(1), by).await),
        ),
        ("sweep_sessions", damaged(store.sweep_sessions(NOW).await)),
        ("links", damaged(store.links(NOW).await)),
        (
            "revoke_link",
            damaged(store.revoke_link(LinkId(1), by).await),
        ),
        ("make_link", damaged(store.make_link(reset_link()).await)),
        ("audit", damaged(store.audit(everything).await)),
        ("sweep_audit", damaged(store.sweep_audit(NOW).await)),
    ]
}

/// A store in which there is one record of each kind at least.
async fn lived_in(engine: &MemoryEngine) -> Store {
    let store = memory_store(engine);
    send_code(&store, &ALICE, "135790", NOW).await;
    let alice = signed_up(&store, ALICE.account_by_phone("135790")).await.id;
    store
        .open_session(new_session(alice, "token"))
        .await
        .unwrap();
    let owner = store.set_role(alice, Role::Owner, operator(NOW)).await;
    assert!(owner.unwrap().is_ok());
    store.make_link(reset_link()).await.unwrap();
    let entries = vec![said(1, "hi"), said(1, &"long".repeat(5_000))];
    store.append(LOBBY, id(0), entries).await.unwrap().unwrap();
    share(&store, alone("a.txt"), 1, 1).await;
    share(&store, within("photos", "1.jpg"), 2, 1).await;
    store
}

/// Everything that is asked of a store, and whether it was told of damage.
async fn ask_everything(store: &Store) -> Vec<(&'static str, bool)> {
    let new_bob = BOB.account_by_phone("135790");
    let code = new_code(ALICE.phone_proof("246801"), NOW + MINUTE);
    let wrong = ALICE.phone_proof("000000");
    let session = new_session(UserId(1), "another");
    let name = Login::Name(ALICE.name.into());
    vec![
        ("find", damaged(store.find(name).await)),
        ("session", damaged(store.session("token".into(), NOW).await)),
        ("names", damaged(store.names(vec![UserId(1)]).await)),
        ("try_code", damaged(store.try_code(wrong, NOW).await)),
        ("issue", damaged(store.issue(code).await)),
        ("sweep", damaged(store.sweep_codes(NOW).await)),
        ("end", damaged(store.end(LOBBY).await)),
        ("page", damaged(store.page(LOBBY, id(0), 99, 99_999).await)),
        (
            "append",
            damaged(store.append(LOBBY, id(2), vec![said(1, "x")]).await),
        ),
        ("items", damaged(store.items(LOBBY, 9).await)),
        ("item", damaged(store.item(LOBBY, label("a.txt")).await)),
        ("file", damaged(store.file(FileId(1)).await)),
        (
            "folder_files",
            damaged(store.folder_files(FolderId(1), None, 9).await),
        ),
        (
            "add",
            damaged(
                store
                    .add_file(new_file(within("photos", "1.jpg"), 3, 1))
                    .await,
            ),
        ),
        (
            "unlisted",
            damaged(store.unlisted(vec![Digest::new([1; 32])]).await),
        ),
        ("open_session", damaged(store.open_session(session).await)),
        ("register", damaged(store.register(new_bob).await)),
        (
            "close",
            damaged(store.close_account(UserId(1), None, operator(NOW)).await),
        ),
    ]
}

/// Who has to notice when the records of a kind are damaged.
const NOTICED: [(Kind, &[&str]); 15] = [
    (
        Kind::UserById,
        &[
            "find", "session", "names", "close", "user", "users", "counts", "set_role",
        ],
    ),
    (Kind::UserIdByName, &["find"]),
    (
        Kind::SessionByToken,
        &[
            "session",
            "open_session",
            "counts",
            "sessions_of",
            "touch",
            "end_session",
            "sweep_sessions",
        ],
    ),
    (
        Kind::TokenByUserSession,
        &["open_session", "sessions_of", "touch", "end_session"],
    ),
    (Kind::LinkById, &["links", "revoke_link"]),
    (Kind::LinkIdByTarget, &["make_link"]),
    (Kind::AuditById, &["audit", "sweep_audit"]),
    (Kind::CodeByTarget, &["try_code", "sweep"]),
    (Kind::SendingsBySubject, &["sweep"]),
    (Kind::EntryByRoomSeq, &["page"]),
    (
        Kind::FileById,
        &["items", "item", "file", "folder_files", "add"],
    ),
    (Kind::FolderById, &["items", "add"]),
    (Kind::ItemByRoomName, &["item", "add"]),
    (Kind::ItemByRoomSeq, &["items"]),
    (Kind::ShelfByRoom, &["items"]),
];

#[tokio::test]
async fn damaged_records_are_noticed_by_whoever_reads_them() {
    for (kind, noticing) in NOTICED {
        for junk in JUNK {
            let mut answers = Vec::new();
            // What is asked changes things, so each half is asked of a store of its own.
            for of_accounts in [false, true] {
                let engine = MemoryEngine::new();
                let store = lived_in(&engine).await;
                engine.faults().damage(&[kind as u8], junk);
                answers.extend(if of_accounts {
                    ask_of_accounts(&store).await
                } else {
                    ask_everything(&store).await
                });
            }
            for who in noticing {
                let noticed = answers
                    .iter()
                    .any(|(asked, damaged)| asked == who && *damaged);
                assert!(noticed, "{who} took {junk:?} for a record of {kind:?}");
            }
        }
    }
}

#[tokio::test]
async fn counters_that_are_damaged_count_nothing() {
    let engine = MemoryEngine::new();
    let store = lived_in(&engine).await;
    for junk in [b"".as_slice(), b"1", &[0; 9], &[0xff; 8]] {
        engine.faults().damage(&[Kind::Meta as u8], junk);
        assert!(damaged(store.register(BOB.account()).await));
        assert!(damaged(store.add_file(new_file(alone("b"), 1, 1)).await));
    }
}

#[tokio::test]
async fn a_log_with_a_hole_is_damaged() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    for after in 0..3 {
        let entries = vec![said(1, "a"), said(1, "b")];
        store
            .append(LOBBY, id(after * 2), entries)
            .await
            .unwrap()
            .unwrap();
    }
    let records = engine.pairs();
    let records = records
        .iter()
        .filter(|(key, _)| key[0] == Kind::EntryByRoomSeq as u8);
    let (second, _) = records.clone().nth(1).unwrap();
    // A record that holds one entry where there were two.
    let whole = engine
        .pairs()
        .into_iter()
        .find(|(key, _)| key == second)
        .unwrap()
        .1;
    let half = &whole[..1 + (whole.len() - 1) / 2];
    engine.faults().damage(second, half);
    assert!(damaged(store.page(LOBBY, id(0), 9, 999).await));
    assert!(damaged(store.page(LOBBY, id(3), 9, 999).await));
    // What lies before and behind it can still be read.
    assert_eq!(store.page(LOBBY, id(0), 3, 999).await.unwrap().len(), 3);
    assert_eq!(store.page(LOBBY, id(4), 9, 999).await.unwrap().len(), 2);
}

#[test]
fn data_of_another_format_is_refused() {
    let engine = MemoryEngine::new();
    memory_store(&engine).close();
    for format in [0u64, 4, 77] {
        engine.faults().damage(b"\x01format", &format.to_be_bytes());
        let alarm = |_: &StorageError| {};
        let opened = Store::open(engine.clone(), Seal::new(&KEY), plenty(), alarm);
        let known = qunliao_storage::keys::FORMAT_VERSION;
        assert!(matches!(
            opened.err(),
            Some(StorageError::Format { found, known: k }) if found == format && k == known
        ));
    }
}

#[test]
fn data_sealed_with_another_key_is_refused() {
    let engine = MemoryEngine::new();
    memory_store(&engine).close();
    let alarm = |_: &StorageError| {};
    let opened = Store::open(engine.clone(), Seal::new(&[8; 32]), plenty(), alarm);
    assert!(matches!(opened.err(), Some(StorageError::Key { .. })));
    memory_store(&engine);
}
