//! The index of shared files: names, versions, order.

use crate::cast::*;
use qunliao_protocol::{FileId, RoomId, UserId};
use qunliao_storage::files::{FileRecord, Item, NameConflict, NewFile};
use qunliao_storage::{Digest, Files, Store};

over_every_engine!(
    a_shared_file_is_found_by_its_name_and_its_id,
    an_empty_room_has_no_files,
    a_newer_version_is_served_and_the_older_one_stays,
    the_newest_item_comes_first,
    a_list_ends_at_its_limit_and_still_counts_all,
    a_name_is_a_file_or_a_folder,
    versions_shared_at_once_are_one_item,
    of_a_file_and_a_folder_at_once_one_gets_the_name,
    rooms_have_files_of_their_own,
    a_content_is_listed_as_long_as_some_file_has_it,
);

async fn item(store: &Store, name: &str) -> Option<Item> {
    store.item(LOBBY, label(name)).await.unwrap()
}

/// The names of the newest items, folders with a slash, and how many there are.
async fn items(store: &Store, limit: usize) -> (u64, Vec<String>) {
    let (count, items) = store.items(LOBBY, limit).await.unwrap();
    let name = |item| match item {
        Item::File(file) => file.name,
        Item::Folder(folder) => folder.name + "/",
    };
    (count, items.into_iter().map(name).collect())
}

async fn a_shared_file_is_found_by_its_name_and_its_id(store: Store) {
    let shared = share(&store, alone("报告.docx"), 1, 1_234).await;
    let expected = FileRecord {
        id: shared.id,
        room: LOBBY,
        folder: None,
        name: "报告.docx".into(),
        size: 1_234,
        sha256: Digest::new([1; 32]),
        owner: UserId(1),
        time: NOW + 1,
    };
    assert_eq!(shared, expected);
    assert_eq!(
        item(&store, "报告.docx").await,
        Some(Item::File(shared.clone()))
    );
    assert_eq!(store.file(shared.id).await.unwrap(), Some(shared));
    assert_eq!(item(&store, "报告").await, None);
    assert_eq!(store.file(FileId(99)).await.unwrap(), None);
}

async fn an_empty_room_has_no_files(store: Store) {
    assert_eq!(items(&store, 10).await, (0, Vec::new()));
    assert_eq!(item(&store, "a").await, None);
}

async fn a_newer_version_is_served_and_the_older_one_stays(store: Store) {
    let old = share(&store, alone("a.txt"), 1, 10).await;
    let new = share(&store, alone("a.txt"), 2, 20).await;
    assert_ne!(old.id, new.id);
    assert_eq!(item(&store, "a.txt").await, Some(Item::File(new.clone())));
    assert_eq!(store.file(old.id).await.unwrap(), Some(old));
    assert_eq!(store.file(new.id).await.unwrap(), Some(new));
    assert_eq!(items(&store, 10).await, (1, vec!["a.txt".into()]));
}

async fn the_newest_item_comes_first(store: Store) {
    share(&store, alone("first"), 1, 1).await;
    share(&store, within("photos", "1.jpg"), 2, 1).await;
    share(&store, alone("second"), 3, 1).await;
    assert_eq!(items(&store, 9).await.1, ["second", "photos/", "first"]);
    // A new version, and a new file in a folder, are news.
    share(&store, alone("first"), 4, 1).await;
    assert_eq!(items(&store, 9).await.1, ["first", "second", "photos/"]);
    share(&store, within("photos", "2.jpg"), 5, 1).await;
    assert_eq!(
        items(&store, 9).await,
        (3, ["photos/", "first", "second"].map(String::from).into())
    );
}

async fn a_list_ends_at_its_limit_and_still_counts_all(store: Store) {
    for number in 0..30 {
        share(&store, alone(&number.to_string()), 1, 1).await;
    }
    let (count, newest) = items(&store, 3).await;
    assert_eq!(
        (count, newest),
        (30, ["29", "28", "27"].map(String::from).into())
    );
    assert_eq!(items(&store, 0).await, (30, Vec::new()));
}

async fn a_name_is_a_file_or_a_folder(store: Store) {
    share(&store, alone("notes"), 1, 1).await;
    share(&store, within("photos", "notes"), 2, 1).await;
    for place in [within("notes", "a"), alone("photos")] {
        let check = store.check_place(LOBBY, place.clone()).await.unwrap();
        assert_eq!(check, Err(NameConflict));
        let refused = store.add_file(new_file(place, 3, 1)).await.unwrap();
        assert_eq!(refused, Err(NameConflict));
    }
    for place in [alone("notes"), within("photos", "b"), alone("new")] {
        let check = store.check_place(LOBBY, place).await.unwrap();
        assert_eq!(check, Ok(()));
    }
    assert_eq!(items(&store, 9).await.0, 2);
    let refused = vec![Digest::new([3; 32])];
    assert_eq!(store.unlisted(refused.clone()).await.unwrap(), refused);
}

async fn versions_shared_at_once_are_one_item(store: Store) {
    let sharing = (0..30).map(|content| {
        let store = store.clone();
        tokio::spawn(async move { share(&store, alone("a.txt"), content, 1).await })
    });
    let mut versions = Vec::new();
    for shared in sharing.collect::<Vec<_>>() {
        versions.push(shared.await.unwrap());
    }
    assert_eq!(items(&store, 9).await, (1, vec!["a.txt".into()]));
    let newest = versions.iter().max_by_key(|version| version.id).cloned();
    assert_eq!(item(&store, "a.txt").await, newest.map(Item::File));
    for version in versions {
        assert_eq!(store.file(version.id).await.unwrap(), Some(version));
    }
}

async fn of_a_file_and_a_folder_at_once_one_gets_the_name(store: Store) {
    let places = [alone("name"), within("name", "a")];
    let sharing = places.map(|place| {
        let store = store.clone();
        tokio::spawn(async move { store.add_file(new_file(place, 1, 1)).await.unwrap() })
    });
    let mut through = 0;
    for shared in sharing {
        through += usize::from(shared.await.unwrap().is_ok());
    }
    assert_eq!(through, 1);
    assert_eq!(items(&store, 9).await.0, 1);
}

async fn rooms_have_files_of_their_own(store: Store) {
    let elsewhere = NewFile {
        room: RoomId(2),
        ..new_file(within("a.txt", "b"), 2, 20)
    };
    let here = share(&store, alone("a.txt"), 1, 10).await;
    store.add_file(elsewhere).await.unwrap().unwrap();
    assert_eq!(item(&store, "a.txt").await, Some(Item::File(here)));
    let there = store.item(RoomId(2), label("a.txt")).await.unwrap();
    assert!(matches!(there, Some(Item::Folder(folder)) if folder.room == RoomId(2)));
    assert_eq!(store.items(RoomId(2), 9).await.unwrap().0, 1);
}

async fn a_content_is_listed_as_long_as_some_file_has_it(store: Store) {
    let contents: Vec<Digest> = (1..=4).map(|byte| Digest::new([byte; 32])).collect();
    assert_eq!(store.unlisted(contents.clone()).await.unwrap(), contents);
    share(&store, alone("a"), 1, 1).await;
    share(&store, alone("a"), 2, 1).await;
    share(&store, within("b", "c"), 2, 1).await;
    let unlisted = store.unlisted(contents.clone()).await.unwrap();
    assert_eq!(unlisted, contents[2..]);
}
