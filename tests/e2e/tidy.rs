//! The house is tidy: what every file has, and what none may have.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file, at most.
const LINES_MAX: usize = 400;
/// The one place where a test may wait without an event: the helper that asks again.
const MAY_SLEEP: &str = "tests/e2e/harness.rs";
/// This file, which has to name what it looks for.
const ITSELF: &str = "tests/e2e/tidy.rs";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The paths of all files with this ending, relative to the root.
fn files(ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') && name != "data" {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path.strip_prefix(root()).expect("within").to_owned());
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "there are {ending} files");
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).expect("a text")
}

fn expect_none(what: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{what}:\n{}", offenders.join("\n"));
}

#[test]
fn every_source_file_begins_by_saying_what_it_is() {
    let silent = files(".rs")
        .into_iter()
        .filter(|path| !read(path).starts_with("//! "));
    let silent: Vec<String> = silent.map(|path| path.display().to_string()).collect();
    expect_none("these do not begin with //!", &silent);
}

#[test]
fn no_source_file_is_too_long_to_read() {
    let long = files(".rs").into_iter().filter_map(|path| {
        let lines = read(&path).lines().count();
        (lines > LINES_MAX).then(|| format!("{} has {lines} lines", path.display()))
    });
    expect_none("too long", &long.collect::<Vec<_>>());
}

#[test]
fn nothing_unfinished_and_no_waiting_for_time_to_pass() {
    let unwanted = [
        "todo!",
        "unimplemented!",
        "dbg!",
        "#[ignore",
        "thread::sleep",
    ];
    let mut offenders = Vec::new();
    for path in files(".rs") {
        let shown = path.display().to_string();
        if shown == ITSELF {
            continue;
        }
        for (line, number) in read(&path).lines().zip(1..) {
            let found = unwanted.iter().find(|word| line.contains(**word));
            let is_allowed = shown == MAY_SLEEP && found == Some(&"thread::sleep");
            if let Some(word) = found.filter(|_| !is_allowed) {
                offenders.push(format!("{shown}:{number}: {word}"));
            }
        }
    }
    expect_none("unwanted", &offenders);
}

/// Where the links of a text lead to: `[text](target)`, outside of code.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        // What stands between backticks is code, too.
        let prose: String = line.split('`').step_by(2).collect();
        let targets = prose.split("](").skip(1);
        links.extend(targets.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    links
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for document in files(".md") {
        let folder = document.parent().expect("a folder");
        for link in links(&read(&document)) {
            let target = link.split(['#', ' ']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !root().join(folder).join(target).exists() {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    expect_none("links to nowhere", &broken);
}

/// Whether one of these half-width `marks` stands right behind a Chinese character.
fn is_half_width(text: &str, marks: &str) -> bool {
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c) || "”》）".contains(c);
    let mut pairs = text.chars().zip(text.chars().skip(1));
    pairs.any(|(first, second)| is_chinese(first) && marks.contains(second))
}

#[test]
fn chinese_sentences_have_chinese_punctuation() {
    let mut offenders = Vec::new();
    for path in files(".rs") {
        let shown = path.display().to_string();
        if shown.contains("tests") {
            continue;
        }
        let text = read(&path);
        let spoken = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (line, number) in spoken.lines().zip(1..) {
            // Every second part stands between quotes.
            let mut quoted = line.split('"').skip(1).step_by(2);
            if quoted.any(|quoted| is_half_width(quoted, ",;:!?()")) {
                offenders.push(format!("{shown}:{number}"));
            }
        }
    }
    let document = "README.zh-CN.md";
    for (line, number) in read(Path::new(document)).lines().zip(1..) {
        let mut prose = line.split('`').step_by(2);
        if prose.any(|prose| is_half_width(prose, ",;:!?")) {
            offenders.push(format!("{document}:{number}"));
        }
    }
    expect_none("half-width punctuation in Chinese text", &offenders);
}

#[test]
fn the_example_client_is_short_and_needs_the_standard_library_alone() {
    let text = read(Path::new("examples/origin_client.py"));
    assert!(text.lines().count() < 150);
    let standard = [
        "argparse", "json", "pathlib", "random", "secrets", "select", "socket", "sys", "time",
    ];
    let imports = text.lines().filter_map(|line| line.strip_prefix("import "));
    let modules = imports.flat_map(|line| line.split(" #").next().unwrap_or(line).split(','));
    let others: Vec<&str> = modules
        .map(str::trim)
        .filter(|name| !standard.contains(name))
        .collect();
    assert!(others.is_empty() && !text.contains("\nfrom "), "{others:?}");
}

#[test]
fn links_are_found_where_they_are_and_not_where_they_are_not() {
    let text = "[a](b.md) and `[c](d.md)`, [e](f.md#g)\n```\n[h](i.md)\n```\n[j](k.md \"title\")";
    assert_eq!(links(text), ["b.md", "f.md#g", "k.md \"title\""]);
}
