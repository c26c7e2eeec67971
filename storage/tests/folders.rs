//! Shared folders: many files under one name, merged as they come.

use crate::cast::*;
use qunliao_protocol::FolderId;
use qunliao_protocol::label::PATH_BYTES_MAX;
use qunliao_storage::files::{FolderRecord, Item, NameConflict};
use qunliao_storage::{Files, Store};

over_every_engine!(
    a_folder_counts_its_files_and_bytes,
    a_path_shared_again_replaces_its_file,
    files_of_a_folder_shared_at_once_all_count,
    files_come_in_the_order_of_their_paths,
    no_path_is_a_file_and_a_folder_at_once,
    a_folder_is_paged_from_any_path,
    only_the_newest_versions_are_in_a_page,
    the_longest_paths_are_told_apart,
    a_folder_that_is_not_there_has_no_files,
);

async fn folder(store: &Store, name: &str) -> FolderRecord {
    match store.item(LOBBY, label(name)).await.unwrap() {
        Some(Item::Folder(folder)) => folder,
        other => panic!("{other:?} is no folder"),
    }
}

async fn paths(store: &Store, id: FolderId, after: Option<&str>, limit: usize) -> Vec<String> {
    let after = after.map(str::to_owned);
    let files = store.folder_files(id, after, limit).await.unwrap();
    files.into_iter().map(|file| file.name).collect()
}

async fn a_folder_counts_its_files_and_bytes(store: Store) {
    share(&store, within("photos", "1.jpg"), 1, 10).await;
    share(&store, within("photos", "2024/2.jpg"), 2, 20).await;
    let last = share(&store, within("photos", "3.jpg"), 3, 30).await;
    let photos = folder(&store, "photos").await;
    assert_eq!(last.folder, Some(photos.id));
    assert_eq!((photos.file_count, photos.size), (3, 60));
    assert_eq!(photos.time, last.time);
    let other = share(&store, within("music", "1.jpg"), 4, 5).await;
    assert_ne!(other.folder, Some(photos.id));
    assert_eq!(folder(&store, "photos").await, photos);
}

async fn a_path_shared_again_replaces_its_file(store: Store) {
    let old = share(&store, within("photos", "1.jpg"), 1, 10).await;
    share(&store, within("photos", "2.jpg"), 2, 20).await;
    let new = share(&store, within("photos", "1.jpg"), 3, 7).await;
    let photos = folder(&store, "photos").await;
    assert_eq!((photos.file_count, photos.size), (2, 27));
    let files = store.folder_files(photos.id, None, 9).await.unwrap();
    assert_eq!(files[0], new);
    assert_eq!(store.file(old.id).await.unwrap(), Some(old));
}

async fn files_of_a_folder_shared_at_once_all_count(store: Store) {
    let sharing = (0..50u8).map(|number| {
        let store = store.clone();
        let place = within("photos", &format!("{}.jpg", number % 25));
        tokio::spawn(async move { share(&store, place, number, 2).await })
    });
    for shared in sharing.collect::<Vec<_>>() {
        shared.await.unwrap();
    }
    let photos = folder(&store, "photos").await;
    assert_eq!((photos.file_count, photos.size), (25, 50));
    assert_eq!(paths(&store, photos.id, None, 99).await.len(), 25);
}

async fn files_come_in_the_order_of_their_paths(store: Store) {
    let mut names = ["b", "a/b", "a.b", "a/a/a", "图/一", "A", "a b", "ab"];
    for name in names {
        share(&store, within("f", name), 1, 1).await;
    }
    names.sort_unstable();
    let id = folder(&store, "f").await.id;
    assert_eq!(paths(&store, id, None, 99).await, names);
}

async fn no_path_is_a_file_and_a_folder_at_once(store: Store) {
    for name in ["a/b/c", "d"] {
        share(&store, within("f", name), 1, 1).await;
    }
    for name in ["a", "a/b", "a/b/c/d", "d/e"] {
        let new = new_file(within("f", name), 2, 1);
        assert_eq!(
            store.add_file(new).await.unwrap(),
            Err(NameConflict),
            "{name}"
        );
        let checked = store.check_place(LOBBY, within("f", name)).await;
        assert_eq!(checked.unwrap(), Err(NameConflict), "{name}");
    }
    for name in ["a/b/c", "a/b/d", "a b", "d.e", "d"] {
        share(&store, within("f", name), 3, 1).await;
    }
    assert_eq!(folder(&store, "f").await.file_count, 5);
}

async fn a_folder_is_paged_from_any_path(store: Store) {
    let names: Vec<String> = (0..25).map(|number| format!("d/{number:02}")).collect();
    for name in names.iter().rev() {
        share(&store, within("f", name), 1, 1).await;
    }
    let id = folder(&store, "f").await.id;
    for (at, name) in names.iter().enumerate() {
        let rest = &names[at + 1..];
        let page = paths(&store, id, Some(name), 4).await;
        assert_eq!(page, rest[..rest.len().min(4)]);
    }
    // A path that is not there is a position too.
    assert_eq!(paths(&store, id, Some("d/07x"), 1).await, ["d/08"]);
    assert_eq!(paths(&store, id, Some(""), 1).await, ["d/00"]);
    assert_eq!(paths(&store, id, Some("e"), 1).await, [""; 0]);
    assert_eq!(paths(&store, id, None, 0).await, [""; 0]);
}

async fn only_the_newest_versions_are_in_a_page(store: Store) {
    for content in 1..=3 {
        for name in ["a", "a0", "b"] {
            share(&store, within("f", name), content, 1).await;
        }
    }
    let id = folder(&store, "f").await.id;
    let files = store.folder_files(id, None, 99).await.unwrap();
    let found: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(found, ["a", "a0", "b"]);
    assert!(files.iter().all(|file| file.sha256.as_bytes() == &[3; 32]));
}

async fn the_longest_paths_are_told_apart(store: Store) {
    // Quotes double in a record, and these differ at their very end.
    let part = "\"".repeat(200);
    let long = |end: &str| {
        let start = [part.as_str(); 5].join("/");
        format!(
            "{start}/{}{end}",
            "x".repeat(PATH_BYTES_MAX - start.len() - 2)
        )
    };
    let names = [long("a"), long("b"), long("c")];
    assert_eq!(names[0].len(), PATH_BYTES_MAX);
    for name in names.iter().chain(&names[..1]) {
        share(&store, within("f", name), 1, 1).await;
    }
    let deep = folder(&store, "f").await;
    assert_eq!((deep.file_count, deep.size), (3, 3));
    let mut walked = Vec::new();
    while let Some(next) = paths(&store, deep.id, walked.last().map(String::as_str), 1)
        .await
        .pop()
    {
        walked.push(next);
    }
    walked.sort();
    assert_eq!(walked, names);
}

async fn a_folder_that_is_not_there_has_no_files(store: Store) {
    assert_eq!(paths(&store, FolderId(9), None, 9).await, [""; 0]);
}
