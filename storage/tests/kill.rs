//! `kill -9` at any moment: what was answered is there.

use crate::cast::*;
use qunliao_storage::{Log, Store};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Set in the process that is going to be killed: the folder it writes to.
const FOLDER: &str = "KILL_TEST_FOLDER";

/// Appends for ever, and tells of every answer.
async fn write_until_killed(store: &Store) {
    let mut last = last(store, LOBBY).await.0;
    loop {
        let long = "x".repeat((last as usize * 997) % 9_000);
        let entries = vec![said(last, "short"), said(last, &long)];
        store
            .append(LOBBY, id(last), entries)
            .await
            .unwrap()
            .unwrap();
        last += 2;
        let mut out = std::io::stdout();
        writeln!(out, "\nanswered {last}").unwrap();
        out.flush().unwrap();
    }
}

/// Starts a writer, kills it after so many answers, and tells the last of them.
fn write_and_kill(folder: &Path, answers: usize) -> u64 {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kill::what_was_answered_survives_a_kill",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let told = lines.filter_map(|line| line.unwrap().strip_prefix("answered ")?.parse().ok());
    let last = told.take(answers).last();
    writer.kill().unwrap();
    writer.wait().unwrap();
    last.unwrap()
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_until_killed(&sled_store(Path::new(&folder))).await;
    }
    let folder = tempfile::tempdir().unwrap();
    for answers in [1, 2, 7, 60, 3, 250, 1, 120] {
        let answered = write_and_kill(folder.path(), answers);
        let store = sled_store(folder.path());
        let last = last(&store, LOBBY).await.0;
        assert!(last >= answered, "{answered} was answered, {last} is there");
        let mut read = 0;
        while read < last {
            let page = store.page(LOBBY, id(read), 500, 1 << 20).await.unwrap();
            assert_eq!(page[0].id, id(read + 1));
            read += page.len() as u64;
        }
        assert_eq!(last % 2, 0, "half a group is there");
        store.close();
    }
}
