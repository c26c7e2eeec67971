//! Spells texts out into the terms of the index, as the library wants to have them.

use crate::tokens::{Kind, NEXT, Token, Tokens};
use tantivy::tokenizer::{Token as Spelled, TokenStream, Tokenizer};

/// The name by which the schema knows how texts are spelled.
pub(crate) const SPELLER: &str = "qunliao";

/// Stands after whole words, which never contain it.
const WHOLE: char = ' ';

/// Spells texts.
#[derive(Clone, Debug)]
pub(crate) struct Speller;

impl Tokenizer for Speller {
    type TokenStream<'a> = Spelling;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Spelling {
        Spelling {
            tokens: Tokens::of(text),
            number: 0,
            spelt: 0,
            term: Spelled::default(),
        }
    }
}

/// A text's terms: each single, each pair, each beginning of a word, each word.
pub(crate) struct Spelling {
    tokens: Tokens,
    /// The token whose terms come next.
    number: usize,
    /// How much of it has been spelt: bytes of a word, terms of a single.
    spelt: usize,
    term: Spelled,
}

impl TokenStream for Spelling {
    fn advance(&mut self) -> bool {
        let Some(token) = self.tokens.list.get(self.number) else {
            return false;
        };
        let text = self.tokens.text(token);
        self.term.position = token.position as usize;
        self.term.text.clear();
        let is_done = match token.kind {
            Kind::Word => {
                let letter = text[self.spelt..].chars().next();
                self.spelt += letter.map_or(0, char::len_utf8);
                self.term.text.push_str(&text[..self.spelt]);
                if letter.is_none() {
                    self.term.text.push(WHOLE);
                }
                letter.is_none()
            }
            Kind::Single => {
                let next = self.tokens.list.get(self.number + 1);
                let pair = next.filter(|next| pairs(token, next));
                let is_first = self.spelt == 0;
                self.spelt = 1;
                self.term.text.push_str(match pair {
                    Some(next) if !is_first => self.tokens.pair(token, next),
                    _ => text,
                });
                !is_first || pair.is_none()
            }
        };
        if is_done {
            (self.number, self.spelt) = (self.number + 1, 0);
        }
        true
    }

    fn token(&self) -> &Spelled {
        &self.term
    }

    fn token_mut(&mut self) -> &mut Spelled {
        &mut self.term
    }
}

/// Whether two tokens are a term together.
pub(crate) fn pairs(first: &Token, second: &Token) -> bool {
    first.kind == Kind::Single
        && second.kind == Kind::Single
        && second.position - first.position == NEXT
}

/// The term of a whole word.
pub(crate) fn whole(word: &str) -> String {
    format!("{word}{WHOLE}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_spelt_out_into_singles_pairs_beginnings_and_words() {
        let mut terms = Vec::new();
        Speller
            .token_stream("去v2版本，好é")
            .process(&mut |term| terms.push((term.text.clone(), term.position)));
        let expected = [
            ("去", 3),
            ("v", 5),
            ("v2", 5),
            ("v2 ", 5),
            ("版", 7),
            ("版本", 7),
            ("本", 9),
            ("好", 12),
            ("e", 14),
            ("e ", 14),
        ];
        let expected = expected.map(|(text, position)| (text.to_owned(), position));
        assert_eq!(terms, expected);
    }
}
