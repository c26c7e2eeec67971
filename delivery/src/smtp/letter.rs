//! A message as a mail: headers and body in bytes, with the two addresses that
//! go on its envelope.

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::{Address, message::MessageBuilder};
use sha2::{Digest, Sha256};

use crate::{DeliveryError, Message};

/// A mail, ready to be handed over.
pub(super) struct Letter {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) bytes: Vec<u8>,
}

impl Letter {
    /// Writes the mail. An address that cannot be one ends here, and with it
    /// any attempt to smuggle headers or commands in with a line's end.
    pub(super) fn write(from: &Mailbox, message: &Message) -> Result<Self, DeliveryError> {
        let to: Address = message
            .to
            .parse()
            .map_err(|_| DeliveryError::BadRecipient)?;
        let mail = MessageBuilder::new()
            .from(from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(message.subject())
            .message_id(Some(message_id(from, message)))
            // RFC 3834: no "I am on holiday" in return.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                String::from("auto-generated"),
            ))
            .header(ContentType::TEXT_PLAIN)
            .body(format!("{}\r\n", message.text()))
            .map_err(|_| DeliveryError::BadRecipient)?;
        Ok(Self {
            from: from.email.clone(),
            to,
            bytes: mail.formatted(),
        })
    }

    /// Whether an address is beyond ASCII (RFC 6531).
    pub(super) fn needs_smtputf8(&self) -> bool {
        [&self.from, &self.to].iter().any(|address| {
            let address: &str = (*address).as_ref();
            !address.is_ascii()
        })
    }
}

/// The same for every attempt at the same message, so that a mailbox that
/// gathers copies shows one. Hashed, since a request's id may be any text.
fn message_id(from: &Mailbox, message: &Message) -> String {
    let digest = Sha256::digest(message.request_id.as_bytes());
    let name: String = digest[..16].iter().map(|b| format!("{b:02x}")).collect();
    format!("<{name}@{}>", from.email.domain())
}

#[cfg(test)]
mod tests {
    use super::Letter;
    use crate::{Content, DeliveryError, Language, Message, Purpose};

    fn write(to: &str, request_id: &str) -> Result<Letter, DeliveryError> {
        let from = "群聊 <chat@example.org>".parse().expect("a mailbox");
        let message = Message {
            to: String::from(to),
            content: Content::Code {
                code: String::from("482913"),
                purpose: Purpose::Register,
                lifetime_minutes: 5,
            },
            language: Language::Chinese,
            request_id: String::from(request_id),
        };
        Letter::write(&from, &message)
    }

    fn header(letter: &Letter, name: &str) -> String {
        let text = String::from_utf8(letter.bytes.clone()).unwrap();
        let line = text.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .to_owned()
    }

    #[test]
    fn an_address_cannot_smuggle_anything_in() {
        for to in [
            "",
            "alice",
            "alice@",
            "alice@example.org\r\nBcc: bob@example.org",
            "alice@example.org>\r\nDATA",
            "alice@example.org, bob@example.org",
        ] {
            assert_eq!(
                write(to, "r-1").err(),
                Some(DeliveryError::BadRecipient),
                "{to:?}"
            );
        }
    }

    #[test]
    fn a_chinese_letter_is_ascii_on_the_wire() {
        let letter = write("alice@example.org", "r-1").unwrap();
        assert!(letter.bytes.is_ascii());
        assert!(!letter.needs_smtputf8());
        assert_eq!(
            header(&letter, "Auto-Submitted"),
            "Auto-Submitted: auto-generated"
        );
    }

    #[test]
    fn a_chinese_address_asks_for_smtputf8() {
        assert!(write("用户@example.org", "r-1").unwrap().needs_smtputf8());
    }

    #[test]
    fn a_repeat_keeps_its_message_id_and_another_message_does_not() {
        let id = |request_id| {
            let letter = write("alice@example.org", request_id).unwrap();
            header(&letter, "Message-ID")
        };
        assert_eq!(id("r-1"), id("r-1"));
        assert_ne!(id("r-1"), id("r-2"));
        assert!(id("a> b\r\n").ends_with("@example.org>"));
    }
}
