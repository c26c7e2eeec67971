//! Names that look like others: characters that are not seen, and letters of
//! scripts that look alike.
//!
//! Two whole names in one script may still look alike (`l` and `I`, `rn` and `m`).
//! To refuse those as well (the skeletons of Unicode's UTS 39) would also refuse
//! honest names, since `ロ` has the skeleton of `口`, and `user1` that of `userl`.

use unicode_properties::{GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

/// Asks for the character before it to be shown as an emoji.
pub(super) const AS_EMOJI: char = '\u{fe0f}';
/// Joins two emojis into one.
const JOINER: char = '\u{200d}';
/// Makes a key of the digit before it.
const KEYCAP: char = '\u{20e3}';

/// Whether every character is `allowed`, or a part of an emoji in the place where
/// it belongs: elsewhere nobody would see it.
pub(super) fn all_are_seen(name: &str, allowed: impl Fn(char) -> bool) -> bool {
    let mut before = None;
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied();
        let belongs = match c {
            AS_EMOJI => match before {
                // Digits are emojis in the tables, for the sake of their keys.
                Some('0'..='9' | '#' | '*') => after == Some(KEYCAP),
                Some(before) => before.is_emoji_char(),
                None => false,
            },
            JOINER => {
                before.is_some_and(|before| before == AS_EMOJI || is_emoji(before))
                    && after.is_some_and(is_emoji)
            }
            c => allowed(c),
        };
        if !belongs {
            return false;
        }
        before = Some(c);
    }
    true
}

fn is_emoji(c: char) -> bool {
    c.is_emoji_char() && !c.is_ascii()
}

/// Whether a mark stands where no script puts one: on a Chinese, Japanese or Korean
/// character (what they have is composed by now), or across or around any.
pub(super) fn has_strange_mark(name: &str) -> bool {
    const WITHOUT: [Script; 5] = [
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Hangul,
        Script::Bopomofo,
    ];
    let mut base = None;
    name.chars().any(|c| match c.general_category() {
        GeneralCategory::EnclosingMark => c != KEYCAP,
        GeneralCategory::NonspacingMark if c != AS_EMOJI => {
            let crosses = matches!(c, '\u{334}'..='\u{338}');
            crosses || base.is_some_and(|base: char| WITHOUT.contains(&base.script()))
        }
        _ => {
            base = Some(c);
            false
        }
    })
}

/// Whether letters of Latin stand beside such of a script that has the same shapes,
/// or those of two of these scripts beside each other. (After the "moderately
/// restrictive" level of UTS 39, which is stricter with mixtures that deceive nobody.)
pub(super) fn mixes_scripts(name: &str) -> bool {
    const ALIKE: [Script; 7] = [
        Script::Latin,
        Script::Cyrillic,
        Script::Greek,
        Script::Armenian,
        Script::Cherokee,
        Script::Coptic,
        Script::Lisu,
    ];
    let has = |script: &&Script| name.chars().any(|c| c.script() == **script);
    ALIKE.iter().filter(has).count() > 1
}
