//! The files port: the list, and downloads.

use super::*;
use qunliao_protocol::RoomId;
use qunliao_protocol::files::Place;
use qunliao_protocol::label::{Label, Path};
use qunliao_storage::Files;
use qunliao_storage::files::NewFile;

async fn with_a_vault() -> Universe {
    let plan = Plan {
        gives_permits: true,
        ..Plan::default()
    };
    plan.build().await
}

fn file(name: &str) -> Place {
    Place::File(Label::new(name).unwrap())
}

fn in_folder(folder: &str, path: &str) -> Place {
    Place::Folder {
        folder: Label::new(folder).unwrap(),
        path: Path::new(path).unwrap(),
    }
}

/// Puts a file of Bob's into the vault and the index.
async fn share(universe: &Universe, place: Place, content: &[u8]) {
    let mut incoming = universe.house.vault.begin().unwrap();
    incoming.write(content).unwrap();
    let sha256 = incoming.finish().unwrap();
    let shared = universe.store.add_file(NewFile {
        room: RoomId::LOBBY,
        place,
        size: content.len() as u64,
        sha256,
        owner: BOB.user(),
        time: 1,
    });
    shared.await.unwrap().unwrap();
}

fn look(kind: u64, name: &str) -> Value {
    json!({
        "op": 1,
        "args": {"name": ALICE.name, "password": ALICE.password},
        "look": kind,
        "file_name": name,
    })
}

#[actix_rt::test]
async fn the_list_tells_what_there_is_and_the_connection_stays() {
    let universe = with_a_vault().await;
    let mut client = universe.connect(Port::Files);
    client.send(&look(0, "")).await;
    assert_eq!(
        client.next().await,
        json!({"op": 1, "test": 0, "exist_file": 0})
    );

    share(&universe, file("a.txt"), b"hello").await;
    share(&universe, in_folder("photos", "1.jpg"), b"one").await;
    share(&universe, in_folder("photos", "trip/2.jpg"), b"two!").await;
    client.send(&look(0, "")).await;
    let listing = client.next().await;
    assert_eq!(listing["exist_file"], 2);
    let files = listing["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    let named = |name: &str| files.iter().find(|file| file["file_name"] == name).unwrap();
    let photos = named("photos");
    assert_eq!(
        (&photos["file_type"], &photos["file_count"]),
        (&1.into(), &2.into())
    );
    assert_eq!(
        (&photos["file_size"], &photos["owner"]),
        (&"7".into(), &BOB.name.into())
    );
    let a = named("a.txt");
    assert_eq!((&a["file_type"], &a["file_size"]), (&0.into(), &"5".into()));
}

#[actix_rt::test]
async fn a_file_comes_after_its_frame_and_what_was_asked_before_comes_first() {
    let universe = with_a_vault().await;
    share(&universe, file("a.txt"), b"hello").await;
    let mut client = universe.connect(Port::Files);
    let mut fetch = look(1, "a.txt");
    fetch["seq"] = 2.into();
    client.send_all(&[&look(0, ""), &fetch]).await;
    assert_eq!(client.next().await["exist_file"], 1);
    let frame = client.next().await;
    assert_eq!((&frame["op"], &frame["seq"]), (&1.into(), &2.into()));
    assert_eq!(
        (&frame["file_name"], &frame["file_size"]),
        (&"a.txt".into(), &"5".into())
    );
    assert_eq!(frame["file_type"], 0);
    assert_eq!(client.bytes(5).await, b"hello");
    client.ends().await;
}

#[actix_rt::test]
async fn a_folder_comes_file_by_file_in_the_order_of_its_paths() {
    let universe = with_a_vault().await;
    share(&universe, in_folder("photos", "trip/2.jpg"), b"two!").await;
    share(&universe, in_folder("photos", "1.jpg"), b"one").await;
    let mut client = universe.connect(Port::Files);
    client.send(&look(1, "photos")).await;
    for (path, content, left) in [("1.jpg", "one", 1), ("trip/2.jpg", "two!", 0)] {
        let frame = client.next().await;
        assert_eq!(
            (&frame["file_name"], &frame["file_left"]),
            (&path.into(), &left.into())
        );
        assert_eq!(
            (&frame["file_type"], &frame["file_dirname"]),
            (&1.into(), &"photos".into())
        );
        assert_eq!(client.bytes(content.len()).await, content.as_bytes());
    }
    client.ends().await;
}

#[actix_rt::test]
async fn what_is_not_there_is_400_and_the_connection_stays() {
    let universe = with_a_vault().await;
    let mut client = universe.connect(Port::Files);
    for name in ["nothing.txt", "../etc/passwd", ""] {
        client.send(&look(1, name)).await;
        let reply = client.next().await;
        assert_eq!(
            (&reply["op"], &reply["file_name"]),
            (&1.into(), &400.into()),
            "{name}"
        );
        assert_eq!(
            (&reply["test"], &reply["error"]),
            (&107.into(), &"file_not_found".into())
        );
    }
    assert!(client.answers().await);
}

#[actix_rt::test]
async fn a_download_without_a_turn_is_refused_and_the_connection_stays() {
    let mut universe = Plan::default().build().await;
    share(&universe, file("a.txt"), b"hello").await;
    let mut client = universe.connect(Port::Files);
    client.send(&look(1, "a.txt")).await;
    let asked = universe.ask_download.next().await;
    asked.answer(Err(Failure::Unavailable));
    assert_eq!(client.next().await["error"], "unavailable");
    universe.ask_download.end().await;
    client.send(&look(1, "a.txt")).await;
    assert_eq!(client.next().await["error"], "shutting_down");
    assert!(client.answers().await);
}

#[actix_rt::test]
async fn strangers_see_and_get_nothing() {
    let universe = with_a_vault().await;
    share(&universe, file("a.txt"), b"hello").await;
    let mut client = universe.connect(Port::Files);
    for kind in [0, 1] {
        let mut wrong = look(kind, "a.txt");
        wrong["args"]["password"] = "not hers".into();
        client.send(&wrong).await;
        let reply = client.next().await;
        assert_eq!(
            (&reply["test"], &reply["error"]),
            (&1.into(), &"wrong_credentials".into())
        );
        assert!(reply.get("files").is_none());
    }
}

#[actix_rt::test]
async fn transfers_can_be_ended_from_outside() {
    let universe = with_a_vault().await;
    let mut client = universe.connect(Port::Files);
    let mut announced = look(0, "a.txt");
    announced["op"] = 0.into();
    announced["file_type"] = 0.into();
    announced["file_size"] = 5.into();
    client.send(&announced).await;
    let transfers = universe.house.transfers.clone();
    until(move || transfers.count() == 1).await;
    universe.house.transfers.end();
    client.ends().await;
    let transfers = universe.house.transfers.clone();
    until(move || transfers.count() == 0).await;
    assert!(universe.house.vault.contents().unwrap().is_empty());
}
