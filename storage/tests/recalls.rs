//! What a recall leaves of a message: that there was one.

use crate::cast::*;
use qunliao_protocol::{FileId, RoomId, UserId};
use qunliao_storage::files::Item;
use qunliao_storage::{
    Digest, EntryKind, Files, Log, MemoryEngine, Mentions, Message, MessageChange, NewEntry, Rooms,
    SharedFile, Store,
};

over_every_engine!(
    the_file_of_a_recalled_message_is_gone,
    a_recall_brings_back_the_earlier_version_of_a_file,
    a_recall_takes_nobody_elses_file,
    a_file_of_a_folder_is_taken_out_of_it,
    a_content_is_freed_when_its_last_file_is_gone,
    a_content_that_is_shared_again_is_not_freed,
    a_version_that_was_replaced_goes_alone,
);

const SECRET: &str = "SECRET";

fn recalled(author: u64, target: u64) -> NewEntry {
    change(author, target, MessageChange::Recalled)
}

fn edited(target: u64, text: String) -> NewEntry {
    let mentions = Mentions {
        everyone: false,
        users: vec![UserId(5)],
    };
    change(1, target, MessageChange::Edited { text, mentions })
}

fn shows(author: u64, file: FileId) -> NewEntry {
    let file = SharedFile {
        id: file,
        name: "SECRET.txt".into(),
        size: 1,
        is_image: false,
    };
    NewEntry {
        kind: EntryKind::Message(Message {
            file: Some(file),
            ..Message::default()
        }),
        ..said(author, "")
    }
}

fn holds(engine: &MemoryEngine, secret: &str) -> bool {
    let pairs = engine.pairs();
    let has = |bytes: &[u8]| {
        bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes())
    };
    pairs.iter().any(|(key, value)| has(key) || has(value))
}

#[tokio::test]
async fn nothing_that_a_recalled_message_said_is_kept() {
    // Of any length, edited or not, alone or among others, in one append or in several.
    for length in [0, 100, 4_050, 4_080, 20_000] {
        for at_once in [false, true] {
            let engine = MemoryEngine::new();
            let store = memory_store(&engine);
            let secret = || SECRET.repeat(1 + length / SECRET.len());
            let entries = vec![
                said(1, "before"),
                NewEntry {
                    client_message_id: Some("kept".into()),
                    ..said(1, &secret())
                },
                said(2, "after"),
                edited(2, secret()),
                edited(2, format!("again {}", secret())),
                said(2, "at last"),
            ];
            if at_once {
                append(&store, LOBBY, 0, entries.clone()).await;
            } else {
                for (entry, after) in entries.iter().zip(0..) {
                    append(&store, LOBBY, after, vec![entry.clone()]).await;
                }
            }
            assert!(holds(&engine, SECRET));
            append(&store, LOBBY, 6, vec![recalled(1, 2)]).await;
            assert!(!holds(&engine, SECRET), "{length} {at_once}");
            let page = store.page(LOBBY, id(0), 99, usize::MAX).await.unwrap();
            for at in [0, 2, 5] {
                assert_eq!(page[at].content, entries[at]);
            }
            let left = Message {
                recalled: true,
                ..Message::default()
            };
            assert_eq!(page[1].content.kind, EntryKind::Message(left));
            assert_eq!(page[1].content.client_message_id.as_deref(), Some("kept"));
            let emptied = MessageChange::Edited {
                text: String::new(),
                mentions: Mentions::default(),
            };
            for at in [3, 4] {
                assert_eq!(page[at].content, change(1, 2, emptied.clone()));
            }
            assert_eq!(page[6].messages, 4);
            // Whoever edits it now says nothing either.
            append(&store, LOBBY, 7, vec![edited(2, secret())]).await;
            assert!(!holds(&engine, SECRET));
        }
    }
}

#[tokio::test]
async fn the_fullest_of_records_has_room_for_a_recall() {
    // Empty messages, as many as fit: there is nothing to take out of them.
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    append(&store, LOBBY, 0, (0..600).map(|_| said(1, "")).collect()).await;
    let recalls = (1..=600).map(|target| recalled(1, target));
    append(&store, LOBBY, 600, recalls.collect()).await;
    let page = store.page(LOBBY, id(0), 600, usize::MAX).await.unwrap();
    let is_recalled = |kind: &EntryKind| matches!(kind, EntryKind::Message(m) if m.recalled);
    assert!(page.iter().all(|entry| is_recalled(&entry.content.kind)));
    assert_eq!(last(&store, LOBBY).await, id(1_200));
}

async fn the_file_of_a_recalled_message_is_gone(store: Store) {
    let file = share(&store, alone("a.txt"), 7, 10).await;
    append(&store, LOBBY, 0, vec![shows(1, file.id), recalled(1, 1)]).await;
    assert_eq!(store.file(file.id).await.unwrap(), None);
    assert_eq!(store.item(LOBBY, label("a.txt")).await.unwrap(), None);
    assert_eq!(store.items(LOBBY, 9).await.unwrap(), (0, vec![]));
    assert_eq!(store.freed(9).await.unwrap(), [file.sha256]);
    // Its name can be used for anything again.
    share(&store, within("a.txt", "b"), 8, 1).await;
    assert_eq!(store.items(LOBBY, 9).await.unwrap().0, 1);
}

async fn a_recall_brings_back_the_earlier_version_of_a_file(store: Store) {
    let first = share(&store, alone("a.txt"), 1, 10).await;
    let other = share(&store, alone("b.txt"), 2, 10).await;
    let second = share(&store, alone("a.txt"), 3, 10).await;
    append(&store, LOBBY, 0, vec![shows(1, second.id), recalled(1, 1)]).await;
    let item = store.item(LOBBY, label("a.txt")).await.unwrap();
    assert_eq!(item, Some(Item::File(first.clone())));
    let items = vec![Item::File(first), Item::File(other)];
    assert_eq!(store.items(LOBBY, 9).await.unwrap(), (2, items));
}

async fn a_version_that_was_replaced_goes_alone(store: Store) {
    let first = share(&store, alone("a.txt"), 1, 10).await;
    let second = share(&store, alone("a.txt"), 2, 10).await;
    assert!(store.remove_file(LOBBY, first.id).await.unwrap());
    assert!(!store.remove_file(LOBBY, first.id).await.unwrap());
    let item = store.item(LOBBY, label("a.txt")).await.unwrap();
    assert_eq!(item, Some(Item::File(second.clone())));
    assert!(store.remove_file(LOBBY, second.id).await.unwrap());
    assert_eq!(store.items(LOBBY, 9).await.unwrap(), (0, vec![]));
}

async fn a_recall_takes_nobody_elses_file(store: Store) {
    let file = share(&store, alone("a.txt"), 1, 10).await;
    append(&store, LOBBY, 0, vec![shows(2, file.id), recalled(2, 1)]).await;
    append(
        &store,
        RoomId(5),
        0,
        vec![shows(1, file.id), recalled(1, 1)],
    )
    .await;
    append(&store, LOBBY, 2, vec![shows(1, FileId(99)), recalled(1, 3)]).await;
    assert!(!store.remove_file(RoomId(5), file.id).await.unwrap());
    assert_eq!(store.file(file.id).await.unwrap(), Some(file));
    assert_eq!(store.freed(9).await.unwrap(), []);
}

async fn a_file_of_a_folder_is_taken_out_of_it(store: Store) {
    let old = share(&store, within("图", "1.jpg"), 1, 10).await;
    let new = share(&store, within("图", "1.jpg"), 2, 20).await;
    let other = share(&store, within("图", "2.jpg"), 3, 400).await;
    let folder = old.folder.unwrap();
    let counted = async || match store.item(LOBBY, label("图")).await.unwrap() {
        Some(Item::Folder(folder)) => (folder.file_count, folder.size),
        other => panic!("{other:?}"),
    };
    assert_eq!(counted().await, (2, 420));
    assert!(store.remove_file(LOBBY, new.id).await.unwrap());
    assert_eq!(counted().await, (2, 410));
    let newest = share(&store, within("图", "1.jpg"), 4, 30).await;
    assert!(store.remove_file(LOBBY, old.id).await.unwrap());
    assert_eq!(counted().await, (2, 430));
    assert!(store.remove_file(LOBBY, newest.id).await.unwrap());
    assert_eq!(counted().await, (1, 400));
    let files = store.folder_files(folder, None, 9).await.unwrap();
    assert_eq!(files, std::slice::from_ref(&other));
    assert!(store.remove_file(LOBBY, other.id).await.unwrap());
    assert_eq!(store.items(LOBBY, 9).await.unwrap(), (0, vec![]));
    assert_eq!(store.folder_files(folder, None, 9).await.unwrap(), []);
    share(&store, alone("图"), 1, 1).await;
}

async fn a_content_is_freed_when_its_last_file_is_gone(store: Store) {
    let one = share(&store, alone("a"), 1, 1).await;
    let same = share(&store, alone("b"), 1, 1).await;
    let other = share(&store, alone("c"), 2, 1).await;
    assert!(store.remove_file(LOBBY, one.id).await.unwrap());
    assert_eq!(store.freed(9).await.unwrap(), []);
    for file in [same, other] {
        assert!(store.remove_file(LOBBY, file.id).await.unwrap());
    }
    // It is told until somebody says that it is done.
    let freed = [Digest::new([1; 32]), Digest::new([2; 32])];
    assert_eq!(store.freed(9).await.unwrap(), freed);
    assert_eq!(store.freed(1).await.unwrap(), freed[..1]);
    assert_eq!(store.unlisted(freed.to_vec()).await.unwrap(), freed);
    store.forget_freed(freed[..1].to_vec()).await.unwrap();
    assert_eq!(store.freed(9).await.unwrap(), freed[1..]);
}

async fn a_content_that_is_shared_again_is_not_freed(store: Store) {
    let file = share(&store, alone("a"), 1, 1).await;
    assert!(store.remove_file(LOBBY, file.id).await.unwrap());
    share(&store, alone("again"), 1, 1).await;
    assert_eq!(store.freed(9).await.unwrap(), []);
}

/// A reader sees a long message or that it was recalled, and never half of either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_half_a_recall() {
    const LONG: u64 = 60;
    let folder = tempfile::tempdir().unwrap();
    let store = sled_store(folder.path());
    let text = "x".repeat(30_000);
    for after in 0..LONG {
        append(&store, LOBBY, after, vec![said(1, &text)]).await;
    }
    let reading = store.clone();
    let reader = tokio::spawn(async move {
        let (mut pages, mut recalled) = (0, 0);
        while recalled < LONG as usize {
            let page = reading.page(LOBBY, id(0), LONG as usize, usize::MAX).await;
            let said = page.unwrap();
            let lengths = said.iter().map(|entry| words(&entry.content).len());
            assert!(
                lengths
                    .clone()
                    .all(|length| length == 0 || length == 30_000)
            );
            recalled = lengths.filter(|length| *length == 0).count();
            pages += 1;
        }
        pages
    });
    for target in 1..=LONG {
        append(&store, LOBBY, LONG + target - 1, vec![recalled(1, target)]).await;
    }
    assert!(reader.await.unwrap() > 1);
    let state = store.room(LOBBY).await.unwrap().unwrap();
    assert_eq!(state.end.messages, LONG);
}
