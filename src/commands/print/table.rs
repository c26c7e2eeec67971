//! Tables for a terminal: aligned by what characters take there, which for Chinese
//! ones is two columns, and without anything that would steer it.

use unicode_width::UnicodeWidthStr as _;

/// What stands between two columns.
const GAP: &str = "  ";

/// A table with a head; `nothing` in place of one without rows.
pub(in crate::commands) fn table(
    head: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    nothing: &str,
) -> String {
    let rows: Vec<Vec<String>> = rows
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    if rows.is_empty() {
        return nothing.to_owned();
    }
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let all = || std::iter::once(&head).chain(&rows);
    let mut widths = vec![0; head.len()];
    for row in all() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    let mut text = String::new();
    for row in all() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let blanks = width.saturating_sub(cell.width());
            line += cell;
            line.extend(std::iter::repeat_n(' ', blanks));
            line += GAP;
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// A text without what could steer a terminal or turn its direction: devices and
/// notes are what someone elsewhere wrote.
pub(in crate::commands) fn plain(text: &str) -> String {
    let harmless = |c: char| {
        let steers = c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if steers {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    text.chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_takes_two_columns() {
        let rows = [["小爱", "a"], ["Carol", "b"]].map(|row| row.map(str::to_owned).to_vec());
        let text = table(&["NAME", "X"], rows.into_iter(), "");
        assert_eq!(text, "NAME   X\n小爱   a\nCarol  b\n");
    }

    #[test]
    fn a_terminal_is_not_steered() {
        let rows = std::iter::once(vec!["\u{1b}[2Ja\u{202e}b\n".to_owned()]);
        assert_eq!(
            table(&["X"], rows, ""),
            "X\n\u{fffd}[2Ja\u{fffd}b\u{fffd}\n"
        );
        assert_eq!(table(&["X"], std::iter::empty(), "None.\n"), "None.\n");
    }
}
