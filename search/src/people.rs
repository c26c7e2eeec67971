//! People, found by their names: in memory alone.
//!
//! Names are personal data, and rest sealed; so this is built from the accounts when the
//! server starts, and never written. A team has some thousand people: looking at each
//! takes a few milliseconds.

use crate::fold::fold;
use crate::pinyin::Spelt;
use qunliao_protocol::UserId;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Characters of a name that are looked at.
const NAME_CHARS_MAX: usize = 128;
/// Characters of what is typed that are read.
const TYPED_CHARS_MAX: usize = 64;
/// People found, at most.
pub const PEOPLE_HITS_MAX: usize = 50;

/// The people who can be found.
#[derive(Clone, Default)]
pub struct People {
    by_id: BTreeMap<UserId, Vec<Spelt>>,
}

/// How well a name fits: the later, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// Its pinyin has, from a later character on, what was typed.
    PinyinWithin,
    /// It has what was typed.
    Within,
    /// Its pinyin begins with it.
    PinyinBegins,
    /// It begins with what was typed.
    Begins,
    /// It is what was typed.
    Whole,
}

impl People {
    /// Enters a user, or what is new of one: all names by which to find them (the name,
    /// the nickname; a name in a room belongs in a `People` of that room).
    pub fn put(&mut self, user: UserId, names: &[&str]) {
        let spelt = names
            .iter()
            .map(|name| Spelt::new(&folded(name, NAME_CHARS_MAX)));
        self.by_id.insert(user, spelt.collect());
    }

    /// Takes a user out.
    pub fn remove(&mut self, user: UserId) {
        self.by_id.remove(&user);
    }

    /// How many people there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Who has a name like this, those whom it fits best first, then by id.
    ///
    /// What stands between spaces must all be found, in any of the names: as part of a
    /// name, or of its pinyin, each syllable whole or by its beginning (小明: `xiaoming`,
    /// `xiaom`, `xming`, `xm`, `ming`), a character of several readings by any of them.
    /// At most `limit` or [`PEOPLE_HITS_MAX`] are named.
    #[must_use]
    pub fn find(&self, typed: &str, limit: usize) -> Vec<UserId> {
        let typed = folded(typed, TYPED_CHARS_MAX);
        let is_space = |letter: &char| letter.is_whitespace();
        let terms: Vec<&[char]> = typed.split(is_space).filter(|it| !it.is_empty()).collect();
        if terms.is_empty() {
            return Vec::new();
        }
        let fit = |names: &[Spelt]| {
            let fits = terms
                .iter()
                .map(|term| names.iter().filter_map(|it| it.fit(term)).max());
            fits.collect::<Option<Vec<Fit>>>()
        };
        let found = self.by_id.iter();
        let mut found: Vec<_> = found
            .filter_map(|(user, names)| Some((Reverse(fit(names)?), *user)))
            .collect();
        found.sort();
        found.truncate(limit.min(PEOPLE_HITS_MAX));
        found.into_iter().map(|(_, user)| user).collect()
    }
}

fn folded(text: &str, limit: usize) -> Vec<char> {
    fold(text.trim(), limit)
        .iter()
        .map(|it| it.letter)
        .collect()
}

/// Who is in it is nobody's business in a log.
impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").field("len", &self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(names: &[&[&str]]) -> People {
        let mut people = People::default();
        for (names, id) in names.iter().zip(1..) {
            people.put(UserId(id), names);
        }
        people
    }

    fn find(people: &People, typed: &str) -> Vec<u64> {
        let found = people.find(typed, 10).into_iter();
        found.map(|user| user.0).collect()
    }

    #[test]
    fn pinyin_finds_people_by_whole_syllables_and_their_beginnings() {
        let people = people(&[&["小明"]]);
        for typed in [
            "小明",
            "小",
            "明",
            "xiaoming",
            "xiaom",
            "xming",
            "xm",
            "xiaomin",
            "x",
            "ming",
            "m",
            "XM",
            "ｘｍ",
            "xia",
            "小ming",
            "xiao明",
            "xiao ming",
            "明 小",
        ] {
            assert_eq!(find(&people, typed), [1], "by {typed}");
        }
        for typed in [
            "xmx",
            "iao",
            "mx",
            "xiaomi ng",
            "ng",
            "大明",
            "明小",
            "xiaomingx",
            "",
        ] {
            assert_eq!(find(&people, typed), [0; 0], "by {typed}");
        }
    }

    #[test]
    fn a_character_of_several_readings_is_found_by_each() {
        let people = people(&[
            &["单雄信"],
            &["曾国藩"],
            &["重庆"],
            &["吕布"],
            &["长孙无忌"],
        ]);
        for (typed, user) in [
            ("shan", 1),
            ("danxx", 1),
            ("zengguofan", 2),
            ("ceng", 2),
            ("zhongq", 3),
            ("chongqing", 3),
            ("lvbu", 4),
            ("lubu", 4),
            ("lübu", 4),
            ("lyubu", 4),
            ("zhangsun", 5),
            ("cswj", 5),
        ] {
            assert_eq!(find(&people, typed), [user], "by {typed}");
        }
    }

    #[test]
    fn the_best_fit_comes_first() {
        let people = people(&[&["王小明"], &["Liming"], &["小明"], &["明明"], &["Ming"]]);
        assert_eq!(find(&people, "ming"), [5, 4, 2, 1, 3]);
        assert_eq!(find(&people, "小明"), [3, 1]);
        assert_eq!(people.find("ming", 2), [UserId(5), UserId(4)]);
        assert_eq!(people.find("ming", 0), []);
    }

    #[test]
    fn any_name_counts_and_those_mixed_of_scripts_too() {
        let mut people = people(&[&["zhang.wei", "张伟-Café"], &["李A娜"]]);
        assert_eq!(find(&people, "zw"), [1]);
        assert_eq!(find(&people, "cafe"), [1]);
        assert_eq!(find(&people, "wei 张"), [1]);
        assert_eq!(find(&people, "lian"), [2]);
        assert_eq!(find(&people, "lan"), [2]);
        people.put(UserId(1), &["李四"]);
        assert_eq!(find(&people, "zw"), [0; 0]);
        assert_eq!(find(&people, "l"), [1, 2]);
        people.remove(UserId(2));
        assert_eq!(find(&people, "l"), [1]);
        assert_eq!(format!("{people:?}"), "People { len: 1 }");
    }

    #[test]
    fn hostile_names_and_queries_take_no_time() {
        let long = "重".repeat(5_000);
        let people = people(&[&[&long, "\0\u{202e}👍", ""]]);
        let begun = std::time::Instant::now();
        for typed in [
            &"zhong".repeat(3_000),
            &"z".repeat(9_000),
            &"c z ".repeat(3_000),
            "\0",
            "👍",
        ] {
            assert!(people.find(typed, 10).len() <= 1);
        }
        assert!(begun.elapsed().as_secs() < 5);
    }
}
