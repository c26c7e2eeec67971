//! What must not be readable in any file of the data folder.

use crate::cast::*;
use qunliao_storage::accounts::{NewAccount, PasswordReset, ProfileChange, ResetProof};
use qunliao_storage::codes::{NewCode, Purpose};
use qunliao_storage::links::{LinkPurpose, NewLink};
use qunliao_storage::sessions::NewSession;
use qunliao_storage::{Accounts, Codes, DataFolder, Links, Sessions, SledEngine, Store};
use std::fs;
use std::path::Path;

const PHONE_CODE: &str = "13579024681357";
const EMAIL_CODE: &str = "97531086429753";
const WRONG_CODE: &str = "55443322110099";
const TOKEN: &str = "a token that nobody may read";
const ADDRESS: &str = "203.0.113.77";
const OTHER_ADDRESS: &str = "198.51.100.99";
const DEVICE: &str = "the phone on the kitchen table";
const NICKNAME: &str = "a name among friends";
const BIO: &str = "what nobody else is to read";
const NOTE: &str = "for the new colleague upstairs";

/// The bytes and the names of all files below `folder`.
fn everything_in(folder: &Path, found: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.extend(path.file_name().unwrap().as_encoded_bytes());
        if path.is_dir() {
            everything_in(&path, found);
        } else {
            found.extend(fs::read(path).unwrap());
        }
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// Does all that leaves something behind; answers the token of a link.
async fn live(store: &Store) -> String {
    let mut code = new_code(ALICE.phone_proof(PHONE_CODE), NOW);
    code.asked_by = Some(asker(ADDRESS));
    store.issue(code).await.unwrap();
    refusal(store, ALICE.account_by_phone(WRONG_CODE)).await;
    let new = NewAccount {
        email: Some(ALICE.email.into()),
        ..ALICE.account_by_phone(PHONE_CODE)
    };
    let alice = signed_up(store, new).await.id;
    let proof = proof(Purpose::Confirm, ALICE.email_contact(), EMAIL_CODE);
    let code = NewCode {
        user: Some(alice),
        ..new_code(proof, NOW)
    };
    store.issue(code).await.unwrap();
    let confirmed = store.confirm_email(ALICE.email.into(), EMAIL_CODE.into(), None, NOW);
    assert_eq!(confirmed.await.unwrap(), Some(alice));
    let session = NewSession {
        device: Some(DEVICE.into()),
        address: Some(ADDRESS.into()),
        ..new_session(alice, TOKEN)
    };
    let session = store.open_session(session).await.unwrap().id;
    let moved = Some(OTHER_ADDRESS.to_owned());
    store
        .touch_session(alice, session, NOW + HOUR, moved)
        .await
        .unwrap();
    let profile = ProfileChange {
        nickname: Some(Some(NICKNAME.into())),
        bio: Some(Some(BIO.into())),
        ..ProfileChange::default()
    };
    store.change_profile(alice, profile).await.unwrap().unwrap();
    let link = NewLink {
        purpose: LinkPurpose::Reset(alice),
        expires: NOW + DAY,
        note: Some(NOTE.into()),
        by: operator(NOW),
    };
    let (_, token) = store.make_link(link).await.unwrap();
    let reset = PasswordReset {
        proof: ResetProof::Link(token.clone()),
        password_hash: "$argon2id$ new".into(),
        now: NOW,
    };
    assert!(store.reset_password(reset).await.unwrap().is_some());
    // Bob waits for his mail, Carol has gone.
    signed_up(store, BOB.account_with_email(BOB.email)).await;
    let carol = signed_up(store, CAROL.account_with_email(CAROL.email)).await;
    close(store, carol.id).await;
    token
}

#[tokio::test]
async fn personal_data_lies_in_no_file_in_the_clear() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(temporary.path()).unwrap();
    let seal = folder.seal().unwrap();
    let engine = SledEngine::open(&folder.database()).unwrap();
    let store = Store::open(engine, seal, plenty(), |why| panic!("{why}")).unwrap();
    let link = live(&store).await;
    store.close();

    let mut bytes = Vec::new();
    everything_in(temporary.path(), &mut bytes);
    // What is not secret is found: the search works.
    for plain in ["$argon2id$", "password_hash", "expires"] {
        assert!(holds(&bytes, plain), "{plain} is nowhere");
    }
    let secrets = [PHONE_CODE, EMAIL_CODE, WRONG_CODE, TOKEN, ADDRESS];
    let sealed = [DEVICE, OTHER_ADDRESS, NICKNAME, BIO, NOTE, &link];
    let people = [&ALICE, &BOB, &CAROL].map(|person| [person.name, person.phone, person.email]);
    for secret in secrets.iter().chain(&sealed).chain(people.as_flattened()) {
        assert!(!holds(&bytes, secret), "{secret} can be read");
        assert!(
            !holds(&bytes, &secret.to_lowercase()),
            "{secret} can be read"
        );
    }
    assert!(!holds(&bytes, &ALICE.phone[3..]), "a number can be read");
}
