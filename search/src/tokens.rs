//! Tokens: what a text consists of, as far as it can be searched for.
//!
//! A *single* is a character that is searched for by itself: of a script that sets no
//! spaces between its words (Chinese, Japanese, Thai …), of Korean, whose particles
//! stick to words, or an emoji. A *word* is a run of all other letters and digits. The
//! rest separates.

use crate::fold::fold;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::UnicodeEmoji;
use unicode_script::{Script, UnicodeScript};

/// Characters of a text that are looked at; a message has fewer.
pub const TEXT_CHARS_MAX: usize = 65_536;
/// Characters of a word that are told apart: those beyond are not looked at.
pub const WORD_CHARS_MAX: usize = 32;

/// How far the next token is when nothing lies between.
pub(crate) const NEXT: u32 = 2;
/// How far it is beyond something that separates. Less than twice [`NEXT`], so that
/// never a third token lies between two tokens of this distance.
pub(crate) const BEYOND_GAP: u32 = 3;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One character.
    Single,
    /// A run of letters and digits.
    Word,
}

/// A token, as a place in [`Tokens::text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Where it begins, in bytes of the folded text.
    start: usize,
    /// Where it ends.
    end: usize,
    /// Its place among the tokens: [`NEXT`] or [`BEYOND_GAP`] after the one before.
    pub(crate) position: u32,
    /// The first character of the original that it comes from.
    pub(crate) from: u32,
    /// The one after the last.
    pub(crate) to: u32,
}

/// A text's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    text: String,
    /// In the order in which they stand.
    pub(crate) list: Vec<Token>,
}

impl Tokens {
    /// The tokens of a text.
    pub(crate) fn of(text: &str) -> Self {
        let mut tokens = Self::default();
        let mut position = 0;
        let mut word_chars = 0;
        let mut is_after_gap = true;
        for letter in fold(text, TEXT_CHARS_MAX) {
            let start = tokens.text.len();
            let last = tokens.list.last_mut();
            let word = last.filter(|last| last.kind == Kind::Word && !is_after_gap);
            let kind = match kind(letter.letter) {
                Some(kind) => kind,
                // A vowel or accent that is no letter by itself.
                None if is_combining_mark(letter.letter) && word.is_some() => Kind::Word,
                None => {
                    is_after_gap |= !is_combining_mark(letter.letter);
                    continue;
                }
            };
            if let Some(word) = word.filter(|_| kind == Kind::Word) {
                word.to = letter.to;
                word_chars += 1;
                if word_chars <= WORD_CHARS_MAX {
                    tokens.text.push(letter.letter);
                    word.end = tokens.text.len();
                }
                continue;
            }
            position += if is_after_gap { BEYOND_GAP } else { NEXT };
            (is_after_gap, word_chars) = (false, 1);
            tokens.text.push(letter.letter);
            tokens.list.push(Token {
                kind,
                start,
                end: tokens.text.len(),
                position,
                from: letter.from,
                to: letter.to,
            });
        }
        tokens
    }

    /// A token's folded text.
    pub(crate) fn text(&self, token: &Token) -> &str {
        &self.text[token.start..token.end]
    }

    /// The text of two tokens that follow one another.
    pub(crate) fn pair(&self, first: &Token, second: &Token) -> &str {
        &self.text[first.start..second.end]
    }
}

fn kind(letter: char) -> Option<Kind> {
    match letter {
        '\0'..='\x7f' => letter.is_ascii_alphanumeric().then_some(Kind::Word),
        '\u{4e00}'..='\u{9fff}' => Some(Kind::Single),
        _ if letter.is_emoji_char() => Some(Kind::Single),
        _ if !letter.is_alphanumeric() => None,
        _ if stands_alone(letter) => Some(Kind::Single),
        _ => Some(Kind::Word),
    }
}

fn stands_alone(letter: char) -> bool {
    // The mark of long vowels belongs to no script, but stands among kana.
    letter == 'ー'
        || matches!(
            letter.script(),
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Hangul
                | Script::Bopomofo
                | Script::Yi
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
                | Script::Tibetan
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(String, u32)> {
        let tokens = Tokens::of(text);
        let list = tokens.list.iter();
        list.map(|it| (tokens.text(it).to_owned(), it.position))
            .collect()
    }

    fn expect(text: &str, expected: &[(&str, u32)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(text, position)| ((*text).to_owned(), *position))
            .collect();
        assert_eq!(tokens(text), expected, "of {text}");
    }

    #[test]
    fn characters_stand_alone_and_letters_form_words() {
        expect("v2版本", &[("v2", 3), ("版", 5), ("本", 7)]);
        expect("你好，World！", &[("你", 3), ("好", 5), ("world", 8)]);
        expect("a.b  -- c", &[("a", 3), ("b", 6), ("c", 9)]);
        expect("スーパー", &[("ス", 3), ("ー", 5), ("パ", 7), ("ー", 9)]);
        expect("ok👍🏽", &[("ok", 3), ("👍", 5)]);
        expect("नमस्ते ที่", &[("नमस्ते", 3), ("ท", 6), ("\u{e35}", 8)]);
        expect("𠮷野", &[("𠮷", 3), ("野", 5)]);
    }

    #[test]
    fn what_separates_yields_nothing() {
        for text in [
            "",
            "  ",
            "，。！",
            "\0\x01\x7f",
            "-- ++",
            "\u{200b}\u{feff}",
        ] {
            expect(text, &[]);
        }
    }

    #[test]
    fn a_long_word_is_one_token_that_ends_early() {
        let text = format!("{}版", "x".repeat(50));
        expect(&text, &[(&"x".repeat(WORD_CHARS_MAX), 3), ("版", 5)]);
        assert_eq!(Tokens::of(&text).list[0].to, 50);
    }
}
