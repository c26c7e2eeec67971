//! The data format of shared files; see [`crate::format`].

use crate::cast::*;
use crate::format::{LABEL, hex, index, record, records};
use qunliao_storage::MemoryEngine;
use qunliao_storage::keys::Kind;
use sha2::{Digest as _, Sha256};

fn numbers(numbers: &[u64]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect()
}

#[tokio::test]
async fn files_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    share(&store, alone("a.txt"), 0xab, 10).await;
    let sha256 = "ab".repeat(32);
    let file = format!(
        r#"{{"id":1,"room":1,"name":"a.txt","size":10,"sha256":"{sha256}","owner":1,"time":1700000000171}}"#
    );
    assert_eq!(record(&engine, Kind::FileById), (numbers(&[1]), file));
    let name = [&1u64.to_be_bytes(), index(LABEL, b"a.txt").as_slice()].concat();
    let item = r#"{"target":{"file":1},"seq":1}"#.to_owned();
    assert_eq!(record(&engine, Kind::ItemByRoomName), (name.clone(), item));
    let target = r#"{"file":1}"#.to_owned();
    assert_eq!(
        record(&engine, Kind::ItemByRoomSeq),
        (numbers(&[1, 1]), target)
    );
    let shelf = r#"{"items":1}"#.to_owned();
    assert_eq!(record(&engine, Kind::ShelfByRoom), (numbers(&[1]), shelf));
    let version = [name, numbers(&[1])].concat();
    assert_eq!(
        record(&engine, Kind::FileIdByNameVersion),
        (version, String::new())
    );
    let content = [vec![0xab; 32], numbers(&[1])].concat();
    assert_eq!(
        record(&engine, Kind::FileIdByContent),
        (content, String::new())
    );
    assert_eq!(records(&engine, Kind::FolderById), []);
}

#[tokio::test]
async fn folders_lie_like_this() {
    let engine = MemoryEngine::new();
    let store = memory_store(&engine);
    share(&store, alone("a.txt"), 1, 10).await;
    share(&store, within("图", "子/1.jpg"), 0xab, 20).await;
    let folder =
        r#"{"id":1,"room":1,"name":"图","owner":1,"time":1700000000171,"file_count":1,"size":20}"#;
    assert_eq!(
        record(&engine, Kind::FolderById),
        (numbers(&[1]), folder.to_owned())
    );
    let sha256 = "ab".repeat(32);
    let file = format!(
        r#"{{"id":2,"room":1,"folder":1,"name":"子/1.jpg","size":20,"sha256":"{sha256}","owner":1,"time":1700000000171}}"#
    );
    let files = records(&engine, Kind::FileById);
    assert_eq!(files[1], (numbers(&[2]), file.into_bytes()));
    let items = records(&engine, Kind::ItemByRoomSeq);
    assert_eq!(items[1], (numbers(&[1, 2]), br#"{"folder":1}"#.to_vec()));
    let path = [
        &numbers(&[1])[..],
        "子/1.jpg".as_bytes(),
        &[0],
        &numbers(&[2]),
    ]
    .concat();
    assert_eq!(
        record(&engine, Kind::FileIdByFolderPath),
        (path, String::new())
    );
}

#[tokio::test]
async fn long_paths_are_cut_like_this() {
    let part = "p".repeat(199);
    let exact = format!("{part}/{}", "q".repeat(200));
    let longer = format!("{exact}q");
    let hash = Sha256::digest(&longer);
    let cut = [exact.as_bytes(), &[1], hash.as_slice()].concat();
    for (path, in_key) in [(&exact, exact.as_bytes()), (&longer, &cut)] {
        let engine = MemoryEngine::new();
        let store = memory_store(&engine);
        share(&store, within("f", path), 1, 1).await;
        let key = [&numbers(&[1])[..], in_key, &[0], &numbers(&[1])].concat();
        let (found, _) = record(&engine, Kind::FileIdByFolderPath);
        assert_eq!(hex(&found), hex(&key));
    }
}
