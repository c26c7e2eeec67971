//! What is sent: a code, to whom, what for, and in which language.

use std::fmt;

use crate::texts;

/// The language a message is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Chinese,
    /// English.
    English,
}

/// What a code is good for. A code is bound to its purpose, and its text says
/// which one, so that nobody can be talked into reading out another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To open an account.
    Register,
    /// To prove that a number or an address is one's own.
    Confirm,
}

/// One code on its way to one reader.
#[derive(Clone)]
pub struct Message {
    /// Where to: an E.164 number (`+8613800138000`) for an [SMS
    /// gateway](crate::SmsGateway), an address for a [mailer](crate::Mailer).
    pub to: String,
    /// The code, as the reader is to type it.
    pub code: String,
    /// What the code is good for.
    pub purpose: Purpose,
    /// The language of the text.
    pub language: Language,
    /// Names this sending. It stays the same when the message is tried again,
    /// and is how a receiver tells a repeat from a second message.
    pub request_id: String,
    /// For how long the code is valid, in minutes. Only told to the reader.
    pub lifetime_minutes: u32,
}

impl Message {
    /// The sentence that is sent: one SMS long in Chinese (70 characters of
    /// UCS-2) and in English (160 of GSM 7-bit), for codes up to 8 digits.
    #[must_use]
    pub fn text(&self) -> String {
        texts::text(self)
    }

    /// The subject of the mail. It does not hold the code: subjects are shown
    /// on locked screens.
    #[must_use]
    pub fn subject(&self) -> String {
        texts::subject(self)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("to", &"***")
            .field("code", &"***")
            .field("purpose", &self.purpose)
            .field("language", &self.language)
            .field("request_id", &self.request_id)
            .field("lifetime_minutes", &self.lifetime_minutes)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Language, Message, Purpose};

    #[test]
    fn a_message_prints_neither_its_code_nor_its_reader() {
        let message = Message {
            to: String::from("+8613800138000"),
            code: String::from("482913"),
            purpose: Purpose::Register,
            language: Language::default(),
            request_id: String::from("r-1"),
            lifetime_minutes: 5,
        };
        for printed in [format!("{message:?}"), format!("{message:#?}")] {
            assert!(!printed.contains("13800138000"), "{printed}");
            assert!(!printed.contains("482913"), "{printed}");
            assert!(printed.contains("r-1"), "{printed}");
        }
    }
}
