//! Names of shared files and folders: labels, never paths on the server's disk.
//!
//! Content is stored under names that the server chooses, so a hostile label
//! cannot reach anything. The rules here protect the people who download: a label
//! holds nothing that leads elsewhere, hides, or turns text around. What only some
//! systems cannot hold (`a:b`, `con`) is for the client there to deal with.

use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest label, in bytes: what ext4, APFS and NTFS all hold.
pub const LABEL_BYTES_MAX: usize = 255;
/// Longest path within a folder, in bytes.
pub const PATH_BYTES_MAX: usize = 1024;
/// Most parts of a path.
pub const PATH_PARTS_MAX: usize = 32;

/// The name of a file or of a folder: one part of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(String);

/// A relative path within a folder, its parts divided by `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Path(String);

impl Label {
    /// Checks and normalises (NFC) a name.
    ///
    /// # Errors
    /// [`Failure::InvalidFileName`].
    pub fn new(name: &str) -> Result<Self, Failure> {
        use unicode_normalization::UnicodeNormalization;
        // Normalising can lengthen a name; one far too long is not worth the work.
        if name.len() > 4 * LABEL_BYTES_MAX {
            return Err(Failure::InvalidFileName);
        }
        let name: String = name.nfc().collect();
        let fits = !name.is_empty() && name.len() <= LABEL_BYTES_MAX;
        let is_special = name == "." || name == "..";
        if !fits || is_special || !name.chars().all(is_allowed) || has_drive_letter(&name) {
            return Err(Failure::InvalidFileName);
        }
        Ok(Self(name))
    }

    /// The label.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Path {
    /// Checks and normalises a relative path. `\` divides too, as on Windows.
    ///
    /// # Errors
    /// [`Failure::InvalidFileName`].
    pub fn new(path: &str) -> Result<Self, Failure> {
        if path.len() > PATH_BYTES_MAX {
            return Err(Failure::InvalidFileName);
        }
        let parts = path
            .split(['/', '\\'])
            .map(Label::new)
            .collect::<Result<Vec<_>, _>>()?;
        if parts.len() > PATH_PARTS_MAX {
            return Err(Failure::InvalidFileName);
        }
        let parts: Vec<&str> = parts.iter().map(Label::as_str).collect();
        let path = parts.join("/");
        if path.len() > PATH_BYTES_MAX {
            return Err(Failure::InvalidFileName);
        }
        Ok(Self(path))
    }

    /// The path, its parts divided by `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_allowed(c: char) -> bool {
    // Bidirectional controls can make `gpj.exe` read as `exe.jpg`.
    let turns_text = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks_line = matches!(c, '\u{2028}' | '\u{2029}');
    let shows_nothing = matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !turns_text && !breaks_line && !shows_nothing && c != '/' && c != '\\'
}

fn has_drive_letter(name: &str) -> bool {
    matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_names_are_labels() {
        for name in [
            "a",
            "报告 (终稿).docx",
            ".gitignore",
            "a..b",
            "…",
            "con",
            "😀.png",
            "a:b",
        ] {
            let ok = Label::new(name).is_ok();
            assert_eq!(ok, name != "a:b", "{name}");
        }
    }

    #[test]
    fn names_are_composed() {
        assert_eq!(Label::new("e\u{301}.txt").unwrap().as_str(), "é.txt");
    }

    #[test]
    fn hostile_names_are_refused() {
        let long = "x".repeat(256);
        for name in [
            "",
            ".",
            "..",
            "/",
            "a/b",
            "a\\b",
            "/etc/passwd",
            "C:",
            "c:x",
            "a\0",
            "a\n",
            "\u{7f}",
            "\u{202e}gpj.exe",
            "a\u{200b}",
            "\u{feff}a",
            "a\u{e0041}",
            "a\u{2028}b",
            "\u{85}",
            &long,
        ] {
            assert_eq!(Label::new(name), Err(Failure::InvalidFileName), "{name:?}");
        }
    }

    #[test]
    fn paths_stay_within_their_folder() {
        assert_eq!(Path::new("a/b\\c.txt").unwrap().as_str(), "a/b/c.txt");
        let deep = vec!["d"; 33].join("/");
        for path in [
            "",
            "/a",
            "a/",
            "a//b",
            "../a",
            "a/../b",
            "a/./b",
            "a/..",
            "\\\\server\\x",
            "C:\\x",
            "a/c:/x",
            &deep,
        ] {
            assert_eq!(Path::new(path), Err(Failure::InvalidFileName), "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_stays_accepted_and_unchanged(path in ".{0,40}") {
            if let Ok(accepted) = Path::new(&path) {
                prop_assert_eq!(Path::new(accepted.as_str()).unwrap(), accepted.clone());
                prop_assert!(accepted.as_str().split('/').all(|part| part != ".." && !part.is_empty()));
            }
        }
    }
}
