//! Data folders of earlier formats: everything in it is found again, whatever cuts
//! the migration short. Its records are written here by hand, as they were pinned.

use crate::cast::*;
use crate::format::*;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use qunliao_protocol::{SessionId, UserId};
use qunliao_storage::accounts::{Login, Profile, Role, Standing};
use qunliao_storage::audit::AuditQuery;
use qunliao_storage::codes::{Purpose, Verdict};
use qunliao_storage::keys::{FORMAT_VERSION, Kind};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::rooms::Around;
use qunliao_storage::{
    Accounts, Audit, Codes, Links, Log, MemoryEngine, MessageChange, RoomChange, Rooms, Seal,
    Sessions, StorageError, Store,
};
use std::collections::BTreeSet;

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// More sessions than one commit of the migration writes.
const SESSIONS: u64 = 1_203;

fn number(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn key(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[kind], parts.concat().as_slice()].concat()
}

fn account(user: u64, personal: &str, rest: &str) -> (Vec<u8>, Vec<u8>) {
    let sealing = hmac(&KEY, &[b"qunliao seal"]);
    let payload = Payload {
        msg: personal.as_bytes(),
        aad: &user.to_be_bytes(),
    };
    let nonce = [user as u8; 24];
    let sealed = XChaCha20Poly1305::new(&sealing.into()).encrypt(&XNonce::from(nonce), payload);
    let sealed = hex(&nonce) + &hex(&sealed.unwrap());
    let json = format!(r#"{{"created":1700000000000,{rest},"personal":"{sealed}"}}"#);
    (key(0x10, &[&number(user)]), json.into_bytes())
}

fn session(user: u64, token: &str, issued: u64, expires: u64) -> Pairs {
    let token = index(TOKEN, token.as_bytes());
    let json = format!(r#"{{"user":{user},"issued":{issued},"expires":{expires}}}"#);
    let listed = key(0x19, &[&number(user), &number(issued), &token]);
    vec![
        (key(0x18, &[&token]), json.into_bytes()),
        (listed, Vec::new()),
    ]
}

/// Alice with number and address, Bob who waits to confirm his, Carol who has gone.
fn accounts() -> Pairs {
    let alice = r#"{"name":"小爱","phone":"+8613912345678","phone_verified":true,"email":"alice@example.com","email_confirmed":true}"#;
    let bob = r#"{"name":"小波","phone_verified":false,"email":"bob@example.com","email_confirmed":false}"#;
    let carol = r#"{"name":"Carol","phone_verified":false,"email_confirmed":false}"#;
    let name = |name: &str, user| (key(0x11, &[&index(NAME, name.as_bytes())]), number(user));
    let address = index(EMAIL, BOB.email.as_bytes());
    vec![
        account(1, alice, r#""password_hash":"of alice""#),
        account(2, bob, r#""password_hash":"of bob""#),
        account(3, carol, r#""password_hash":"","closed":1700000000001"#),
        name("小爱", 1),
        name("小波", 2),
        name("carol", 3),
        (
            key(0x12, &[&index(PHONE, ALICE.phone.as_bytes())]),
            number(1),
        ),
        (
            key(0x13, &[&index(EMAIL, ALICE.email.as_bytes())]),
            number(1),
        ),
        (key(0x14, &[&address, &number(2)]), Vec::new()),
    ]
}

/// A code to Carol's phone, and an entry of the lobby.
fn others() -> Pairs {
    let contact = index(PHONE, CAROL.phone.as_bytes());
    let bound = [[1].as_slice(), &contact].concat();
    let hash = hex(&index(CODE, &[bound.as_slice(), b"135790"].concat()));
    let code = format!(
        r#"{{"hash":"{hash}","expires":1700000300000,"spent":false,"wrong_tries":[1700000000001],"wrong_tries_max":5,"wrong_tries_window_ms":3600000}}"#
    );
    let all = r#"{"minutes":[[28333333,1]],"last":1700000000000}"#;
    let entry = from_hex(
        "01130106 80d095ffbc31 020101 030101 0403e5a5bd"
            .replace(' ', "")
            .as_str(),
    );
    vec![
        (key(0x20, &[&bound]), code.into_bytes()),
        (key(0x21, &[&index(SENDING, b"all")]), all.into()),
        (key(0x30, &[&number(1), &number(1), &[0, 0]]), entry),
    ]
}

fn first_format() -> MemoryEngine {
    let fingerprint = index(FINGERPRINT, b"")[..8].to_vec();
    let mut pairs = vec![
        (key(1, &[b"format"]), number(1)),
        (key(1, &[b"key"]), fingerprint),
        (key(1, &[b"users"]), number(3)),
    ];
    pairs.extend(accounts());
    pairs.extend(others());
    for at in 0..SESSIONS {
        let token = format!("token {at}");
        let user = 1 + at % 2;
        pairs.extend(session(user, &token, NOW + at, NOW + DAY + at));
    }
    MemoryEngine::of(pairs)
}

async fn check_accounts(store: &Store) {
    for login in [
        Login::Name("小爱".into()),
        Login::Contact(ALICE.phone_contact()),
        Login::Contact(ALICE.email_contact()),
    ] {
        let alice = store.find(login).await.unwrap().unwrap();
        assert_eq!(alice.password_hash, "of alice");
        let alice = alice.user;
        assert_eq!((alice.id, alice.name.as_str()), (UserId(1), "小爱"));
        assert!(alice.phone_verified && alice.email_confirmed);
        assert_eq!(
            (alice.role, alice.standing),
            (Role::Member, Standing::Active)
        );
        assert_eq!((alice.profile, alice.created), (Profile::default(), NOW));
    }
    let awaiting = store.awaiting_confirmation(BOB.email.into()).await;
    assert_eq!(awaiting.unwrap(), Some(UserId(2)));
    let carol = store.user(UserId(3)).await.unwrap().unwrap();
    assert_eq!(carol.standing, Standing::Closed);
    let gone = store.find(Login::Name("carol".into())).await.unwrap();
    assert!(gone.is_none());
}

async fn check_sessions(store: &Store) {
    let mut ids = BTreeSet::new();
    for at in 0..SESSIONS {
        let now = NOW + DAY + at;
        let (user, session) = store
            .session(format!("token {at}"), now - 1)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((user.id, session.user), (UserId(1 + at % 2), user.id));
        assert_eq!((session.issued, session.expires), (NOW + at, now));
        ids.insert(session.id);
        let ended = store.session(format!("token {at}"), now).await.unwrap();
        assert!(ended.is_none());
    }
    let all: BTreeSet<_> = (1..=SESSIONS).map(SessionId).collect();
    assert_eq!(ids, all);
    for user in [1, 2] {
        let sessions = store.sessions_of(UserId(user), NOW).await.unwrap();
        assert!(sessions.is_sorted_by_key(|session| (session.issued, session.id)));
        assert_eq!(sessions.len() as u64, (SESSIONS + 2 - user) / 2);
    }
}

async fn check(engine: &MemoryEngine, store: &Store) {
    let format = number(FORMAT_VERSION);
    assert!(records(engine, Kind::Meta).contains(&(b"format".to_vec(), format)));
    assert_eq!(records(engine, Kind::TokenByUserIssue), []);
    check_accounts(store).await;
    check_sessions(store).await;
    let code = proof(Purpose::Register, CAROL.phone_contact(), "135790");
    assert_eq!(store.try_code(code, NOW).await.unwrap(), Verdict::Right);
    let entries = store.page(LOBBY, id(0), 9, 999).await.unwrap();
    assert_eq!(words(&entries[0].content), "好");
    let trail = AuditQuery {
        limit: 9,
        ..AuditQuery::default()
    };
    assert_eq!(store.audit(trail).await.unwrap(), []);
}

#[tokio::test]
async fn everything_of_the_first_format_is_found_again() {
    let engine = first_format();
    let store = memory_store(&engine);
    check(&engine, &store).await;
    // It is one of ours now: opened again, it stays as it is.
    let pairs = engine.pairs();
    store.close();
    let store = memory_store(&engine);
    assert_eq!(engine.pairs(), pairs);
    check(&engine, &store).await;
}

#[tokio::test]
async fn what_was_migrated_lives_on() {
    let engine = first_format();
    let store = memory_store(&engine);
    // There is no owner yet, so there can be a set-up.
    let set_up = NewLink {
        purpose: LinkPurpose::Invite(Role::Owner),
        expires: NOW + DAY,
        note: None,
        by: operator(NOW),
    };
    let (_, token) = store.make_link(set_up).await.unwrap();
    assert!(store.link(token, NOW).await.unwrap().is_some());
    let owner = store.set_role(UserId(1), Role::Owner, operator(NOW)).await;
    assert!(owner.unwrap().is_ok());
    // A session of then ends when it was to end, however much it is used.
    let used = store.touch_session(UserId(1), SessionId(1), NOW + HOUR, None);
    used.await.unwrap();
    let (_, session) = store.session("token 0".into(), NOW).await.unwrap().unwrap();
    assert_eq!(
        (session.last_used, session.expires),
        (NOW + HOUR, NOW + DAY)
    );
    let new = store.open_session(new_session(UserId(1), "new")).await;
    assert_eq!(new.unwrap().id, SessionId(SESSIONS + 1));
    assert_eq!(sign_up(&store, &CAROL_AGAIN).await.id, UserId(4));
    let ended = store.end_sessions(UserId(2), None, operator(NOW)).await;
    assert_eq!(ended.unwrap() as u64, SESSIONS / 2);
}

const CAROL_AGAIN: Person = Person {
    name: "Carol II",
    ..CAROL
};

#[tokio::test]
async fn a_migration_that_is_cut_short_goes_on_at_the_next_start() {
    let mut cut_short = 0;
    for commits in 0.. {
        let engine = first_format();
        engine.faults().fail_commits_after(commits);
        let alarm = |_: &StorageError| {};
        match Store::open(engine.clone(), Seal::new(&KEY), plenty(), alarm) {
            Err(StorageError::Commit(_)) => cut_short += 1,
            Err(other) => panic!("{other}"),
            Ok(_) => break,
        }
        engine.faults().fail_commits(false);
        // It is marked as ours only when all of it is.
        assert!(records(&engine, Kind::Meta).contains(&(b"format".to_vec(), number(1))));
        check(&engine, &memory_store(&engine)).await;
    }
    // Three commits of sessions, and one of the format.
    assert_eq!(cut_short, 4);
}

/// A folder of the second format, as the one before becomes it: sessions with ids,
/// and a lobby in which nothing is but messages, uncounted.
fn second_format() -> MemoryEngine {
    let engine = first_format();
    memory_store(&engine).close();
    let mut pairs: std::collections::BTreeMap<_, _> = engine.pairs().into_iter().collect();
    pairs.insert(key(1, &[b"format"]), number(2));
    let three = from_hex(&format!(
        "01{}",
        "13010680d095ffbc310201010301010403e5a5bd".repeat(3)
    ));
    pairs.insert(key(0x30, &[&number(1), &number(2), &[0, 0]]), three);
    MemoryEngine::of(pairs)
}

#[tokio::test]
async fn the_lobby_of_the_second_format_goes_on() {
    let engine = second_format();
    let store = memory_store(&engine);
    assert!(records(&engine, Kind::Meta).contains(&(b"format".to_vec(), number(3))));
    check_accounts(&store).await;
    check_sessions(&store).await;
    let end = store.end(LOBBY).await.unwrap();
    assert_eq!((end.last, end.time, end.messages), (id(4), NOW, 4));
    let entries = vec![
        changed(1, RoomChange::Announced("!".into())),
        said(1, "new"),
        change(1, 3, MessageChange::Recalled),
    ];
    append(&store, LOBBY, 4, entries).await;
    let end = store.end(LOBBY).await.unwrap();
    assert_eq!((end.last, end.messages), (id(7), 5));
    let history = store.history(LOBBY, Around::Before(id(7)), 99, 9_999, UserId(1));
    let counts: Vec<u64> = history
        .await
        .unwrap()
        .iter()
        .map(|shown| shown.entry.messages)
        .collect();
    assert_eq!(counts, [1, 2, 3, 4, 4, 5]);
    let recalled = store.entry(LOBBY, id(3)).await.unwrap().unwrap();
    assert_eq!((words(&recalled.content), recalled.messages), ("", 3));
    store
        .mark_read(LOBBY, vec![(UserId(1), id(3))])
        .await
        .unwrap();
    assert_eq!(store.rooms_of(UserId(1)).await.unwrap()[0].unread, 2);
}

#[test]
fn data_of_the_first_format_with_another_key_is_not_touched() {
    let engine = first_format();
    let pairs = engine.pairs();
    let alarm = |_: &StorageError| {};
    let opened = Store::open(engine.clone(), Seal::new(&[8; 32]), plenty(), alarm);
    assert!(matches!(opened.err(), Some(StorageError::Key { .. })));
    assert_eq!(engine.pairs(), pairs);
}
