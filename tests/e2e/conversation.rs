//! The whole conversation of the origin, through the client library: with either
//! header, and all of it again after a restart.

use std::future::Future;

use qunliao_client::{
    AuthClient, ChatClient, ClientError, Credential, Entry, Event, FilesClient, HeaderForm,
    NewUser, Tls, Way,
};
use qunliao_protocol::RoomId;
use qunliao_protocol::auth::{Contact, Purpose};
use tempfile::TempDir;

use crate::harness::{Home, PATIENCE, Server};
use crate::people::{ALICE, BOB, CAROL, Person};

/// 3 MiB and a little, so that no buffer's size divides it.
const BIG_BYTES: usize = (3 << 20) + 17;

/// Waits for what has to come.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(PATIENCE, what).await;
    outcome.expect("it takes too long")
}

fn code_of<T>(outcome: Result<T, ClientError>) -> u16 {
    match outcome {
        Ok(_) => 0,
        Err(why) => why.refused().unwrap_or_else(|| panic!("{why}")).code,
    }
}

fn credential(person: &Person) -> Credential {
    Credential::password(person.name, person.password)
}

async fn auth(server: &Server, way: impl Into<Way>) -> AuthClient {
    AuthClient::open(server.addresses.auth, way)
        .await
        .expect("a connection")
}

async fn chat(server: &Server, way: impl Into<Way>, credential: Credential) -> ChatClient {
    let chat = ChatClient::open(server.addresses.chat, way, credential).await;
    chat.expect("a connection")
}

async fn next_forward(chat: &mut ChatClient) -> Entry {
    match soon(chat.next_event()).await.expect("an event") {
        Some(Event::Entry(entry)) => *entry,
        other => panic!("a forward was due, not {other:?}"),
    }
}

async fn expect_news(chat: &mut ChatClient, from: &Person, news: &str) {
    let forward = next_forward(chat).await;
    assert_eq!(
        (forward.speaker.name.as_str(), forward.news.as_str()),
        (from.name, news)
    );
}

async fn sign_up(server: &Server, way: &Way, person: &Person) {
    let mut client = auth(server, way).await;
    let contact = Contact::Phone(person.phone);
    client
        .send_code(contact, Purpose::Register)
        .await
        .expect("a code");
    let user = NewUser {
        user_name: person.name.to_owned(),
        user_pwd: person.password.to_owned(),
        user_phone: Some(person.phone.to_owned()),
        user_vcode: Some(server.code_to(&person.full_phone())),
        user_email: Some(person.email.to_owned()),
        ..NewUser::default()
    };
    let signed_in = client.register(&user).await.expect("an account");
    assert_eq!(signed_in.user.name, person.name);
    assert_eq!(signed_in.user.phone, Some(person.full_phone()));
    assert!(!signed_in.user.email_confirmed);
    // Whoever missed the answer and asks again hears that the account is there.
    assert_eq!(code_of(client.register(&user).await), 1);
    let other_name = NewUser {
        user_name: "someone else".to_owned(),
        ..user
    };
    assert_eq!(code_of(client.register(&other_name).await), 2);
    assert_eq!(
        code_of(client.send_code(contact, Purpose::Register).await),
        3
    );
}

/// Logs in by name, by number, and with a wrong password; answers with a token.
async fn log_in(server: &Server, way: &Way, person: &Person) -> String {
    let mut client = auth(server, way).await;
    let by_name = client
        .log_in(person.name, person.password)
        .await
        .expect("a session");
    let by_phone = client
        .log_in(person.phone, person.password)
        .await
        .expect("a session");
    assert_eq!(by_name.user.id, by_phone.user.id);
    assert_ne!(by_name.token, by_phone.token);
    assert_eq!(
        code_of(client.log_in(person.name, "not the password").await),
        1
    );
    assert_eq!(code_of(client.log_in("nobody", person.password).await), 1);
    by_name.token
}

/// Three people, two of them as the origin has it and one with a token; everyone
/// hears the others, nobody themselves.
async fn talk(server: &Server, way: &Way, round: &str) {
    let mut alice = chat(server, way, credential(&ALICE)).await;
    let mut bob = chat(server, way, credential(&BOB)).await;
    let token = log_in(server, way, &CAROL).await;
    let mut carol = chat(server, way, Credential::Token(token)).await;
    carol.enter().await.expect("her token");

    alice.say("你好").await.expect("said");
    // Whoever connected before something was said hears it, whenever they enter.
    expect_news(&mut carol, &ALICE, "你好").await;
    bob.say("在").await.expect("said");
    expect_news(&mut bob, &ALICE, "你好").await;
    expect_news(&mut alice, &BOB, "在").await;
    expect_news(&mut carol, &BOB, "在").await;

    let id = format!("carol {round}");
    let said = soon(carol.say_surely("hello", &id))
        .await
        .expect("an answer");
    assert_eq!(said.client_message_id.as_deref(), Some(id.as_str()));
    let repeated = soon(carol.say_surely("hello", &id))
        .await
        .expect("an answer");
    assert_eq!(repeated, said, "a repeat is the first one");
    for hearer in [&mut alice, &mut bob] {
        let forward = next_forward(hearer).await;
        assert_eq!(forward.speaker.name, CAROL.name);
        assert_eq!(Some(forward.id), said.id);
        assert_eq!(Some(forward.time), said.time);
        assert_eq!(forward.room, RoomId::LOBBY);
        assert_eq!(
            forward.client_message_id, None,
            "her own devices alone are told"
        );
    }
    // Had anyone heard themselves, or the repeat, it would come before this.
    bob.say("再见").await.expect("said");
    expect_news(&mut alice, &BOB, "再见").await;
    expect_news(&mut carol, &BOB, "再见").await;
    alice.say("再见").await.expect("said");
    expect_news(&mut bob, &ALICE, "再见").await;
}

fn big() -> Vec<u8> {
    (0..BIG_BYTES).map(|i| (i * 31 % 251) as u8).collect()
}

async fn share(server: &Server, way: &Way) {
    let alice = FilesClient::new(server.addresses.files, way, credential(&ALICE));
    let listing = alice.list().await.expect("a list");
    assert_eq!((listing.exist_file, listing.files.len()), (0, 0));

    let folder = TempDir::new().expect("a folder");
    let docs = folder.path().join("资料");
    std::fs::create_dir_all(docs.join("图/a")).expect("a folder");
    for (path, content) in FOLDER {
        std::fs::write(docs.join(path), content).expect("a file");
    }
    let (big_file, empty) = (folder.path().join("big.bin"), folder.path().join("空.txt"));
    std::fs::write(&big_file, big()).expect("a file");
    std::fs::write(&empty, "").expect("a file");

    let uploaded = soon(alice.upload_file(&big_file)).await.expect("an upload");
    assert_eq!(
        (uploaded.file_name.as_str(), uploaded.file_size),
        ("big.bin", BIG_BYTES.to_string())
    );
    soon(alice.upload_file(&empty)).await.expect("an upload");
    let parts = soon(alice.upload_folder(&docs)).await.expect("an upload");
    assert_eq!(parts.len(), FOLDER.len());
}

const FOLDER: [(&str, &str); 3] = [("readme.txt", "你好"), ("图/a/1.png", "png"), ("图/空", "")];

async fn fetch(server: &Server, credential: Credential, way: &Way) {
    let files = FilesClient::new(server.addresses.files, way, credential);
    let listing = files.list().await.expect("a list");
    assert_eq!(listing.exist_file, 3);
    let names: Vec<&str> = listing
        .files
        .iter()
        .map(|file| file.file_name.as_str())
        .collect();
    assert_eq!(names, ["资料", "空.txt", "big.bin"], "the newest first");
    assert!(listing.files.iter().all(|file| file.owner == ALICE.name));
    assert_eq!(listing.files[0].file_count, Some(3));

    let into = TempDir::new().expect("a folder");
    let read = |path: &str| std::fs::read(into.path().join(path)).expect("it was fetched");
    for name in ["big.bin", "空.txt", "资料"] {
        soon(files.download(name, into.path()))
            .await
            .expect("a download");
    }
    assert!(read("big.bin") == big(), "big.bin differs");
    assert_eq!(read("空.txt"), b"");
    for (path, content) in FOLDER {
        assert_eq!(read(&format!("资料/{path}")), content.as_bytes(), "{path}");
    }
    assert_eq!(code_of(files.download("没有.txt", into.path()).await), 107);
    let again = files.download("big.bin", into.path()).await;
    assert!(
        matches!(again, Err(ClientError::Exists(_))),
        "nothing is overwritten"
    );
    assert!(!into.path().join("没有.txt").exists());
}

async fn whole_conversation(server: Server, way: &Way) {
    for person in [&ALICE, &BOB, &CAROL] {
        sign_up(&server, way, person).await;
    }
    talk(&server, way, "before").await;
    share(&server, way).await;
    fetch(&server, credential(&BOB), way).await;
    let token = log_in(&server, way, &BOB).await;

    let server = server.restart();
    talk(&server, way, "after").await;
    fetch(&server, credential(&CAROL), way).await;
    // Sessions last, too.
    fetch(&server, Credential::Token(token), way).await;
    server.terminate();
}

#[tokio::test]
async fn the_whole_conversation_goes_well_with_text_headers() {
    whole_conversation(Server::start(), &HeaderForm::Text.into()).await;
}

#[tokio::test]
async fn the_whole_conversation_goes_well_with_binary_headers() {
    whole_conversation(Server::start(), &HeaderForm::Binary.into()).await;
}

#[tokio::test]
async fn the_whole_conversation_goes_well_within_tls() {
    for form in [HeaderForm::Text, HeaderForm::Binary] {
        let server = Home::new().set("tls.mode", "required").start();
        let tls = Tls::pinned(server.authority());
        whole_conversation(server, &Way::encrypted(form, tls)).await;
    }
}

#[tokio::test]
async fn the_two_headers_meet_in_one_room() {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let mut alice = chat(&server, HeaderForm::Text, credential(&ALICE)).await;
    let mut bob = chat(&server, HeaderForm::Binary, credential(&BOB)).await;
    alice.enter_plainly().await.expect("sent");
    bob.say("从二进制来").await.expect("said");
    expect_news(&mut alice, &BOB, "从二进制来").await;
    alice.say("从文本来").await.expect("said");
    expect_news(&mut bob, &ALICE, "从文本来").await;
}

#[tokio::test]
async fn a_token_is_a_credential_on_every_port_that_asks_for_one() {
    let server = Server::start();
    ALICE.sign_up(&server);
    BOB.sign_up(&server);
    let token = Credential::Token(ALICE.token(&server));
    let mut bob = chat(&server, HeaderForm::Text, credential(&BOB)).await;
    bob.enter().await.expect("his password");
    let mut alice = chat(&server, HeaderForm::Text, token.clone()).await;
    alice.say("with a token").await.expect("said");
    expect_news(&mut bob, &ALICE, "with a token").await;

    let files = FilesClient::new(server.addresses.files, HeaderForm::Text, token);
    let uploaded = files
        .upload("note.txt", 4, &b"note"[..])
        .await
        .expect("an upload");
    assert_eq!(uploaded.file_name, "note.txt");
    assert_eq!(
        files.list().await.expect("a list").files[0].owner,
        ALICE.name
    );

    let forged = Credential::Token("0".repeat(64));
    let files = FilesClient::new(server.addresses.files, HeaderForm::Text, forged.clone());
    assert_eq!(code_of(files.list().await), 1);
    let mut stranger = chat(&server, HeaderForm::Text, forged).await;
    assert_eq!(code_of(stranger.enter().await), 1);
}

#[tokio::test]
async fn the_server_tells_what_it_is_and_what_it_asks_for() {
    let server = Server::start();
    let info = auth(&server, HeaderForm::Text)
        .await
        .server_info()
        .await
        .expect("op 9");
    assert_eq!(info.name, "Qunliao under test");
    assert_eq!(
        info.version,
        format!("qunliao {}", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(info.limits.message_bytes_max, 16 << 10);
    assert_eq!(info.limits.frame_bytes_max, 64 << 10);
    assert_eq!(info.registration.verify, "sms");
    let needs = ["user_name", "user_pwd", "user_phone", "user_vcode"];
    assert_eq!(info.registration.needs, needs);
}

#[tokio::test]
async fn a_users_other_devices_hear_with_the_authors_own_id() {
    let server = Server::start();
    ALICE.sign_up(&server);
    let mut phone = chat(&server, HeaderForm::Text, credential(&ALICE)).await;
    let mut laptop = chat(&server, HeaderForm::Binary, credential(&ALICE)).await;
    laptop.enter().await.expect("her password");
    let said = phone
        .say_surely("from the phone", "p1")
        .await
        .expect("an answer");
    let forward = next_forward(&mut laptop).await;
    assert_eq!(Some(forward.id), said.id);
    assert_eq!(forward.client_message_id.as_deref(), Some("p1"));
}
