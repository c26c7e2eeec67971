//! How long our server takes to start, with logs of several lengths.

use crate::figures::Figures;
use crate::process::pinned;
use crate::server::Server;
use crate::systems::Stage;
use anyhow::Context as _;
use qunliao_protocol::{EntryId, RoomId, UserId};
use qunliao_storage::{
    DataFolder, EntryKind, FreeSpace, Log as _, NewEntry, Reserve, SledEngine, Store,
};
use std::path::Path;
use std::time::Instant;

/// Entries of one append.
const APPEND: u64 = 1_000;

/// Starts over so many entries, so often; in milliseconds, until it listens.
pub(crate) fn measure(stage: &Stage, entries: u64, rounds: usize) -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir()?;
    stage.template.copy_to(folder.path())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let filled = runtime.block_on(fill(&folder.path().join("data"), entries));
    filled.context("filling the log")?;
    let mut times = Figures::default();
    for _ in 0..rounds {
        let begun = Instant::now();
        let command = pinned(&stage.server, stage.server_core);
        let server = Server::launch(command, folder.path())?;
        times.add_time(begun.elapsed());
        server.into_process().stop()?;
    }
    Ok(times)
}

/// Writes so many entries into the lobby's log, as the server would.
async fn fill(data: &Path, entries: u64) -> anyhow::Result<()> {
    let folder = DataFolder::open(data)?;
    let engine = SledEngine::open(&folder.database())?;
    let reserve = Reserve::new(FreeSpace::of(folder.root()), 0);
    let store = Store::open(engine, folder.seal()?, reserve, |why| {
        eprintln!("the log: {why}");
    })?;
    let mut last = store.end(RoomId::LOBBY).await?.last;
    let end = last.0 + entries;
    while last.0 < end {
        let count = APPEND.min(end - last.0);
        let batch = (1..=count).map(|number| entry(last.0 + number)).collect();
        let appended = store.append(RoomId::LOBBY, last, batch).await?;
        appended.map_err(|conflict| anyhow::anyhow!("{conflict:?}"))?;
        last = EntryId(last.0 + count);
    }
    store.close();
    Ok(())
}

fn entry(number: u64) -> NewEntry {
    NewEntry {
        time: 1_700_000_000_000 + number,
        kind: EntryKind::text(format!("{number:0100}")),
        author: UserId(1 + number % 10),
        client_message_id: Some(format!("{number:012x}")),
    }
}
