//! The other way: postings in sled, as small as they get without a format of our own.
//!
//! `cargo run --release -p qunliao-search --example postings_in_sled -- <folder> <messages>`
//! keeps, for each term of a message (its single characters, its pairs, its words), one
//! key of term, inverted time and document, with nothing behind it; so a search reads
//! its postings newest first. It has no beginnings of words, no positions, no columns
//! and no deleting, which all come on top.

#[path = "measure/corpus.rs"]
mod corpus;

use corpus::Corpus;
use std::fs;
use std::path::Path;
use std::time::Instant;

const BATCH: usize = 20_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, messages] = arguments.as_slice() else {
        return Err("postings_in_sled <folder> <messages>".into());
    };
    let (folder, messages) = (Path::new(folder), messages.parse::<usize>()?);
    let config = sled::Config::new().path(folder).cache_capacity(64 << 20);
    let database = config.open()?;
    let mut corpus = Corpus::new(1);
    let begun = Instant::now();
    let mut keys = 0;
    for start in (0..messages).step_by(BATCH) {
        let mut batch = sled::Batch::default();
        for number in start..messages.min(start + BATCH) {
            let message = corpus.message();
            for term in terms(&message.text) {
                let mut key = term.into_bytes();
                key.push(0);
                key.extend((u64::MAX - message.time).to_be_bytes());
                key.extend((number as u32).to_be_bytes());
                batch.insert(key, &[]);
                keys += 1;
            }
        }
        database.apply_batch(batch)?;
        database.flush()?;
    }
    let spent = begun.elapsed();
    let rate = messages as f64 / spent.as_secs_f64();
    println!("{messages} messages, {keys} keys, in {spent:?}: {rate:.0} messages a second");
    drop(database);
    let mut bytes = 0;
    for file in fs::read_dir(folder)? {
        bytes += file?.metadata()?.len();
    }
    println!("{} MB", bytes / 1_000_000);
    Ok(())
}

fn terms(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let is_single = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
    let singles = letters.iter().filter(|it| is_single(**it));
    let mut terms: Vec<String> = singles.map(char::to_string).collect();
    let pairs = letters
        .windows(2)
        .filter(|two| two.iter().all(|it| is_single(*it)));
    terms.extend(pairs.map(|two| two.iter().collect::<String>()));
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    terms.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
    terms.sort_unstable();
    terms.dedup();
    terms
}
