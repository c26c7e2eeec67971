//! Damaged files: what is opened is whole or empty.

use crate::{cursor, found, open, said};
use proptest::prelude::*;
use qunliao_search::{Index, SearchError};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// An index of two segments, with something deleted; nothing goes on in its folder.
fn prepare(folder: &Path) {
    let mut index = open(folder);
    let all = (1..=40).map(|it| said(1 + it % 3, it, "损坏的 index 文件"));
    let all: Vec<_> = all.collect();
    let (first, second) = all.split_at(30);
    index.apply(first, cursor(1)).unwrap();
    index.apply(second, cursor(2)).unwrap();
    index.apply(&[said(1, 3, "改过了")], cursor(7)).unwrap();
    index.settle().unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|it| fs::metadata(it).unwrap().len() > 0)
        .collect();
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in files(from) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

/// What an index answers.
fn answers(index: &Index) -> Vec<Vec<(u64, i64)>> {
    ["损坏", "index", "文", "改过", "ind 件"]
        .map(|typed| found(index, typed))
        .into()
}

/// Opens what was damaged: it answers as before, or knows nothing.
fn judge(folder: &Path, whole: &[Vec<(u64, i64)>]) -> bool {
    let index = open(folder);
    let is_whole = index.cursor() == Some(&cursor(7));
    if is_whole {
        assert_eq!(answers(&index), whole);
    } else {
        assert_eq!(index.cursor(), None);
        assert!(answers(&index).iter().all(Vec::is_empty));
    }
    is_whole
}

#[test]
fn a_file_that_is_cut_short_or_gone_is_noticed() {
    let home = tempfile::tempdir().unwrap();
    let whole = home.path().join("whole");
    prepare(&whole);
    copy(&whole, &home.path().join("copy"));
    let expected = answers(&open(&home.path().join("copy")));
    assert!(!expected[0].is_empty() && !expected[3].is_empty());
    for (number, file) in files(&whole).iter().enumerate() {
        let length = fs::metadata(file).unwrap().len();
        for (part, left) in [Some(0), Some(length / 2), Some(length - 1), None]
            .iter()
            .enumerate()
        {
            let damaged = home.path().join(format!("{number}-{part}"));
            copy(&whole, &damaged);
            let path = damaged.join(file.file_name().unwrap());
            match left {
                Some(left) => {
                    let file = fs::File::options().write(true).open(&path).unwrap();
                    file.set_len(*left).unwrap();
                }
                None => fs::remove_file(&path).unwrap(),
            }
            let is_whole = judge(&damaged, &expected);
            // The list of files to be tidied up may be gone.
            let is_needed = !path.ends_with(".managed.json") || left.is_some();
            assert_eq!(
                is_whole,
                !is_needed,
                "{} of {length} of {}",
                left.unwrap_or(0),
                path.display()
            );
            fs::remove_dir_all(&damaged).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_byte_that_has_changed_does_no_harm(seed in any::<u64>(), bits in 1..=255_u8) {
        let home = tempfile::tempdir().unwrap();
        let whole = home.path().join("whole");
        prepare(&whole);
        copy(&whole, &home.path().join("copy"));
    let expected = answers(&open(&home.path().join("copy")));
        for (number, file) in files(&whole).iter().enumerate() {
            let damaged = home.path().join(number.to_string());
            copy(&whole, &damaged);
            let path = damaged.join(file.file_name().unwrap());
            let mut bytes = fs::read(&path).unwrap();
            let at = (seed % bytes.len() as u64) as usize;
            bytes[at] ^= bits;
            fs::write(&path, bytes).unwrap();
            judge(&damaged, &expected);
            fs::remove_dir_all(&damaged).unwrap();
        }
    }
}

#[test]
fn an_index_of_something_else_is_built_anew_and_other_things_stay() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("kept")).unwrap();
    fs::write(home.path().join("kept/letter"), "dear").unwrap();
    fs::write(home.path().join("meta.json"), "{}").unwrap();
    let index = open(home.path());
    assert_eq!(index.cursor(), None);
    assert_eq!(
        fs::read_to_string(home.path().join("kept/letter")).unwrap(),
        "dear"
    );
}

#[test]
fn an_index_is_open_once_and_the_second_does_not_harm_the_first() {
    let home = tempfile::tempdir().unwrap();
    let mut index = open(home.path());
    index.apply(&[said(1, 1, "一")], cursor(1)).unwrap();
    let second = Index::open(home.path());
    assert!(matches!(second, Err(SearchError::InUse(_))));
    fs::write(home.path().join("meta.json"), "damaged").unwrap();
    let second = Index::open(home.path());
    assert!(matches!(second, Err(SearchError::InUse(_))));
    assert_eq!(found(&index, "一"), [(1, 1)]);
}

#[test]
fn nobody_else_may_read_the_files() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("index");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    prepare(&folder);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert!(files(&folder).len() > 5);
    for file in files(&folder) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_and_nothing_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "something else").unwrap();
    assert!(Index::open(&file).is_err());
    assert!(Index::open(&file.join("below")).is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "something else");
}
