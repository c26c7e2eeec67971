//! The data format of accounts and codes; see [`crate::format`].

use crate::cast::*;
use crate::format::*;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use qunliao_protocol::FileId;
use qunliao_storage::accounts::{NewAccount, ProfileChange, Role};
use qunliao_storage::codes::{NewCode, Purpose, Verdict};
use qunliao_storage::keys::Kind;
use qunliao_storage::{Accounts, Codes, MemoryEngine};

/// Opens what is sealed in a record: a nonce of 24 bytes, then what XChaCha20-Poly1305
/// made, bound to a user's id, or to the id and the kind of another record.
pub(crate) fn unseal(bound: &[u8], sealed: &str) -> String {
    let key = hmac(&KEY, &[b"qunliao seal"]);
    let bytes = from_hex(sealed);
    let (nonce, sealed) = bytes.split_first_chunk::<24>().unwrap();
    let payload = Payload {
        msg: sealed,
        aad: bound,
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
        unseal(&user.to_be_bytes(), sealed),
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
    let confirmed = store.confirm_email(ALICE.email.into(), "135790".into(), None, NOW);
    confirmed.await.unwrap().unwrap();
    let address = index(EMAIL, ALICE.email.as_bytes()).to_vec();
    let owner = (address, 1u64.to_be_bytes().to_vec());
    assert_eq!(records(&engine, Kind::UserIdByEmail), [owner]);
    assert_eq!(records(&engine, Kind::UserIdByPendingEmail), []);

    let closed = store.close_account(alice, None, operator(NOW + 1)).await;
    assert_eq!(closed.unwrap(), Ok(()));
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
async fn owners_standings_and_profiles_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let new = NewAccount {
        role: Role::Owner,
        ..ALICE.account()
    };
    let alice = signed_up(&store, new).await.id;
    let profile = ProfileChange {
        nickname: Some(Some("爱爱".into())),
        folded_nickname: Some("爱爱".into()),
        avatar: Some(Some(FileId(7))),
        bio: Some(Some("hi".into())),
        language: Some(Some("zh".into())),
    };
    store.change_profile(alice, profile).await.unwrap().unwrap();
    let new = NewAccount {
        role: Role::Admin,
        pending: true,
        ..BOB.account()
    };
    let bob = signed_up(&store, new).await.id;
    let accounts = records(&engine, Kind::UserById);
    let owner = (
        r#"{"created":1700000000000,"password_hash":"$argon2id$ of 6","personal":…,"role":"owner"}"#.to_owned(),
        r#"{"name":"小爱","phone_verified":false,"email_confirmed":false,"nickname":"爱爱","avatar":7,"bio":"hi","language":"zh"}"#.to_owned(),
    );
    assert_eq!(account(&accounts[0].1, 1), owner);
    let pending = r#"{"created":1700000000000,"password_hash":"$argon2id$ of 6","personal":…,"role":"admin","standing":"pending"}"#;
    assert_eq!(account(&accounts[1].1, 2).0, pending);
    let disabled = store.set_standing(bob, false, operator(NOW)).await;
    assert!(disabled.unwrap().is_ok());
    let accounts = records(&engine, Kind::UserById);
    assert_eq!(
        account(&accounts[1].1, 2).0,
        pending.replace("pending", "disabled")
    );
    let one = 1u64.to_be_bytes().to_vec();
    assert_eq!(records(&engine, Kind::OwnerById), [(one, Vec::new())]);
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
        r#"{{"codes":[{{"hash":"{hash}","expires":1700000300000,"spent":false,"wrong_tries":[]}}],"wrong_tries":[1700000000001],"wrong_tries_max":5,"wrong_tries_window_ms":3600000}}"#
    );
    assert_eq!(record(&engine, Kind::CodeByTarget), (key.clone(), fresh));
    signed_up(&store, ALICE.account_by_phone("135790")).await;
    let spent = format!(
        r#"{{"codes":[{{"hash":"{hash}","expires":1700000300000,"spent":true,"wrong_tries":[]}}],"wrong_tries":[],"wrong_tries_max":5,"wrong_tries_window_ms":3600000}}"#
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
    assert!(value.contains(r#""spent":false,"user":9,"wrong_tries":[]}"#));
}

#[tokio::test]
async fn a_code_that_someone_asked_for_lies_with_a_hash_of_their_network() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    for (network, now) in [("203.0.113.7", NOW), ("203.0.113.8", NOW + MINUTE)] {
        let mut code = new_code(ALICE.phone_proof("135790"), now);
        code.asked_by = Some(asker(network));
        store.issue(code).await.unwrap();
    }
    let mut wrong = ALICE.phone_proof("000000");
    wrong.from = Some("203.0.113.8".into());
    store.try_code(wrong, NOW + MINUTE).await.unwrap();
    let (key, value) = record(&engine, Kind::CodeByTarget);
    let hash = hex(&index(CODE, &[key.as_slice(), b"135790"].concat()));
    let from = |network: &str| hex(&index(SENDING, format!("asker {network}").as_bytes())[..8]);
    let (first, second) = (from("203.0.113.7"), from("203.0.113.8"));
    let expected = format!(
        r#"{{"codes":[{{"hash":"{hash}","from":"{first}","expires":1700000300000,"spent":false,"wrong_tries":[]}},{{"hash":"{hash}","from":"{second}","expires":1700000360000,"spent":false,"wrong_tries":[1700000060000]}}],"wrong_tries":[],"wrong_tries_max":5,"wrong_tries_window_ms":3600000}}"#
    );
    assert_eq!(value, expected);
}

#[tokio::test]
async fn a_code_of_format_1_is_read_and_its_wrong_tries_are_those_of_others() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    send_code(&store, &ALICE, "135790", NOW).await;
    let (key, _) = record(&engine, Kind::CodeByTarget);
    let hash = hex(&index(CODE, &[key.as_slice(), b"135790"].concat()));
    let lies = format!(
        r#"{{"hash":"{hash}","expires":1700000300000,"spent":false,"user":9,"wrong_tries":[1700000000001,1700000000001,1700000000001,1700000000001],"wrong_tries_max":5,"wrong_tries_window_ms":3600000}}"#
    );
    engine
        .faults()
        .damage(&[Kind::CodeByTarget as u8], lies.as_bytes());
    let right = || {
        let mut proof = ALICE.phone_proof("135790");
        proof.from = Some("203.0.113.7".into());
        proof
    };
    let judge = |proof| store.try_code(proof, NOW + 2);
    assert_eq!(judge(right()).await.unwrap(), Verdict::Right);
    let wrong = judge(ALICE.phone_proof("000000")).await.unwrap();
    assert_eq!(wrong, Verdict::Wrong);
    assert_eq!(judge(right()).await.unwrap(), Verdict::Wrong, "the fifth");
}

#[tokio::test]
async fn sendings_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    for (person, now) in [(&ALICE, NOW), (&BOB, NOW + 1), (&CAROL, NOW + MINUTE)] {
        let mut code = new_code(person.phone_proof("135790"), now);
        code.asked_by = Some(asker("203.0.113.7"));
        store.issue(code).await.unwrap();
    }
    let all = r#"{"minutes":[[28333333,2],[28333334,1]],"last":1700000060000}"#;
    let mut expected = [
        ("all", all),
        ("all sms", all),
        ("address 203.0.113.7", all),
        ("prefix around 203.0.113.7", all),
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
    .into_iter()
    .flat_map(|(subject, json)| {
        let entry = |subject: &str| (index(SENDING, subject.as_bytes()).to_vec(), json.into());
        let part = subject.starts_with("phone");
        let part = part.then(|| entry(&format!("{subject} from around 203.0.113.7")));
        [entry(subject)].into_iter().chain(part)
    })
    .collect::<Vec<(Vec<u8>, Vec<u8>)>>();
    expected.sort();
    assert_eq!(records(&engine, Kind::SendingsBySubject), expected);
}
