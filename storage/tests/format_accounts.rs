//! The data format of accounts, sessions and codes; see [`crate::format`].

use crate::cast::*;
use crate::format::*;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use qunliao_storage::codes::{NewCode, Purpose};
use qunliao_storage::keys::Kind;
use qunliao_storage::{Accounts, Codes, MemoryEngine};

/// Opens the sealed part of an account: a nonce of 24 bytes, then what
/// XChaCha20-Poly1305 made, bound to the user's id.
fn unseal(user: u64, sealed: &str) -> String {
    let key = hmac(&KEY, &[b"qunliao seal"]);
    let bytes = from_hex(sealed);
    let (nonce, sealed) = bytes.split_first_chunk::<24>().unwrap();
    let payload = Payload {
        msg: sealed,
        aad: &user.to_be_bytes(),
    };
    let plain = XChaCha20Poly1305::new(&key.into()).decrypt(&XNonce::from(*nonce), payload);
    String::from_utf8(plain.unwrap()).unwrap()
}

/// An account's record: its JSON around the sealed part, and what that says.
fn account(value: &[u8], user: u64) -> (String, String) {
    let json = String::from_utf8(value.to_vec()).unwrap();
    let (before, rest) = json.split_once("\"personal\":\"").unwrap();
    let (sealed, after) = rest.split_once('"').unwrap();
    (
        format!("{before}\"personal\":…{after}"),
        unseal(user, sealed),
    )
}

#[tokio::test]
async fn accounts_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    send_code(&store, &ALICE, "135790", NOW).await;
    let mut new = ALICE.account_by_phone("135790");
    new.email = Some(ALICE.email.into());
    signed_up(&store, new).await;
    sign_up(&store, &CAROL).await;
    let (one, two) = (1u64.to_be_bytes().to_vec(), 2u64.to_be_bytes().to_vec());

    let accounts = records(&engine, Kind::UserById);
    assert_eq!(accounts[0].0, one);
    let alice = (
        r#"{"created":1700000000000,"password_hash":"$argon2id$ of 6","personal":…}"#.to_owned(),
        r#"{"name":"小爱","phone":"+8613912345678","phone_verified":true,"email":"alice@example.com","email_confirmed":false}"#.to_owned(),
    );
    assert_eq!(account(&accounts[0].1, 1), alice);
    assert_eq!(accounts[1].0, two);
    let carol = r#"{"name":"Carol","phone_verified":false,"email_confirmed":false}"#;
    assert_eq!(account(&accounts[1].1, 2).1, carol);

    let mut names = [
        (index(NAME, "小爱".as_bytes()).to_vec(), one.clone()),
        (index(NAME, b"carol").to_vec(), two),
    ];
    names.sort();
    assert_eq!(records(&engine, Kind::UserIdByName), names);
    let phone = (index(PHONE, ALICE.phone.as_bytes()).to_vec(), one.clone());
    assert_eq!(records(&engine, Kind::UserIdByPhone), [phone]);
    let address = index(EMAIL, ALICE.email.as_bytes()).to_vec();
    let pending = ([address, one].concat(), Vec::new());
    assert_eq!(records(&engine, Kind::UserIdByPendingEmail), [pending]);
}

#[tokio::test]
async fn a_confirmed_address_and_a_closed_account_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let alice = signed_up(&store, ALICE.account_with_email(ALICE.email))
        .await
        .id;
    let proof = proof(Purpose::Confirm, ALICE.email_contact(), "135790");
    let code = NewCode {
        user: Some(alice),
        ..new_code(proof, NOW)
    };
    store.issue(code).await.unwrap();
    let confirmed = store.confirm_email(ALICE.email.into(), "135790".into(), NOW);
    confirmed.await.unwrap().unwrap();
    let address = index(EMAIL, ALICE.email.as_bytes()).to_vec();
    let owner = (address, 1u64.to_be_bytes().to_vec());
    assert_eq!(records(&engine, Kind::UserIdByEmail), [owner]);
    assert_eq!(records(&engine, Kind::UserIdByPendingEmail), []);

    store.close_account(alice, NOW + 1).await.unwrap();
    let closed = (
        r#"{"created":1700000000000,"password_hash":"","personal":…,"closed":1700000000001}"#
            .to_owned(),
        r#"{"name":"小爱","phone_verified":false,"email_confirmed":true}"#.to_owned(),
    );
    let accounts = records(&engine, Kind::UserById);
    assert_eq!(account(&accounts[0].1, 1), closed);
    assert_eq!(records(&engine, Kind::UserIdByEmail), []);
    assert_eq!(records(&engine, Kind::UserIdByName).len(), 1);
}

#[tokio::test]
async fn sessions_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let alice = sign_up(&store, &ALICE).await.id;
    store
        .open_session(new_session(alice, "token"))
        .await
        .unwrap();
    let token = index(TOKEN, b"token");
    let session = r#"{"user":1,"issued":1700000000000,"expires":1700086400000}"#;
    let expected = (token.to_vec(), session.to_owned());
    assert_eq!(record(&engine, Kind::SessionByToken), expected);
    let key = [&1u64.to_be_bytes(), &NOW.to_be_bytes(), token.as_slice()].concat();
    assert_eq!(
        record(&engine, Kind::TokenByUserSession),
        (key, String::new())
    );
}

#[tokio::test]
async fn codes_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    send_code(&store, &ALICE, "135790", NOW).await;
    let wrong = ALICE.phone_proof("000000");
    store.try_code(wrong, NOW + 1).await.unwrap();
    let contact = index(PHONE, ALICE.phone.as_bytes());
    let key = [[1].as_slice(), &contact].concat();
    let hash = hex(&index(CODE, &[key.as_slice(), b"135790"].concat()));
    let fresh = format!(
        r#"{{"hash":"{hash}","expires":1700000300000,"spent":false,"wrong_tries":[1700000000001],"wrong_tries_max":5,"wrong_tries_window_ms":3600000}}"#
    );
    assert_eq!(record(&engine, Kind::CodeByTarget), (key.clone(), fresh));
    signed_up(&store, ALICE.account_by_phone("135790")).await;
    let spent = format!(
        r#"{{"hash":"{hash}","expires":1700000300000,"spent":true,"wrong_tries":[],"wrong_tries_max":5,"wrong_tries_window_ms":3600000}}"#
    );
    assert_eq!(record(&engine, Kind::CodeByTarget), (key, spent));
}

#[tokio::test]
async fn a_code_that_confirms_an_address_names_its_user() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let proof = proof(Purpose::Confirm, ALICE.email_contact(), "135790");
    let code = NewCode {
        user: Some(qunliao_protocol::UserId(9)),
        ..new_code(proof, NOW)
    };
    store.issue(code).await.unwrap();
    let (key, value) = record(&engine, Kind::CodeByTarget);
    let contact = index(EMAIL, ALICE.email.as_bytes());
    assert_eq!(key, [[2].as_slice(), &contact].concat());
    assert!(value.contains(r#""spent":false,"user":9,"wrong_tries":[]"#));
}

#[tokio::test]
async fn sendings_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    for (person, now) in [(&ALICE, NOW), (&BOB, NOW + 1), (&CAROL, NOW + MINUTE)] {
        let mut code = new_code(person.phone_proof("135790"), now);
        code.asked_by = Some("203.0.113.7".into());
        store.issue(code).await.unwrap();
    }
    let all = r#"{"minutes":[[28333333,2],[28333334,1]],"last":1700000060000}"#;
    let mut expected = [
        ("all", all),
        ("address 203.0.113.7", all),
        (
            "phone +8613912345678",
            r#"{"minutes":[[28333333,1]],"last":1700000000000}"#,
        ),
        (
            "phone +8613887654321",
            r#"{"minutes":[[28333333,1]],"last":1700000000001}"#,
        ),
        (
            "phone +14155550123",
            r#"{"minutes":[[28333334,1]],"last":1700000060000}"#,
        ),
    ]
    .map(|(subject, json)| {
        (
            index(SENDING, subject.as_bytes()).to_vec(),
            json.as_bytes().to_vec(),
        )
    });
    expected.sort();
    assert_eq!(records(&engine, Kind::SendingsBySubject), expected);
}
