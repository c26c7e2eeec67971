//! The files port: the examples of uploads, of the list and of downloads.

use serde_json::{Value, json};

use super::{expect_refusal, replay, take};
use crate::harness::Server;
use crate::people::ALICE;
use crate::wire::{HEADERS, Header, Wire};

/// An upload as the origin does it: a frame, and the bytes at once behind it.
fn upload(server: &Server, header: Header, frame: &str, content: &[u8]) -> Value {
    let mut wire = Wire::open(server.addresses.files, header);
    let mut bytes = header.frame(frame.as_bytes());
    bytes.extend_from_slice(content);
    wire.send_bytes(&bytes);
    let mut reply = wire.receive();
    // "过程完成便直接断开连接"
    wire.expect_end();
    assert!(take(&mut reply, "file_id").is_u64());
    assert_eq!(take(&mut reply, "sha256").as_str().map(str::len), Some(64));
    reply
}

const LOOK: &str = r#"{
    "op":1,
    "args":{
        "name":"小爱",
        "password":"correct horse battery"

    },
    "look":0
}"#;

fn download(name: &str) -> String {
    r#"{
    "op":1,
     "args":{
        "name":"小爱",
        "password":"correct horse battery"

    },
    "look":1,
    "file_name":"NAME"
}"#
    .replace("NAME", name)
}

#[test]
fn files_are_listed_shared_and_fetched_as_the_origin_shows() {
    for header in HEADERS {
        let server = Server::start();
        ALICE.sign_up(&server);
        let files = server.addresses.files;
        let nothing = replay(files, header, LOOK);
        assert_eq!(nothing, json!({ "op": 1, "test": 0, "exist_file": 0 }));

        // The example's size is "00000", and so is the file's.
        let empty = r#"{
    "op":0,
    "args":{"name":"小爱","password":"correct horse battery"},
    "file_name":"0000",
    "file_type":0,
    "file_size":"00000"
}"#;
        let reply = upload(&server, header, empty, b"");
        assert_eq!(
            reply,
            json!({ "op": 0, "test": 0, "file_name": "0000", "file_size": "0" })
        );
        let content: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
        let part = r#"{
    "op":0,
    "args":{"name":"小爱","password":"correct horse battery"},
    "file_name":"PART",
    "file_type":1,
    "file_size":"SIZE",
    "file_dirname":"一个文件夹"
}"#;
        for (name, content) in [("b/2", &content[..]), ("a", b"first")] {
            let size = content.len().to_string();
            let frame = part.replace("PART", name).replace("SIZE", &size);
            let reply = upload(&server, header, &frame, content);
            assert_eq!(
                reply,
                json!({ "op": 0, "test": 0, "file_name": name, "file_size": size })
            );
        }
        expect_list(replay(files, header, LOOK), content.len() + 5);
        expect_downloads(&server, header, &content);
    }
}

fn expect_list(mut list: Value, folder_bytes: usize) {
    let mut items = take(&mut list, "files");
    assert_eq!(list, json!({ "op": 1, "test": 0, "exist_file": 2 }));
    let folder = &mut items[0];
    for key in ["folder_id", "time"] {
        assert!(take(folder, key).is_u64(), "{key}");
    }
    assert_eq!(
        *folder,
        json!({ "file_name": "一个文件夹", "file_type": 1,
        "file_size": folder_bytes.to_string(), "file_count": 2, "owner": "小爱" })
    );
    let file = &mut items[1];
    for key in ["file_id", "time"] {
        assert!(take(file, key).is_u64(), "{key}");
    }
    assert!(take(file, "sha256").is_string());
    assert_eq!(
        *file,
        json!({ "file_name": "0000", "file_type": 0, "file_size": "0", "owner": "小爱" })
    );
}

fn expect_downloads(server: &Server, header: Header, content: &[u8]) {
    let begin = |name: &str| {
        let mut wire = Wire::open(server.addresses.files, header);
        wire.send_body(download(name).as_bytes());
        wire
    };
    let next = |wire: &mut Wire| {
        let mut frame = wire.receive();
        for key in ["test", "file_id", "sha256"] {
            take(&mut frame, key);
        }
        frame
    };
    let mut file = begin("0000");
    assert_eq!(
        next(&mut file),
        json!({ "op": 1, "file_name": "0000", "file_type": 0, "file_size": "0" })
    );
    file.expect_end();

    let mut folder = begin("一个文件夹");
    assert_eq!(
        next(&mut folder),
        json!({ "op": 1, "file_name": "a", "file_type": 1, "file_size": "5",
        "file_dirname": "一个文件夹", "file_left": 1 })
    );
    assert_eq!(folder.read_bytes(5), b"first");
    assert_eq!(
        next(&mut folder),
        json!({ "op": 1, "file_name": "b/2", "file_type": 1,
        "file_size": content.len().to_string(), "file_dirname": "一个文件夹", "file_left": 0 })
    );
    assert!(
        folder.read_bytes(content.len()) == content,
        "the bytes differ"
    );
    folder.expect_end();

    // "400文件不存在", and the connection is there for the next request.
    let mut missing = begin("***");
    let mut frame = missing.receive();
    expect_refusal(&frame, 1, 107, "file_not_found");
    for key in ["test", "error", "message"] {
        take(&mut frame, key);
    }
    assert_eq!(frame, json!({ "op": 1, "file_name": 400 }));
    missing.send_body(LOOK.as_bytes());
    assert_eq!(missing.receive()["exist_file"], 2);
}
