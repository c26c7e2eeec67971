//! The data format of sessions and links; see [`crate::format`].

use crate::cast::*;
use crate::format::*;
use crate::format_accounts::unseal;
use qunliao_protocol::UserId;
use qunliao_storage::accounts::{NewAccount, Role};
use qunliao_storage::keys::Kind;
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::sessions::NewSession;
use qunliao_storage::{Accounts, Links, MemoryEngine, Sessions};

/// A record's JSON around its sealed part `field`, and what that says; `number` and
/// `kind` are what it is bound to.
fn opened(json: &str, field: &str, number: u64, kind: Kind) -> (String, String) {
    let (before, rest) = json.split_once(&format!("\"{field}\":\"")).unwrap();
    let (sealed, after) = rest.split_once('"').unwrap();
    let bound = [number.to_be_bytes().as_slice(), &[kind as u8]].concat();
    (
        format!("{before}\"{field}\":…{after}"),
        unseal(&bound, sealed),
    )
}

#[tokio::test]
async fn sessions_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let alice = sign_up(&store, &ALICE).await.id;
    let begun = store.open_session(new_session(alice, "token")).await;
    let token = index(TOKEN, b"token");
    let session = r#"{"id":1,"user":1,"issued":1700000000000,"last_used":1700000000000,"idle_ms":86400000,"ends":1700604800000}"#;
    let expected = (token.to_vec(), session.to_owned());
    assert_eq!(record(&engine, Kind::SessionByToken), expected);
    let key = [1u64.to_be_bytes(), 1u64.to_be_bytes()].concat();
    assert_eq!(
        records(&engine, Kind::TokenByUserSession),
        [(key, token.to_vec())]
    );
    let address = Some("192.0.2.1".to_owned());
    let touched = store.touch_session(alice, begun.unwrap().id, NOW + HOUR, address);
    touched.await.unwrap();
    let (_, json) = record(&engine, Kind::SessionByToken);
    let moved = (
        r#"{"id":1,"user":1,"issued":1700000000000,"last_used":1700003600000,"idle_ms":86400000,"ends":1700604800000,"origin":…}"#.to_owned(),
        r#"{"address":"192.0.2.1"}"#.to_owned(),
    );
    assert_eq!(opened(&json, "origin", 1, Kind::SessionByToken), moved);
}

#[tokio::test]
async fn where_a_session_comes_from_lies_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let alice = sign_up(&store, &ALICE).await.id;
    let new = NewSession {
        device: Some("手机".into()),
        address: Some("192.0.2.1".into()),
        ..new_session(alice, "token")
    };
    store.open_session(new).await.unwrap();
    let (_, json) = record(&engine, Kind::SessionByToken);
    let (_, origin) = opened(&json, "origin", 1, Kind::SessionByToken);
    assert_eq!(origin, r#"{"device":"手机","address":"192.0.2.1"}"#);
}

fn link(purpose: LinkPurpose, note: Option<&str>) -> NewLink {
    NewLink {
        purpose,
        expires: NOW + DAY,
        note: note.map(str::to_owned),
        by: operator(NOW),
    }
}

#[tokio::test]
async fn links_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let invitation = link(LinkPurpose::Invite(Role::Admin), Some("给小波"));
    let (id, token) = store.make_link(invitation).await.unwrap();
    let hash = hex(&index(LINK, token.as_bytes()));
    let (key, json) = record(&engine, Kind::LinkById);
    assert_eq!(key, id.0.to_be_bytes());
    let expected = (
        format!(
            r#"{{"purpose":{{"invite":"admin"}},"made":1700000000000,"expires":1700086400000,"token":"{hash}","note":…}}"#
        ),
        "给小波".to_owned(),
    );
    assert_eq!(opened(&json, "note", 1, Kind::LinkById), expected);
    assert_eq!(records(&engine, Kind::LinkIdByTarget), []);
    let invited = NewAccount {
        invite: Some(token),
        ..ALICE.account()
    };
    signed_up(&store, invited).await;
    let (_, used) = record(&engine, Kind::LinkById);
    assert!(used.contains(r#"","used":true,"note":""#), "{used}");
}

#[tokio::test]
async fn the_one_link_for_something_lies_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let alice = sign_up(&store, &ALICE).await.id;
    for purpose in [LinkPurpose::Invite(Role::Owner), LinkPurpose::Reset(alice)] {
        store.make_link(link(purpose, None)).await.unwrap();
    }
    let number = |number: u64| number.to_be_bytes().to_vec();
    let expected = [
        ([vec![1], number(0)].concat(), number(1)),
        ([vec![2], number(alice.0)].concat(), number(2)),
    ];
    assert_eq!(records(&engine, Kind::LinkIdByTarget), expected);
    let links = records(&engine, Kind::LinkById);
    for (record, purpose) in links
        .iter()
        .zip([r#"{"invite":"owner"}"#, r#"{"reset":1}"#])
    {
        let json = String::from_utf8(record.1.clone()).unwrap();
        let begins = format!(r#"{{"purpose":{purpose},"made":1700000000000,"#);
        assert!(
            json.starts_with(&begins) && json.ends_with(r#""}"#),
            "{json}"
        );
    }
}

/// A token says its id and when it expires, and is signed, as the description has it.
#[tokio::test]
async fn a_token_of_a_link_looks_like_this() {
    let store = memory_store(&MemoryEngine::new());
    let purpose = LinkPurpose::Reset(UserId(9));
    let (_, token) = store.make_link(link(purpose, None)).await.unwrap();
    let bytes = from_hex(&token);
    let (said, signature) = bytes.split_at(32);
    assert_eq!(said[..8], 1u64.to_be_bytes());
    assert_eq!(said[8..16], (NOW + DAY).to_be_bytes());
    let key = hmac(&KEY, &[b"qunliao sign"]);
    assert_eq!(signature, &hmac(&key, &[b"link ", said])[..16]);
}

#[tokio::test]
async fn an_account_that_is_closed_leaves_no_session_and_no_link() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    let alice = sign_up(&store, &ALICE).await.id;
    store
        .open_session(new_session(alice, "token"))
        .await
        .unwrap();
    let reset = link(LinkPurpose::Reset(alice), None);
    store.make_link(reset).await.unwrap();
    let closed = store.close_account(alice, None, operator(NOW)).await;
    assert_eq!(closed.unwrap(), Ok(()));
    for kind in [
        Kind::SessionByToken,
        Kind::TokenByUserSession,
        Kind::LinkById,
        Kind::LinkIdByTarget,
    ] {
        assert_eq!(records(&engine, kind), [], "{kind:?}");
    }
}
