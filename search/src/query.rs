//! What is searched for: read from what someone typed, never refused.

use crate::tokens::{Kind, Token, Tokens};
use std::ops::Range;

/// Characters of a query that are read.
pub const QUERY_CHARS_MAX: usize = 128;
/// Terms of a query that are looked for.
pub const QUERY_TERMS_MAX: usize = 16;

/// A query: terms that must all occur.
///
/// Spaces divide terms, except within quotation marks (`"…"` or `“…”`). A term occurs
/// where its characters stand one after another; what separates words (spaces,
/// punctuation) has to be where the term has some, whichever and however many. The last
/// word of a term need only be the beginning of one, unless it stands in quotation marks.
///
/// Any text is a query. What goes beyond [`QUERY_CHARS_MAX`] and [`QUERY_TERMS_MAX`] is
/// not read, and a query without a letter, digit or emoji [finds nothing](Query::is_empty).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub(crate) terms: Vec<Phrase>,
}

/// One term of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// What has to follow one another. Not empty.
    pub(crate) tokens: Tokens,
    /// Whether its last word may be the beginning of a longer one.
    pub(crate) is_open: bool,
}

impl Query {
    /// Reads what someone typed.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let mut terms: Vec<Phrase> = Vec::new();
        let mut keep = |text: &mut String, is_open: bool| {
            let phrase = Phrase {
                tokens: Tokens::of(text),
                is_open,
            };
            text.clear();
            let is_new = !phrase.tokens.list.is_empty() && !terms.contains(&phrase);
            if is_new && terms.len() < QUERY_TERMS_MAX {
                terms.push(phrase);
            }
        };
        let mut text = String::new();
        let mut is_quoted = false;
        for letter in typed.chars().take(QUERY_CHARS_MAX) {
            match letter {
                '"' | '“' | '”' | '＂' => {
                    keep(&mut text, !is_quoted);
                    is_quoted = !is_quoted;
                }
                _ if letter.is_whitespace() && !is_quoted => keep(&mut text, true),
                _ => text.push(letter),
            }
        }
        keep(&mut text, true);
        Self { terms }
    }

    /// Whether there is nothing to search for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a text has what is searched for: what the index would say of it.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let tokens = Tokens::of(text);
        let occurs = |term: &Phrase| term.places(&tokens).next().is_some();
        !self.is_empty() && self.terms.iter().all(occurs)
    }

    /// Where in a text the terms occur: ranges of characters (`char`s, neither bytes nor
    /// UTF-16 units), in order, apart from one another. Of a word that a term begins,
    /// the whole word.
    #[must_use]
    pub fn highlights(&self, text: &str) -> Vec<Range<usize>> {
        let tokens = Tokens::of(text);
        let places = self.terms.iter().flat_map(|term| term.places(&tokens));
        let mut places: Vec<_> = places.collect();
        places.sort_unstable_by_key(|place| (place.start, place.end));
        let mut apart: Vec<Range<usize>> = Vec::with_capacity(places.len());
        for place in places {
            match apart.last_mut() {
                Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
                _ => apart.push(place),
            }
        }
        apart
    }
}

impl Phrase {
    /// Whether this token is a word that may go on.
    pub(crate) fn may_go_on(&self, token: &Token) -> bool {
        self.is_open && token.kind == Kind::Word && self.tokens.list.last() == Some(token)
    }

    /// Where it occurs, as characters of the original.
    fn places<'a>(&'a self, text: &'a Tokens) -> impl Iterator<Item = Range<usize>> + 'a {
        let runs = text.list.windows(self.tokens.list.len());
        runs.filter(|run| self.is_at(text, run))
            .map(|run| run[0].from as usize..run[run.len() - 1].to as usize)
    }

    fn is_at(&self, text: &Tokens, run: &[Token]) -> bool {
        let own = &self.tokens.list;
        own.iter().zip(run).all(|(wanted, token)| {
            let word = self.tokens.text(wanted);
            wanted.kind == token.kind
                && wanted.position - own[0].position == token.position - run[0].position
                && if self.may_go_on(wanted) {
                    text.text(token).starts_with(word)
                } else {
                    text.text(token) == word
                }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_finds_what_people_expect_and_no_more() {
        let found = [
            ("好", "你好，世界"),
            ("你好", "他说你好了"),
            ("世界 你", "你好，世界"),
            ("deploy", "The Deployment failed"),
            ("失败 DEPLOY", "deployment 失败"),
            ("v2版本", "发布v2版本"),
            ("版本v", "版本v2"),
            ("v2", "v2版本"),
            ("2024-01", "在2024/01/05"),
            ("cafe", "Café"),
            ("你好,世界", "你好。。 世界"),
            ("\"the end\"", "this is The End."),
            ("“你好 世界”", "你好！世界"),
            ("\"the en", "the end"),
            ("👍", "好👍🏽"),
            ("user@example.co", "写给 user@example.com"),
        ];
        for (query, text) in found {
            assert!(Query::new(query).matches(text), "{query} in {text}");
        }
        let not_found = [
            ("好你", "你好，你"),
            ("ploy", "deploy"),
            ("你好世界", "你好，世界"),
            ("你，好", "你好"),
            ("你，好", "你们好"),
            ("2版本", "v2版本"),
            ("v2版本", "v2 版本"),
            ("版本v版", "版本v2版"),
            ("\"the\"", "then"),
            ("你 deploy", "deploy"),
            ("哈哈哈", "哈哈，哈哈"),
        ];
        for (query, text) in not_found {
            assert!(!Query::new(query).matches(text), "{query} in {text}");
        }
    }

    #[test]
    fn highlights_are_ranges_of_characters_apart_from_one_another() {
        let ranges = |query, text| {
            let ranges = Query::new(query).highlights(text).into_iter();
            ranges.map(|it| (it.start, it.end)).collect::<Vec<_>>()
        };
        assert_eq!(ranges("好 世界", "👍你好，世界好"), [(2, 3), (4, 7)]);
        assert_eq!(ranges("哈哈", "哈哈哈 哈"), [(0, 3)]);
        assert_eq!(ranges("dep", "x Deploy① dep"), [(2, 9), (10, 13)]);
        assert_eq!(ranges("ete", "e\u{301}te\u{301}"), [(0, 5)]);
        assert!(ranges("没有", "什么").is_empty());
        assert!(ranges("", "什么").is_empty());
    }

    #[test]
    fn what_is_hostile_is_cut_short() {
        for typed in [
            "a".repeat(10_000),
            "版".repeat(10_000),
            "\" ".repeat(5_000),
            "a b c d e f g h ".repeat(700),
            "text:* AND (field:[1 TO *] OR \\\"~2^9) +-&&||!{}".repeat(200),
            "\0\x01\u{202e}\u{feff}\u{fffd}".repeat(2_000),
            "e\u{301}\u{302}\u{303}".repeat(3_000),
            "👨\u{200d}👩\u{200d}👧".repeat(1_500),
        ] {
            let query = Query::new(&typed);
            let tokens = query.terms.iter().map(|term| term.tokens.list.len());
            assert!(query.terms.len() <= QUERY_TERMS_MAX);
            assert!(tokens.sum::<usize>() <= QUERY_CHARS_MAX);
            assert!(query.highlights(&typed).len() <= typed.chars().count());
        }
        let nothing = Query::new("\0 ，。！ \"\" +-*/ \u{200b}");
        assert!(nothing.is_empty() && !nothing.matches("\0 ，。！"));
    }
}
