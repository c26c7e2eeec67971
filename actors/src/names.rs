//! What can be a user's name, and which names are the same.

mod looks;

use qunliao_protocol::failure::NameFault;
use qunliao_protocol::reply::SYSTEM_NAMES;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Most characters of a name.
pub const NAME_CHARS_MAX: usize = 32;

/// Names that sound as if the server or its operator spoke, besides the ones with
/// which it does. With punctuation or blanks between they sound no better.
const OFFICIAL_NAMES: [&str; 10] = [
    "系統",
    "群聊",
    "qunliao",
    "管理员",
    "管理員",
    "admin",
    "administrator",
    "operator",
    "服务器",
    "server",
];

/// The title of a room, as it is shown, if it can be one: of at most so many
/// characters, all of which are seen.
#[must_use]
pub fn title(chosen: &str, chars_max: usize) -> Option<String> {
    // Composing can shorten a title, but not that far.
    if chosen.len() > chars_max * 16 {
        return None;
    }
    let shown: String = chosen.trim().nfc().collect();
    let fits = !shown.is_empty()
        && shown.chars().count() <= chars_max
        && looks::all_are_seen(&shown, |c| !c.is_control())
        && !starts_with_mark(&shown)
        && !looks::has_strange_mark(&shown);
    fits.then_some(shown)
}

/// A name that may be given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As it is shown: NFC.
    pub shown: String,
    /// As it is compared.
    pub folded: String,
}

impl Name {
    /// Checks a name that someone chose. Whether it is a phone number is for the
    /// caller to ask.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(chosen: &str) -> Result<Self, NameFault> {
        let too_long = NameFault::TooLong(NAME_CHARS_MAX);
        // Composing can shorten a name, but not that far.
        if chosen.chars().take(NAME_CHARS_MAX * 4 + 1).count() > NAME_CHARS_MAX * 4 {
            return Err(too_long);
        }
        let shown: String = chosen.nfc().collect();
        if shown.is_empty() {
            return Err(NameFault::Empty);
        }
        if shown.chars().count() > NAME_CHARS_MAX {
            return Err(too_long);
        }
        if shown.contains(['@', '＠', '﹫']) {
            return Err(NameFault::At);
        }
        if !looks::all_are_seen(&shown, is_allowed)
            || starts_with_mark(&shown)
            || looks::has_strange_mark(&shown)
        {
            return Err(NameFault::Character);
        }
        if looks::mixes_scripts(&shown) {
            return Err(NameFault::MixedScripts);
        }
        if shown.starts_with(' ') || shown.ends_with(' ') || shown.contains("  ") {
            return Err(NameFault::Blanks);
        }
        let folded = fold(&shown);
        let letters: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
        if SYSTEM_NAMES
            .iter()
            .chain(&OFFICIAL_NAMES)
            .any(|reserved| *reserved == letters)
            || is_id(&folded)
        {
            return Err(NameFault::Reserved);
        }
        Ok(Self { shown, folded })
    }
}

/// The form in which names are compared: without regard to case and width
/// (Unicode's compatibility caseless matching, D146), nor to whether an emoji asks
/// to be shown as one.
#[must_use]
pub fn fold(name: &str) -> String {
    let name: String = name.chars().filter(|c| *c != looks::AS_EMOJI).collect();
    let once: String = caseless::default_case_fold_str(&name.nfd().collect::<String>());
    let twice = caseless::default_case_fold_str(&once.nfkd().collect::<String>());
    twice.nfkc().collect()
}

/// What means a user by id, where an operator writes it.
fn is_id(folded: &str) -> bool {
    let digits = folded
        .strip_prefix('#')
        .or_else(|| folded.strip_prefix("id:"));
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn is_allowed(c: char) -> bool {
    use GeneralCategory as G;
    // Cf holds the bidirectional and zero-width characters; these few others
    // show nothing either (they are letters by category).
    let blank = matches!(
        c,
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}' | '\u{034f}'
    ) || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}');
    let category = c.general_category();
    let is_space = category == G::SpaceSeparator && c != ' ';
    let unseen = matches!(
        category,
        G::Control
            | G::Format
            | G::Surrogate
            | G::PrivateUse
            | G::Unassigned
            | G::LineSeparator
            | G::ParagraphSeparator
    );
    !blank && !is_space && !unseen
}

/// A combining mark with nothing to combine with would sit on its neighbour.
fn starts_with_mark(name: &str) -> bool {
    use GeneralCategory as G;
    name.chars().next().is_some_and(|first| {
        matches!(
            first.general_category(),
            G::NonspacingMark | G::SpacingMark | G::EnclosingMark
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_names_are_names() {
        for name in [
            "小明",
            "Ann",
            "J. R. Ünal",
            "李 雷",
            "a",
            "用户_01",
            "18671289536",
            "😀",
            "O'Neil",
            "🏳\u{fe0f}\u{200d}🌈",
            "👩🏽\u{200d}🚀 Ann",
            "7\u{fe0f}\u{20e3}",
            "小明Ming",
            "さくらSAKURA桜",
            "김철수Kim",
            "Юлия",
            "Ελένη",
            "小明(´・ω・`)",
        ] {
            assert!(Name::new(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_that_mislead_are_refused() {
        use NameFault::{At, Blanks, Character, Empty, MixedScripts, Reserved, TooLong};
        for (name, fault) in [
            ("", Empty),
            (&"长".repeat(33), TooLong(32)),
            (&"x".repeat(100_000), TooLong(32)),
            ("a@b", At),
            ("a＠b", At),
            ("ali\u{200b}ce", Character),
            ("\u{202e}ecila", Character),
            ("\u{2066}a\u{2069}", Character),
            ("a\u{200d}b", Character),
            ("\u{feff}a", Character),
            ("a\u{ad}b", Character),
            ("a\nb", Character),
            ("a\0", Character),
            ("\u{3164}", Character),
            ("\u{301}a", Character),
            ("a\u{3000}b", Character),
            ("\u{e000}", Character),
            (" a", Blanks),
            ("a ", Blanks),
            ("a  b", Blanks),
            (" ", Blanks),
            ("系统", Reserved),
            ("System", Reserved),
            ("ＳＹＳＴＥＭ", Reserved),
            ("系 统", Reserved),
            ("系统:", Reserved),
            ("系統", Reserved),
            ("Admin", Reserved),
            ("operator", Reserved),
            ("#5", Reserved),
            ("ＩＤ：7", Reserved),
            ("小爱\u{301}", Character),
            ("a\u{336}dam", Character),
            ("小爱\u{20dd}", Character),
            ("аdmin", MixedScripts),
            ("pаypal", MixedScripts),
            ("Αnn", MixedScripts),
            ("小明 Сarol", MixedScripts),
            ("a\u{fe0f}", Character),
            ("7\u{fe0f}", Character),
            ("\u{200d}🌈", Character),
            ("🌈\u{200d}", Character),
            ("🌈\u{200d}a", Character),
            ("🌈\u{fe0f}\u{fe0f}", Character),
            ("🌈\u{200d}\u{200d}🌈", Character),
        ] {
            assert_eq!(Name::new(name), Err(fault), "{name:?}");
        }
    }

    #[test]
    fn names_that_differ_in_case_or_width_or_composition_are_one() {
        for (a, b) in [
            ("Alice", "aLICE"),
            ("STRASSE", "straße"),
            ("Ａｎｎ", "ann"),
            ("é", "e\u{301}"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("❤\u{fe0f}", "❤"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
        assert_ne!(fold("小明"), fold("小朋"));
    }

    proptest! {
        #[test]
        fn folding_is_stable_and_names_stay_names(name in "\\PC{0,40}") {
            prop_assert_eq!(fold(&fold(&name)), fold(&name));
            if let Ok(accepted) = Name::new(&name) {
                prop_assert_eq!(Name::new(&accepted.shown), Ok(accepted));
            }
        }
    }
}
