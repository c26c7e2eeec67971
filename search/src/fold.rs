//! Folding: what looks or means the same becomes the same characters.
//!
//! Width and form (NFKC), case, and the accents of Latin, Greek and Cyrillic letters
//! go; so does what nobody sees (joiners, direction marks, variation selectors, skin
//! tones). Each character remembers which ones of the original it comes from.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

/// A folded character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Folded {
    /// The character.
    pub(crate) letter: char,
    /// The first character of the original that it comes from.
    pub(crate) from: u32,
    /// The one after the last.
    pub(crate) to: u32,
}

/// Folds the first `limit` characters of a text.
pub(crate) fn fold(text: &str, limit: usize) -> Vec<Folded> {
    let mut folded = Vec::with_capacity(text.len().min(limit));
    let mut letters = text.chars().take(limit).peekable();
    let mut cluster = String::new();
    let mut from = 0;
    while let Some(letter) = letters.next() {
        let mut to = from + 1;
        let is_by_itself = letters.peek().is_none_or(|next| !continues(*next));
        if let Some(letter) = fold_plain(letter).filter(|_| is_by_itself) {
            folded.push(Folded { letter, from, to });
            from = to;
            continue;
        }
        cluster.clear();
        cluster.push(letter);
        while let Some(next) = letters.next_if(|next| continues(*next)) {
            cluster.push(next);
            to += 1;
        }
        let of_cluster = fold_cluster(&cluster);
        folded.extend(of_cluster.map(|letter| Folded { letter, from, to }));
        from = to;
    }
    folded
}

/// What most characters are, without a look into tables.
fn fold_plain(letter: char) -> Option<char> {
    match letter {
        '\0'..='\x7f' => Some(letter.to_ascii_lowercase()),
        '\u{4e00}'..='\u{9fff}' | '\u{3001}'..='\u{3002}' => Some(letter),
        _ => None,
    }
}

/// Whether a character belongs to the one before it.
fn continues(letter: char) -> bool {
    match letter {
        '\0'..='\u{2ff}' | '\u{3400}'..='\u{9fff}' => false,
        // The vowels and final consonants of Korean syllables, and the marks of
        // half-width kana, compose with what precedes them.
        '\u{1160}'..='\u{11ff}' | '\u{ff9e}' | '\u{ff9f}' => true,
        _ => canonical_combining_class(letter) != 0,
    }
}

fn fold_cluster(cluster: &str) -> impl Iterator<Item = char> {
    let composed: String = cluster.nfkc().collect();
    let cased = caseless::default_case_fold_str(&composed);
    let mut has_accents = false;
    let bare: String = cased
        .nfkd()
        .filter(|letter| {
            let is_mark = is_combining_mark(*letter);
            if !is_mark {
                has_accents = matches!(
                    letter.script(),
                    Script::Latin | Script::Greek | Script::Cyrillic
                );
            }
            !(is_unseen(*letter) || is_mark && has_accents)
        })
        .collect();
    let letters: Vec<char> = bare.nfc().collect();
    letters.into_iter()
}

fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{20e3}')
        || letter.general_category() == GeneralCategory::Format
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        fold(text, usize::MAX).iter().map(|it| it.letter).collect()
    }

    #[test]
    fn what_looks_alike_becomes_the_same() {
        for (text, plain) in [
            ("Deployment", "deployment"),
            ("ＡＢＣ１２３", "abc123"),
            ("Ça, C'EST Élysée", "ca, c'est elysee"),
            ("e\u{301}te\u{301}", "ete"),
            ("Straße STRASSE", "strasse strasse"),
            ("ΑΘΉΝΑ Ёлка", "αθηνα елка"),
            ("İstanbul", "istanbul"),
            ("ﬁle ① ㎏", "file 1 kg"),
            ("中文，測試。", "中文,測試。"),
            ("ｶﾞｷﾞ が", "ガギ が"),
            ("\u{1112}\u{1161}\u{11ab}\u{ae00}", "한글"),
            ("a\u{200b}b\u{ad}c\u{feff}", "abc"),
            ("👍🏽❤\u{fe0f}", "👍❤"),
        ] {
            assert_eq!(folded(text), plain, "of {text}");
        }
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in [
            "Ça ﬁ ① ｶﾞ 한글 Straße İ ǅ ŉ ΐ",
            "㍿ ½ ℡ ﷺ",
            "ᾳ\u{345} \u{1e9e}",
        ] {
            let once = folded(text);
            assert_eq!(folded(&once), once, "of {text}");
        }
    }

    #[test]
    fn characters_know_where_they_come_from() {
        let text = "e\u{301}①Ｗ㍿x";
        let places: Vec<_> = fold(text, usize::MAX)
            .iter()
            .map(|it| (it.letter, it.from, it.to))
            .collect();
        let company = ['株', '式', '会', '社'].map(|letter| (letter, 4, 5));
        let mut expected = vec![('e', 0, 2), ('1', 2, 3), ('w', 3, 4)];
        expected.extend(company);
        expected.push(('x', 5, 6));
        assert_eq!(places, expected);
    }
}
