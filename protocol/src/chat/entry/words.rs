//! What a client of the origin, which knows nothing but words, is told of a file.

use super::FileFrame;
use crate::failure::Language;

/// A file in words: what it is, its name and size, and below it what was said of it.
#[must_use]
pub fn file_as_text(file: &FileFrame<'_>, news: &str, language: Language) -> String {
    let what = match (language, file.is_image) {
        (Language::Chinese, false) => "文件",
        (Language::Chinese, true) => "图片",
        (Language::English, false) => "file",
        (Language::English, true) => "image",
    };
    let mut text = format!("[{what}] {} ({})", file.name, size_as_text(file.size));
    if !news.is_empty() {
        text.push('\n');
        text.push_str(news);
    }
    text
}

/// A size for people: to the next lower tenth, whole from 10 of a unit on.
fn size_as_text(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    let mut unit = 0;
    // In 1024ths of the unit, which keeps the tenth without floats.
    let mut parts = bytes;
    while parts >= 1_024 * 1_024 {
        parts /= 1_024;
        unit += 1;
    }
    let (whole, tenth) = (parts / 1_024, parts % 1_024 * 10 / 1_024);
    if whole < 10 && tenth > 0 {
        format!("{whole}.{tenth} {}", UNITS[unit])
    } else {
        format!("{whole} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::FileId;

    #[test]
    fn sizes_are_told_in_a_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1 KB"),
            (1_536, "1.5 KB"),
            (10_239, "9.9 KB"),
            (10_240, "10 KB"),
            (1_048_575, "1023 KB"),
            (1_048_576, "1 MB"),
            (5 << 30, "5 GB"),
            (u64::MAX, "15 EB"),
        ] {
            assert_eq!(size_as_text(bytes), text);
        }
    }

    #[test]
    fn a_file_is_told_of_in_the_language_of_the_server() {
        let file = FileFrame {
            id: FileId(1),
            name: "茶.txt",
            size: 10,
            is_image: false,
        };
        let text = file_as_text(&file, "", Language::Chinese);
        assert_eq!(text, "[文件] 茶.txt (10 B)");
        let image = FileFrame {
            is_image: true,
            ..file
        };
        let text = file_as_text(&image, "看", Language::English);
        assert_eq!(text, "[image] 茶.txt (10 B)\n看");
    }
}
