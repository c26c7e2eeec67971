//! The house is tidy: what the project asks of its own files.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file, at most: beyond, it wants to be two.
const LINES_MAX: usize = 450;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of ours with this ending.
fn files(ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let is_ours = !name.starts_with('.') && name != "target" && name != "data";
            if is_ours && path.is_dir() {
                folders.push(path);
            } else if is_ours
                && path
                    .extension()
                    .is_some_and(|extension| extension == ending)
            {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no {ending} files were found");
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("UTF-8")
}

#[test]
fn every_file_says_what_it_is_and_is_short() {
    for path in files("rs") {
        let text = read(&path);
        assert!(
            text.starts_with("//! "),
            "{} does not begin with //!",
            path.display()
        );
        let is_table = path.components().any(|part| part.as_os_str() == "tests");
        let lines = text.lines().count();
        assert!(is_table || lines <= LINES_MAX, "{} has {lines} lines", path.display());
    }
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    // Put together here, so that this file does not find itself.
    let unwanted = ["todo", "unimplemented", "dbg"].map(|name| format!("{name}!("));
    let switched_off = format!("#[{}", "ignore");
    for path in files("rs") {
        let text = read(&path);
        for word in unwanted.iter().chain([&switched_off]) {
            assert!(
                !text.contains(word.as_str()),
                "{} has {word}",
                path.display()
            );
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for path in files("md") {
        let folder = path.parent().expect("a file lies in a folder");
        for target in read(&path).split("](").skip(1) {
            let target = target.split([')', '#']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let exists = folder.join(target).exists();
            assert!(exists, "{} links to {target}", path.display());
        }
    }
}

#[test]
fn the_example_client_is_short_and_needs_nothing() {
    let text = read(&root().join("examples/origin_client.py"));
    assert!(text.lines().count() < 150);
    let imports = text
        .lines()
        .filter(|line| line.starts_with("import ") || line.starts_with("from "));
    let standard = [
        "argparse",
        "hashlib",
        "io",
        "json",
        "os",
        "pathlib",
        "random",
        "secrets",
        "select",
        "socket",
        "struct",
        "sys",
        "threading",
        "time",
    ];
    for import in imports {
        let names = import
            .trim_start_matches("import ")
            .trim_start_matches("from ");
        let first = names.split(" import ").next().unwrap_or_default();
        for name in first.split(',').map(str::trim) {
            let module = name.split([' ', '.']).next().unwrap_or_default();
            assert!(
                standard.contains(&module),
                "{module} is not of the standard library"
            );
        }
    }
}
