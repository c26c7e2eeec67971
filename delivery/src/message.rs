//! What is sent, to whom, and in which language: a code, or a notice without one.

use std::fmt;

use crate::texts;

/// The language a message is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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
    /// To set a new password in place of a forgotten one.
    Reset,
}

/// What has happened to an account, for its owner to hear of by the contact that
/// was known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The account has another phone number now.
    PhoneChanged,
    /// The account has another e-mail address now.
    EmailChanged,
    /// The account has another password now.
    PasswordChanged,
    /// The account is closed.
    AccountClosed,
    /// The account was approved: its owner can sign in.
    Approved,
}

/// What a message says.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// A code to be typed in.
    Code {
        /// The code, as the reader is to type it.
        code: String,
        /// What the code is good for.
        purpose: Purpose,
        /// For how long the code is valid, in minutes. Only told to the reader.
        lifetime_minutes: u32,
    },
    /// News, with nothing to be typed in.
    Notice(Notice),
}

/// Every kind of message there is: what providers have a template for, and
/// endpoints a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A code to open an account with.
    Register,
    /// A code to prove a number or an address with.
    Confirm,
    /// A code to set a new password with.
    Reset,
    /// [`Notice::PhoneChanged`].
    PhoneChanged,
    /// [`Notice::EmailChanged`].
    EmailChanged,
    /// [`Notice::PasswordChanged`].
    PasswordChanged,
    /// [`Notice::AccountClosed`].
    AccountClosed,
    /// [`Notice::Approved`].
    Approved,
}

/// One message on its way to one reader.
#[derive(Clone)]
pub struct Message {
    /// Where to: an E.164 number (`+8613800138000`) for an [SMS
    /// gateway](crate::SmsGateway), an address for a [mailer](crate::Mailer).
    pub to: String,
    /// What it says.
    pub content: Content,
    /// The language of the text.
    pub language: Language,
    /// Names this sending. It stays the same when the message is tried again,
    /// and is how a receiver tells a repeat from a second message.
    pub request_id: String,
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

    /// The code, if it carries one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.content {
            Content::Code { code, .. } => Some(code),
            Content::Notice(_) => None,
        }
    }

    /// Which kind of message it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.content {
            Content::Code { purpose, .. } => match purpose {
                Purpose::Register => Kind::Register,
                Purpose::Confirm => Kind::Confirm,
                Purpose::Reset => Kind::Reset,
            },
            Content::Notice(notice) => match notice {
                Notice::PhoneChanged => Kind::PhoneChanged,
                Notice::EmailChanged => Kind::EmailChanged,
                Notice::PasswordChanged => Kind::PasswordChanged,
                Notice::AccountClosed => Kind::AccountClosed,
                Notice::Approved => Kind::Approved,
            },
        }
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Register,
        Self::Confirm,
        Self::Reset,
        Self::PhoneChanged,
        Self::EmailChanged,
        Self::PasswordChanged,
        Self::AccountClosed,
        Self::Approved,
    ];

    /// Its name in configurations, in the outbox and for webhooks.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Confirm => "confirm",
            Self::Reset => "reset",
            Self::PhoneChanged => "phone_changed",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
            Self::AccountClosed => "account_closed",
            Self::Approved => "approved",
        }
    }
}

impl Language {
    /// Its name in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code {
                purpose,
                lifetime_minutes,
                ..
            } => f
                .debug_struct("Code")
                .field("code", &"***")
                .field("purpose", purpose)
                .field("lifetime_minutes", lifetime_minutes)
                .finish(),
            Self::Notice(notice) => f.debug_tuple("Notice").field(notice).finish(),
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("to", &"***")
            .field("content", &self.content)
            .field("language", &self.language)
            .field("request_id", &self.request_id)
            .finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Content, Kind, Language, Message, Notice, Purpose};

    /// A message of `kind` to a Chinese number, with the code 482913 if it has one.
    pub(crate) fn of_kind(kind: Kind, language: Language) -> Message {
        let code = |purpose| Content::Code {
            code: String::from("482913"),
            purpose,
            lifetime_minutes: 5,
        };
        let content = match kind {
            Kind::Register => code(Purpose::Register),
            Kind::Confirm => code(Purpose::Confirm),
            Kind::Reset => code(Purpose::Reset),
            Kind::PhoneChanged => Content::Notice(Notice::PhoneChanged),
            Kind::EmailChanged => Content::Notice(Notice::EmailChanged),
            Kind::PasswordChanged => Content::Notice(Notice::PasswordChanged),
            Kind::AccountClosed => Content::Notice(Notice::AccountClosed),
            Kind::Approved => Content::Notice(Notice::Approved),
        };
        Message {
            to: String::from("+8613800138000"),
            content,
            language,
            request_id: String::from("r-1"),
        }
    }

    #[test]
    fn a_message_prints_neither_its_code_nor_its_reader() {
        let message = of_kind(Kind::Register, Language::default());
        for printed in [format!("{message:?}"), format!("{message:#?}")] {
            assert!(!printed.contains("13800138000"), "{printed}");
            assert!(!printed.contains("482913"), "{printed}");
            assert!(printed.contains("r-1"), "{printed}");
        }
    }

    #[test]
    fn a_message_is_of_the_kind_it_was_made_as_and_codes_alone_have_a_code() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            let message = of_kind(kind, Language::English);
            assert_eq!(message.kind(), kind);
            assert_eq!(message.code(), (place < 3).then_some("482913"), "{kind:?}");
        }
    }
}
