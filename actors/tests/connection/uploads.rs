//! Uploads: the permit, the bytes, the answer; and refusals that arrive.

use super::*;
use qunliao_protocol::files::Place;

/// The frame of an upload by Alice.
fn upload(name: &str, size: usize) -> Value {
    json!({
        "op": 0,
        "args": {"name": ALICE.name, "password": ALICE.password},
        "file_name": name,
        "file_type": 0,
        "file_size": size.to_string(),
    })
}

/// SHA-256 of `hello`.
const OF_HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

async fn with_a_vault() -> Universe {
    let plan = Plan {
        gives_permits: true,
        ..Plan::default()
    };
    plan.build().await
}

async fn listed(universe: &Universe) -> Value {
    let mut client = universe.connect(Port::Files);
    let args = json!({"name": ALICE.name, "password": ALICE.password});
    client
        .send(&json!({"op": 1, "args": args, "look": 0}))
        .await;
    client.next().await
}

#[actix_rt::test]
async fn an_upload_is_kept_listed_and_answered() {
    let universe = with_a_vault().await;
    for form in [HeaderForm::Text, HeaderForm::Binary] {
        let mut client = universe.connect(Port::Files);
        client.form = form;
        // The first bytes come with the frame, the rest later.
        let mut bytes = frame(form, &upload("笔记.txt", 5));
        bytes.extend_from_slice(b"he");
        client.send_bytes(&bytes).await;
        tokio::task::yield_now().await;
        client.send_bytes(b"llo").await;
        let reply = client.next().await;
        assert_eq!((&reply["op"], &reply["test"]), (&0.into(), &0.into()));
        assert_eq!(
            (&reply["file_name"], &reply["file_size"]),
            (&"笔记.txt".into(), &"5".into())
        );
        assert_eq!(reply["sha256"], OF_HELLO);
        client.ends().await;
    }
    let listing = listed(&universe).await;
    assert_eq!(listing["exist_file"], 1, "the newer version of the same");
    assert_eq!(listing["files"][0]["owner"], ALICE.name);
}

#[actix_rt::test]
async fn the_vault_is_asked_for_what_was_announced() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Files);
    client.send(&upload("a.txt", 1_234)).await;
    let asked = universe.ask_upload.next().await;
    assert_eq!(
        (asked.message.user, asked.message.size),
        (ALICE.user(), 1_234)
    );
    assert!(matches!(&asked.message.place, Place::File(name) if name.as_str() == "a.txt"));
    asked.answer(Err(Failure::TooManyTransfers));
    assert_eq!(client.next().await["error"], "too_many_transfers");
    client.ends().await;
}

#[actix_rt::test]
async fn a_refused_upload_is_answered_and_what_still_comes_is_thrown_away() {
    let mut universe = Plan::default().build().await;
    let mut client = universe.connect(Port::Files);
    let content = vec![b'x'; 1 << 20];
    client.send(&upload("large.bin", 3 * content.len())).await;
    let asked = universe.ask_upload.next().await;
    asked.answer(Err(Failure::StorageFull));
    // The client sends before it reads, as one of the origin does.
    for _ in 0..2 {
        client.send_bytes(&content).await;
    }
    assert_eq!(client.next().await["error"], "storage_full");
    client.ends().await;
    client.send_bytes(&content).await;
    assert_eq!(universe.house.door.count(), 1);
    drop(client);
    let door = universe.house.door.clone();
    until(move || door.count() == 0).await;
}

#[actix_rt::test]
async fn every_refusal_of_an_upload_deals_with_the_bytes_that_follow() {
    let universe = Plan::default().build().await;
    universe.ask_upload.end().await;
    let mut wrong = upload("a.txt", 100);
    wrong["args"]["password"] = "not hers".into();
    for (request, error) in [
        (wrong, "wrong_credentials"),
        (upload("../a.txt", 100), "invalid_file_name"),
        (upload("a.txt", 100), "shutting_down"),
    ] {
        let mut client = universe.connect(Port::Files);
        let mut bytes = frame(HeaderForm::Text, &request);
        bytes.extend_from_slice(&[b'x'; 100]);
        client.send_bytes(&bytes).await;
        assert_eq!(client.next().await["error"], error);
        client.ends().await;
    }
}

#[actix_rt::test]
async fn throwing_away_a_refused_upload_has_an_end() {
    let plan = Plan::with(|limits| limits.discard_bytes_max = 10_000);
    let mut universe = plan.build().await;
    let mut client = universe.connect(Port::Files);
    client.send(&upload("large.bin", 1 << 30)).await;
    let asked = universe.ask_upload.next().await;
    asked.answer(Err(Failure::FileTooLarge(1)));
    assert_eq!(client.next().await["test"], 104);
    client.ends().await;
    client.send_bytes(&[b'x'; 20_000]).await;
    let door = universe.house.door.clone();
    until(move || door.count() == 0).await;
}

#[actix_rt::test]
async fn an_upload_with_another_hash_than_announced_is_not_listed() {
    let universe = with_a_vault().await;
    let mut client = universe.connect(Port::Files);
    let mut announced = upload("a.txt", 5);
    announced["sha256"] = OF_HELLO.into();
    announced["seq"] = 4.into();
    client.send(&announced).await;
    client.send_bytes(b"jello").await;
    let reply = client.next().await;
    assert_eq!(
        (&reply["error"], &reply["seq"]),
        (&"hash_mismatch".into(), &4.into())
    );
    client.ends().await;
    assert_eq!(listed(&universe).await["exist_file"], 0);
    assert!(universe.house.vault.contents().unwrap().is_empty());
}

#[actix_rt::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let universe = with_a_vault().await;
    let mut client = universe.connect(Port::Files);
    client.send(&upload("a.txt", 5)).await;
    client.send_bytes(b"hel").await;
    client.shut().await;
    client.ends().await;
    let house = universe.house.clone();
    until(move || house.door.count() == 0 && house.transfers.count() == 0).await;
    assert_eq!(listed(&universe).await["exist_file"], 0);
    assert!(universe.house.vault.contents().unwrap().is_empty());
}

#[actix_rt::test]
async fn an_upload_that_stalls_is_cut_off() {
    let plan = Plan {
        gives_permits: true,
        ..Plan::with(|limits| limits.transfer_stall_seconds = 1)
    };
    let universe = plan.build().await;
    let mut client = universe.connect(Port::Files);
    client.send(&upload("a.txt", 5)).await;
    client.send_bytes(b"hel").await;
    client.ends().await;
    assert_eq!(listed(&universe).await["exist_file"], 0);
}

#[actix_rt::test]
async fn an_upload_is_complete_though_nobody_waits_for_the_answer() {
    let universe = with_a_vault().await;
    let mut client = universe.connect(Port::Files);
    client.send(&upload("a.txt", 5)).await;
    client.send_bytes(b"hello").await;
    drop(client);
    within(async {
        while listed(&universe).await["exist_file"] != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
