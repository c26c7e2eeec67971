//! Measures the index: how fast it is built, how large it is, how long searches take.
//!
//! `cargo run --release -p qunliao-search --example measure -- <folder> <messages> [by-room]`
//! builds it anew in an empty folder, or opens the one that is there; `by-room` feeds it
//! room after room, as when it is rebuilt, instead of in the order of time.

mod corpus;

use corpus::Corpus;
use qunliao_protocol::{RoomId, UserId};
use qunliao_search::{Among, Change, Cursor, Index, Query, Search, Searcher};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

type Failed = Box<dyn std::error::Error>;

const SEED: u64 = 1;
const BATCH: usize = 20_000;
const RUNS: usize = 30;
const COMMON: &str = "的 一 是 不 了 在 人 有 我 他 这 个 们 中 来 上";

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, messages, order @ ..] = arguments.as_slice() else {
        return Err("measure <folder> <messages> [by-room]".into());
    };
    let (folder, messages) = (Path::new(folder), messages.parse::<usize>()?);
    let is_by_room = order.first().is_some_and(|order| order == "by-room");
    let begun = Instant::now();
    let mut index = Index::open(folder)?;
    println!("opened in {:?}", begun.elapsed());
    if index.cursor().is_none() {
        build(&mut index, messages, is_by_room)?;
        let begun = Instant::now();
        index.settle()?;
        println!("merged what was left in {:?}", begun.elapsed());
        let begun = Instant::now();
        index = Index::open(folder)?;
        println!("opened again in {:?}", begun.elapsed());
    }
    let (files, bytes) = size(folder)?;
    println!("{} MB in {files} files", bytes / 1_000_000);
    println!("memory: {}", memory()?);
    search(&index.searcher())?;
    println!("memory: {}", memory()?);
    follow(&mut index, messages)
}

fn build(index: &mut Index, messages: usize, is_by_room: bool) -> Result<(), Failed> {
    let mut corpus = Corpus::new(SEED);
    let mut written = messages;
    let mut make = || {
        written -= 1;
        corpus.message()
    };
    let mut sorted = Vec::new();
    if is_by_room {
        sorted.extend((0..messages).map(|_| make()));
        sorted.sort_by_key(|message| (message.room, message.entry));
    }
    let mut sorted = sorted.into_iter();
    let (begun, cpu_before) = (Instant::now(), cpu()?);
    let (mut feeding, mut bytes) = (Duration::ZERO, 0);
    for start in (0..messages).step_by(BATCH) {
        let batch = start..messages.min(start + BATCH);
        let changes: Vec<_> = batch
            .map(|_| sorted.next().unwrap_or_else(&mut make))
            .inspect(|message| bytes += message.text.len())
            .map(Change::Message)
            .collect();
        let fed = Instant::now();
        index.apply(&changes, Cursor(start.to_be_bytes().to_vec()))?;
        feeding += fed.elapsed();
        let done = start + changes.len();
        if done % 1_000_000 < BATCH {
            println!("{done} messages after {:?}; {}", begun.elapsed(), memory()?);
        }
    }
    let rate = messages as f64 / feeding.as_secs_f64();
    println!("{messages} messages, {bytes} bytes of text, in {feeding:?}: {rate:.0} a second");
    let rate = messages as f64 / (cpu()? - cpu_before);
    println!("of processor time: {rate:.0} a second");
    Ok(())
}

fn search(searcher: &Searcher) -> Result<(), Failed> {
    let corpus = Corpus::new(SEED);
    let all: Vec<RoomId> = (1..=2_000).map(RoomId).collect();
    let quiet: Vec<RoomId> = (1_900..=1_910).map(RoomId).collect();
    let nowhere: Vec<RoomId> = (5_000..7_000).map(RoomId).collect();
    let half: Vec<RoomId> = (1_001..=2_000).map(RoomId).collect();
    let two_words = format!("{} {}", corpus.english[5], corpus.english[40]);
    let rare_words = format!("{} {}", corpus.english[900], corpus.english[2_500]);
    let phrase = format!("{}{}", corpus.chinese[200], corpus.chinese[100]);
    let everywhere = |typed: &str| Case::new(typed, &all, None, None);
    let cases = [
        ("common character", everywhere("的")),
        ("… in half of the rooms", Case::new("的", &half, None, None)),
        ("… in ten quiet rooms", Case::new("的", &quiet, None, None)),
        (
            "… in one quiet room",
            Case::new("的", &all, Some(1_900), None),
        ),
        (
            "… in the largest room",
            Case::new("的", &all, Some(1), None),
        ),
        (
            "… by one of many people",
            Case::new("的", &all, None, Some(9_000)),
        ),
        (
            "… where there is nothing",
            Case::new("的", &nowhere, None, None),
        ),
        ("rare character", everywhere("龙")),
        ("common pair", everywhere(&corpus.chinese[61])),
        ("rare pair", everywhere(&corpus.chinese[50_000])),
        ("long phrase", everywhere(&phrase)),
        ("phrase of common characters", everywhere("的一是不")),
        ("two common Latin words", everywhere(&two_words)),
        ("two rare Latin words", everywhere(&rare_words)),
        ("one letter", everywhere("e")),
        ("beginning of words", everywhere("ete")),
        ("beginning of numbers", everywhere("2024")),
        ("sixteen common characters", everywhere(COMMON)),
        (
            "eight pairs of them",
            everywhere("的一 是不 了在 人有 我他 这个 们中 来上"),
        ),
    ];
    println!(
        "{:38} {:>5} {:>10} {:>10} {:>10}",
        "", "hits", "first", "median", "worst"
    );
    for (name, case) in &cases {
        report(name, searcher, &case.search())?;
    }
    let case = everywhere("的");
    let mut search = case.search();
    for _ in 0..100 {
        search.before = searcher.search(&search)?.next;
    }
    report("… the 101st page", searcher, &search)?;
    search.among = Among::Files;
    report("… in names of files", searcher, &search)
}

/// A search to be measured.
struct Case<'a> {
    query: Query,
    rooms: &'a [RoomId],
    room: Option<RoomId>,
    author: Option<UserId>,
}

impl<'a> Case<'a> {
    fn new(typed: &str, rooms: &'a [RoomId], room: Option<u64>, author: Option<u64>) -> Self {
        Self {
            query: Query::new(typed),
            rooms,
            room: room.map(RoomId),
            author: author.map(UserId),
        }
    }

    fn search(&self) -> Search<'_> {
        Search {
            query: &self.query,
            rooms: self.rooms,
            room: self.room,
            author: self.author,
            among: Among::Everything,
            before: None,
            limit: 50,
        }
    }
}

fn report(name: &str, searcher: &Searcher, search: &Search<'_>) -> Result<(), Failed> {
    let mut times = Vec::with_capacity(RUNS);
    let mut hits = 0;
    for _ in 0..RUNS {
        let begun = Instant::now();
        hits = searcher.search(search)?.hits.len();
        times.push(begun.elapsed());
    }
    let first = times[0];
    times.sort_unstable();
    let (median, worst) = (times[RUNS / 2], times[RUNS - 1]);
    println!("{name:38} {hits:5} {first:>10.1?} {median:>10.1?} {worst:>10.1?}");
    Ok(())
}

/// Small batches on top of what is there, as when following a log.
fn follow(index: &mut Index, messages: usize) -> Result<(), Failed> {
    let mut corpus = Corpus::new(SEED + 1);
    let mut times = Vec::new();
    let cpu_before = cpu()?;
    for number in 0..100_u64 {
        let changes = (0..20).map(|_| {
            let mut message = corpus.message();
            message.entry.0 += messages as u64 * (number + 1);
            message.time += 1 << 37;
            Change::Message(message)
        });
        let changes: Vec<_> = changes.collect();
        let begun = Instant::now();
        index.apply(&changes, Cursor(number.to_be_bytes().to_vec()))?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let cpu = (cpu()? - cpu_before) * 10.0;
    let (median, worst) = (times[50], times[99]);
    println!(
        "a batch of 20: median {median:.1?}, worst {worst:.1?}, {cpu:.1} ms of processor time"
    );
    Ok(())
}

fn size(folder: &Path) -> std::io::Result<(usize, u64)> {
    let mut sizes = Vec::new();
    for file in fs::read_dir(folder)? {
        sizes.push(file?.metadata()?.len());
    }
    Ok((sizes.len(), sizes.iter().sum()))
}

/// What the process holds: memory of its own, and files it has mapped.
fn memory() -> std::io::Result<String> {
    let status = fs::read_to_string("/proc/self/status")?;
    let lines = status.lines();
    let shown = lines.filter(|line| line.starts_with("RssAnon") || line.starts_with("RssFile"));
    let shown: Vec<String> = shown
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    Ok(shown.join(", "))
}

/// Seconds of processor time that all threads but this one have used, from the kernel's
/// hundredths.
fn cpu() -> Result<f64, Failed> {
    let used = |path| -> Result<f64, Failed> {
        let stat = fs::read_to_string(path)?;
        // The name, in parentheses, may contain anything.
        let (_, stat) = stat.rsplit_once(')').ok_or("no name")?;
        let fields = stat.split_whitespace().skip(11).take(2);
        fields.map(|it| Ok(it.parse::<f64>()? / 100.0)).sum()
    };
    Ok(used("/proc/self/stat")? - used("/proc/thread-self/stat")?)
}
