//! A name with the pinyin of its characters, and whether what was typed is in it.

use crate::people::Fit;
use pinyin::ToPinyinMulti;

/// A name, folded, each character with its readings.
#[derive(Clone)]
pub(crate) struct Spelt {
    letters: Vec<char>,
    readings: Vec<Vec<String>>,
}

impl Spelt {
    /// Spells a folded name.
    pub(crate) fn new(name: &[char]) -> Self {
        Self {
            letters: name.to_vec(),
            readings: name.iter().map(|letter| readings(*letter)).collect(),
        }
    }

    /// How well it fits what was typed, folded; `None` if not at all.
    pub(crate) fn fit(&self, typed: &[char]) -> Option<Fit> {
        if self.letters == typed {
            return Some(Fit::Whole);
        }
        if self.letters.starts_with(typed) {
            return Some(Fit::Begins);
        }
        let has_pinyin = self.readings.iter().any(|readings| !readings.is_empty());
        if has_pinyin && self.is_spelt_from(0, typed) {
            return Some(Fit::PinyinBegins);
        }
        if self.letters.windows(typed.len()).any(|part| part == typed) {
            return Some(Fit::Within);
        }
        let is_within = |from| self.is_spelt_from(from, typed);
        (has_pinyin && (1..self.letters.len()).any(is_within)).then_some(Fit::PinyinWithin)
    }

    /// Whether what was typed spells characters from this one on, each by itself or by
    /// the beginning of a reading.
    fn is_spelt_from(&self, from: usize, typed: &[char]) -> bool {
        // Up to where the characters so far may have spelt what was typed.
        let mut reached = vec![false; typed.len() + 1];
        reached[0] = true;
        for (letter, readings) in self.letters[from..].iter().zip(&self.readings[from..]) {
            let mut next = vec![false; typed.len() + 1];
            for start in (0..typed.len()).filter(|start| reached[*start]) {
                let rest = &typed[start..];
                if rest[0] == *letter {
                    next[start + 1] = true;
                }
                for reading in readings {
                    let pairs = reading.chars().zip(rest);
                    let common = pairs.take_while(|(one, other)| one == *other).count();
                    next[start + 1..=start + common].fill(true);
                }
            }
            if next[typed.len()] {
                return true;
            }
            if !next.contains(&true) {
                return false;
            }
            reached = next;
        }
        false
    }
}

/// All readings of a character, as they are typed: `ü` as `v`, as `yu` and as the `u`
/// that folding makes of it.
fn readings(letter: char) -> Vec<String> {
    let of_letter = letter.to_pinyin_multi();
    let mut readings: Vec<String> = Vec::new();
    for reading in of_letter.into_iter().flatten() {
        let plain = reading.plain();
        for umlaut in ["v", "yu", "u"] {
            let typed = plain.replace(['ü', 'v'], umlaut);
            if !readings.contains(&typed) {
                readings.push(typed);
            }
        }
    }
    readings
}
